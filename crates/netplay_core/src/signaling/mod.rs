//! The client of the signaling server: joining a room, resuming after a loss, and what is sent meanwhile.
//!
//! The client joins on the first server that lets it in. It tries the servers of the [`JoinRequest`] in order,
//! once each; what a server refuses for good ends the search. A server speaks first, with a challenge; the client's first
//! message answers it with the proof of its key for the server that it dialled, and shows a resume token only to a server
//! of its issuer. From then on the client keeps the connection:
//!
//! * a socket that stays silent, or that does not answer a ping of [`SignalingClient::check`], counts as lost;
//! * losing the socket does not end the membership of the room: the server keeps it for a grace period. The client
//!   waits (exponential backoff with full jitter over all servers), dials and resumes with the resume
//!   token from `Welcome`. The last signed roster travels with it, so that a server which restarted and forgot
//!   the room can make it again;
//! * a draining server can name another one, which is then dialed first if the game has listed it, or if it is on the
//!   same host;
//! * a server that sends what no server does (a roster that no room can have, another room than the one asked for) is left;
//! * signals that are to be sent without a connection wait, up to a bound, until the membership is resumed. The
//!   caller knows better which of its other messages are still true then;
//! * a refusal that is temporary counts as a lost connection, any other ends the client; while it resumes, only
//!   when all servers have refused one after the other.
//!
//! ```text
//!            ┌──────────── next server ──────────┐
//!            ▼                                   │
//! new ──► Joining (connecting, proving) ── fails─┘──► Closed
//!            │ welcomed or queued                       ▲
//!            ▼                                          │ refused for good
//!         Online ── lost ──► Waiting ──► Resuming ──────┤
//!            ▲                   ▲          │ fails     │
//!            │                   └──────────┤           │
//!            └──────── welcomed ────────────┘           │
//!            └──────── refused for good ────────────────┘
//! ```
//!
//! # What the driver owes
//!
//! The client is sans-IO: time is passed in as `now`, sockets are the driver's. After every call the driver
//!
//! 1. takes [`SignalingClient::poll_command`] until there is none and carries each out at once: from then on it
//!    reports nothing of a socket that was closed;
//! 2. sends every frame of [`SignalingClient::poll_transmit`] on the open socket, in order, and reports
//!    [`SocketEvent::Disconnected`] when the socket takes a frame for longer than [`SEND_TIMEOUT`];
//! 3. takes [`SignalingClient::poll_event`] until there is none;
//! 4. calls [`SignalingClient::handle_timeout`] when [`SignalingClient::poll_timeout`] is due.

pub(crate) mod address;
mod backoff;
mod client;
mod dial;
mod dialing;
mod membership;
pub(crate) mod messages;
mod outbox;
mod room_list;
mod socket;
#[cfg(test)]
mod tests;

use netplay_protocol::PeerKey;
use netplay_protocol::RelayChannel;
use netplay_protocol::signaling::ServerMessage;

use crate::transport::LeaveReason;

pub use client::{SEND_TIMEOUT, SignalingClient};
pub use room_list::RoomListClient;
pub use socket::{Frame, SocketCommand, SocketEvent};

#[cfg(doc)]
use crate::transport::JoinRequest;

/// What happened between the client and its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalingEvent {
    /// The server sent a message.
    Message(ServerMessage),
    /// The server relayed a packet of a peer.
    Packet {
        /// Which peer sent it.
        from: PeerKey,
        /// On which channel.
        channel: RelayChannel,
        /// The packet, without the relay's header.
        packet: Vec<u8>,
    },
    /// The connection is lost, for this reason. The client resumes by itself.
    Lost(String),
    /// The membership of the room is resumed. The roster follows.
    Restored,
    /// The client is not on a server and will not be: no event follows.
    Closed(LeaveReason),
}
