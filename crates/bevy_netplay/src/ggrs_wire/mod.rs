//! What ggrs says to its peers, as it travels.
//!
//! ggrs 0.13 sends about 130 messages a second to each peer and trusts what it receives. Between it and
//! the link stands this module:
//!
//! * [`socket`] is the socket that ggrs sees. It answers ggrs' synchronization itself: before a match
//!   starts every peer has said that it is ready for this epoch, which is all that the five round trips
//!   would show.
//! * [`outbox`] merges everything said to a peer since the last datagram. Inputs are cumulative, so the
//!   newest message says it all; it is sent at once when an input changed, every second frame when it
//!   did not (the peer predicts that, and predicts it right), and again while nobody acknowledges it.
//! * [`inputs`] keeps what each player has pressed, for the others should it be lost and for itself should it
//!   be started anew, and makes up the inputs of a player who is gone: to ggrs it plays on and presses nothing.
//! * [`replay`] has ggrs play a match from its beginning that others have gone on with.
//! * [`payload`] is the layout of a datagram's payload, and the checks of everything in it.
//! * [`mirror`] is the layout of ggrs' own messages, whose fields are private.

mod inputs;
mod mirror;
mod outbox;
mod payload;
mod replay;
mod rle;
mod socket;

pub(crate) use inputs::InputHistory;
pub(crate) use outbox::Pace;
pub(crate) use payload::PayloadError;
pub(crate) use socket::{GgrsSocket, MatchWire, SharedWire};
