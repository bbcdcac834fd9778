//! Compared frames that are kept for longer than a rollback can go back: to say in words what differs, should they turn
//! out to differ from those of another peer.

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::prelude::*;
use netplay_report::desync::{FrameState, TypeState, ValueState};

use super::{NO_FRAME, RollbackStore};
use crate::rollback::registry::RollbackRegistry;
use crate::rollback::store::references::Places;

impl RollbackStore {
    /// Keeps a compared frame, in place of the oldest of those that are kept.
    pub(crate) fn keep(&mut self, world: &World, frame: i32) {
        let Ok(from) = self.kept(frame) else { return };
        let oldest = (0..self.kept.len()).min_by_key(|place| self.kept[*place]);
        let Some(place) = oldest else { return };
        let to = self.kept_slot(place);
        self.kept[place] = frame;
        self.entities.keep(from, to);
        let rows = self.entities.rows(from);
        let mut places = Places::new(world.resource(), rows.orders());
        for (_, history) in &mut self.histories {
            history.keep(from, to, rows, &mut places);
        }
    }

    /// Keeps so many compared frames from now on: the latest.
    pub(crate) fn keep_at_most(&mut self, frames: usize) {
        for place in 0..frames.min(self.kept.len()) {
            let latest = (place..self.kept.len()).max_by_key(|it| self.kept[*it]);
            let Some(latest) = latest.filter(|it| *it != place) else { continue };
            self.kept.swap(place, latest);
            let [a, b] = [place, latest].map(|it| self.kept_slot(it));
            self.entities.swap(a, b);
            self.histories.iter_mut().for_each(|(_, history)| history.swap(a, b));
        }
        self.kept.truncate(frames);
        self.set_depth(self.frames.len() + 1 + self.kept.len());
    }

    /// The compared frames that are kept.
    pub(crate) fn kept_frames(&self) -> impl Iterator<Item = i32> {
        self.kept.iter().copied().filter(|frame| *frame != NO_FRAME)
    }

    /// The state of a compared frame that is kept, in words: at most so many bytes of text.
    pub(crate) fn describe(
        &self,
        world: &World,
        frame: i32,
        max_bytes: usize,
    ) -> Option<FrameState> {
        let place = self.kept.iter().position(|kept| *kept == frame && frame != NO_FRAME)?;
        let slot = self.kept_slot(place);
        let registry = world.resource::<AppTypeRegistry>().read();
        let names = world.resource::<RollbackRegistry>().names();
        let orders = self.entities.rows(slot).orders();
        let mut state = FrameState {
            frame,
            entities: orders.iter().map(|order| order.index()).collect(),
            next: self.entities.next(slot),
            ..FrameState::default()
        };
        let mut left = max_bytes.saturating_sub(5 * state.entities.len());
        let mut left_out = Vec::new();
        // In the order of their names.
        for (name, full) in names {
            let Some((_, history)) = self.histories.iter().find(|(it, _)| *it == full) else {
                continue;
            };
            if !history.is_compared() {
                continue;
            }
            let mut described = TypeState { name, ..TypeState::default() };
            history.describe(slot, &registry, &mut |order, hash, fields| {
                let bytes = fields.len() + size_of::<ValueState>();
                match left.checked_sub(bytes) {
                    Some(rest) => {
                        left = rest;
                        let entity = order.map(|order| order.index());
                        let hash = hash.to_le_bytes();
                        described.values.push(ValueState { entity, hash, fields });
                    }
                    None => described.left_out += 1,
                }
            });
            if described.left_out > 0 {
                left_out.push(format!("{} of {}", described.left_out, described.name));
            }
            state.types.push(described);
        }
        if !left_out.is_empty() {
            state.truncated =
                Some(format!("too many values: left out are {}", left_out.join(", ")));
        }
        Some(state)
    }

    /// The types that are compared, as peers call them, in the order of the parts of a checksum.
    pub(crate) fn compared_names(&self, world: &World) -> Vec<String> {
        let names = world.resource::<RollbackRegistry>().names();
        let compared = self.histories.iter().filter(|(_, history)| history.is_compared());
        compared
            .map(|(full, _)| {
                let name = names.iter().find(|(_, it)| *it == full).map(|(name, _)| name.clone());
                name.unwrap_or_else(|| (*full).to_owned())
            })
            .collect()
    }

    fn kept_slot(&self, place: usize) -> usize {
        self.frames.len() + 1 + place
    }
}
