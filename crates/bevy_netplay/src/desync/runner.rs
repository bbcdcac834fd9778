//! Simulates the match of a bundle, without a room: by one App that plays all players, or by two that roll back as those
//! of a sync test do.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use netplay_protocol::LobbyValues;
use netplay_report::desync::{DesyncBundle, DesyncSide, MatchInfo, PlayerInputs, RegisteredType};

use super::bundle::registered_types;
use super::side::local_side;
use super::{DesyncCapture, DesyncConfig, ReplayError};
use crate::input::{GgrsInput, MatchTypes};
use crate::session::{LocalMatch, ReplayMatch, Session, SyncTestMatch, frame_length};
use crate::sounds::Muted;
use crate::sync_test::{WithheldSocket, disturb, socket_pair};
use crate::{Checksums, CurrentMatch, CurrentRoom, NetplayConfig, NetplayState};

/// How far the two Apps of a pair go back.
const CHECK_DISTANCE: usize = 7;
/// What an App keeps of the frames that it simulates.
const CAPTURE: DesyncCapture = DesyncCapture::On { frames: 64, max_bytes: 64 << 20 };

/// The inputs of a bundle, and what else its match began with.
pub(crate) struct BundleInputs {
    info: MatchInfo,
    inputs: Vec<PlayerInputs>,
}

impl BundleInputs {
    /// The input delay of a match that is simulated again: inputs are given as many frames early.
    pub(crate) const DELAY: usize = 1;

    pub(super) fn new(bundle: &DesyncBundle) -> Arc<Self> {
        Arc::new(Self { info: bundle.this_match.clone(), inputs: bundle.inputs.clone() })
    }

    /// How many peers play.
    pub(crate) fn peers(&self) -> usize {
        self.inputs.len()
    }

    pub(crate) fn checksum_interval(&self) -> u32 {
        self.info.checksum_interval
    }

    pub(crate) fn frame_rate(&self) -> usize {
        self.info.frame_rate.clamp(1, 1000) as usize
    }

    pub(crate) fn player_counts(&self) -> &[u8] {
        &self.info.player_counts
    }

    pub(crate) fn lobby(&self) -> LobbyValues {
        let (room, players) = self.info.lobby.clone();
        LobbyValues { room, players }
    }

    /// The room, as far as a simulation can depend on it.
    pub(crate) fn room(&self) -> CurrentRoom {
        let MatchInfo { places, least, .. } = self.info;
        CurrentRoom { players: Some(places), least, ..CurrentRoom::default() }
    }

    pub(crate) fn current_match(&self) -> CurrentMatch {
        CurrentMatch::of_bundle(&self.info)
    }

    /// The input of a peer that is given at a frame; the default one after the last.
    pub(crate) fn given_at(&self, peer: usize, frame: i32) -> &[u8] {
        let Some(peer) = self.inputs.get(peer) else { return &[] };
        peer.get(frame.saturating_add(Self::DELAY as i32)).unwrap_or(&peer.default_input)
    }
}

/// How many bytes an input has in this App.
#[derive(Resource)]
pub(super) struct InputBytes(Option<usize>);

impl InputBytes {
    pub(super) fn of<C: MatchTypes>() -> Self {
        Self(GgrsInput::<C::PeerInput, C::PeerEncoding>::len())
    }
}

/// An App that simulates a match again.
pub(super) struct Simulated {
    app: App,
}

impl Simulated {
    /// An App that plays all players.
    pub(super) fn alone(
        game: &impl Fn(&mut App),
        bundle: &DesyncBundle,
        inputs: &Arc<BundleInputs>,
    ) -> Result<Self, ReplayError> {
        let mut app = App::new();
        game(&mut app);
        Self::start(app, bundle, inputs, |_| None)
    }

    /// Two Apps that each play every other peer; the second has other entity ids and archetypes.
    pub(super) fn pair(
        game: &impl Fn(&mut App),
        bundle: &DesyncBundle,
        inputs: &Arc<BundleInputs>,
        seed: u64,
    ) -> Result<[Self; 2], ReplayError> {
        let [first, second] = socket_pair(seed);
        let side = |side, socket: WithheldSocket| {
            let mut app = App::new();
            if side == 1 {
                disturb(app.world_mut(), seed);
            }
            game(&mut app);
            let socket = socket.withholding(CHECK_DISTANCE + BundleInputs::DELAY);
            let test = |config: &NetplayConfig| SyncTestMatch {
                players: inputs.peers(),
                side,
                seed,
                max_prediction: CHECK_DISTANCE + usize::from(!config.sparse_saving),
                socket: Box::new(socket),
            };
            let simulated = Self::start(app, bundle, inputs, |config| Some(test(config)));
            simulated.map(|mut it| {
                it.app.world_mut().resource_mut::<Checksums>().request_every_frame();
                it
            })
        };
        Ok([side(0, first)?, side(1, second)?])
    }

    fn start(
        mut app: App,
        bundle: &DesyncBundle,
        inputs: &Arc<BundleInputs>,
        test: impl FnOnce(&NetplayConfig) -> Option<SyncTestMatch>,
    ) -> Result<Self, ReplayError> {
        let length = frame_length(inputs.frame_rate());
        app.insert_resource(TimeUpdateStrategy::ManualDuration(length)).insert_resource(Muted);
        app.finish();
        app.cleanup();
        let world = app.world_mut();
        let Some(mut config) = world.get_resource_mut::<NetplayConfig>() else {
            return Err(ReplayError::NoNetplay);
        };
        config.desync = DesyncConfig { capture: CAPTURE, ..DesyncConfig::default() };
        let test = test(&config);
        check(world, bundle)?;
        let replay = ReplayMatch { inputs: inputs.clone(), test };
        world.resource_mut::<Session>().local_match = Some(LocalMatch::Replay(replay));
        Ok(Self { app })
    }

    /// Simulates a frame, if it can.
    pub(super) fn update(&mut self) {
        self.app.update();
    }

    /// Every frame up to this one is final.
    pub(super) fn confirmed(&self) -> i32 {
        self.app.world().resource::<Checksums>().confirmed_frame()
    }

    /// Whether the match has come to its end.
    pub(super) fn is_over(&self) -> bool {
        let state = self.app.world().resource::<State<NetplayState>>();
        self.confirmed() >= 0 && *state.get() != NetplayState::Playing
    }

    pub(super) fn checksum(&self, frame: i32) -> Option<u64> {
        self.app.world().resource::<Checksums>().confirmed(frame)
    }

    /// What it has of a frame.
    pub(super) fn side(&self, epoch: u16, frame: i32, last_equal: Option<i32>) -> DesyncSide {
        local_side(self.app.world(), epoch, frame, last_equal)
    }
}

/// Whether the bundle is one of this game.
fn check(world: &World, bundle: &DesyncBundle) -> Result<(), ReplayError> {
    let here = registered_types(world);
    let differs =
        |a: &[RegisteredType], b: &[RegisteredType]| a.iter().find(|it| !b.contains(it)).cloned();
    let there = &bundle.game.types;
    if let Some(it) = differs(&here, there).or_else(|| differs(there, &here)) {
        return Err(ReplayError::OtherTypes(it.name));
    }
    let bytes = world.resource::<InputBytes>().0.unwrap_or_default();
    let others = bundle.inputs.iter().find(|peer| peer.input_bytes as usize != bytes);
    match others {
        Some(peer) => Err(ReplayError::OtherInput { here: bytes, there: peer.input_bytes }),
        None if bundle.inputs.is_empty() => Err(ReplayError::NoInputs),
        None => Ok(()),
    }
}
