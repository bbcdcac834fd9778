//! What is kept of a match to compare Apps by: frames ([`Record`]) and messages ([`MessageLog`]).

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use bevy::prelude::*;
use bevy_netplay::Checksums;
use bevy_netplay::messages::{
    DesyncDetected, DesyncExplained, MatchStarted, PathChanged, PeerInterrupted, PeerLeft,
    PeerResumed, PeerStalled, PeerUnstalled, PlayerDisconnected,
};
use bevy_netplay::prelude::*;

use crate::Keys;
use crate::game::{Crate, Dice, Score, Ship, Shot};

/// The inputs and the state of an App, by epoch and frame. It is not rolled back: a resimulated frame replaces its
/// record.
#[derive(Resource, Clone, Debug, Default)]
pub struct Record {
    /// The inputs of all players that a frame was simulated with.
    pub inputs: BTreeMap<(u16, i32), Vec<Keys>>,
    /// Which players were disconnected in a frame.
    pub disconnected: BTreeMap<(u16, i32), Vec<bool>>,
    /// A hash of the state before a frame was simulated, made without bevy_netplay.
    pub states: BTreeMap<(u16, i32), u64>,
    /// bevy_netplay's checksums of confirmed frames.
    pub checksums: BTreeMap<(u16, i32), u64>,
    /// The last frame of each match whose state is final.
    pub confirmed: BTreeMap<u16, i32>,
}

impl Record {
    /// Adds the checksums of the frames that were confirmed since the last call.
    pub(crate) fn follow(&mut self, epoch: u16, checksums: &Checksums) {
        let until = checksums.confirmed_frame();
        let from = self.confirmed.get(&epoch).map_or(0, |last| last + 1);
        for frame in from..=until {
            if let Some(checksum) = checksums.confirmed(frame) {
                self.checksums.insert((epoch, frame), checksum);
            }
        }
        if until >= from {
            self.confirmed.insert(epoch, until);
        }
    }
}

/// The messages that an App has received.
#[derive(Resource, Clone, Debug, Default)]
pub struct MessageLog {
    /// Every match that started.
    pub started: Vec<MatchStarted>,
    /// Every desync.
    pub desyncs: Vec<DesyncDetected>,
    /// Every desync of which it was told what differs.
    pub explained: Vec<DesyncExplained>,
    /// Every player that was not heard for a while.
    pub interrupted: Vec<PeerInterrupted>,
    /// Every player that was heard again.
    pub resumed: Vec<PeerResumed>,
    /// Every player whose simulation stood still.
    pub stalled: Vec<PeerStalled>,
    /// Every player whose simulation went on again.
    pub unstalled: Vec<PeerUnstalled>,
    /// Every peer that left.
    pub left: Vec<PeerLeft>,
    /// Every player that was dropped.
    pub disconnected: Vec<PlayerDisconnected>,
    /// Every change of path.
    pub paths: Vec<PathChanged>,
}

#[expect(clippy::too_many_arguments, reason = "a reader for each message")]
pub(crate) fn log_messages(
    mut log: ResMut<MessageLog>,
    mut started: MessageReader<MatchStarted>,
    mut desyncs: MessageReader<DesyncDetected>,
    mut explained: MessageReader<DesyncExplained>,
    mut interrupted: MessageReader<PeerInterrupted>,
    mut resumed: MessageReader<PeerResumed>,
    mut stalled: MessageReader<PeerStalled>,
    mut unstalled: MessageReader<PeerUnstalled>,
    mut left: MessageReader<PeerLeft>,
    mut disconnected: MessageReader<PlayerDisconnected>,
    mut paths: MessageReader<PathChanged>,
) {
    log.started.extend(started.read().cloned());
    log.desyncs.extend(desyncs.read().cloned());
    log.explained.extend(explained.read().cloned());
    log.interrupted.extend(interrupted.read().cloned());
    log.resumed.extend(resumed.read().cloned());
    log.stalled.extend(stalled.read().cloned());
    log.unstalled.extend(unstalled.read().cloned());
    log.left.extend(left.read().cloned());
    log.disconnected.extend(disconnected.read().cloned());
    log.paths.extend(paths.read().cloned());
}

/// The last system of a frame. bevy_ggrs counts a frame before it is simulated: the inputs are those of the frame
/// before the count, and the state is the one before the frame of the count.
#[expect(clippy::too_many_arguments, reason = "a record of the whole state needs all of it")]
pub(crate) fn record_frame(
    mut record: ResMut<Record>,
    game: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    inputs: Inputs<Keys>,
    score: Res<Score>,
    dice: Res<Dice>,
    ships: Query<&Ship>,
    shots: Query<&Shot>,
    crates: Query<&Crate>,
) {
    let keys = (0..game.players).map(|player| inputs.get(player)).collect();
    record.inputs.insert((game.epoch, frame.0 - 1), keys);
    let disconnected = (0..game.players).map(|player| inputs.is_disconnected(player)).collect();
    record.disconnected.insert((game.epoch, frame.0 - 1), disconnected);

    let mut hasher = DefaultHasher::new();
    score.hash(&mut hasher);
    dice.hash(&mut hasher);
    sorted(&ships, |ship| ship.player).hash(&mut hasher);
    sorted(&shots, |shot| shot.id).hash(&mut hasher);
    sorted(&crates, |wooden| wooden.id).hash(&mut hasher);
    record.states.insert((game.epoch, frame.0), hasher.finish());
}

fn sorted<T: Component + Copy, K: Ord>(query: &Query<&T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut all: Vec<T> = query.iter().copied().collect();
    all.sort_by_key(key);
    all
}
