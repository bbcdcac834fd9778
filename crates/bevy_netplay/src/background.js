// Animation frames for a page that nobody sees.
//
// A browser gives a hidden page no animation frames, and runs its timers once a second. Whoever plays
// with it needs sixty frames a second from it. The timers of a worker go on at their pace: while the page is
// hidden, and has something to keep up, a worker's ticks take the place of animation frames. They do so
// too where the page counts as visible and its frames stay away all the same: behind other windows, or
// while a window comes back. What asked for a frame before gets it as well.

// Between two frames, in milliseconds.
const INTERVAL = 1000 / 60;
// How long a frame of a visible page may stay away, in milliseconds.
const LATE = 250;
// What is left between two frames for everything else on a machine that is too slow for sixty.
const BREATH = 2;
const WORKER = "onmessage = ({ data }) => setTimeout(() => postMessage(0), data);";

let native = null;
// Calls `tick` once, after so many milliseconds.
let ask = null;
let asked = false;
let wanted = false;
let last = 0;
// What waits for a frame: by our number, the callback and the browser's number.
const waiting = new Map();

function take(id) {
  const found = waiting.get(id);
  waiting.delete(id);
  return found;
}

function tick() {
  asked = false;
  const began = performance.now();
  for (const [id, { callback, handle, since }] of [...waiting]) {
    if (document.hidden || began - since >= LATE) {
      take(id);
      native.cancel(handle);
      callback(began);
    }
  }
  pace(performance.now() - began);
}

// Has the next tick come in time, if there is need of ticks and none is on its way.
function pace(spent) {
  if (asked || !wanted) return;
  asked = true;
  ask(document.hidden ? Math.max(BREATH, INTERVAL - spent) : LATE);
}

function install() {
  native = {
    request: window.requestAnimationFrame.bind(window),
    cancel: window.cancelAnimationFrame.bind(window),
  };
  try {
    const worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" })));
    worker.onmessage = tick;
    ask = (delay) => worker.postMessage(delay);
  } catch {
    // A page whose policy forbids workers: a timer of its own, which is slow but alive.
    ask = (delay) => setTimeout(tick, delay);
  }
  window.requestAnimationFrame = (callback) => {
    const id = ++last;
    const handle = native.request((now) => take(id)?.callback(now));
    waiting.set(id, { callback, handle, since: performance.now() });
    return id;
  };
  window.cancelAnimationFrame = (id) => native.cancel(take(id)?.handle);
}

// Whether there is something to keep up while the page is hidden.
export function keepUp(something) {
  if (typeof document === "undefined") return;
  if (!native) install();
  wanted = something;
  pace(0);
}
