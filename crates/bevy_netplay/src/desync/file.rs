//! [`DesyncFile`]: bundles as files.

use std::path::Path;

use super::DesyncBundle;
use netplay_report::desync::BundleError;

/// Why a bundle could not be written or read. Each is a sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DesyncFileError {
    /// The file system refuses.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is no bundle, or one that is too large.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The browser refuses.
    #[error("the browser does not offer the download: {0}")]
    Browser(String),
}

/// Writes a [`DesyncBundle`] and reads it.
pub trait DesyncFile: Sized {
    /// Writes the bundle to a file, whose directory is made. A page offers it as a download with the name of the file.
    ///
    /// # Errors
    ///
    /// [`DesyncFileError`] says what is in the way.
    fn save(&self, path: impl AsRef<Path>) -> Result<(), DesyncFileError>;

    /// Reads a file. There are none in a page: [`DesyncBundle::from_bytes`] reads what a player gives it.
    ///
    /// # Errors
    ///
    /// [`DesyncFileError`] says what is wrong with it.
    fn load(path: impl AsRef<Path>) -> Result<Self, DesyncFileError>;
}

impl DesyncFile for DesyncBundle {
    fn save(&self, path: impl AsRef<Path>) -> Result<(), DesyncFileError> {
        save(path.as_ref(), &self.to_bytes()?)
    }

    fn load(path: impl AsRef<Path>) -> Result<Self, DesyncFileError> {
        use std::io::Read;

        /// More than any bundle has.
        const MOST: u64 = 128 << 20;
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
        Ok(Self::from_bytes(&bytes)?)
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn save(path: &Path, bytes: &[u8]) -> Result<(), DesyncFileError> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    Ok(std::fs::write(path, bytes)?)
}

#[cfg(target_arch = "wasm32")]
fn save(path: &Path, bytes: &[u8]) -> Result<(), DesyncFileError> {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen(module = "/src/desync/download.js")]
    extern "C" {
        #[wasm_bindgen(catch)]
        fn download(name: &str, bytes: &[u8]) -> Result<(), JsValue>;
    }
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    download(&name, bytes).map_err(|error| DesyncFileError::Browser(format!("{error:?}")))
}
