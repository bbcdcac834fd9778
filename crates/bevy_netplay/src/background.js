// Animation frames for a page that is hidden.
//
// A browser gives a hidden page no animation frames, and runs its timers once a second. The other players of the
// match still need its input sixty times a second. The timers of a worker are not slowed down: while the page is
// hidden and in a room, messages of a worker run the callbacks that wait for an animation frame.
//
// A visible page gets its frames from the browser alone. A browser that gives few of them does so because drawing
// takes longer than a frame: additional frames would fill the queue of the graphics card, and the page would never
// be drawn at all.

// The time between two frames of a hidden page, in milliseconds.
const INTERVAL = 1000 / 60;
// The shortest pause between two frames, in milliseconds: without it, a machine that is too slow for sixty frames a
// second would have no time for anything else.
const SHORTEST_PAUSE = 2;
const WORKER = "onmessage = ({ data }) => setTimeout(() => postMessage(0), data);";

// The browser's own functions; null until they are replaced.
let native = null;
// Calls `tick` once, after this many milliseconds.
let schedule = null;
// Whether a tick is scheduled.
let scheduled = false;
// Whether the game is in a room.
let inRoom = false;
let lastId = 0;
// Callbacks that wait for a frame, by the id that `requestAnimationFrame` returned, each with the browser's id.
const waiting = new Map();

function take(id) {
  const found = waiting.get(id);
  waiting.delete(id);
  return found;
}

// Runs the callbacks in place of the browser, if the page is still hidden.
function tick() {
  scheduled = false;
  if (!document.hidden) return;
  const began = performance.now();
  // A callback that requests the next frame waits for the next tick: this loop runs over a copy.
  try {
    for (const id of [...waiting.keys()]) {
      const entry = take(id);
      // A callback may have cancelled another one.
      if (!entry) continue;
      native.cancel(entry.handle);
      entry.callback(began);
    }
  } finally {
    scheduleTick(performance.now() - began);
  }
}

// Schedules the next tick, if the page needs one and none is scheduled. `spent` is how long the last one took.
function scheduleTick(spent) {
  if (scheduled || !inRoom || !document.hidden) return;
  scheduled = true;
  schedule(Math.max(SHORTEST_PAUSE, INTERVAL - spent));
}

function install() {
  native = {
    request: window.requestAnimationFrame.bind(window),
    cancel: window.cancelAnimationFrame.bind(window),
  };
  try {
    const worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" })));
    worker.onmessage = tick;
    schedule = (delay) => worker.postMessage(delay);
  } catch {
    // The page's policy forbids workers. A timer of the page itself is slow, but it runs.
    schedule = (delay) => setTimeout(tick, delay);
  }
  window.requestAnimationFrame = (callback) => {
    const id = ++lastId;
    const handle = native.request((now) => take(id)?.callback(now));
    waiting.set(id, { callback, handle });
    return id;
  };
  window.cancelAnimationFrame = (id) => native.cancel(take(id)?.handle);
  document.addEventListener("visibilitychange", () => scheduleTick(0));
}

// Whether nobody sees the page.
export function isHidden() {
  return typeof document !== "undefined" && document.hidden;
}

// Sets whether the page runs on while it is hidden.
export function runInBackground(wanted) {
  if (typeof document === "undefined") return;
  if (!native) install();
  inRoom = wanted;
  scheduleTick(0);
}
