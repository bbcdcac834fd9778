// Loads the page again when `trunk serve` has built it again.
//
// trunk's own script for this is inline, which the policy of the page (CSP) forbids. trunk writes the path of its
// WebSocket into the page when it serves it; on any other host this does nothing.

const base = document.querySelector('meta[name="trunk-serve"]').content;
if (base.startsWith("/")) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${base}.well-known/trunk/ws`);
  socket.addEventListener("message", ({ data }) => JSON.parse(data).type === "reload" && location.reload());
}
