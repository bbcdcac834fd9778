// A wrapper of RTCPeerConnection that adds what matchbox lacks.
//
// matchbox makes a connection from one list of URLs and one credential, waits for all candidates before it signals
// anything, assumes that no step fails, and never closes a connection. So the constructor is wrapped: a configuration
// whose only URL is the name of a prepared attempt gets the connection of that attempt, with
//
// - any number of ICE servers, and a transport policy of its own;
// - candidates that are reported when they are found (trickle ICE, RFC 8838): matchbox is told that it has all;
// - steps that never reject: a failure is noted, and the step stays open until the attempt is closed;
// - channels that drop what does not fit their buffer, instead of throwing;
// - an end: none of matchbox's callbacks is called after `close`.
//
// Every other configuration gets an ordinary connection.

// How many errors of ICE servers are kept of an attempt.
const MAX_TROUBLES = 4;

const attempts = new Map();
let made = 0;
let wrapped = null;

class Attempt {
  constructor(name, configuration, report) {
    this.name = name;
    this.configuration = configuration;
    this.report = report;
    this.channels = [];
    this.troubles = [];
    this.failure = undefined;
    this.closed = false;
  }

  connect(Native) {
    const connection = this.construct(Native);
    this.connection = connection;
    Object.defineProperty(connection, "iceGatheringState", { get: () => "complete" });
    Object.defineProperty(connection, "onicecandidate", { get: () => null, set: () => {} });
    connection.addEventListener("icecandidate", ({ candidate }) => {
      // An empty one marks the end (RFC 8838, section 14), which the peer does not need.
      if (!this.closed && candidate && candidate.candidate) {
        this.report(JSON.stringify(candidate));
      }
    });
    connection.addEventListener("icecandidateerror", ({ url, errorCode, errorText }) => {
      this.trouble(`${url || "an ICE server"}: ${errorText || "no answer"} (${errorCode})`);
    });
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed") this.fail("no candidates of both sides reach each other");
    });
    for (const step of ["createOffer", "createAnswer", "setLocalDescription", "setRemoteDescription"]) {
      const native = connection[step].bind(connection);
      connection[step] = (...given) =>
        native(...given).catch((error) => {
          this.fail(`${step}: ${error.message}`);
          return new Promise(() => {});
        });
    }
    const add = connection.addIceCandidate.bind(connection);
    connection.addIceCandidate = (candidate) => add(candidate).catch(() => {});
    const create = connection.createDataChannel.bind(connection);
    connection.createDataChannel = (...given) => this.adopt(create(...given));
    return connection;
  }

  // A browser refuses a configuration because of one URL that it does not like: then without the servers that it
  // does not like.
  construct(Native) {
    try {
      return new Native(this.configuration);
    } catch (error) {
      const iceServers = this.configuration.iceServers.filter((server) => {
        try {
          new Native({ iceServers: [server] }).close();
          return true;
        } catch {
          this.trouble(`${server.urls}: ${error.message}`);
          return false;
        }
      });
      return new Native({ ...this.configuration, iceServers });
    }
  }

  adopt(channel) {
    const send = channel.send.bind(channel);
    channel.send = (data) => {
      if (channel.readyState !== "open") return;
      try {
        send(data);
      } catch {
        // The buffer is full. The sender knows how full it is, and sends less.
      }
    };
    this.channels.push(channel);
    return channel;
  }

  trouble(text) {
    if (this.troubles.length < MAX_TROUBLES && !this.troubles.includes(text)) {
      this.troubles.push(text);
    }
  }

  fail(reason) {
    if (!this.closed) this.failure ??= reason;
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    attempts.delete(this.name);
    for (const channel of this.channels) {
      channel.onopen = channel.onmessage = channel.onerror = channel.onclose = null;
    }
    if (this.connection) {
      this.connection.oniceconnectionstatechange = null;
      this.connection.close();
    }
  }
}

function wrap() {
  const Native = globalThis.RTCPeerConnection;
  if (typeof Native !== "function" || Native === wrapped) return;
  wrapped = new Proxy(Native, {
    construct(target, given) {
      const url = given[0]?.iceServers?.[0]?.urls?.[0];
      const attempt = attempts.get(url);
      return attempt ? attempt.connect(target) : Reflect.construct(target, given);
    },
  });
  globalThis.RTCPeerConnection = wrapped;
}

// How often the machine has changed its network, as far as a page is told: it is online again, or it uses another kind
// of network. Browsers that tell the kind are those of phones; the others report a change of quality by the same event.
let changes = 0;
const network = globalThis.navigator?.connection;
let kind = network?.type;
globalThis.addEventListener?.("online", () => (changes += 1));
network?.addEventListener?.("change", () => {
  if (network.type !== kind) changes += 1;
  kind = network.type;
});

export function networkChanges() {
  return changes;
}

// Whether this browser has WebRTC.
export function supported() {
  return typeof globalThis.RTCPeerConnection === "function";
}

// Prepares an attempt. `report` is called with each candidate as JSON. Returns the handle for the functions below.
export function prepare(iceServers, relayOnly, report) {
  wrap();
  made += 1;
  const configuration = {
    iceServers: JSON.parse(iceServers),
    iceTransportPolicy: relayOnly ? "relay" : "all",
  };
  const attempt = new Attempt(`netplay:${made}`, configuration, report);
  attempts.set(attempt.name, attempt);
  return attempt;
}

// The URL that names the attempt.
export function name(attempt) {
  return attempt.name;
}

// Why the attempt or its connection failed, if it did.
export function failure(attempt) {
  return attempt.failure;
}

// What ICE servers answered instead of a candidate: not always the reason why an attempt fails.
export function troubles(attempt) {
  return attempt.troubles;
}

// How many bytes wait to be sent.
export function buffered(attempt) {
  return attempt.channels.reduce((sum, channel) => sum + channel.bufferedAmount, 0);
}

export function close(attempt) {
  attempt.close();
}
