//! The file format of a bundle: `NPDESYNC`, the version, the length before compression, an LZ4 block of postcard, and a
//! checksum of all that.

use super::DesyncBundle;

const MAGIC: &[u8; 8] = b"NPDESYNC";
const VERSION: u16 = 1;
/// The longest bundle that is read or written, in bytes before compression. It is read into a few times as much memory.
const MAX_BYTES: usize = 32 << 20;
/// How much longer an LZ4 block can become.
const MAX_RATIO: usize = 255;
const HEADER: usize = MAGIC.len() + size_of::<u16>() + size_of::<u32>();
const CHECKSUM: usize = size_of::<u64>();

/// Why bytes are no bundle, or a bundle cannot be written. Each is a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It is another kind of file.
    #[error("this is no desync bundle: it does not begin with NPDESYNC")]
    NoBundle,
    /// Its end is missing.
    #[error("the desync bundle is cut off: copy the whole file again")]
    Truncated,
    /// Bytes of it were changed.
    #[error("the desync bundle is damaged: its checksum differs")]
    Damaged,
    /// It was written by another version of this library.
    #[error(
        "the desync bundle has format {0}, and this version reads format {VERSION}: use the version that wrote it"
    )]
    Version(u16),
    /// It is longer than any that is read.
    #[error("the desync bundle has {0} bytes, which is more than is read")]
    TooLarge(usize),
    /// Its parts do not fit together.
    #[error("the desync bundle cannot be read: {0}")]
    Malformed(String),
}

impl From<postcard::Error> for BundleError {
    fn from(error: postcard::Error) -> Self {
        match error {
            postcard::Error::DeserializeUnexpectedEnd => Self::Truncated,
            error => Self::Malformed(error.to_string()),
        }
    }
}

impl DesyncBundle {
    /// The file ending of bundles.
    pub const EXTENSION: &str = "npdesync";

    /// The bundle as a file.
    ///
    /// # Errors
    ///
    /// [`BundleError::TooLarge`] where nobody would read it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BundleError> {
        let plain = postcard::to_stdvec(self)?;
        if plain.len() > MAX_BYTES {
            return Err(BundleError::TooLarge(plain.len()));
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(plain.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&lz4_flex::block::compress(&plain));
        bytes.extend_from_slice(&seahash::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`BundleError`] says what is wrong with it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        let start = &bytes[..bytes.len().min(MAGIC.len())];
        if start != &MAGIC[..start.len()] || start.is_empty() {
            return Err(BundleError::NoBundle);
        }
        if bytes.len() > 2 * MAX_BYTES {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        let number = |from: usize, len: usize| {
            let bytes = bytes.get(from..from + len)?;
            Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        };
        let version = number(MAGIC.len(), 2).ok_or(BundleError::Truncated)? as u16;
        if version != VERSION {
            return Err(BundleError::Version(version));
        }
        let len = number(MAGIC.len() + 2, 4).ok_or(BundleError::Truncated)? as usize;
        if len > MAX_BYTES {
            return Err(BundleError::TooLarge(len));
        }
        let end = bytes.len().checked_sub(CHECKSUM).filter(|end| *end >= HEADER);
        let end = end.ok_or(BundleError::Truncated)?;
        let body = &bytes[HEADER..end];
        // Memory is taken for what can come out, and not for what is announced.
        if len > body.len().saturating_mul(MAX_RATIO).saturating_add(MAX_RATIO) {
            return Err(BundleError::Truncated);
        }
        let plain = lz4_flex::block::decompress(body, len);
        if number(end, CHECKSUM) != Some(seahash::hash(&bytes[..end])) {
            // What does not decompress has lost its end, which had the checksum.
            return Err(match plain {
                Ok(_) => BundleError::Damaged,
                Err(_) => BundleError::Truncated,
            });
        }
        let plain = plain.map_err(|error| BundleError::Malformed(error.to_string()))?;
        let (bundle, rest) = postcard::take_from_bytes::<Self>(&plain)?;
        if !rest.is_empty() {
            return Err(BundleError::Malformed("bytes follow its end".to_owned()));
        }
        bundle.check().map_err(|error| BundleError::Malformed(error.to_owned()))?;
        Ok(bundle)
    }
}
