//! What happened in a match, one after the other.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq))]
pub struct TimelineEvent {
    /// When.
    pub at_ms: f64,
    /// The frame that was simulated next.
    pub frame: i32,
    /// What.
    pub kind: EventKind,
    /// The player that it is about, counted from 0; none if it is about the local peer or all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<u8>,
    /// More about it, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// How long it took or lasted, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasted_ms: Option<f64>,
}

/// What can happen.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "reflect", derive(bevy_reflect::Reflect))]
#[cfg_attr(feature = "reflect", reflect(Debug, PartialEq, Hash))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// The match started.
    MatchStarted,
    /// The match ended.
    MatchEnded,
    /// The room was left, or lost.
    RoomEnded,
    /// A peer came into the room.
    PeerJoined,
    /// A peer left the room.
    PeerLeft,
    /// Another path became the primary one.
    PathChanged,
    /// An attempt at a connection failed.
    AttemptFailed,
    /// What is wrong with the network of a side became known.
    LinkDiagnosed,
    /// The quality of a link changed.
    QualityChanged,
    /// Nothing was heard of a peer.
    Interrupted,
    /// A peer was heard again.
    Resumed,
    /// A peer is not connected to the server, or its page was closed.
    Away,
    /// A peer that was away is back.
    Back,
    /// The simulation of a peer stood still, although nothing kept it from going on.
    PeerStalled,
    /// The simulation of a peer went on.
    PeerUnstalled,
    /// A player was dropped from the match.
    Dropped,
    /// The process of a peer was restarted, and it rejoins.
    Rejoining,
    /// The local simulation stood still, waiting for inputs.
    Stalled,
    /// A rollback of many frames.
    DeepRollback,
    /// A machine is too slow for the simulation, or no longer: that of the player, or the local one.
    TooSlow,
    /// The states of two peers differ.
    Desync,
    /// The input delay changed.
    InputDelayChanged,
    /// Something that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MatchStarted => "match started",
            Self::MatchEnded => "match ended",
            Self::RoomEnded => "room ended",
            Self::PeerJoined => "joined",
            Self::PeerLeft => "left",
            Self::PathChanged => "path changed",
            Self::AttemptFailed => "attempt failed",
            Self::LinkDiagnosed => "link diagnosed",
            Self::QualityChanged => "quality changed",
            Self::Interrupted => "interrupted",
            Self::Resumed => "resumed",
            Self::Away => "away",
            Self::Back => "back",
            Self::PeerStalled => "simulation stopped",
            Self::PeerUnstalled => "simulation goes on",
            Self::Dropped => "dropped",
            Self::Rejoining => "rejoining",
            Self::Stalled => "stall",
            Self::DeepRollback => "deep rollback",
            Self::TooSlow => "machine too slow",
            Self::Desync => "desync",
            Self::InputDelayChanged => "input delay changed",
            Self::Unknown => "something else",
        })
    }
}
