//! [`DesyncConfig`]: what is kept to explain a desync, and what follows one.

use std::path::PathBuf;

use bevy::prelude::*;

/// What is kept to explain a desync, and what follows one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
pub struct DesyncConfig {
    /// What is kept of compared frames. Default [`DesyncCapture::default`].
    pub capture: DesyncCapture,
    /// Whether a game plays on. Default [`AfterDesync::PlayOn`].
    pub after: AfterDesync,
    /// A directory into which a [`DesyncBundle`](crate::DesyncBundle) of each desync is written. A page offers the file
    /// as a download. Default none.
    pub directory: Option<PathBuf>,
}

/// What is kept of compared frames, to say what differs once a desync is detected: by then, the simulation is frames
/// ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
pub enum DesyncCapture {
    /// Nothing: a desync is told by its frame alone.
    Off,
    /// The checksums of the latest 128 compared frames by type, and the state of some.
    On {
        /// Of how many compared frames the state is kept; of more where these are less than a second. Default 16.
        frames: usize,
        /// How many bytes of state are kept at most, about. A game with more keeps fewer frames, or checksums only; the
        /// log says so. Default 8 MiB.
        max_bytes: usize,
    },
}

/// Whether a game plays on after a desync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Debug, Default, PartialEq)]
pub enum AfterDesync {
    /// It does: for players, most desyncs are less bad than the end of the match.
    #[default]
    PlayOn,
    /// The room ends with [`EndReason::Desync`](crate::EndReason::Desync), once both peers have exchanged what they
    /// know, or after 10 s.
    EndMatch,
}

impl Default for DesyncCapture {
    fn default() -> Self {
        Self::On { frames: 16, max_bytes: 8 << 20 }
    }
}
