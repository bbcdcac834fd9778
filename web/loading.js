// Loads the game.
//
// trunk names the files of the game in the script element of the page (`pattern_script` in `Trunk.toml`). Its own
// script would do the same, but is inline: the policy of the page (CSP) forbids inline scripts.

// Loads the game and makes its functions `window.wasmBindings`. Calls `progress` with how many bytes are loaded, and
// of how many; of null where the host does not tell, because it compresses them.
export async function load(progress = () => {}) {
  const files = document.querySelector("script[data-wasm]").dataset;
  const game = await import(new URL(files.js, document.baseURI));
  const response = await fetch(new URL(files.wasm, document.baseURI));
  if (!response.ok) throw new Error(`the host answers ${response.status}`);
  // Where it breaks off, the compiler says so.
  watch(response.clone(), progress).catch(() => {});
  await game.default({ module_or_path: response });
  window.wasmBindings = game;
}

// Reports how much of a response has come. The compiler gets another copy, as the browser made it: once a page was left
// while Firefox compiled a stream of a script (a `TransformStream`), Firefox compiles nothing more in that tab.
async function watch(response, progress) {
  const compressed = response.headers.has("content-encoding");
  const total = compressed ? null : Number(response.headers.get("content-length")) || null;
  let current = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    current += value.byteLength;
    progress(current, total);
  }
}
