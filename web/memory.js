// What the browser keeps of a player: the name for all visits; identity and resume token for one tab, until it is closed
// or is in no room any more.
//
// Every page on the same origin can read them: the name always, the secrets if it is opened in the same tab.

const NAME = "arena-name";
const SESSION = "arena-session";

// The identity that this page plays under. None before it joins a room.
let identity = null;

export function rememberedName() {
  return attempt(() => localStorage.getItem(NAME)) ?? "";
}

export function rememberName(name) {
  attempt(() => localStorage.setItem(NAME, name));
}

// The identity of this tab, and its resume token if the page was in the same room before: it was reloaded, or the tab
// came back to it with Back or Forward. A duplicated tab has the same storage, but is another player: the page that it
// is a copy of has not gone away.
export function session({ server, room }) {
  const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(SESSION)));
  if (kept && (reloaded || kept.away) && kept.server === server && kept.room === room) {
    identity = kept.identity;
    setAway(false);
    return { identity, resume_token: kept.resume_token };
  }
  const secret = crypto.getRandomValues(new Uint8Array(32));
  identity = [...secret].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { identity, resume_token: null };
}

export function rememberSession({ server, room, identity, resume_token, away = false }) {
  attempt(() => sessionStorage.setItem(SESSION, JSON.stringify({ server, room, identity, resume_token, away })));
}

// Notes whether this page has gone away, if the session is its own: another page of the tab, such as one that the browser
// has kept, tells nothing of the one that has it.
function setAway(away) {
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(SESSION)));
  if (kept?.identity === identity) rememberSession({ ...kept, away });
}

addEventListener("pagehide", () => setAway(true));
// A page that the browser has kept.
addEventListener("pageshow", ({ persisted }) => persisted && setAway(false));

export function forgetSession() {
  attempt(() => sessionStorage.removeItem(SESSION));
}

// Calls a function that uses the storage. Returns null where the storage is switched off: then nothing is kept.
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
