//! The exchange after a desync: both peers send each other their side, once for each match, and say what differs.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::match_::SharedTraffic;
use netplay_core::messages::EncodedMessage;
use netplay_protocol::PeerKey;
use netplay_report::desync::{DesyncSide, Sides};

use super::bundle::bundle;
use super::file::DesyncFile;
use super::side::{add_states, local_side};
use super::{AfterDesync, Capture, DesyncBundle, DesyncBundles, MESSAGE_NAME};
use crate::input::MatchTypes;
use crate::messages::DesyncExplained;
use crate::peer_messages::{INTERNAL_ID, PeerMessageRegistry};
use crate::session::{self, Session};
use crate::{CurrentMatch, EndReason, NetplayConfig, NetplayState, PlayerHandle};

/// How long the other peer's side is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many messages of a peer are kept before its desync is detected here.
const MAX_EARLY: usize = 3;

/// A desync with a peer.
pub(crate) struct PeerDesync {
    player: PlayerHandle,
    pub(super) ours: DesyncSide,
    pub(super) theirs: Option<DesyncSide>,
    /// The inputs of the match.
    pub(super) traffic: Option<SharedTraffic>,
    /// The hash of what is registered.
    pub(super) registered: u64,
    since: Duration,
    progress: Progress,
}

/// How far the exchange with a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Our side is on its way.
    Sending,
    /// It has arrived, or cannot.
    Sent,
    /// What differs has been told.
    Concluded,
}

/// The room has detected a desync: sends the peer what this one had.
pub(crate) fn detected(
    world: &mut World,
    peer: PeerKey,
    player: PlayerHandle,
    frame: i32,
    last_equal_frame: Option<i32>,
) {
    let Some(epoch) = world.get_resource::<CurrentMatch>().map(|it| it.epoch) else { return };
    if world.resource::<Capture>().peers.contains_key(&peer) {
        return;
    }
    let ours = local_side(world, epoch, frame, last_equal_frame);
    let session = world.resource::<Session>();
    let (mut traffic, mut registered) = (None, 0);
    session.read_room(|room| {
        traffic = room.traffic().cloned();
        registered = room.config().registered;
    });
    let is_sent = send(world, peer, &ours);
    let progress = if is_sent { Progress::Sending } else { Progress::Sent };
    let since = world.resource::<Time<Real>>().elapsed();
    let mut capture = world.resource_mut::<Capture>();
    let early = capture.early.remove(&peer).unwrap_or_default();
    let desync = PeerDesync { player, ours, theirs: None, traffic, registered, since, progress };
    capture.peers.insert(peer, desync);
    for bytes in early {
        received(world, peer, bytes);
    }
}

/// Sends a peer our side. Returns whether it is on its way.
fn send(world: &World, peer: PeerKey, ours: &DesyncSide) -> bool {
    let registry = world.resource::<PeerMessageRegistry>();
    let Some((number, message_type)) = registry.find_named(MESSAGE_NAME) else { return false };
    let message = EncodedMessage::new(message_type, ours.to_message());
    let mut is_sent = false;
    if let Ok(message) = message {
        world.resource::<Session>().tell_room(|room| {
            is_sent = room.send_message(peer, number, INTERNAL_ID, &message).is_ok();
        });
    }
    is_sent
}

/// A peer has sent its side. It is read once for each match, and only from a peer whose state differs.
pub(crate) fn received(world: &mut World, peer: PeerKey, bytes: Vec<u8>) {
    let epoch = world.get_resource::<CurrentMatch>().map(|it| it.epoch);
    let capture = &mut *world.resource_mut::<Capture>();
    let plays = capture.start.as_ref().is_some_and(|start| start.players.contains(&peer));
    let Some(desync) = capture.peers.get_mut(&peer) else {
        // It has detected it earlier. The first one that can be read counts.
        if plays {
            let early = capture.early.entry(peer).or_default();
            if early.len() < MAX_EARLY {
                early.push(bytes);
            }
        }
        return;
    };
    if desync.theirs.is_some() || desync.progress == Progress::Concluded {
        return;
    }
    match DesyncSide::from_message(&bytes) {
        Ok(theirs) if Some(theirs.epoch) == epoch => {
            let mut ours = std::mem::take(&mut desync.ours);
            add_states(world, &mut ours, &theirs);
            if let Some(desync) = world.resource_mut::<Capture>().peers.get_mut(&peer) {
                desync.ours = ours;
                desync.theirs = Some(theirs);
            }
        }
        Ok(_) => debug!("{peer:?} has sent its side of another match"),
        Err(error) => debug!("what {peer:?} has sent of a desync is not read: {error}"),
    }
}

