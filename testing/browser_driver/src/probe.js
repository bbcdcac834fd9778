// What a page does, noted from its first moment on.
(() => {
  const probe = { console: [], states: [], made: 0, live: new Set(), slow: false };
  window.probe = probe;

  // Few frames a second while `slow`: pages that draw on the processor leave no time to photograph them.
  const frame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    probe.slow ? (setTimeout(() => frame(callback), 1000), 0) : frame(callback);

  const note = (level) => (...words) => probe.console.push(`${level}: ${words.map(String).join(" ")}`);
  for (const level of ["error", "warn"]) {
    const native = console[level].bind(console);
    console[level] = (...words) => {
      note(level)(...words);
      native(...words);
    };
  }
  addEventListener("error", (event) => note("uncaught")(event.message ?? event.type));
  addEventListener("unhandledrejection", (event) => note("rejection")(event.reason));

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

  document.addEventListener("arena", ({ detail }) => {
    if (detail.report) probe.report = detail.report;
    if (!detail.state) return;
    const last = probe.states.at(-1);
    detail.at = performance.now();
    if (last?.state === detail.state && last?.phase === detail.phase) probe.states.pop();
    probe.states.push(detail);
    probe.state = detail;
    for (const link of detail.links) {
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
