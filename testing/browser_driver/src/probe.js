// Records what a page does, from before its first script on: `window.probe`, for the tests.
(() => {
  const probe = {
    // Errors and warnings in the console, and all that was written there.
    console: [],
    log: [],
    // What the game told the page.
    states: [],
    told: 0,
    // Connections that were made, and those that are open.
    made: 0,
    live: new Set(),
    // Frames that the browser gave. While `slow`, it gives one a second at most.
    frames: 0,
    slow: false,
  };
  window.probe = probe;

  // A page that draws on the processor leaves no time to take a picture of it: hence `slow`. All callbacks that wait
  // run in the same frame, as a browser has it.
  const frame = window.requestAnimationFrame.bind(window);
  const callbacks = new Map();
  let lastId = 0;
  let requested = false;
  const deliver = (now) => {
    requested = false;
    probe.frames += 1;
    const due = [...callbacks.keys()];
    for (const id of due) {
      const callback = callbacks.get(id);
      callbacks.delete(id);
      try {
        callback?.(now);
      } catch (error) {
        reportError(error);
      }
    }
  };
  window.requestAnimationFrame = (callback) => {
    callbacks.set(++lastId, callback);
    if (!requested) {
      requested = true;
      if (probe.slow) setTimeout(() => frame(deliver), 1000);
      else frame(deliver);
    }
    return lastId;
  };
  window.cancelAnimationFrame = (id) => callbacks.delete(id);

  // The log is printed when a test fails: the last lines are enough.
  const LONGEST_LOG = 500;
  const log = (level, words) => {
    const line = `${level}: ${words.map(String).join(" ")}`;
    probe.log.push(line);
    if (probe.log.length > LONGEST_LOG) probe.log.shift();
    return line;
  };
  const note = (level) => (...words) => probe.console.push(log(level, words));
  for (const level of ["error", "warn", "info", "log", "debug"]) {
    const native = console[level].bind(console);
    console[level] = (...words) => {
      if (level === "error" || level === "warn") note(level)(...words);
      else log(level, words);
      native(...words);
    };
  }
  addEventListener("error", (event) => note("uncaught")(event.message ?? event.type));
  addEventListener("unhandledrejection", (event) => note("rejection")(event.reason));

  // What the policy of the page (CSP) forbade.
  addEventListener("securitypolicyviolation", (event) =>
    note("policy")(event.effectiveDirective, event.blockedURI, event.sourceFile),
  );

  const Native = window.RTCPeerConnection;
  if (Native) {
    window.RTCPeerConnection = new Proxy(Native, {
      construct(target, given) {
        const connection = Reflect.construct(target, given);
        const close = connection.close.bind(connection);
        connection.close = () => {
          probe.live.delete(connection);
          close();
        };
        probe.made += 1;
        probe.live.add(connection);
        return connection;
      },
    });
  }

  document.addEventListener("game", ({ detail }) => {
    if (detail.report) probe.report = detail.report;
    if (!detail.state) return;
    probe.told += 1;
    const last = probe.states.at(-1);
    // What was noted is printed when a test fails: without the secret.
    const { resume_token, ...state } = detail;
    state.at = performance.now();
    if (last?.state === state.state && last?.phase === state.phase) probe.states.pop();
    probe.states.push(state);
    probe.state = state;
    for (const link of state.links) {
      if (link.interrupted) probe.interrupted = true;
    }
  });

  // Round trip and candidates of every connection, as the browser sees them.
  probe.stats = async () => {
    const all = [];
    for (const connection of probe.live) {
      const report = await connection.getStats();
      const stats = new Map([...report.values()].map((entry) => [entry.id, entry]));
      const transport = [...stats.values()].find((entry) => entry.type === "transport");
      const pair =
        stats.get(transport?.selectedCandidatePairId) ??
        [...stats.values()].find((entry) => entry.type === "candidate-pair" && entry.selected);
      if (!pair) continue;
      all.push({
        rtt_ms: pair.currentRoundTripTime * 1000,
        local: stats.get(pair.localCandidateId)?.candidateType,
        remote: stats.get(pair.remoteCandidateId)?.candidateType,
      });
    }
    return all;
  };
})();
