// Saves files that the game has made.

// How long the browser may need to read the file, in milliseconds.
const KEPT = 60_000;

// Has the browser save a file under a name.
export function download(name, content) {
  // The memory of the game may move meanwhile: the file gets a copy.
  const file = new Blob([content.slice()], { type: "application/octet-stream" });
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}
