//! matchbox's ggrs socket under the addresses that the arena's session has.
//!
//! The session type of the arena knows peers by [`PeerKey`]. matchbox knows them by a UUID: sixteen bytes
//! as well, so that either name is the other. What travels is written and read by matchbox itself.

use bevy_netplay::protocol::PeerKey;
use ggrs::{Message, NonBlockingSocket, PlayerType};
use matchbox_socket::{PeerId, WebRtcChannel};

/// The unreliable channel of a matchbox socket.
pub struct Renamed(pub WebRtcChannel);

impl NonBlockingSocket<PeerKey> for Renamed {
    fn send_to(&mut self, message: &Message, to: &PeerKey) {
        self.0.send_to(message, &id(*to));
    }

    fn receive_all_messages(&mut self) -> Vec<(PeerKey, Message)> {
        let received = self.0.receive_all_messages();
        received.into_iter().map(|(from, message)| (key(from), message)).collect()
    }
}

/// A player as the session wants it, of one as matchbox gives it.
pub fn renamed(player: PlayerType<PeerId>) -> PlayerType<PeerKey> {
    match player {
        PlayerType::Local => PlayerType::Local,
        PlayerType::Remote(peer) => PlayerType::Remote(key(peer)),
        PlayerType::Spectator(peer) => PlayerType::Spectator(key(peer)),
    }
}

fn key(peer: PeerId) -> PeerKey {
    PeerKey::from_bytes(*peer.0.as_bytes())
}

fn id(key: PeerKey) -> PeerId {
    PeerId(uuid::Uuid::from_bytes(key.to_bytes()))
}
