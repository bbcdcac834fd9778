//! What a test sees of the rooms of a network.

use std::collections::BTreeMap;
use std::fmt;

use super::network::Network;
use super::simulation::Simulation;
use crate::room::{EndReason, MatchStart, RoomEvent};

impl Network {
    /// The peers whose process runs.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> + use<> {
        self.nodes.keys().copied().collect::<Vec<_>>().into_iter()
    }

    pub(super) fn simulation(&self, peer: usize) -> Option<&Simulation> {
        self.nodes.get(&peer)?.simulation.as_ref()
    }

    pub(super) fn started(&self, peer: usize) -> Option<&MatchStart> {
        self.simulation(peer).map(|simulation| &simulation.start)
    }

    /// The last frame that all of these have confirmed; -1 where one does not play.
    pub(super) fn confirmed(&self, peers: impl IntoIterator<Item = usize>) -> i32 {
        let confirmed = |peer| self.simulation(peer).map_or(-1, Simulation::confirmed);
        peers.into_iter().map(confirmed).min().unwrap_or(-1)
    }

    /// Why a peer's room ended.
    pub(super) fn ended(&self, peer: usize) -> Option<&EndReason> {
        match self.nodes.get(&peer)?.said.last()? {
            RoomEvent::Ended(reason) => Some(reason),
            _ => None,
        }
    }

    /// How the players of a match left it, as a peer was told: each player and its last frame.
    pub(super) fn dropped(&self, peer: usize) -> BTreeMap<usize, i32> {
        let said = self.nodes[&peer].said.iter().filter_map(|event| match event {
            RoomEvent::PlayerDisconnected { player, frame, .. } => Some((*player, *frame)),
            _ => None,
        });
        said.collect()
    }

    /// Lets these play on for a while; panics unless all have had the same inputs since the match began.
    #[track_caller]
    pub(super) fn play_on(&mut self, peers: &[usize]) {
        let frame = self.confirmed(peers.iter().copied()).max(0) + 120;
        let what = format!("{peers:?} have confirmed frame {frame}");
        self.run_until(&what, |network| network.confirmed(peers.iter().copied()) >= frame);
        let histories: Vec<_> =
            peers.iter().map(|peer| self.simulation(*peer).unwrap().history(frame)).collect();
        for (peer, history) in peers.iter().zip(&histories) {
            for (player, inputs) in history.iter().enumerate() {
                let frame = (0..inputs.len().max(histories[0][player].len()))
                    .find(|frame| inputs.get(*frame) != histories[0][player].get(*frame));
                assert!(
                    frame.is_none(),
                    "inputs differ: {peer} has other inputs of player {player} from frame {frame:?} on than {}: {self}",
                    peers[0]
                );
            }
        }
        let started = |peer: &usize| self.started(*peer).map(|start| (start.epoch, start.seed));
        let started: Vec<_> = peers.iter().map(started).collect();
        assert!(started.windows(2).all(|two| two[0] == two[1]), "seeds differ: {started:?}");
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {:?}", self.now)?;
        for (peer, node) in &self.nodes {
            let frames = node.simulation.as_ref().map(|it| (it.frame, it.confirmed()));
            write!(f, "\n  peer {peer}: frames {frames:?}, said {:?}", node.said)?;
        }
        Ok(())
    }
}
