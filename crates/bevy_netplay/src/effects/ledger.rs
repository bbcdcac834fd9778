//! Which effects of a simulation were shown, and what becomes of each when frames are simulated again.
//!
//! A simulation that goes back writes the effects of the frames that it repeats again: the same ones, the same ones a few
//! frames earlier or later, others, or none. Each effect is compared by its key with those that were there before, first
//! of the same frame, then of a frame nearby: a hit that moves by two frames is the same hit, and nobody may hear it twice.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hash;

use bevy::platform::collections::{HashMap, HashSet};
use bevy::prelude::*;

use super::message::{EffectId, EffectIds, EffectMessage};

/// By how many frames an effect may move and still be the same one: the nearest first.
const NEARBY: [i32; 6] = [-1, 1, -2, 2, -3, 3];

/// No frame is confirmed.
const NONE: i32 = -1;

/// The effects of one type in a match. `K` is what makes two of them the same.
#[derive(Resource, Clone, Debug)]
pub(super) struct Ledger<K: Send + Sync + 'static, E: Send + Sync + 'static> {
    /// Those that are predicted, by their frames and in the order in which a frame wrote them.
    shown: BTreeMap<i32, Vec<Shown<K, E>>>,
    /// What frames have written since the last comparison. A frame that is simulated again replaces what it wrote.
    written: BTreeMap<i32, Vec<(K, E)>>,
    /// The effects of frames up to this one are confirmed.
    confirmed: i32,
}

#[derive(Clone, Debug)]
struct Shown<K, E> {
    id: EffectId,
    key: K,
    effect: E,
}

/// Effects that were shown and are not found again yet, by their frames and keys.
type Open<'a, K> = HashMap<(i32, &'a K), VecDeque<EffectId>>;

impl<K: Send + Sync, E: Send + Sync> Default for Ledger<K, E> {
    fn default() -> Self {
        Self { shown: BTreeMap::new(), written: BTreeMap::new(), confirmed: NONE }
    }
}

impl<K: Eq + Hash + Send + Sync, E: Clone + Send + Sync> Ledger<K, E> {
    /// A frame was simulated, and has written these effects.
    pub(super) fn handle_frame(&mut self, frame: i32, effects: impl Iterator<Item = (K, E)>) {
        // With sparse saving, a rollback begins with frames that are confirmed already.
        if frame > self.confirmed {
            self.written.insert(frame, effects.collect());
        }
    }

    /// Compares what was written since the last call with what was shown. `confirmed` is the last frame that is not
    /// simulated again, `newest` the one that is shown at present.
    pub(super) fn compare(
        &mut self,
        confirmed: i32,
        newest: i32,
        ids: &mut EffectIds,
    ) -> Vec<EffectMessage<E>> {
        let written = std::mem::take(&mut self.written);
        // Those of frames that were simulated again are looked for among what these frames have written.
        let mut before = Vec::new();
        for frame in written.keys() {
            let of_frame = self.shown.remove(frame).unwrap_or_default();
            before.extend(of_frame.into_iter().map(|shown| (*frame, shown)));
        }
        let mut open = Open::default();
        for (frame, shown) in &before {
            open.entry((*frame, &shown.key)).or_default().push_back(shown.id);
        }
        let mut same = find_same(&written, &mut open).into_iter();
        let left: HashSet<EffectId> = open.into_values().flatten().collect();
        let mut messages = Vec::new();
        for (frame, effects) in written {
            let mut shown = Vec::with_capacity(effects.len());
            for ((key, effect), same) in effects.into_iter().zip(same.by_ref()) {
                let id = same.unwrap_or_else(|| {
                    let (id, effect) = (ids.next(), effect.clone());
                    let late = u32::try_from(newest.saturating_sub(frame)).unwrap_or(0);
                    messages.push(EffectMessage::Predicted { id, frame, late, effect });
                    id
                });
                shown.push(Shown { id, key, effect });
            }
            if !shown.is_empty() {
                self.shown.insert(frame, shown);
            }
        }
        let gone = before.into_iter().filter(|(_, shown)| left.contains(&shown.id));
        messages.extend(
            gone.map(|(_, Shown { id, effect, .. })| EffectMessage::Cancelled { id, effect }),
        );
        self.confirmed = self.confirmed.max(confirmed);
        let predicted = self.shown.split_off(&self.confirmed.saturating_add(1));
        for (frame, shown) in std::mem::replace(&mut self.shown, predicted) {
            let confirmed =
                |Shown { id, effect, .. }| EffectMessage::Confirmed { id, frame, effect };
            messages.extend(shown.into_iter().map(confirmed));
        }
        messages
    }

