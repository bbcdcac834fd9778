//! Which connections receive TURN credentials.

use std::sync::atomic::{AtomicBool, Ordering};

use netplay_protocol::PeerKey;
use netplay_protocol::signaling::IceServer;

use super::{Hub, unix_now};
use crate::limits::{ClientAddress, Spent, TurnClient};

/// Whether a connection has TURN credentials, and the address that these count against.
///
/// A credential lets its holder send through a TURN server, which costs its operator. So each address receives a
/// number of them only. A member for which there is none is told the other servers, and plays without TURN.
pub(super) struct TurnAccess {
    client: TurnClient,
    held: AtomicBool,
}

impl TurnAccess {
    pub(super) fn new(client: TurnClient) -> Self {
        Self { client, held: AtomicBool::new(false) }
    }

    /// The address that the connection counts as.
    pub(super) fn address(&self) -> ClientAddress {
        self.client.address()
    }

    /// Whether the connection has credentials.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// The STUN and TURN servers for a peer that becomes a member.
    pub(super) fn first(&self, hub: &Hub, key: PeerKey) -> Vec<IceServer> {
        let (servers, credential) = self.offer(hub, key);
        self.accepted(credential);
        servers
    }

    /// The STUN and TURN servers for a peer that may become a member, and what the credential among them costs.
    pub(super) fn offer(&self, hub: &Hub, key: PeerKey) -> (Vec<IceServer>, Option<Spent>) {
        let spent = hub.config.turn.as_ref().and_then(|_| self.client.credential());
        if hub.config.turn.is_some() && spent.is_none() {
            hub.metrics.turn_withheld.inc();
        }
        (self.servers(hub, key, spent.is_some()), spent)
    }

    /// The peer has become a member.
    pub(super) fn accepted(&self, credential: Option<Spent>) {
        self.held.store(credential.is_some(), Ordering::Relaxed);
    }

    /// The servers with credentials that expire later. None where the address has none left for a connection that has
    /// none.
    pub(super) fn renew(&self, hub: &Hub, key: PeerKey) -> Option<Vec<IceServer>> {
        if !self.is_held() {
            self.accepted(Some(self.client.credential()?));
        }
        Some(self.servers(hub, key, true))
    }

    fn servers(&self, hub: &Hub, key: PeerKey, with_turn: bool) -> Vec<IceServer> {
        let turn = hub.config.turn.as_ref().filter(|_| with_turn);
        let turn = turn.map(|turn| turn.credential(self.client.address(), key, unix_now()));
        hub.config.ice_servers.iter().cloned().chain(turn).collect()
    }
}
