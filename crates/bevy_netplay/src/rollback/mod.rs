//! What rolls back: entities with a marker, registered types, the frames that are kept, checksums of them, and a fresh
//! start for every match.
//!
//! ```text
//! registration ─ registry      which types there are, by name and shape
//! marker ─ order               which entities, and what they are called on every peer
//! codec                        how values are compared and encoded
//! store                        the state at the start of recent frames
//! ```

mod checksums;
mod codec;
mod encoded;
mod marker;
mod message;
mod order;
mod registration;
mod registry;
mod reset;
mod simulation;
mod state;
mod store;
mod systems;

pub use checksums::Checksums;
pub(crate) use checksums::confirm_frames;
pub(crate) use codec::{Shape, serde_shape};
pub use encoded::{decode_state, encode_state};
pub use marker::RollbackEntity;
pub use order::SpawnOrder;
pub use registration::NetplayApp;
pub use registry::RollbackRegistry;
pub(crate) use reset::{Simulation, reset_world};
pub(crate) use simulation::check_simulation;
pub use store::{DecodeError, EncodeError};
pub(crate) use store::{FrameChecksum, RollbackStore};
pub(crate) use systems::{go_back, plugin, simulated_frame};
