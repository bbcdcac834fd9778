//! The phase of a room, and every way from one phase into another.
//!
//! ```text
//!  Connecting ──► Queued ──► Lobby ◄──► Synchronizing ──► Playing ──► Playing (the next match)
//!      └───────────────────────┘ ▲           ▲ │
//!                                │           │ ▼
//!                                └──────► Rejoining
//!
//!  each of them ──► Ended
//! ```

use netplay_protocol::PeerKey;

use super::active_match::ActiveMatch;
use super::rejoin::Rejoin;

/// Where a room is on its way into a match. What is known in one phase only is kept in it.
pub(super) enum Phase {
    /// On the way to the signaling server.
    Connecting,
    /// Waiting in the matchmaking queue.
    Queued,
    /// In a room, waiting for players, connections and agreement.
    Lobby,
    /// The local peer has voted for the first match.
    Synchronizing,
    /// The local process restarted, and a match runs that it belongs to.
    Rejoining(Rejoin),
    /// In a match.
    Playing(Box<ActiveMatch>),
    /// The room is over: nothing is taken in any more, and no event follows.
    Ended,
}

impl Phase {
    /// The match that is played.
    pub(super) fn active_match(&self) -> Option<&ActiveMatch> {
        match self {
            Self::Playing(active) => Some(active),
            _ => None,
        }
    }

    pub(super) fn active_match_mut(&mut self) -> Option<&mut ActiveMatch> {
        match self {
            Self::Playing(active) => Some(active),
            _ => None,
        }
    }

