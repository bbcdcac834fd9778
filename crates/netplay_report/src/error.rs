//! [`ReadError`]: why a file cannot be read.

/// Why a file cannot be read. The text is a sentence for the person who gave the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is longer than any that is written.
    #[error("it has {bytes} bytes, and no {what} has more than {most}: it is another kind of file")]
    TooLarge {
        /// What was expected.
        what: &'static str,
        /// The size of the file.
        bytes: usize,
        /// The most that is read.
        most: usize,
    },
    /// The file ends too early.
    #[error("it is cut off: copy the whole {0}")]
    Truncated(&'static str),
    /// The file is something else.
    #[error("it is no {what}: {reason}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A later version has written the file.
    #[error(
        "it was written by a later version (format {found}, this program reads up to {known}): update this program"
    )]
    Version {
        /// The version of the file.
        found: u32,
        /// The latest version that is known.
        known: u32,
    },
}
