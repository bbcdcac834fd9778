// Saves files that the game has made.

// How long the browser may need to read the file, in milliseconds.
const KEPT = 60_000;

// Has the browser save a file under a name.
export function download(name, content) {
  // The memory of the game may move meanwhile: the file gets a copy.
  const url = URL.createObjectURL(new Blob([content.slice()]));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}
