//! What must hold of Apps, whatever was done to them.

use std::collections::BTreeMap;

use bevy_netplay::prelude::*;

use crate::{Keys, TestApps};

impl TestApps {
    /// Every confirmed frame of every match is the same on every App and was simulated with the inputs of the script,
    /// and no App has detected a desync.
    ///
    /// # Panics
    ///
    /// If one of these does not hold.
    #[track_caller]
    pub fn assert_in_sync(&self) {
        self.assert_no_desync();
        self.assert_equal_checksums();
        self.assert_equal_states();
        self.assert_no_lost_input();
    }

    /// No App has detected a desync.
    ///
    /// # Panics
    ///
    /// If one has.
    #[track_caller]
    pub fn assert_no_desync(&self) {
        for index in self.included() {
            let desyncs = &self.messages(index).desyncs;
            assert!(desyncs.is_empty(), "App {index} detected {desyncs:?}: {self}");
        }
    }

    /// Every frame that is confirmed on two Apps has the same checksum on both. The only check for a
    /// [game](crate::TestAppsBuilder::game) that records nothing.
    ///
    /// # Panics
    ///
    /// If one has not, or if there is nothing to compare.
    #[track_caller]
    pub fn assert_equal_checksums(&self) {
        let mut included = self.included();
        let Some(reference) = included.next() else { return };
        for index in included {
            let (first, other) = (&self.record(reference).checksums, &self.record(index).checksums);
            for (epoch, frames) in self.common_frames(reference, index) {
                assert_eq!(
                    compare(first, other, epoch, frames),
                    Ok(()),
                    "match {epoch}, Apps {reference} and {index}: checksums differ first in that \
                     frame: {self}"
                );
            }
        }
    }

    /// Every frame that is confirmed on two Apps has the same state on both.
    ///
    /// # Panics
    ///
    /// If one has not, or if there is nothing to compare.
    #[track_caller]
    pub fn assert_equal_states(&self) {
        let mut included = self.included();
        let Some(reference) = included.next() else { return };
        let first = self.record(reference);
        for index in included {
            let other = self.record(index);
            for (epoch, frames) in self.common_frames(reference, index) {
                let what = format!("match {epoch}, Apps {reference} and {index}");
                // Nothing is simulated before frame 0, so it has no record.
                let recorded = (1..=frames).map(|frame| (epoch, frame));
                let differs =
                    recorded.clone().find(|at| first.states.get(at) != other.states.get(at));
                assert_eq!(differs, None, "{what}: states differ first in that frame: {self}");
                let unknown = recorded.clone().find(|at| !first.states.contains_key(at));
                assert_eq!(unknown, None, "{what}: that frame was never simulated: {self}");
            }
        }
    }

    /// Every confirmed frame was simulated with the inputs of the script.
    ///
    /// # Panics
    ///
    /// If one was not.
    #[track_caller]
    pub fn assert_no_lost_input(&self) {
        let script = self.script();
        for index in self.included() {
            let delay = self.world(index).resource::<NetplayConfig>().input_delay as i32;
            let record = self.record(index);
            for (epoch, confirmed) in &record.confirmed {
                for frame in 0..*confirmed {
                    let used = record.inputs.get(&(*epoch, frame));
                    let disconnected = &record.disconnected[&(*epoch, frame)];
                    self.assert_disconnected_players_were_dropped(index, disconnected);
                    let expected: Vec<Keys> = (0..used.map_or(0, Vec::len))
                        .map(|player| match frame {
                            _ if disconnected[player] => Keys::default(),
                            // With an input delay, the first frames have no input.
                            frame if frame < delay => Keys::default(),
                            frame => script.keys(*epoch, player, frame),
                        })
                        .collect();
                    assert_eq!(
                        used,
                        Some(&expected),
                        "App {index}, match {epoch}, frame {frame}: {self}"
                    );
                }
            }
        }
    }

    /// Only players who were dropped are disconnected.
    #[track_caller]
    fn assert_disconnected_players_were_dropped(&self, index: usize, disconnected: &[bool]) {
        let dropped = |player: usize| {
            self.messages(index).disconnected.iter().any(|message| message.player.index() == player)
        };
        let wrong =
            (0..disconnected.len()).find(|player| disconnected[*player] && !dropped(*player));
        assert_eq!(
            wrong, None,
            "App {index}: a player is disconnected who was never dropped: {self}"
        );
    }

    /// For each match that two Apps played: the last frame that is final on both.
    fn common_frames(&self, reference: usize, index: usize) -> BTreeMap<u16, i32> {
        let other = &self.record(index).confirmed;
        let common = |(epoch, frame): (&u16, &i32)| Some((*epoch, *frame.min(other.get(epoch)?)));
        let common: BTreeMap<u16, i32> =
            self.record(reference).confirmed.iter().filter_map(common).collect();
        assert!(
            !common.is_empty(),
            "Apps {reference} and {index} have no confirmed frame in common: {self}"
        );
        common
    }
}

/// The first frame whose checksums differ or that has none on one side.
fn compare(
    first: &BTreeMap<(u16, i32), u64>,
    other: &BTreeMap<(u16, i32), u64>,
    epoch: u16,
    frames: i32,
) -> Result<(), i32> {
    for frame in 0..=frames {
        match (first.get(&(epoch, frame)), other.get(&(epoch, frame))) {
            (Some(first), Some(other)) if first == other => {}
            _ => return Err(frame),
        }
    }
    Ok(())
}
