// Gathers the candidates that ICE servers give, on a connection that is closed again.

// How long servers may take, in milliseconds. Browsers give one that is silent up after about ten seconds.
const DEADLINE = 6000;
const MAX_LINES = 64;

// Whether the page was loaded over https.
export function isHttps() {
  return globalThis.location?.protocol === "https:";
}

// Resolves to a list of texts: `candidate TYPE ADDRESS PORT`, `error CODE` of a server, and `complete` where
// the browser is done in time. Rejects where the browser has no WebRTC or refuses a server.
export async function gather(iceServers, relayOnly) {
  if (typeof globalThis.RTCPeerConnection !== "function") {
    throw new Error("this browser has no WebRTC, or it is switched off");
  }
  const connection = new RTCPeerConnection({
    iceServers: JSON.parse(iceServers),
    iceTransportPolicy: relayOnly ? "relay" : "all",
  });
  const lines = [];
  const add = (line) => {
    if (lines.length < MAX_LINES) lines.push(line);
  };
  try {
    const done = new Promise((resolve) => {
      setTimeout(resolve, DEADLINE);
      connection.addEventListener("icecandidate", ({ candidate }) => {
        if (!candidate || !candidate.candidate) {
          return;
        }
        // `candidate:F 1 udp PRIORITY ADDRESS PORT typ TYPE …` (RFC 8839, section 5.1).
        const words = candidate.candidate.split(" ");
        add(`candidate ${words[7]} ${words[4]} ${words[5]}`);
      });
      connection.addEventListener("icecandidateerror", ({ errorCode }) => add(`error ${errorCode}`));
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState !== "complete") return;
        lines.push("complete");
        resolve();
      });
    });
    connection.createDataChannel("doctor");
    await connection.setLocalDescription(await connection.createOffer());
    await done;
  } finally {
    connection.close();
  }
  return lines;
}
