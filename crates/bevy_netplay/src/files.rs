//! Files for the user: written to the disk, or downloaded in a browser.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::*;

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen(module = "/src/files.js")]
extern "C" {
    /// Has the browser save a file under a name.
    #[wasm_bindgen(catch)]
    fn download(name: &str, content: &[u8]) -> Result<(), JsValue>;
}

/// Writes a file, with the folders above it. One that is there is replaced once all of the new one is written.
///
/// # Errors
///
/// Why it cannot be written, in words.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn write(path: &str, content: &[u8]) -> Result<(), String> {
    use std::path::Path;

    let write = || {
        let path = Path::new(path);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        std::fs::write(&unfinished, content)?;
        std::fs::rename(&unfinished, path)
    };
    write().map_err(|error: std::io::Error| error.to_string())
}

/// Has the browser save a file under the last part of its path.
///
/// # Errors
///
/// Why it cannot be saved, in words.
#[cfg(target_arch = "wasm32")]
pub(crate) fn write(path: &str, content: &[u8]) -> Result<(), String> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    download(name, content).map_err(|error| format!("{error:?}"))
}
