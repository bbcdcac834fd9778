// Reports the progress of the download of the game: an initializer of trunk, which dispatches `loading` events on the
// document. `page.js` shows them.

const report = (detail) => document.dispatchEvent(new CustomEvent("loading", { detail }));

// This comes after the end of the download: only now can the page call the game.
addEventListener("TrunkApplicationStarted", () => report({ done: true }), { once: true });

export default function loading() {
  return {
    onProgress: ({ current, total }) => report({ current, total }),
    onFailure: (error) => report({ error: String(error?.message ?? error) }),
  };
}
