//! [`DesyncSide`]: what one of the peers of a desync had. It is also what the peers send each other.

use serde::{Deserialize, Serialize};

use super::{Bits, BundleError, FrameState};

/// The most bytes that a peer sends, before compression: 4 MiB.
pub const MAX_SIDE_BYTES: usize = 4 << 20;

/// The first byte of what is sent.
const VERSION: u8 = 1;

/// What one of the two peers had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesyncSide {
    /// The match, counted from 1 in its room.
    pub epoch: u16,
    /// The first compared frame at which the states differ.
    pub frame: i32,
    /// The last compared frame before it at which they were equal.
    pub last_equal_frame: Option<i32>,
    /// What the game was built with.
    pub build: BuildInfo,
    /// The types that are compared, in the order of [`FrameParts::parts`].
    pub types: Vec<String>,
    /// The checksums of the latest compared frames, oldest first.
    pub checksums: Vec<FrameParts>,
    /// The state at the last equal and at the first different frame, as far as it was kept, oldest first.
    pub states: Vec<FrameState>,
    /// What is missing, as a sentence.
    pub truncated: Option<String>,
}

/// What a game was built with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildInfo {
    /// The version of bevy_netplay.
    pub bevy_netplay: String,
    /// The compiler, as `rustc --version` says it.
    pub rustc: String,
    /// The target, such as `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// Whether debug assertions are on.
    pub debug: bool,
}

/// The checksum of a frame, and those of the types in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameParts {
    /// The frame.
    pub frame: i32,
    /// The checksum that peers compare, little-endian.
    pub total: Bits,
    /// That of each type.
    pub parts: Vec<Bits>,
}

impl DesyncSide {
    /// The side as it is sent: at most [`MAX_SIDE_BYTES`]. States that are too much are left out, and that is said.
    pub fn to_message(&self) -> Vec<u8> {
        let mut side = self.clone();
        loop {
            let bytes = postcard::to_extend(&side, vec![VERSION]).unwrap_or_default();
            if bytes.len() <= MAX_SIDE_BYTES {
                return bytes;
            }
            // The first different frame says more than the last equal one.
            if side.states.is_empty() {
                side.checksums.clear();
                side.types.clear();
            } else {
                side.states.remove(0);
            }
            side.truncated = Some("the state was too large to be sent".to_owned());
        }
    }

    /// Reads what a peer has sent.
    ///
    /// # Errors
    ///
    /// [`BundleError`] where it is no such message.
    pub fn from_message(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > MAX_SIDE_BYTES {
            return Err(BundleError::TooLarge(bytes.len()));
        }
        match bytes.split_first() {
            None => Err(BundleError::Truncated),
            Some((&VERSION, rest)) => match postcard::take_from_bytes(rest) {
                Ok((side, [])) => Ok(side),
                Ok(_) => Err(BundleError::Malformed("bytes follow its end".to_owned())),
                Err(error) => Err(error.into()),
            },
            Some((version, _)) => Err(BundleError::Version(u16::from(*version))),
        }
    }

    /// The state of a frame.
    pub fn state(&self, frame: i32) -> Option<&FrameState> {
        self.states.iter().find(|state| state.frame == frame)
    }

    /// The checksums of a frame.
    pub fn parts(&self, frame: i32) -> Option<&FrameParts> {
        self.checksums.iter().find(|parts| parts.frame == frame)
    }
}
