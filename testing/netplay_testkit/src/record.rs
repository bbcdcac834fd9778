use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use bevy::prelude::*;
use bevy_netplay::Checksums;
use bevy_netplay::prelude::*;

use crate::Keys;
use crate::game::{Crate, Dice, Score, Ship, Shot};

/// What an App was given and what it made of it, by match and frame. It is not rolled back: a frame that
/// is simulated again is written down again.
#[derive(Resource, Clone, Debug, Default)]
pub struct Record {
    /// The inputs of all players that a frame was simulated with.
    pub inputs: BTreeMap<(u16, i32), Vec<Keys>>,
    /// Which players were gone in a frame.
    pub gone: BTreeMap<(u16, i32), Vec<bool>>,
    /// A hash of the state before a frame was simulated, made without bevy_netplay.
    pub states: BTreeMap<(u16, i32), u64>,
    /// bevy_netplay's checksums of confirmed frames.
    pub checksums: BTreeMap<(u16, i32), u64>,
    /// The last frame of each match whose state is final.
    pub confirmed: BTreeMap<u16, i32>,
}

impl Record {
    /// Takes over the checksums that have become final since the last call.
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

/// The messages an App has heard.
#[derive(Resource, Clone, Debug, Default)]
pub struct Heard {
    /// Every match that started.
    pub started: Vec<MatchStarted>,
    /// Every desync.
    pub desyncs: Vec<DesyncDetected>,
    /// Every player that fell silent.
    pub interrupted: Vec<PeerInterrupted>,
    /// Every player that came back.
    pub resumed: Vec<PeerResumed>,
    /// Every peer that left.
    pub left: Vec<PeerLeft>,
    /// Every player that was dropped.
    pub dropped: Vec<PlayerDropped>,
    /// Every change of path.
    pub paths: Vec<PathChanged>,
}

#[expect(clippy::too_many_arguments, reason = "a reader for each message")]
pub(crate) fn listen(
    mut heard: ResMut<Heard>,
    mut started: MessageReader<MatchStarted>,
    mut desyncs: MessageReader<DesyncDetected>,
    mut interrupted: MessageReader<PeerInterrupted>,
    mut resumed: MessageReader<PeerResumed>,
    mut left: MessageReader<PeerLeft>,
    mut dropped: MessageReader<PlayerDropped>,
    mut paths: MessageReader<PathChanged>,
) {
    heard.started.extend(started.read().cloned());
    heard.desyncs.extend(desyncs.read().cloned());
    heard.interrupted.extend(interrupted.read().cloned());
    heard.resumed.extend(resumed.read().cloned());
    heard.left.extend(left.read().cloned());
    heard.dropped.extend(dropped.read().cloned());
    heard.paths.extend(paths.read().cloned());
}

/// The last system of a frame. bevy_ggrs counts the frame before it simulates it: the inputs are those
/// of the frame before the count, and the state is the one before the frame of the count.
#[expect(clippy::too_many_arguments, reason = "a record of the whole state needs all of it")]
pub(crate) fn write_down(
    mut record: ResMut<Record>,
    game: Res<Match>,
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
    let gone = (0..game.players).map(|player| inputs.is_gone(player)).collect();
    record.gone.insert((game.epoch, frame.0 - 1), gone);

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
