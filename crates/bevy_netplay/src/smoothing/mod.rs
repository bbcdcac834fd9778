//! What is drawn of the simulation: smoothed corrections, and interpolation between frames. The simulation sees neither.
//!
//! A rollback may move an entity: what was predicted turns out wrong. What is drawn stays where it was, by an offset that
//! decays ([`Smoothing`]). And an update may come between two frames: what is drawn is between them as well
//! ([`Interpolation`]).

mod config;
mod drawn;
mod interpolation;
mod offset;
mod owner;
mod systems;
mod teleported;

pub use config::Smoothing;
pub use interpolation::Interpolation;
pub use owner::OwnedBy;
pub(crate) use systems::{
    SmoothingSystems, begin_match, draws_between_frames, plugin, smooth, smooth_transform,
};
pub use teleported::Teleported;
