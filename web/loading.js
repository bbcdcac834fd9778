// Tells the page how far the download of the game is.

const tell = (detail) => document.dispatchEvent(new CustomEvent("loading", { detail }));

// Later than the end of the download: only now can the game be called.
addEventListener("TrunkApplicationStarted", () => tell({ done: true }), { once: true });

export default function loading() {
  return {
    onProgress: ({ current, total }) => tell({ current, total }),
    onFailure: (error) => tell({ error: String(error?.message ?? error) }),
  };
}
