//! [`shrink_desync`]: the shortest match that still differs.

use std::fmt;

use bevy::prelude::*;
use netplay_report::desync::{DesyncBundle, DesyncSide, Explanation, explain};

use super::ReplayError;
use super::runner::{BundleInputs, Simulated};

/// How often a match is simulated at most.
const MAX_RUNS: u32 = 48;
/// How many times in another order, before two Apps count as equal.
const TRIES: u64 = 2;
/// Into how many parts the inputs of a peer are cut at most.
const MAX_PARTS: i32 = 8;
/// More updates than frames, because the two wait for each other.
const UPDATES_PER_FRAME: i32 = 8;

/// A shortened match.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ShrunkDesync {
    /// Its bundle.
    pub bundle: DesyncBundle,
    /// Whether the difference came out on this machine alone: two Apps differ that simulate the same inputs, one after
    /// rollbacks and with other entity ids than the other. Then the bundle has the states of these two, and inputs that
    /// make no difference are the default ones. Otherwise the match only ends at the desync.
    pub is_reproduced: bool,
    /// The frame at which it differs.
    pub frame: i32,
    /// How many inputs other than the default one there were, and there are.
    pub inputs: (usize, usize),
}

/// Two Apps differ.
struct Found {
    frame: i32,
    ours: DesyncSide,
    theirs: DesyncSide,
}

/// Finds the shortest match that still differs, and of the inputs those that it takes. `game` is that of
/// [`replay_desync`](crate::replay_desync).
///
/// Where the difference comes out on one machine, as most do, it is found by frame: two Apps simulate the inputs and are
/// compared after each. What differs between machines only cannot be found so: the match then ends at the frame of the
/// desync.
///
/// # Errors
///
/// [`ReplayError`] where the bundle is not one of this game.
pub fn shrink_desync(
    game: impl Fn(&mut App),
    bundle: &DesyncBundle,
) -> Result<ShrunkDesync, ReplayError> {
    let before = bundle.inputs_given();
    let mut shrinker = Shrinker { game, runs: 0 };
    let mut shrunk = bundle.clone();
    truncate(&mut shrunk, bundle.ours.frame.max(1));
    let found = match shrinker.find(&shrunk)? {
        Some(found) => Some(shrinker.minimize(&mut shrunk, found)?),
        None => None,
    };
    let is_reproduced = found.is_some();
    let frame = found.as_ref().map_or(bundle.ours.frame, |found| found.frame);
    if let Some(Found { ours, theirs, .. }) = found {
        shrunk.this_match.checksum_interval = 1;
        shrunk.ours = ours;
        shrunk.theirs = Some(theirs);
        shrunk.rollbacks.clear();
    }
    let how = if is_reproduced { "on one machine" } else { "to the frame of the desync" };
    shrunk.note = format!("shortened {how} from {} frames", bundle.end());
    let inputs = (before, shrunk.inputs_given());
    Ok(ShrunkDesync { bundle: shrunk, is_reproduced, frame, inputs })
}

/// Drops what comes after the state of a frame.
fn truncate(bundle: &mut DesyncBundle, frame: i32) {
    bundle.inputs.iter_mut().for_each(|peer| peer.truncate(frame));
    bundle.this_match.confirmed = bundle.this_match.confirmed.min(frame);
    bundle.rollbacks.retain(|rollback| rollback.frame <= frame);
    for side in [Some(&mut bundle.ours), bundle.theirs.as_mut()].into_iter().flatten() {
        side.checksums.retain(|parts| parts.frame <= frame);
    }
}

struct Shrinker<G> {
    game: G,
    runs: u32,
}

impl<G: Fn(&mut App)> Shrinker<G> {
    /// The first frame at which two Apps differ that simulate these inputs.
    fn find(&mut self, bundle: &DesyncBundle) -> Result<Option<Found>, ReplayError> {
        for seed in 0..TRIES {
            if let Some(found) = self.run(bundle, seed)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn run(&mut self, bundle: &DesyncBundle, seed: u64) -> Result<Option<Found>, ReplayError> {
        self.runs += 1;
        let (end, epoch) = (bundle.end(), bundle.this_match.epoch);
        let mut every_frame = bundle.clone();
        every_frame.this_match.checksum_interval = 1;
        let inputs = BundleInputs::new(&every_frame);
        let [mut first, mut second] = Simulated::pair(&self.game, &every_frame, &inputs, seed)?;
        let (mut next, mut random) = (0, seed);
        for _ in 0..end.saturating_mul(UPDATES_PER_FRAME).saturating_add(1000) {
            // Now one is ahead and now the other.
            random = seahash::hash(&random.to_le_bytes());
            if random % 4 != 0 {
                second.update();
            }
            if random % 4 != 1 {
                first.update();
            }
            while next <= first.confirmed().min(second.confirmed()).min(end) {
                if first.checksum(next) != second.checksum(next) {
                    let equal = (next > 0).then(|| next - 1);
                    let [ours, theirs] = [&first, &second].map(|it| it.side(epoch, next, equal));
                    return Ok(Some(Found { frame: next, ours, theirs }));
                }
                next += 1;
            }
            if next > end || (first.is_over() && second.is_over()) {
                break;
            }
        }
        Ok(None)
    }

    /// Ends the match where it differs, and gives players the default input where that makes no difference.
    fn minimize(
        &mut self,
        bundle: &mut DesyncBundle,
        mut found: Found,
    ) -> Result<Found, ReplayError> {
        truncate(bundle, found.frame);
        let mut parts = 1;
        while parts <= MAX_PARTS {
            for peer in 0..bundle.inputs.len() {
                for part in 0..parts {
                    if self.runs >= MAX_RUNS {
                        return Ok(found);
                    }
                    let end = bundle.end();
                    let mut without = bundle.clone();
                    let range = end * part / parts..end * (part + 1) / parts;
                    without.inputs[peer].neutralize(range);
                    if without.inputs == bundle.inputs {
                        continue;
                    }
                    if let Some(again) = self.find(&without)? {
                        truncate(&mut without, again.frame);
                        (*bundle, found) = (without, again);
                    }
                }
            }
            parts *= 2;
        }
        Ok(found)
    }
}

impl ShrunkDesync {
    /// What differs.
    pub fn explain(&self) -> Option<Explanation> {
        explain(&self.bundle.ours, self.bundle.theirs.as_ref()?)
    }
}

impl fmt::Display for ShrunkDesync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.inputs;
        match self.is_reproduced {
            true => write!(
                f,
                "two simulations on this machine differ from frame {} on; of {before} inputs, {after} are left",
                self.frame
            ),
            false => write!(
                f,
                "two simulations on this machine do not differ: the match ends at frame {}, where the peers do",
                self.frame
            ),
        }
    }
}
