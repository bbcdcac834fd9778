//! [`Teleported`]: jumps that are meant, and in which frames they were.

use bevy::prelude::*;

use crate::NetplayConfig;

/// How many frames back a rollback may go.
const MAX_DEPTH: i32 = NetplayConfig::MAX_PREDICTION as i32 + 2;

/// The simulation says that an entity has jumped on purpose in this frame, by a warp or to where it begins again. It
/// is drawn where it is then: neither [interpolated](crate::Interpolation) nor [smoothed](crate::Smoothing) over the
/// jump. Write it in `NetplayUpdate`, every time the frame is simulated; a jump that was not predicted, or that turns out
/// not to have been, is known from that. It is no part of the state: peers do not compare it.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// #[derive(Component, Clone, Hash)]
/// struct Ship { x: i32 }
///
/// fn warp(mut ships: Query<(Entity, &mut Ship)>, mut teleported: MessageWriter<Teleported>) {
///     for (entity, mut ship) in &mut ships {
///         if ship.x > 1000 {
///             ship.x -= 2000;
///             teleported.write(Teleported { entity });
///         }
///     }
/// }
/// # bevy::ecs::system::assert_is_system(warp);
/// ```
#[derive(Message, Clone, Copy, Debug, PartialEq, Eq, Reflect)]
#[reflect(Clone, Debug, PartialEq)]
pub struct Teleported {
    /// Which one. An entity that does not exist any more is ignored.
    pub entity: Entity,
}

/// The jumps of recent frames.
#[derive(Resource, Debug, Default)]
pub(super) struct Teleports {
    /// By the frame that they led to.
    known: Vec<(i32, Entity)>,
    /// What was known of frames that are simulated again.
    before: Vec<(i32, Entity)>,
    /// Frames after this one are simulated again.
    since: i32,
}

impl Teleports {
    /// Frames after this one are simulated again.
    pub(super) fn go_back(&mut self, frame: i32) {
        self.since = frame;
        self.before.clear();
        self.before.extend(self.known.extract_if(.., |(at, _)| *at > frame));
    }

    /// An entity has jumped.
    pub(super) fn add(&mut self, frame: i32, entity: Entity) {
        self.known.push((frame, entity));
        self.known.retain(|(at, _)| *at + MAX_DEPTH >= frame);
    }

    /// The entities that have jumped in a frame.
    pub(super) fn at(&self, frame: i32) -> impl Iterator<Item = Entity> {
        self.known.iter().filter(move |(at, _)| *at == frame).map(|(_, entity)| *entity)
    }

    /// Entities that have jumped in a frame that was simulated again, and had not before; or the other way round.
    pub(super) fn take_changed(&mut self) -> Vec<Entity> {
        let before = std::mem::take(&mut self.before);
        let new = self.known.iter().filter(|jump| jump.0 > self.since && !before.contains(jump));
        let wrong = before.iter().filter(|jump| !self.known.contains(jump));
        new.chain(wrong).map(|(_, entity)| *entity).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn entities() -> [Entity; 3] {
        [1, 2, 3].map(|index| Entity::from_raw_u32(index).unwrap())
    }

    #[test]
    fn a_jump_that_is_simulated_again_is_the_same_and_any_other_is_told() {
        let [same, wrong, new] = entities();
        let mut teleports = Teleports::default();
        teleports.add(4, new);
        teleports.add(7, same);
        teleports.add(8, wrong);
        teleports.go_back(5);
        teleports.add(7, same);
        teleports.add(8, new);
        assert_eq!(teleports.at(8).collect::<Vec<_>>(), [new]);
        assert_eq!(teleports.take_changed(), [new, wrong]);
    }

    #[test]
    fn jumps_that_no_rollback_reaches_are_forgotten() {
        let [entity, ..] = entities();
        let mut teleports = Teleports::default();
        (0..1000).for_each(|frame| teleports.add(frame, entity));
        assert_eq!(teleports.known.len() as i32, MAX_DEPTH + 1);
    }
}
