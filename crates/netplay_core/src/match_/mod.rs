//! One match over the links of a room: what passes between the rollback session (ggrs) and the links.
//!
//! A rollback session sends about 130 messages per second to each peer and trusts what it receives. This module
//! stands between it and the links, without a type of ggrs: the facade translates ggrs' messages into
//! [`SessionMessage`]s and back.
//!
//! ```text
//! rollback session ──SessionMessage──► Outbox ──Payload──► datagram ──► link
//!        ▲                                                               │
//!        │                          InputLog, one per player             ▼
//!        └──SessionMessage────────── MatchTraffic ◄──Payload, checked── datagram
//! ```
//!
//! * [`MatchTraffic`] joins the parts below for each peer. Its driver passes in
//!   [payloads](MatchTraffic::handle_payload) of datagrams, the session's
//!   [messages](MatchTraffic::handle_message) and the [frame](MatchTraffic::handle_frame) that is simulated, and
//!   polls what is [due to a peer](MatchTraffic::poll_transmit) and what the
//!   [session receives](MatchTraffic::poll_message). It runs once per frame and needs no timer.
//! * `outbox` merges all messages to a peer since the last datagram. Inputs are cumulative, so the newest message
//!   replaces the ones before. A changed input is sent at once, an unchanged one, which the peer predicts
//!   correctly, every second frame; the last datagram is repeated until its inputs are acknowledged.
//! * `payload` is the layout of a datagram's payload and the checks of every field; `encoded` is the encoding of
//!   inputs in it, and `rle` its bounded decoder.
//! * [`InputLog`] keeps every input of a player since the match began: for other survivors if the player
//!   disconnects, and for the player itself if its process restarts.
//! * [`DropConsensus`] is how the survivors agree on the last frame of a player who is dropped. The rollback session
//!   never learns of it: the inputs of a disconnected player are synthesized.
//! * `catch_up` feeds a match from frame 0 to the session of a player who rejoins.

mod catch_up;
mod drop_consensus;
mod encoded;
mod input_log;
mod message;
mod outbox;
mod payload;
mod peer;
mod rle;
mod shared;
mod traffic;

pub use drop_consensus::{DropConsensus, DroppedPlayer};
pub use encoded::EncodedInputs;
#[cfg(test)]
pub(crate) use encoded::MAX_FRAMES;
pub use input_log::{InputLog, disconnected_input};
pub use message::SessionMessage;
pub use payload::PayloadError;
pub use shared::SharedTraffic;
pub use traffic::{MatchTraffic, Transmit};

/// The longest input delay, in frames. Also the latest frame at which a player's inputs may begin.
pub const MAX_INPUT_DELAY: usize = 16;
/// The widest prediction window, in frames: ggrs keeps 128 inputs per player, and this leaves room in them.
pub const MAX_PREDICTION: usize = 32;

/// The frame before the first one: "none yet".
const NULL_FRAME: i32 = -1;

#[cfg(test)]
mod tests;
