//! The messages between the processes of a match, and their layout.
//!
//! There are two protocols:
//!
//! * **signaling**: JSON text messages on one WebSocket between a peer and the signaling server ([`signaling`]),
//!   with peers named by [`PeerKey`] and rooms by [`RoomCode`]. Packets that the server relays between two peers
//!   are binary messages on the same WebSocket; they begin with a [`RelayHeader`];
//! * **links**: binary packets between two peers. Unreliable datagrams begin with a [`DatagramHeader`]. Reliable
//!   packets begin with a [`ReliableHeader`] and carry a [`ControlMessage`]. Messages of the game travel in
//!   unreliable [`MessagePacket`]s, which have acknowledgements of their own.
//!
//! Both protocols have a version. A reader refuses other versions with a sentence for the player. Everything that
//! has a size has a limit, and all limits are constants in [`limits`].
//!
//! This crate has no IO, no clock and no randomness. `docs/PROTOCOL.md` in the repository describes both protocols
//! with examples.

mod accusation;
mod control;
mod datagram;
mod fragments;
mod hexadecimal;
pub mod identity;
pub mod join_proof;
mod key;
pub mod limits;
pub mod lobby;
mod message;
mod relay;
mod reliable;
mod room;
mod secret;
pub mod seed;
mod server_name;
pub mod signaling;
pub mod statement;

pub use accusation::Accusation;
pub use control::{
    Accusations, ControlError, ControlMessage, DropProposal, Equivocation, Hello, InputLogChunk,
    InputRequest, InputResponse, InputStatements, Kick, MAX_STATEMENTS, RejoinState,
};
pub use datagram::{DATAGRAM_VERSION, DatagramError, DatagramHeader, DatagramKind, PathStamp};
pub use fragments::Fragments;
pub use identity::{Identity, PublicKey};
pub use join_proof::{Challenge, KeyProof};
pub use key::{BadPeerKey, ConnectionId, PeerKey};
pub use lobby::{LobbyEntry, LobbyHash, LobbyStart, LobbyValues, LobbyView};
pub use message::{
    AckRange, BadMessageTypes, MAX_ACK_RANGES, MessageAck, MessageChunk, MessageDelivery,
    MessageFrame, MessageLatest, MessagePacket, MessagePacketError, MessageType, MessageTypes,
};
pub use relay::{RelayChannel, RelayError, RelayHeader};
pub use reliable::{ReliableError, ReliableHeader};
pub use room::{BadRoomCode, BadRoster, RoomCode, RoomNonce, RoomScope, Roster};
pub use secret::Secret;
pub use seed::{SeedCommitment, SeedReveal, SeedReveals, SeedTerms, SeedWait};
pub use server_name::{BadServerName, ServerName};
pub use statement::{InputDigest, InputStatement, MatchId, StatementSignature};
