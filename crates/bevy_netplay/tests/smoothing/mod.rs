//! What is drawn of a simulation: corrections are smoothed, movement is even, and the simulation sees neither.

mod corrections;
mod jumps;
mod movement;
mod transform;

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_testkit::{TestApps, TestAppsBuilder};

/// What a ship moves in a frame.
const SPEED: f32 = 4.0;
/// What a warp moves it.
const WARP: f32 = 10_000.0;

#[derive(Component, Clone, Reflect)]
struct Ship {
    player: PlayerHandle,
    at: Vec2,
}

/// What a player may do.
const RIGHT: u8 = 1;
const UP: u8 = 2;
const MOVE: u8 = 4;
const WARPS: u8 = 8;

/// Where the ship of another player was drawn in each update of a match, and how often it was marked as changed.
#[derive(Resource, Default)]
struct Seen {
    drawn: Vec<Vec2>,
    changed: usize,
}

fn pose(ship: &Ship) -> Transform {
    Transform::from_translation(ship.at.extend(0.0))
}

fn set_up(mut commands: Commands, this_match: Res<CurrentMatch>) {
    for player in this_match.player_handles() {
        commands.spawn((RollbackEntity, OwnedBy(player), Ship { player, at: Vec2::ZERO }));
    }
}

fn step(input: u8) -> Vec2 {
    let sign = |button| if input & button != 0 { SPEED } else { -SPEED };
    if input & MOVE == 0 { Vec2::ZERO } else { Vec2::new(sign(RIGHT), sign(UP)) }
}

fn fly(
    inputs: Inputs<u8>,
    mut ships: Query<(Entity, &mut Ship)>,
    mut teleported: MessageWriter<Teleported>,
) {
    for (entity, mut ship) in &mut ships {
        let input = inputs.get(ship.player);
        if step(input) != Vec2::ZERO {
            ship.at += step(input);
        }
        if input & WARPS != 0 {
            ship.at.x += if ship.at.x > WARP / 2.0 { -WARP } else { WARP };
            teleported.write(Teleported { entity });
        }
    }
}

fn see(
    ships: Query<(&OwnedBy, Ref<Transform>)>,
    this_match: Option<Res<CurrentMatch>>,
    mut seen: ResMut<Seen>,
) {
    let Some(this_match) = this_match else { return };
    let is_seen = |owner: &OwnedBy| this_match.players == 1 || owner.0 != this_match.local_player;
    for (_, transform) in ships.iter().filter(|(owner, _)| is_seen(owner)) {
        seen.drawn.push(transform.translation.truncate());
        seen.changed += usize::from(transform.is_changed());
    }
}

/// The game, without what draws it.
fn add_game(app: &mut App, config: NetplayConfig) {
    app.add_plugins(NetplayPlugins::<u8>::new(config))
        .init_resource::<Seen>()
        .rollback_component_by_reflect::<Ship>()
        .add_systems(StartMatch, set_up)
        .add_systems(NetplayUpdate, fly)
        .add_systems(Update, see);
}

/// Draws ships as a game does that has no smoothing.
fn draw_as_simulated(app: &mut App) {
    app.register_required_components::<Ship, Transform>().add_systems(
        Update,
        (|mut ships: Query<(&Ship, &mut Transform)>| {
            for (ship, mut transform) in &mut ships {
                *transform = pose(ship);
            }
        })
        .before(see),
    );
}

/// A match over 100 ms and a loss of 3 %.
fn builder(seed: u64, game: fn(&mut App, NetplayConfig)) -> TestAppsBuilder {
    let latency = Duration::from_millis(100);
    TestApps::builder(seed)
        .conditions(NetworkConditions { latency, loss: 0.03, ..default() })
        .configure(|_, config| config.max_prediction = 16)
        .game(game)
}

/// The input of a player: directions that are held for a while, of these buttons.
fn held(
    buttons: u8,
) -> impl Fn(Res<CurrentMatch>, Res<RollbackFrameCount>, ResMut<LocalInput<u8>>) {
    move |this_match, frame, mut input| {
        let seed = this_match.seed ^ (frame.0 as u64 / 12) << 8;
        let random = super::any_game::random(seed ^ u64::from(this_match.local_player.0) << 40);
        input.0 = random as u8 & buttons;
    }
}

fn seen(apps: &mut TestApps, index: usize) -> Seen {
    std::mem::take(&mut *apps.world_mut(index).resource_mut())
}

fn steps(drawn: &[Vec2]) -> Vec<Vec2> {
    drawn.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn longest(steps: &[Vec2]) -> f32 {
    steps.iter().map(|step| step.length()).fold(0.0, f32::max)
}
