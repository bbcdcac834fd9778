//! What fuzz targets reach of negotiation: the parsers that are private to it. Part of the feature `fuzzing`.

use netplay_protocol::{ConnectionId, Identity, PeerKey, RoomScope};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::noise::NoiseChannel;
use super::sdp;

/// Whether a session description passes on to a WebRTC stack.
pub fn is_description(sdp: &str) -> bool {
    sdp::check_description(sdp).is_ok()
}

/// One end of an encrypted channel between two peers. What is refused is None.
#[derive(Debug)]
pub struct Channel(NoiseChannel);

impl Channel {
    /// The end of a peer with this identity, in a room.
    pub fn new(identity: Identity, remote: PeerKey, room: RoomScope, seed: u64) -> Self {
        Self(NoiseChannel::new(identity, remote, room, StdRng::seed_from_u64(seed)))
    }

    /// Whether keys are agreed on.
    pub fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// Begins a handshake; returns its first message.
    pub fn begin(&mut self, connection: ConnectionId) -> Option<String> {
        self.0.begin(connection).ok()
    }

    /// Takes a message of a handshake; returns the answer, if there is one.
    pub fn handle_handshake(&mut self, connection: ConnectionId, message: &str) -> Option<String> {
        self.0.handshake(connection, message).ok().flatten()
    }

    /// Encrypts a packet of a channel.
    pub fn encrypt(&mut self, channel: u8, packet: &[u8]) -> Option<Vec<u8>> {
        self.0.encrypt(channel, packet).ok()
    }

    /// Decrypts a packet of a channel.
    pub fn decrypt(&mut self, channel: u8, encrypted: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(channel, encrypted).ok()
    }
}