    pub(super) fn rejoin_mut(&mut self) -> Option<&mut Rejoin> {
        match self {
            Self::Rejoining(rejoin) => Some(rejoin),
            _ => None,
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    /// Whether who comes and goes at the server changes who plays: not once there is a match.
    pub(super) fn follows_the_server(&self) -> bool {
        !matches!(self, Self::Rejoining(_) | Self::Playing(_) | Self::Ended)
    }

    /// The server put the local peer into a queue. Returns whether that is news, as each of these does.
    pub(super) fn queued(&mut self) -> bool {
        self.change(matches!(self, Self::Connecting), Self::Queued)
    }

    /// The server admitted the local peer to a room.
    pub(super) fn joined(&mut self) -> bool {
        self.change(matches!(self, Self::Connecting | Self::Queued), Self::Lobby)
    }

    /// The roster changed: whoever is in it has to agree again.
    pub(super) fn roster_changed(&mut self) -> bool {
        self.change(matches!(self, Self::Synchronizing), Self::Lobby)
    }

    /// Everybody agrees on what is played, and the local peer votes for the first match.
    pub(super) fn agreed(&mut self) -> bool {
        self.change(matches!(self, Self::Lobby), Self::Synchronizing)
    }

    /// A peer says that a match runs to which the local peer belongs. A later match replaces an earlier one.
    pub(super) fn rejoin(&mut self, rejoin: Rejoin) -> bool {
        let news = match self {
            Self::Lobby | Self::Synchronizing => true,
            Self::Rejoining(known) => known.epoch() < rejoin.epoch(),
            _ => false,
        };
        self.change(news, Self::Rejoining(rejoin))
    }

    /// The process of a peer restarted. Before a match it has to agree again; of a match to rejoin it knows no more.
    pub(super) fn peer_restarted(&mut self, player: usize, peer: PeerKey) -> bool {
        let back = match self {
            Self::Synchronizing => true,
            Self::Rejoining(rejoin) => rejoin.forget(player, peer),
            _ => false,
        };
        self.change(back, Self::Lobby)
    }

    /// Everything is known of the match to rejoin, which starts next. Returns it, if there is one.
    pub(super) fn take_rejoin(&mut self) -> Option<Rejoin> {
        match std::mem::replace(self, Self::Synchronizing) {
            Self::Rejoining(rejoin) => Some(rejoin),
            other => {
                *self = other;
                None
            }
        }
    }

    /// A match starts.
    pub(super) fn started(&mut self, active: ActiveMatch) -> bool {
        let ready = matches!(self, Self::Synchronizing | Self::Playing(_));
        self.change(ready, Self::Playing(Box::new(active)))
    }

    /// The room is over.
    pub(super) fn ended(&mut self) -> bool {
        self.change(!self.is_ended(), Self::Ended)
    }

    fn change(&mut self, change: bool, to: Self) -> bool {
        if change {
            *self = to;
        }
        change
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use netplay_protocol::{RejoinState, Roster};

    use super::super::MatchStart;
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const PEER: PeerKey = PeerKey::from_bytes([7; 16]);

    fn rejoin(epoch: u16) -> Rejoin {
        let mut rejoin = Rejoin::new(epoch, 2, 2);
        let roster = Roster { size: 2, members: vec![PEER; 2] };
        let state = RejoinState { epoch, roster, disconnected: vec![], last_frames: vec![-1; 2] };
        rejoin.handle_state(PEER, state);
        rejoin
    }

    fn active(epoch: u16) -> ActiveMatch {
        let start =
            MatchStart { epoch, players: vec![PEER; 2], local_player: 0, seed: 1, input_delay: 2 };
        ActiveMatch::new(start, 2, &BTreeSet::new(), None)
    }

    fn name(phase: &Phase) -> &'static str {
        match phase {
            Phase::Connecting => "connecting",
            Phase::Queued => "queued",
            Phase::Lobby => "lobby",
            Phase::Synchronizing => "synchronizing",
            Phase::Rejoining(_) => "rejoining",
            Phase::Playing(_) => "playing",
            Phase::Ended => "ended",
        }
    }

    fn every() -> [Phase; 7] {
        let playing = Phase::Playing(Box::new(active(1)));
        let rejoining = Phase::Rejoining(rejoin(1));
        let (lobby, synchronizing) = (Phase::Lobby, Phase::Synchronizing);
        [Phase::Connecting, Phase::Queued, lobby, synchronizing, rejoining, playing, Phase::Ended]
    }

    /// From which phases a transition leads into which one; it changes nothing in the others.
    #[track_caller]
    fn leads(transition: fn(&mut Phase) -> bool, from: &[&str], to: &str) {
        for mut phase in every() {
            let before = name(&phase);
            let changes = transition(&mut phase);
            assert_eq!(changes, from.contains(&before), "from {before}");
            assert_eq!(name(&phase), if changes { to } else { before });
        }
    }

    #[test]
    fn every_transition_leads_from_its_phases_only() {
        leads(Phase::queued, &["connecting"], "queued");
        leads(Phase::joined, &["connecting", "queued"], "lobby");
        leads(Phase::agreed, &["lobby"], "synchronizing");
        leads(Phase::roster_changed, &["synchronizing"], "lobby");
        leads(|phase| phase.peer_restarted(1, PEER), &["synchronizing", "rejoining"], "lobby");
        leads(|phase| phase.started(active(1)), &["synchronizing", "playing"], "playing");
        let all = ["connecting", "queued", "lobby", "synchronizing", "rejoining", "playing"];
        leads(Phase::ended, &all, "ended");
    }

    #[test]
    fn a_later_match_to_rejoin_replaces_an_earlier_one() {
        let first = |phase: &mut Phase| phase.rejoin(rejoin(1));
        leads(first, &["lobby", "synchronizing"], "rejoining");
        let second = |phase: &mut Phase| phase.rejoin(rejoin(2));
        leads(second, &["lobby", "synchronizing", "rejoining"], "rejoining");
    }

    #[test]
    fn a_match_to_rejoin_starts_once_it_is_taken() {
        leads(|phase| phase.take_rejoin().is_some(), &["rejoining"], "synchronizing");
    }

    #[test]
    fn a_match_to_rejoin_is_kept_while_somebody_else_knows_it() {
        let mut phase = Phase::Rejoining(rejoin(1));
        assert!(!phase.peer_restarted(0, PeerKey::from_bytes([8; 16])));
        assert_eq!(name(&phase), "rejoining");
    }

    #[test]
    fn a_room_has_a_match_in_one_phase_and_follows_the_server_before_it() {
        let playing = every().map(|phase| phase.active_match().is_some());
        assert_eq!(playing, [false, false, false, false, false, true, false]);
        let follows = every().map(|phase| phase.follows_the_server());
        assert_eq!(follows, [true, true, true, true, false, false, false]);
    }
}
