//! [`CurrentMatch`], and the schedule [`StartMatch`] that sets it up.

use std::ops::Range;

use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use netplay_core::room::MatchStart;
use netplay_report::desync::MatchInfo;

use crate::PlayerHandle;

/// The schedule that sets a match up. Spawn what rolls back here, and reset resources.
///
/// It runs once before frame 0 of every match, on every peer: after [`Playing`](crate::NetplayState::Playing) was left
/// and the entities of the previous match were despawned, and before `Playing` is entered. Its systems run on one
/// thread.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash, Reflect)]
pub struct StartMatch;

/// The match that is played, or was played last: there from [`StartMatch`] as long as what was played is in the
/// world, which is until the next match starts. Whether a match is played tells [`in_match`](crate::in_match).
#[derive(Resource, Clone, Debug, PartialEq, Eq, Reflect)]
#[reflect(Resource, Debug, PartialEq)]
#[non_exhaustive]
pub struct CurrentMatch {
    /// Counts the matches on the links of this room, from 1.
    pub epoch: u16,
    /// How many players play. [`MatchBots`](crate::MatchBots) are not among them.
    pub players: usize,
    /// For how many players the room is, as its creator set it; as many as there are players in a match without a room.
    pub places: usize,
    /// The player on this peer; the first one where there are several.
    pub local_player: PlayerHandle,
    /// The players on this peer, in their order.
    pub local_players: Vec<PlayerHandle>,
    /// The same on every peer, different for every match, also with the same players again, and chosen by none of them:
    /// seed random numbers with it. Every player contributes to it.
    pub seed: u64,
    /// How many players each peer brings, in the order of the players.
    counts: Vec<u8>,
}

impl CurrentMatch {
    /// A match that no room has started: for a program that makes the ggrs session itself, such as a sync test.
    pub fn new(
        epoch: u16,
        players: usize,
        local_player: impl Into<PlayerHandle>,
        seed: u64,
    ) -> Self {
        let local_player = local_player.into();
        let (local_players, counts) = (vec![local_player], vec![1; players]);
        Self { epoch, players, places: players, local_player, local_players, seed, counts }
    }

    /// The same with several local players.
    pub(crate) fn with_local_players(self, local_players: Vec<PlayerHandle>) -> Self {
        let local_player = local_players.first().copied().unwrap_or(self.local_player);
        Self { local_player, local_players, ..self }
    }

    /// A match of peers in a room with so many places.
    pub(crate) fn of_room(start: &MatchStart, places: u8) -> Self {
        let counts = start.player_counts.clone();
        let players = counts.iter().map(|count| usize::from(*count)).sum();
        let this_match = Self::new(start.epoch, players, 0, start.seed);
        let this_match = Self { counts, places: usize::from(places).max(players), ..this_match };
        let local_players =
            this_match.players_of(start.local_player).map(PlayerHandle::from).collect();
        this_match.with_local_players(local_players)
    }

    /// A match of a bundle, as it was on the peer that wrote it.
    pub(crate) fn of_bundle(info: &MatchInfo) -> Self {
        let players = info.player_counts.iter().map(|count| usize::from(*count)).sum();
        let this_match = Self::new(info.epoch, players, 0, info.seed);
        let places = usize::from(info.places).max(players);
        let this_match = Self { counts: info.player_counts.clone(), places, ..this_match };
        let local = this_match.players_of(info.local_peer.into()).map(PlayerHandle::from);
        let local = local.collect();
        this_match.with_local_players(local)
    }

    /// The players of a peer, by its place among the peers: what ggrs takes for one player.
    pub(crate) fn players_of(&self, peer: usize) -> Range<usize> {
        let first: usize = self.counts.iter().take(peer).map(|count| usize::from(*count)).sum();
        let count = self.counts.get(peer).map_or(0, |count| usize::from(*count));
        first..first + count
    }

    /// The players of the match, in their order.
    pub fn player_handles(&self) -> impl Iterator<Item = PlayerHandle> + use<> {
        (0..self.players).map(PlayerHandle::from)
    }
}

#[cfg(test)]
mod tests {
    use netplay_protocol::{LobbyValues, PeerKey};

    use super::*;

    #[test]
    fn players_are_counted_through_the_peers_in_their_order() {
        let start = MatchStart {
            epoch: 1,
            players: (1..=3).map(|name| PeerKey::from_bytes([name; 16])).collect(),
            player_counts: vec![2, 1, 3],
            local_player: 2,
            seed: 7,
            lobby: LobbyValues::default(),
            input_delay: 2,
        };
        let this_match = CurrentMatch::of_room(&start, 8);
        assert_eq!(this_match.places, 8);
        let handles =
            |players: &[u8]| players.iter().copied().map(PlayerHandle).collect::<Vec<_>>();
        assert_eq!(this_match.players, 6);
        assert_eq!(this_match.local_player, PlayerHandle(3));
        assert_eq!(this_match.local_players, handles(&[3, 4, 5]));
        assert_eq!(this_match.players_of(0), 0..2);
        assert_eq!(this_match.players_of(1), 2..3);
        assert!(this_match.players_of(3).is_empty());
    }
}
