//! One match over the links of a room: what passes between the rollback session (ggrs) and the links.
//!
//! A rollback session sends about 130 messages per second to each peer and trusts what it receives. This module
//! stands between it and the links, without a type of ggrs: the facade translates ggrs' messages into
//! [`SessionMessage`]s and back.
//!
//! ```text
//! rollback session ──SessionMessage──► Outbox ──Payload──► datagram ──► link
//!     ▲   simulation ──checksum──► ChecksumExchange                      │
//!     │                             InputLog, one per player             ▼
//!     └──SessionMessage──────────── MatchTraffic ◄──Payload, checked── datagram
//! ```
//!
//! * [`MatchTraffic`] joins the parts below for each peer. Its driver passes in
//!   [payloads](MatchTraffic::handle_payload) of datagrams, the session's
//!   [messages](MatchTraffic::handle_message), the [checksum](MatchTraffic::handle_checksum) of every compared frame
//!   that is confirmed and the [frame](MatchTraffic::handle_frame) that is simulated, and polls what is
//!   [due to a peer](MatchTraffic::poll_transmit), what the [session receives](MatchTraffic::poll_message) and whose
//!   state [differs](MatchTraffic::poll_desync). It runs once per frame and needs no timer.
//! * `outbox` merges all messages to a peer since the last datagram. Inputs are cumulative, so the newest message
//!   replaces the ones before. A changed input is sent at once, an unchanged one, which the peer predicts
//!   correctly, every second frame (in lockstep and near the end of the prediction window, every frame); what is not
//!   acknowledged is repeated. `parts` cuts inputs that do not fit into one datagram.
//! * `payload` is the layout of a datagram's payload and the checks of every field, with `payload_checksums` for the
//!   part about checksums; `encoded` is the encoding of inputs in it, and `rle` its bounded decoder.
//! * `checksums` exchanges checksums with every peer, `comparison` compares them. The rollback session has no part in
//!   that: it saves no frames in lockstep, and only some of them with sparse saving.
//! * [`InputLog`] keeps every input of a player since the match began: for other survivors if the player
//!   disconnects, and for the player itself if its process restarts.
//! * [`DropConsensus`] is how the survivors agree on the last frame of a player who is dropped. The rollback session
//!   never learns of it: the inputs of a disconnected player are synthesized.
//! * [`Accusations`] says when enough players have lost one for it to be dropped. Until then, `relayed` takes its inputs
//!   from those who have them.
//! * [`DelayBounds`] says which input delay fits a connection, and [`InputDelay`] when the local player's may change while
//!   a match is played.
//! * `logs` takes inputs that come from other peers than their player, and `catch_up` feeds a match from frame 0 to
//!   the session of a player who rejoins.
//! * `time_sync` measures how far the simulation is ahead of the others', and [`Pacer`] how fast it runs by that.
//! * [`Activity`] tells a simulation that stands still from one that waits for other players.

mod accusations;
mod activity;
mod catch_up;
mod checksums;
mod comparison;
mod delay_fit;
mod digests;
mod drop_consensus;
mod encoded;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod input_delay;
mod input_log;
mod logs;
mod message;
mod outbox;
mod pacing;
mod parts;
mod payload;
mod payload_checksums;
mod payload_statements;
mod peer;
mod relayed;
mod rle;
mod shared;
mod speed;
mod statements;
mod time_sync;
mod traffic;
mod versions;

pub use accusations::Accusations;
pub use activity::Activity;
pub use comparison::{Desync, StateComparison};
pub use delay_fit::DelayBounds;
pub use digests::STATEMENT_INTERVAL;
pub use drop_consensus::{DropConsensus, DroppedPlayer, LogVersion};
pub use encoded::EncodedInputs;
#[cfg(test)]
pub(crate) use encoded::MAX_FRAMES;
pub use input_delay::InputDelay;
pub use input_log::{InputLog, disconnected_input};
pub use message::SessionMessage;
pub use outbox::Transmit;
pub use pacing::{FramePace, Pacer};
pub use payload::{MAX_INPUT_BYTES, PayloadError};
pub use peer::InputSource;
pub use shared::SharedTraffic;
pub use statements::{Signatures, Violation};
pub use traffic::{MatchConfig, MatchTraffic, PayloadTaken, PeerSpeed};
pub use versions::{Merged, RecentInputs, VersionedLog};

/// The longest input delay, in frames. Also the latest frame at which a player's inputs may begin.
pub const MAX_INPUT_DELAY: usize = 16;
/// The widest prediction window, in frames: ggrs keeps 128 inputs per player, and this leaves room in them.
pub const MAX_PREDICTION: usize = 32;

/// In how many datagrams in a row a changed input is sent unless something else is set: any two losses in a row cost
/// nothing.
pub const DEFAULT_INPUT_REDUNDANCY: u8 = 3;
/// The most datagrams in a row in which a changed input is sent.
pub const MAX_INPUT_REDUNDANCY: u8 = 8;

/// The frame before the first one: "none yet".
const NULL_FRAME: i32 = -1;

#[cfg(test)]
mod tests;
