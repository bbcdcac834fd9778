//! Which match is to start: who plays, with which values of the lobby.

use netplay_protocol::{LobbyHash, LobbyValues, PeerKey, Roster, lobby};

use super::Room;
use super::hello::roster_hash;
use super::peer::Peer;
use super::phase::Phase;

/// A match that is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StartTarget {
    /// Who plays, in their order.
    pub(super) roster: Roster,
    /// The values of the lobby that it starts with.
    pub(super) values: LobbyValues,
    /// What all who play see of the lobby; none where the match does not start in one.
    pub(super) view: Option<LobbyHash>,
}

impl From<&Roster> for StartTarget {
    fn from(roster: &Roster) -> Self {
        Self { roster: roster.clone(), values: LobbyValues::default(), view: None }
    }
}

impl StartTarget {
    /// What votes and seeds name.
    pub(super) fn hash(&self) -> u64 {
        self.view.as_ref().map_or_else(|| roster_hash(&self.roster), lobby::short)
    }
}

impl Room {
    /// The match that is to start next.
    pub(super) fn start_target(&self) -> StartTarget {
        if let Some(countdown) = self.countdown() {
            return countdown.target.clone();
        }
        let values = self.phase.active_match().map(|active| active.start.lobby.clone());
        StartTarget { values: values.unwrap_or_default(), ..StartTarget::from(&self.roster) }
    }

    /// Who is to play it.
    pub(super) fn start_roster(&self) -> &Roster {
        self.countdown().map_or(&self.roster, |countdown| &countdown.target.roster)
    }

    /// The hash of it in votes and in the exchange of its seed.
    pub(super) fn start_hash(&self) -> u64 {
        self.countdown().map_or_else(|| roster_hash(&self.roster), |it| it.target.hash())
    }

    /// The other peers that are to play it, but for those who were dropped from the match before.
    pub(super) fn participants(&self) -> Vec<PeerKey> {
        let others = self.start_roster().members.iter().copied();
        let is_in = |peer: &PeerKey| {
            *peer != self.config.local_peer
                && !self.peers.get(peer).is_some_and(Peer::is_disconnected)
        };
        others.filter(is_in).collect()
    }

    /// The countdown to the next match, while none is played.
    fn countdown(&self) -> Option<&super::countdown::Countdown> {
        match self.phase {
            Phase::Lobby | Phase::Synchronizing => self.lobby.countdown.as_ref(),
            _ => None,
        }
    }
}