    /// The match is over with the frame `last`: what was written after it never was.
    pub(super) fn end(
        &mut self,
        last: i32,
        newest: i32,
        ids: &mut EffectIds,
    ) -> Vec<EffectMessage<E>> {
        let frames = self.shown.keys().chain(self.written.keys()).copied();
        let later: Vec<i32> = frames.filter(|frame| *frame > last).collect();
        self.written.extend(later.into_iter().map(|frame| (frame, Vec::new())));
        let messages = self.compare(last, newest, ids);
        *self = Self::default();
        messages
    }
}

/// For each effect that was written, the one that it was before, if any.
fn find_same<'a, K: Eq + Hash, E>(
    written: &'a BTreeMap<i32, Vec<(K, E)>>,
    open: &mut Open<'a, K>,
) -> Vec<Option<EffectId>> {
    let places = || {
        let keys = |(frame, effects): (&'a i32, &'a Vec<(K, E)>)| {
            effects.iter().map(|(key, _)| (*frame, key))
        };
        written.iter().flat_map(keys)
    };
    let mut take = |frame, key| open.get_mut(&(frame, key))?.pop_front();
    let mut same: Vec<_> = places().map(|(frame, key)| take(frame, key)).collect();
    for ((frame, key), same) in places().zip(&mut same).filter(|(_, same)| same.is_none()) {
        *same = NEARBY.iter().find_map(|by| take(frame + by, key));
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger, and what gives ids.
    #[derive(Default)]
    struct Hits {
        ledger: Ledger<&'static str, &'static str>,
        ids: EffectIds,
    }

    impl Hits {
        /// `next` is the frame that is simulated next.
        fn compare(&mut self, confirmed: i32, next: i32) -> Vec<EffectMessage<&'static str>> {
            self.ledger.compare(confirmed, next - 1, &mut self.ids)
        }

        fn end(&mut self, last: i32, next: i32) -> Vec<EffectMessage<&'static str>> {
            self.ledger.end(last, next - 1, &mut self.ids)
        }
    }

    /// A frame wrote these, each its own key.
    fn wrote(hits: &mut Hits, frame: i32, keys: &[&'static str]) {
        hits.ledger.handle_frame(frame, keys.iter().map(|key| (*key, *key)));
    }

    fn predicted(
        id: u64,
        frame: i32,
        late: u32,
        effect: &'static str,
    ) -> EffectMessage<&'static str> {
        EffectMessage::Predicted { id: EffectId(id), frame, late, effect }
    }

    fn confirmed(id: u64, frame: i32, effect: &'static str) -> EffectMessage<&'static str> {
        EffectMessage::Confirmed { id: EffectId(id), frame, effect }
    }

    fn cancelled(id: u64, effect: &'static str) -> EffectMessage<&'static str> {
        EffectMessage::Cancelled { id: EffectId(id), effect }
    }

    #[test]
    fn what_is_simulated_again_and_the_same_is_shown_once() {
        let mut hits = Hits::default();
        wrote(&mut hits, 5, &["clash"]);
        assert_eq!(hits.compare(3, 6), [predicted(1, 5, 0, "clash")]);
        for _ in 0..3 {
            wrote(&mut hits, 4, &[]);
            wrote(&mut hits, 5, &["clash"]);
            assert_eq!(hits.compare(3, 6), []);
        }
        assert_eq!(hits.compare(5, 9), [confirmed(1, 5, "clash")]);
        assert_eq!(hits.compare(9, 12), []);
    }

    #[test]
    fn what_moves_by_a_few_frames_is_the_same() {
        for (to, is_same) in [(2, true), (5, true), (8, true), (1, false), (9, false)] {
            let mut hits = Hits::default();
            wrote(&mut hits, 5, &["clash"]);
            assert_eq!(hits.compare(0, 6).len(), 1);
            for frame in 1..=9 {
                wrote(&mut hits, frame, if frame == to { &["clash"] } else { &[] });
            }
            let changes = hits.compare(0, 10);
            assert_eq!(changes.is_empty(), is_same, "to {to}: {changes:?}");
        }
    }

    #[test]
    fn what_was_predicted_wrongly_is_cancelled() {
        let mut hits = Hits::default();
        wrote(&mut hits, 5, &["clash", "spark"]);
        assert_eq!(hits.compare(0, 6).len(), 2);
        wrote(&mut hits, 5, &["spark"]);
        assert_eq!(hits.compare(0, 6), [cancelled(1, "clash")]);
    }

    #[test]
    fn what_comes_late_says_by_how_much() {
        let mut hits = Hits::default();
        for frame in 3..8 {
            wrote(&mut hits, frame, if frame == 4 { &["clash"] } else { &[] });
        }
        assert_eq!(hits.compare(2, 8), [predicted(1, 4, 3, "clash")]);
    }

    #[test]
    fn two_of_one_frame_are_two_and_the_nearest_one_is_the_same() {
        let mut hits = Hits::default();
        wrote(&mut hits, 5, &["clash", "clash"]);
        assert_eq!(hits.compare(0, 6).len(), 2);
        // One stays, one moves, and one is new.
        for (frame, keys) in [(4, &["clash"][..]), (5, &["clash"]), (6, &["clash"])] {
            wrote(&mut hits, frame, keys);
        }
        assert_eq!(hits.compare(0, 7), [predicted(3, 6, 0, "clash")]);
        let confirmed = hits.compare(6, 9);
        assert_eq!(confirmed.len(), 3, "{confirmed:?}");
    }

    #[test]
    fn what_is_confirmed_in_the_update_that_shows_it_is_both() {
        let mut hits = Hits::default();
        wrote(&mut hits, 5, &["clash"]);
        let both = [predicted(1, 5, 0, "clash"), confirmed(1, 5, "clash")];
        assert_eq!(hits.compare(5, 6), both);
    }

    #[test]
    fn what_a_frame_has_written_is_confirmed_in_that_order() {
        let mut hits = Hits::default();
        wrote(&mut hits, 5, &["c"]);
        assert_eq!(hits.compare(0, 6), [predicted(1, 5, 0, "c")]);
        wrote(&mut hits, 5, &["a", "c", "b"]);
        let new = [predicted(2, 5, 0, "a"), predicted(3, 5, 0, "b")];
        assert_eq!(hits.compare(0, 6), new);
        let all = [confirmed(2, 5, "a"), confirmed(1, 5, "c"), confirmed(3, 5, "b")];
        assert_eq!(hits.compare(5, 7), all);
    }

    #[test]
    fn a_confirmed_frame_that_is_simulated_again_shows_nothing() {
        let mut hits = Hits::default();
        wrote(&mut hits, 5, &["clash"]);
        assert_eq!(hits.compare(5, 6).len(), 2);
        wrote(&mut hits, 5, &["clash"]);
        wrote(&mut hits, 6, &["clash"]);
        assert_eq!(hits.compare(5, 7), [predicted(2, 6, 0, "clash")]);
    }

    #[test]
    fn at_the_end_of_a_match_all_is_settled_and_the_next_one_begins_with_other_ids() {
        let mut hits = Hits::default();
        wrote(&mut hits, 5, &["clash"]);
        wrote(&mut hits, 7, &["spark"]);
        assert_eq!(hits.compare(0, 8).len(), 2);
        wrote(&mut hits, 6, &["crash"]);
        wrote(&mut hits, 7, &["spark", "flash"]);
        // It ends with frame 6.
        let last = [
            predicted(3, 6, 1, "crash"),
            cancelled(2, "spark"),
            confirmed(1, 5, "clash"),
            confirmed(3, 6, "crash"),
        ];
        assert_eq!(hits.end(6, 8), last);
        assert_eq!(hits.end(6, 8), []);
        wrote(&mut hits, 0, &["clash"]);
        assert_eq!(hits.compare(-1, 1), [predicted(4, 0, 0, "clash")]);
    }

    #[test]
    fn thousands_of_effects_take_a_time_that_grows_with_their_number() {
        // Each frame is written once and again with every key another one: nothing is found where it was.
        let effects = |shift: usize| (0..20_000).map(move |number| (number + shift, ()));
        let mut ledger = Ledger::default();
        let mut ids = EffectIds::default();
        for shift in [0, 10_000] {
            for frame in 1..=7 {
                ledger.handle_frame(frame, effects(shift));
            }
            ledger.compare(0, 7, &mut ids);
        }
        assert_eq!(ledger.end(7, 7, &mut ids).len(), 7 * 20_000);
    }
}
