//! What can go wrong with a browser.

use std::path::PathBuf;
use std::time::Duration;

use thirtyfour::error::WebDriverError;

/// Why a browser did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// There is nothing to serve.
    #[error("{0} is not there: build the page first (`trunk build --release` in web/)")]
    NoSite(PathBuf),
    /// A program is missing or does not start.
    #[error("{program} does not start ({error}): `cargo xtask test --install` installs it")]
    NoProgram {
        /// Which program.
        program: &'static str,
        /// What the system says.
        error: std::io::Error,
    },
    /// The program that drives the browser does not answer.
    #[error("{0} does not answer")]
    Deaf(&'static str),
    /// A display has no such window.
    #[error("there is no window {0:?}")]
    NoWindow(String),
    /// A file or socket failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The browser refused.
    #[error(transparent)]
    WebDriver(Box<WebDriverError>),
    /// Something did not come to pass on a page.
    #[error("waited {waited:?} in vain for {what}; the page: {page}")]
    Late {
        /// What was waited for.
        what: String,
        /// For how long.
        waited: Duration,
        /// What the probe of the page has noted.
        page: String,
    },
}

impl From<WebDriverError> for DriverError {
    fn from(error: WebDriverError) -> Self {
        Self::WebDriver(Box::new(error))
    }
}
