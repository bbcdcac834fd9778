//! What is counted of the connections between members: attempts, and what became of them.
//!
//! Peers say by which type of connection they have succeeded, and a peer says what it likes. So that count is bounded by
//! what the server has forwarded itself: for each two members a type counts once, and only after an attempt, or for the
//! relay only after one of them has opened it.

use std::collections::BTreeSet;

use netplay_protocol::signaling::{ConnectionType, Refusal};
use netplay_protocol::{ConnectionId, PeerKey};

use super::{Room, SocketId};

/// The pairs of members that have tried to connect. A room of eight has at most 28.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    pairs: Vec<Pair>,
}

/// What two members have done.
#[derive(Debug)]
struct Pair {
    /// In the order of their keys.
    peers: [PeerKey; 2],
    /// The last attempt of either. Another one counts.
    attempt: Option<ConnectionId>,
    /// Whether either of them has opened the relay to the other.
    relayed: bool,
    /// The types of connection that count already.
    counted: BTreeSet<ConnectionType>,
}

impl Pair {
    fn is(&self, one: PeerKey, other: PeerKey) -> bool {
        self.peers == [one.min(other), one.max(other)]
    }

    /// Whether the server has seen anything that could have led to a connection of this type.
    fn allows(&self, path: ConnectionType) -> bool {
        match path {
            ConnectionType::Relay => self.relayed,
            ConnectionType::Host
            | ConnectionType::Reflexive
            | ConnectionType::Direct
            | ConnectionType::Turn => self.attempt.is_some(),
        }
    }
}

impl Statistics {
    fn pair(&mut self, one: PeerKey, other: PeerKey) -> &mut Pair {
        let known = self.pairs.iter().position(|pair| pair.is(one, other));
        let index = known.unwrap_or(self.pairs.len());
        if known.is_none() {
            let peers = [one.min(other), one.max(other)];
            let counted = BTreeSet::new();
            self.pairs.push(Pair { peers, attempt: None, relayed: false, counted });
        }
        &mut self.pairs[index]
    }

    /// A member has opened the relay to another one.
    pub(super) fn handle_relay(&mut self, from: PeerKey, to: PeerKey) {
        self.pair(from, to).relayed = true;
    }

    /// A member has left, or its process restarted: its connections are others from now on.
    pub(super) fn forget(&mut self, peer: PeerKey) {
        self.pairs.retain(|pair| !pair.peers.contains(&peer));
    }
}

impl Room {
    /// A member's offer was forwarded to another one. Returns whether it begins an attempt that has not been counted.
    pub(crate) fn count_attempt(
        &mut self,
        socket: SocketId,
        to: PeerKey,
        connection: ConnectionId,
    ) -> bool {
        let Some(from) = self.member_on(socket).map(|member| member.key) else { return false };
        let pair = self.statistics.pair(from, to);
        pair.attempt.replace(connection) != Some(connection)
    }

    /// A member says by which type of connection it reaches another one. Returns whether that counts.
    pub(crate) fn handle_connected(
        &mut self,
        socket: SocketId,
        to: PeerKey,
        path: ConnectionType,
    ) -> Result<bool, Refusal> {
        let from = self.member_on(socket).ok_or(Refusal::OutOfOrder)?.key;
        if from.is_polite_to(to) {
            // The other one says it.
            return Ok(false);
        }
        let pair = self.statistics.pairs.iter_mut().find(|pair| pair.is(from, to));
        Ok(pair.is_some_and(|pair| pair.allows(path) && pair.counted.insert(path)))
    }

    /// How many relays are open: each leads from one member to another.
    #[cfg(any(test, feature = "metrics"))]
    pub(crate) fn open_relays(&self) -> usize {
        self.members.iter().map(|member| member.relays.len()).sum()
    }
}
