//! [`DesyncFile`]: bundles as files.

use std::path::Path;

use super::DesyncBundle;
use crate::files;
use netplay_report::desync::BundleError;

/// Why a bundle could not be written or read. Each is a sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DesyncFileError {
    /// The file system, or the browser, refuses.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is no bundle, or one that is too large.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Writes a [`DesyncBundle`] and reads it.
pub trait DesyncFile: Sized {
    /// Writes the bundle to a file, with the folders above it. A page offers it as a download with the name of the file.
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
        Ok(files::write(path.as_ref(), &self.to_bytes()?)?)
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