/// Our side has arrived at a peer, or will not.
pub(crate) fn handle_delivered(world: &mut World, peer: PeerKey) {
    if let Some(desync) = world.resource_mut::<Capture>().peers.get_mut(&peer)
        && desync.progress == Progress::Sending
    {
        desync.progress = Progress::Sent;
    }
}

/// A run condition: there is a desync of which it was not told what differs.
pub(super) fn is_pending(capture: Res<Capture>) -> bool {
    capture.peers.values().any(|desync| desync.progress != Progress::Concluded)
}

/// Tells what differs where both sides are known, or the other one does not come. Then the match ends, if the game wants
/// that.
pub(super) fn conclude_due<C: MatchTypes>(world: &mut World) {
    let now = world.resource::<Time<Real>>().elapsed();
    let is_in_room = !matches!(
        world.resource::<State<NetplayState>>().get(),
        NetplayState::Offline | NetplayState::Ended
    );
    let is_due = |desync: &PeerDesync| {
        let is_complete = desync.theirs.is_some() && desync.progress == Progress::Sent;
        let is_late = now.saturating_sub(desync.since) >= PATIENCE;
        desync.progress != Progress::Concluded && (is_complete || is_late || !is_in_room)
    };
    let concluded = conclude(world, is_due);
    let ends = world.resource::<NetplayConfig>().desync.after == AfterDesync::EndMatch;
    if let Some((player, frame)) = concluded.first()
        && ends
        && is_in_room
    {
        session::end::<C>(world, EndReason::Desync { player: *player, frame: *frame });
    }
}

/// The App is about to exit, or another match begins.
pub(crate) fn conclude_all(world: &mut World) {
    conclude(world, |desync| desync.progress != Progress::Concluded);
}

/// Tells what differs. Returns the players and the frames.
fn conclude(world: &mut World, is_due: impl Fn(&PeerDesync) -> bool) -> Vec<(PlayerHandle, i32)> {
    let capture = world.resource::<Capture>();
    let due = capture.peers.iter().filter(|(_, desync)| is_due(desync));
    let due: Vec<(PeerKey, PlayerHandle, DesyncBundle)> =
        due.map(|(peer, desync)| (*peer, desync.player, bundle(world, *peer, desync))).collect();
    let mut concluded = Vec::new();
    for (peer, player, bundle) in due {
        if let Some(desync) = world.resource_mut::<Capture>().peers.get_mut(&peer) {
            desync.progress = Progress::Concluded;
            desync.traffic = None;
        }
        concluded.push((player, bundle.ours.frame));
        tell(world, peer, player, bundle);
    }
    concluded
}

fn tell(world: &mut World, peer: PeerKey, player: PlayerHandle, bundle: DesyncBundle) {
    let explanation = bundle.explain();
    let frame = bundle.ours.frame;
    let sentence = match &explanation {
        Some(explanation) => explanation.describe(Sides::HERE_AND_THERE),
        None if bundle.theirs.is_none() => {
            format!("at frame {frame}; the game of {player} has not said what it had")
        }
        None => format!("at frame {frame}; what was kept of it is equal"),
    };
    error!("desync with {player}: {sentence}");
    let directory = world.resource::<NetplayConfig>().desync.directory.clone();
    let mut file = None;
    if let Some(directory) = directory {
        let info = &bundle.this_match;
        let (ours, theirs) = (info.local_peer + 1, info.remote_peer + 1);
        // The same on both peers, but for who they are.
        let name = format!(
            "desync-{:08x}-{}-frame{frame}-{ours}with{theirs}.{}",
            info.seed as u32,
            info.epoch,
            DesyncBundle::EXTENSION
        );
        let path = directory.join(name);
        match bundle.save(&path) {
            Ok(()) => {
                info!("the desync bundle is {}", path.display());
                file = Some(path);
            }
            Err(error) => error!("the desync bundle could not be written: {error}"),
        }
    }
    world.resource_mut::<DesyncBundles>().push(peer, bundle);
    let message = DesyncExplained::new(player, peer, frame, sentence, file);
    world.write_message(message.with(explanation));
}
