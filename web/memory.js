// What the browser keeps of a player: the name, and whether the game is muted, for all visits; identity and resume token for
// one tab, until it is closed or is in no room any more.
//
// Every page on the same origin can read them: the name always, the secrets if it is opened in the same tab.

const NAME = "arena-name";
const MUTED = "arena-muted";
const SESSION = "arena-session";
// What pages of different tabs ask each other through the storage that they share.
const QUESTION = "arena-session-question";
const ANSWER = "arena-session-answer";
const ANSWER_WITHIN_MS = 500;

// The identity that this page plays under, and a name for it that is no secret. None before it joins a room.
let identity = null;
let name = null;

export function rememberedName() {
  return attempt(() => localStorage.getItem(NAME)) ?? "";
}

export function rememberName(name) {
  attempt(() => localStorage.setItem(NAME, name));
}

export function wasMuted() {
  return Boolean(attempt(() => localStorage.getItem(MUTED)));
}

export function rememberMuted(muted) {
  if (muted) attempt(() => localStorage.setItem(MUTED, "yes"));
  else attempt(() => localStorage.removeItem(MUTED));
}

// The identity of this tab, and its resume token if the page was in the same room before: it was reloaded, or the tab
// came back to it with Back or Forward. A duplicated tab has the same storage, but is another player: the page that it
// is a copy of has not gone away, or answers when it is asked.
export async function session({ server, room }) {
  const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(SESSION)));
  const isOfRoom = kept?.server === server && kept.room === room;
  // A browser may lose what a page writes while it goes away.
  if (isOfRoom && (reloaded || kept.away || !(await isHeldElsewhere(kept.name)))) {
    ({ identity, name } = kept);
    setAway(false);
    return { identity, resume_token: kept.resume_token };
  }
  identity = randomDigits(32);
  name = randomDigits(8);
  return { identity, resume_token: null };
}

export function rememberSession({ server, room, identity, resume_token, away = false }) {
  const session = { server, room, identity, name, resume_token, away };
  attempt(() => sessionStorage.setItem(SESSION, JSON.stringify(session)));
}

// Whether a page of another tab plays in the session of this name.
async function isHeldElsewhere(name) {
  const nonce = randomDigits(8);
  const stop = new AbortController();
  const answered = new Promise((resolve) => {
    const take = ({ key, newValue }) => key === ANSWER && newValue === nonce && resolve(true);
    addEventListener("storage", take, { signal: stop.signal });
  });
  const late = new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN_MS, false));
  attempt(() => localStorage.setItem(QUESTION, `${name} ${nonce}`));
  const isHeld = await Promise.race([answered, late]);
  stop.abort();
  for (const key of [QUESTION, ANSWER]) attempt(() => localStorage.removeItem(key));
  return isHeld;
}

addEventListener("storage", ({ key, newValue }) => {
  const [asked, nonce] = (key === QUESTION && newValue?.split(" ")) || [];
  if (name && asked === name) attempt(() => localStorage.setItem(ANSWER, nonce));
});

function randomDigits(bytes) {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
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
