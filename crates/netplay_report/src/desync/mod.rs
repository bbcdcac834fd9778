//! Desync bundles: what a developer needs to find out why two peers came to different states.
//!
//! ```text
//! DesyncBundle          a file
//! ├─ GameInfo, MatchInfo  which game, which match
//! ├─ PlayerInputs         all confirmed inputs, by peer
//! └─ DesyncSide ×2        what each of the two peers had
//!    ├─ FrameParts        checksums of compared frames, by type
//!    └─ FrameState        the state at the last equal and at the first different frame, as text
//! ```
//!
//! A state is text with names: it can be compared ([`DesyncBundle::explain`], [`explain`]) without the types of the game.
//! [`DesyncBundle::to_bytes`] and [`DesyncBundle::from_bytes`] are the file format.

mod bundle;
mod compare;
mod difference;
mod fields;
mod file;
mod overview;
mod side;
mod state;
#[cfg(test)]
mod tests;

pub use bundle::{
    DelayChange, DesyncBundle, GameInfo, LinkSummary, MatchInfo, PlayerInputs, RegisteredType,
    RollbackEntry,
};
pub use compare::{explain, explain_bundles};
pub use difference::{Difference, Explanation, Sides};
pub use fields::{Field, push_field};
pub use file::BundleError;
pub use overview::overview;
pub use side::{BuildInfo, DesyncSide, FrameParts, MAX_SIDE_BYTES};
pub use state::{FrameState, TypeState, ValueState};

/// 64 bits that are always eight bytes, so that what is read is never much larger than its bytes.
pub type Bits = [u8; 8];
