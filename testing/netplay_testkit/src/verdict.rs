//! What must hold of a cluster, whatever was done to it.

use std::collections::BTreeMap;

use bevy_netplay::prelude::*;

use crate::{Cluster, Keys};

impl Cluster {
    /// Every confirmed frame of every match is the same on every App, was made of exactly the inputs the
    /// players pressed, and nobody has heard of a desync.
    ///
    /// # Panics
    ///
    /// If one of these does not hold.
    #[track_caller]
    pub fn assert_in_agreement(&self) {
        self.assert_no_desync();
        self.assert_equal_checksums();
        self.assert_equal_states();
        self.assert_no_lost_input();
    }

    /// No App has heard of a desync.
    ///
    /// # Panics
    ///
    /// If one has.
    #[track_caller]
    pub fn assert_no_desync(&self) {
        for seat in self.expected() {
            let desyncs = &self.heard(seat).desyncs;
            assert!(desyncs.is_empty(), "App {seat} heard of {desyncs:?}: {self}");
        }
    }

    /// Every frame that is confirmed on two Apps has the same checksum on both. All that can be said of a
    /// [game](crate::ClusterBuilder::game) that writes nothing down.
    ///
    /// # Panics
    ///
    /// If one has not, or if there is nothing to compare.
    #[track_caller]
    pub fn assert_equal_checksums(&self) {
        let mut expected = self.expected();
        let Some(reference) = expected.next() else { return };
        for seat in expected {
            let (first, other) = (&self.record(reference).checksums, &self.record(seat).checksums);
            for (epoch, frames) in self.common_frames(reference, seat) {
                assert_eq!(
                    compare(first, other, epoch, frames),
                    Ok(()),
                    "match {epoch}, Apps {reference} and {seat}: checksums differ first in that \
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
        let mut expected = self.expected();
        let Some(reference) = expected.next() else { return };
        let first = self.record(reference);
        for seat in expected {
            let other = self.record(seat);
            for (epoch, frames) in self.common_frames(reference, seat) {
                let what = format!("match {epoch}, Apps {reference} and {seat}");
                // Nothing is simulated before frame 0, so nothing is written down of it.
                let written = (1..=frames).map(|frame| (epoch, frame));
                let differs =
                    written.clone().find(|at| first.states.get(at) != other.states.get(at));
                assert_eq!(differs, None, "{what}: states differ first in that frame: {self}");
                let unknown = written.clone().find(|at| !first.states.contains_key(at));
                assert_eq!(unknown, None, "{what}: that frame was never simulated: {self}");
            }
        }
    }

    /// Every confirmed frame was simulated with what the players pressed in it.
    ///
    /// # Panics
    ///
    /// If one was not.
    #[track_caller]
    pub fn assert_no_lost_input(&self) {
        let script = self.script();
        for seat in self.expected() {
            let delay = self.world(seat).resource::<NetplayConfig>().input_delay as i32;
            let record = self.record(seat);
            for (epoch, confirmed) in &record.confirmed {
                for frame in 0..*confirmed {
                    let used = record.inputs.get(&(*epoch, frame));
                    let gone = &record.gone[&(*epoch, frame)];
                    self.assert_gone_rightly(seat, gone);
                    let pressed: Vec<Keys> = (0..used.map_or(0, Vec::len))
                        .map(|player| match frame {
                            _ if gone[player] => Keys::default(),
                            // Nobody could press anything before the first frame.
                            frame if frame < delay => Keys::default(),
                            frame => script.keys(*epoch, player, frame),
                        })
                        .collect();
                    assert_eq!(
                        used,
                        Some(&pressed),
                        "App {seat}, match {epoch}, frame {frame}: {self}"
                    );
                }
            }
        }
    }

    /// Whoever is gone was dropped.
    #[track_caller]
    fn assert_gone_rightly(&self, seat: usize, gone: &[bool]) {
        let earlier =
            |player: usize| self.heard(seat).dropped.iter().any(|dropped| dropped.player == player);
        let wrong = (0..gone.len()).find(|player| gone[*player] && !earlier(*player));
        assert_eq!(wrong, None, "App {seat}: a player is gone who was never dropped: {self}");
    }

    /// For each match that two Apps played: the last frame that is final on both.
    fn common_frames(&self, reference: usize, seat: usize) -> BTreeMap<u16, i32> {
        let other = &self.record(seat).confirmed;
        let common = |(epoch, frame): (&u16, &i32)| Some((*epoch, *frame.min(other.get(epoch)?)));
        let common: BTreeMap<u16, i32> =
            self.record(reference).confirmed.iter().filter_map(common).collect();
        assert!(
            !common.is_empty(),
            "Apps {reference} and {seat} have no confirmed frame in common: {self}"
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
