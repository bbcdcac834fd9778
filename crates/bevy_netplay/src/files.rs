//! Files for the user: written to the disk, or downloaded in a browser.

use std::io;
use std::path::Path;

/// Writes a file, with the folders above it. One that is there is replaced once all of the new one is written.
///
/// # Errors
///
/// What the file system says.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    std::fs::write(&unfinished, content)?;
    std::fs::rename(&unfinished, path)
}

/// Has the browser save a file under the last part of its path.
///
/// # Errors
///
/// What the browser says.
#[cfg(target_arch = "wasm32")]
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen(module = "/src/files.js")]
    extern "C" {
        #[wasm_bindgen(catch)]
        fn download(name: &str, content: &[u8]) -> Result<(), JsValue>;
    }
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    download(&name, content).map_err(|error| io::Error::other(format!("{error:?}")))
}
