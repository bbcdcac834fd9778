//! The bundle of a desync, as it is known when it is written.

use bevy::prelude::*;
use netplay_core::match_::InputLog;
use netplay_protocol::PeerKey;
use netplay_report::desync::{
    DesyncBundle, GameInfo, LinkSummary, MatchInfo, PlayerInputs, RegisteredType,
};

use super::Capture;
use super::exchange::PeerDesync;
use crate::rollback::RollbackRegistry;
use crate::{Checksums, CurrentMatch, CurrentRoom, NetplayConfig, PeerLinks};

/// The most bundles that are kept: one for each other player.
const MAX_KEPT: usize = 8;

/// The bundles of the desyncs of the last match that had any, one for each peer. Read them when
/// [`DesyncExplained`](crate::messages::DesyncExplained) was written, and save them with
/// [`DesyncFile`](crate::DesyncFile). Opaque to reflection.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(opaque)]
#[reflect(Resource, Debug, Default)]
pub struct DesyncBundles(Vec<(PeerKey, DesyncBundle)>);

impl DesyncBundles {
    /// The bundles, each with the peer whose state differs.
    pub fn iter(&self) -> impl Iterator<Item = (PeerKey, &DesyncBundle)> {
        self.0.iter().map(|(peer, bundle)| (*peer, bundle))
    }

    /// That of the desync with a peer.
    pub fn get(&self, peer: PeerKey) -> Option<&DesyncBundle> {
        self.iter().find(|(other, _)| *other == peer).map(|(_, bundle)| bundle)
    }

    pub(super) fn push(&mut self, peer: PeerKey, bundle: DesyncBundle) {
        let this_match = |it: &DesyncBundle| (it.this_match.epoch, it.this_match.seed);
        self.0.retain(|(other, it)| *other != peer && this_match(it) == this_match(&bundle));
        if self.0.len() < MAX_KEPT {
            self.0.push((peer, bundle));
        }
    }
}

/// What is registered in a world.
pub(super) fn registered_types(world: &World) -> Vec<RegisteredType> {
    world.resource::<RollbackRegistry>().described()
}

/// The bundle of the desync with a peer.
pub(super) fn bundle(world: &World, peer: PeerKey, desync: &PeerDesync) -> DesyncBundle {
    let capture = world.resource::<Capture>();
    let config = world.resource::<NetplayConfig>();
    let mut this_match = MatchInfo {
        confirmed: world.resource::<Checksums>().confirmed_frame(),
        ..MatchInfo::default()
    };
    if let Some(simulation) = capture.simulation {
        this_match.frame_rate = simulation.frame_rate as u32;
        this_match.max_prediction = simulation.max_prediction as u32;
        this_match.sparse_saving = simulation.sparse_saving;
        this_match.checksum_interval = simulation.checksum_interval.max(1);
    }
    let mut inputs = Vec::new();
    if let Some(start) = &capture.start {
        let place = |key: PeerKey| start.players.iter().position(|it| *it == key).unwrap_or(0);
        this_match.epoch = start.epoch;
        this_match.seed = start.seed;
        this_match.player_counts = start.player_counts.clone();
        this_match.local_peer = start.local_player as u8;
        this_match.remote_peer = place(peer) as u8;
        this_match.lobby = (start.lobby.room.clone(), start.lobby.players.clone());
        this_match.input_delay = start.input_delay as u32;
        let logs = desync.traffic.as_ref().map(|traffic| traffic.lock().input_logs(&start.players));
        inputs.extend(logs.unwrap_or_default().iter().map(player_inputs));
    }
    this_match.least = world.resource::<CurrentRoom>().least;
    if let Some(current) = world.get_resource::<CurrentMatch>() {
        this_match.places = current.places as u8;
    }
    let link = world.resource::<PeerLinks>().iter().find(|link| link.peer == peer);
    DesyncBundle {
        game: GameInfo {
            name: config.game.clone(),
            registered: desync.registered,
            types: registered_types(world),
        },
        this_match,
        ours: desync.ours.clone(),
        theirs: desync.theirs.clone(),
        inputs,
        rollbacks: capture.rollbacks.iter().copied().collect(),
        delays: capture.delays.iter().copied().collect(),
        link: link.map_or_else(LinkSummary::default, |link| LinkSummary {
            path: link.path.map(|path| format!("{path:?}").to_lowercase()).unwrap_or_default(),
            rtt_us: link.rtt.map_or(0, |rtt| rtt.as_micros() as u64),
            loss_ppm: (link.loss * 1e6) as u32,
            path_changes: link.path_changes.len() as u32,
            quality: format!("{:?}", link.quality).to_lowercase(),
        }),
        note: String::new(),
    }
}

fn player_inputs(log: &InputLog) -> PlayerInputs {
    let last = log.last_frame();
    let own = log.last_own_frame();
    PlayerInputs {
        start: log.start_frame().unwrap_or(0),
        input_bytes: log.input_bytes() as u32,
        default_input: log.default_input().to_vec(),
        inputs: log.inputs().to_vec(),
        dropped_after: last.filter(|last| own < *last).map(|_| own),
    }
}
