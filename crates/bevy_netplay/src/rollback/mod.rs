//! What rolls back: entities with a marker, registered types, checksums of them, and a fresh start for every match.
//! Snapshots themselves are bevy_ggrs'.

mod checksums;
mod marker;
mod registration;
mod reset;

pub use checksums::Checksums;
pub use marker::RollbackEntity;
pub(crate) use marker::plugin;
pub use registration::{NetplayApp, RollbackRegistry};
pub(crate) use reset::reset_world;
