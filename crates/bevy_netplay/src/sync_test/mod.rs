//! [`SyncTest`]: whether a simulation is deterministic, without a server or a second player.

mod disturb;
mod side;
mod socket;

use std::fmt;

use bevy::prelude::*;

pub(crate) use disturb::disturb;
pub(crate) use socket::{WithheldSocket, pair as socket_pair};

use crate::input::NetplayInput;
use crate::{PlayerHandle, SpawnOrder};
use side::Side;

/// Finds out whether a simulation comes to the same state on two machines.
///
/// Two Apps with the game play a match in memory. Inputs are withheld at random, so both predict, roll back and
/// simulate again, each in other frames, and the second one has other entity ids than the first and its entities in
/// other archetypes, so that its queries have another order. After every confirmed frame what is registered must be
/// equal.
///
/// What it does not find:
///
/// - State that is not registered and differs, before something that is registered differs by it.
/// - Systems without an order between them: both Apps run them in the same one.
/// - What differs between machines, such as `f32::sin`: compare [`SyncTestReport::checksum`] with that of another one.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
/// use bevy_netplay::SyncTest;
///
/// #[derive(Component, Clone, Reflect)]
/// struct Ship { owner: PlayerHandle, x: i32 }
///
/// fn game(app: &mut App) {
///     app.add_plugins((MinimalPlugins, NetplayPlugins::<i8>::default()))
///         .rollback_component_by_reflect::<Ship>()
///         .add_systems(StartMatch, |mut commands: Commands, this_match: Res<CurrentMatch>| {
///             for owner in this_match.player_handles() {
///                 commands.spawn((RollbackEntity, Ship { owner, x: 0 }));
///             }
///         })
///         .add_systems(NetplayUpdate, |inputs: Inputs<i8>, mut ships: Query<&mut Ship>| {
///             for mut ship in &mut ships {
///                 ship.x += i32::from(inputs.get(ship.owner));
///             }
///         });
/// }
///
/// // Any inputs do that make the game do all that it can.
/// let input = |player: PlayerHandle, frame: i32| (frame / 10 % 3 - 1 + i32::from(player.0)) as i8;
/// let report = SyncTest::new(2).frames(120).run(game, input)?;
/// assert!(report.rollbacks > 0);
/// # Ok::<(), bevy_netplay::SyncTestError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is tested until it runs"]
pub struct SyncTest {
    players: usize,
    frames: i32,
    check_distance: usize,
    seed: u64,
}

/// What a sync test did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncTestReport {
    /// The checksum of the state before the last frame: equal on every machine, so a test can compare it with what
    /// another machine came to.
    pub checksum: u64,
    /// How often the two Apps went back.
    pub rollbacks: u64,
    /// The deepest rollback, in frames.
    pub depth_max: u32,
    /// How many frames they simulated again.
    pub frames_resimulated: u64,
}

/// Why a sync test failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncTestError {
    /// The two Apps came to different states.
    Differs {
        /// The first frame before which they differ.
        frame: i32,
        /// The first type that does, by name.
        type_name: &'static str,
        /// The entity that has it. None for resources and states.
        entity: Option<SpawnOrder>,
    },
    /// Values of a type cannot be compared.
    NotCompared {
        /// The first frame before which one cannot.
        frame: i32,
        /// The type, by name.
        type_name: &'static str,
        /// What its `Serialize` says.
        reason: String,
    },
    /// The match did not get to the last frame.
    Stopped {
        /// The frame that it got to.
        frame: i32,
    },
}

impl fmt::Display for SyncTestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { frame, type_name, entity } => {
                write!(
                    f,
                    "two simulations of the same inputs differ from frame {frame} on: {type_name}"
                )?;
                match entity {
                    Some(entity) => write!(f, " of the entity with SpawnOrder {}", entity.index()),
                    None => Ok(()),
                }
            }
            Self::NotCompared { frame, type_name, reason } => {
                write!(f, "{type_name} cannot be compared from frame {frame} on: {reason}")
            }
            Self::Stopped { frame } => write!(f, "the match stopped at frame {frame}"),
        }
    }
}

impl std::error::Error for SyncTestError {}

impl SyncTest {
    /// A sync test of a match of so many players, at least two: of 600 frames, with rollbacks of up to 7 frames.
    pub fn new(players: usize) -> Self {
        Self { players: players.max(2), frames: 600, check_distance: 7, seed: 0 }
    }

    /// Plays so many frames.
    pub fn frames(self, frames: i32) -> Self {
        Self { frames: frames.max(1), ..self }
    }

    /// Rolls back by up to so many frames, 1 to 31.
    pub fn check_distance(self, frames: usize) -> Self {
        Self { check_distance: frames.clamp(1, 31), ..self }
    }

    /// Another seed of the match and of when inputs are withheld.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Runs it: `game` adds the game to an App, [`NetplayPlugins`](crate::NetplayPlugins) and time included, and
    /// `input` gives the input of a player in a frame. The game must neither join a room nor read devices.
    ///
    /// # Errors
    ///
    /// [`SyncTestError`] names the first type and entity that differ, or the type that cannot be compared.
    pub fn run<I: NetplayInput>(
        self,
        game: impl Fn(&mut App),
        input: impl Fn(PlayerHandle, i32) -> I + Clone + Send + Sync + 'static,
    ) -> Result<SyncTestReport, SyncTestError> {
        let sockets = socket::pair(self.seed);
        let mut number = 0;
        let mut sides = sockets.map(|socket| {
            number += 1;
            Side::new(&self, number - 1, socket, &game, input.clone())
        });
        let mut random = self.seed;
        for _ in 0..(self.frames as i64 * 16 + 4000) {
            // Now one is ahead and now the other.
            random = seahash::hash(&random.to_le_bytes());
            let [first, second] = &mut sides;
            match random % 4 {
                0 => first.update()?,
                1 => second.update()?,
                _ => {
                    first.update()?;
                    second.update()?;
                }
            }
            first.compare(second)?;
            if let (Some(checksum), Some(_)) =
                (first.checksum(self.frames), second.checksum(self.frames))
            {
                let metrics = [first.metrics(), second.metrics()];
                return Ok(SyncTestReport {
                    checksum,
                    rollbacks: metrics.iter().map(|side| side.rollbacks).sum(),
                    depth_max: metrics.iter().map(|side| side.depth_max).max().unwrap_or_default(),
                    frames_resimulated: metrics.iter().map(|side| side.frames_resimulated).sum(),
                });
            }
        }
        let frame = sides.iter().map(Side::confirmed).min().unwrap_or_default();
        Err(SyncTestError::Stopped { frame })
    }
}
