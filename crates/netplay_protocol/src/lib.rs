//! What travels between the processes of a match.
//!
//! Two wires are described here and nowhere else:
//!
//! * **signaling**: JSON text messages on one WebSocket between a peer and the signaling server
//!   ([`signaling`]), naming peers by [`PeerKey`] and rooms by [`RoomCode`]; and, where a peer asks for
//!   it, packets that the server carries, as binary messages that begin with a [`RelayHeader`];
//! * **links**: binary packets between two peers, either unreliable datagrams that begin with a
//!   [`DatagramHeader`], or reliable [`ControlMessage`]s behind a [`ReliableHeader`].
//!
//! Both carry a version, and a reader that meets another version refuses with a sentence instead of
//! guessing. Everything that has a size has a bound, and every bound is a constant in [`limits`].
//!
//! There is no IO in this crate, no clock and no randomness.

mod control;
mod datagram;
pub mod identity;
mod key;
pub mod limits;
mod relay;
mod reliable;
mod room;
mod secret;
pub mod signaling;

pub use control::{ControlError, ControlMessage, DropProposal, Hello, InputLogChunk, RejoinState};
pub use datagram::{DATAGRAM_VERSION, DatagramError, DatagramHeader, DatagramKind, PathStamp};
pub use identity::{Identity, PublicKey};
pub use key::{BadPeerKey, ConnectionId, PeerKey};
pub use relay::{RelayChannel, RelayError, RelayHeader};
pub use reliable::{ReliableError, ReliableHeader};
pub use room::{BadRoomCode, RoomCode, Roster};
pub use secret::Secret;
