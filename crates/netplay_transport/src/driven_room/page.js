// When a page goes away, and when it is shown again.
//
// `pagehide` is the last event that every browser fires when a page is closed, loaded again or left for another one. Its
// listeners, and the microtasks that they queue, are the last code of the page: what is sent there leaves. A page that
// the browser keeps for its Back and Forward buttons gets `pageshow` with `persisted`, and goes on.

export function listen(hidden, shown) {
  const onHide = () => hidden();
  const onShow = ({ persisted }) => persisted && shown();
  // In the capture phase: before other code of the page hears of it and ends the game.
  globalThis.addEventListener?.("pagehide", onHide, true);
  globalThis.addEventListener?.("pageshow", onShow);
  return { onHide, onShow };
}

export function remove({ onHide, onShow }) {
  globalThis.removeEventListener?.("pagehide", onHide, true);
  globalThis.removeEventListener?.("pageshow", onShow);
}
