//! Bots: players that a game plays itself, in places that nobody has.

use bevy::ecs::schedule::ScheduleLabel;
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_ggrs::{AdvanceWorld, AdvanceWorldSystems};

use super::inputs::{FrameInputs, InputStatus};
use super::{MatchTypes, NetplayInput, begin_frame};
use crate::{CurrentMatch, PlayerHandle};

/// The bots of the match. A system in [`StartMatch`](crate::StartMatch) says how many there are, from what is the same on
/// every peer: such as the size of the room, or the room's value in [`MatchLobby`](crate::MatchLobby). Without that there
/// are none. In the next match a person has the place of a bot, if one has joined.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
///
/// fn set_up(this_match: Res<CurrentMatch>, mut bots: ResMut<MatchBots>) {
///     // Nobody plays alone, and no place stays empty.
///     bots.fill(this_match.places);
///     for player in this_match.player_handles().chain(bots.iter()) {
///         println!("{player} has a ship");
///     }
/// }
///
/// /// A bot sees what is simulated, as a person does.
/// fn think(mut inputs: BotInputs<u8>, bots: Res<MatchBots>, frame: Res<RollbackFrameCount>) {
///     for bot in bots.iter() {
///         inputs.set(bot, (frame.0 / 60 % 2) as u8);
///     }
/// }
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
///     .add_systems(StartMatch, set_up)
///     .add_systems(UpdateBots, think);
/// ```
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
pub struct MatchBots {
    /// How many persons play: the bots come after them.
    persons: usize,
    count: usize,
}

impl MatchBots {
    /// No bots beside so many persons.
    pub(crate) fn beside(persons: usize) -> Self {
        Self { persons, count: 0 }
    }

    /// Adds bots until there are so many players. With as many persons there is none.
    pub fn fill(&mut self, players: usize) {
        self.count = players.min(Self::MAX_PLAYERS).saturating_sub(self.persons);
    }

    /// How many players a match has at most, bots among them: as many as handles can name.
    pub const MAX_PLAYERS: usize = u8::MAX as usize;

    /// The handles of the bots, which follow those of the persons.
    pub fn iter(&self) -> impl Iterator<Item = PlayerHandle> + use<> {
        (self.persons..self.persons + self.count).map(PlayerHandle::from)
    }

    /// Whether a player is a bot.
    pub fn contains(&self, player: impl Into<PlayerHandle>) -> bool {
        (self.persons..self.persons + self.count).contains(&player.into().index())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The schedule in which bots give their inputs. It runs in every frame that is simulated, again after each rollback, right
/// before [`NetplayUpdate`](crate::NetplayUpdate), on one thread. What its systems read and change is what the simulation
/// reads and changes: registered for rollback, and the same on every peer.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash, Reflect)]
pub struct UpdateBots;

/// The inputs of the frame that is simulated, in [`UpdateBots`]: those of the bots can be set. The simulation reads them with
/// [`Inputs`](super::Inputs), as those of persons.
#[derive(SystemParam)]
pub struct BotInputs<'w, I: NetplayInput> {
    inputs: ResMut<'w, FrameInputs<I>>,
    bots: Res<'w, MatchBots>,
}

impl<I: NetplayInput> BotInputs<'_, I> {
    /// Sets the input of a bot for this frame; it is the default one otherwise. That of a person stays as it is.
    pub fn set(&mut self, bot: impl Into<PlayerHandle>, input: I) {
        let bot = bot.into();
        if self.bots.contains(bot) {
            self.inputs.set(bot, input, InputStatus::Confirmed);
        }
    }
}

pub(crate) fn plugin<C: MatchTypes>(app: &mut App) {
    app.init_resource::<MatchBots>()
        .register_type::<MatchBots>()
        .register_type::<UpdateBots>()
        .init_schedule(UpdateBots)
        .add_systems(
            AdvanceWorld,
            (add_bots::<C>, update_bots)
                .chain()
                .after(begin_frame::<C>)
                .in_set(AdvanceWorldSystems::First)
                .run_if(has_bots),
        );
}

fn has_bots(bots: Res<MatchBots>) -> bool {
    !bots.is_empty()
}

/// Every bot has the default input, until it sets another one.
fn add_bots<C: MatchTypes>(bots: Res<MatchBots>, mut inputs: ResMut<FrameInputs<C::Game>>) {
    for bot in bots.iter() {
        inputs.set(bot, C::Game::default(), InputStatus::Confirmed);
    }
}

/// Exclusive, because it runs the game's schedule.
fn update_bots(world: &mut World) {
    world.run_schedule(UpdateBots);
}

/// A match begins: no bots, unless the game wants some.
pub(crate) fn reset_bots(world: &mut World, this_match: &CurrentMatch) {
    world.insert_resource(MatchBots::beside(this_match.players));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_have_the_places_after_the_persons() {
        let mut bots = MatchBots::beside(3);
        assert!(bots.is_empty());
        bots.fill(5);
        assert_eq!(bots.iter().collect::<Vec<_>>(), [PlayerHandle(3), PlayerHandle(4)]);
        assert!(bots.contains(4) && !bots.contains(2) && !bots.contains(5));
        bots.fill(2);
        assert!(bots.is_empty());
        bots.fill(1000);
        assert_eq!(bots.iter().last(), Some(PlayerHandle(254)));
    }
}
