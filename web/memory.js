// What a browser remembers of a player: the name for long, the seat in a room as long as its tab is open.

const NAME = "arena-name";
const SEAT = "arena-seat";

export function rememberedName() {
  return attempt(() => localStorage.getItem(NAME)) ?? "";
}

export function rememberName(name) {
  attempt(() => localStorage.setItem(NAME, name));
}

// Who this tab is, and the seat that it had if it was loaded again in the same room. A copy of a tab has the same
// memory, but is somebody else.
export function whoWeAre({ server, room }) {
  const loadedAgain = performance.getEntriesByType("navigation")[0]?.type === "reload";
  const kept = loadedAgain ? attempt(() => JSON.parse(sessionStorage.getItem(SEAT))) : null;
  if (kept && kept.server === server && kept.room === room) {
    return { identity: kept.identity, seat: kept.seat };
  }
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const identity = [...secret].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { identity, seat: null };
}

export function rememberSeat({ server, room, identity, seat }) {
  attempt(() => sessionStorage.setItem(SEAT, JSON.stringify({ server, room, identity, seat })));
}

export function forgetSeat() {
  attempt(() => sessionStorage.removeItem(SEAT));
}

// Storage may be switched off: then nothing is remembered.
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
