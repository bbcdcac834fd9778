// Offers bytes as a file to download.

export function download(name, bytes) {
  // A copy: the memory of the module may move.
  const blob = new Blob([bytes.slice()], { type: "application/octet-stream" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
