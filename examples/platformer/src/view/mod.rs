//! The view: sprites, which are on the entities of the simulation and their children, flashes, sounds, and two lines of
//! text. What is drawn is smoothed: the simulation has its own `Transform`s.
//!
//! Sprites are added by observers of [`Add`], so an entity that comes back after a rollback has its sprite again.

mod flashes;
mod sounds;

use bevy::camera::ScalingMode;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{ConnectionIndicator, OverlayCorner};
use example_runner::text::{self, font};
use example_runner::{overlay, player_color};

use crate::sim::{
    BOMB_HALF, Bomb, CLUB_HALF, Club, Contestant, FIGHTER_HALF, Fighter, LIFT_HALF, Lift,
    PLATFORMS, Phase, Round,
};

const SKY: Color = Color::srgb(0.10, 0.12, 0.20);
const STONE: Color = Color::srgb(0.33, 0.38, 0.50);
const WOOD: Color = Color::srgb(0.62, 0.47, 0.28);
const IRON: Color = Color::srgb(0.85, 0.86, 0.90);
const FIRE: Color = Color::srgb(0.95, 0.35, 0.20);

/// Two heights of a fighter, in pixels: a correction that is longer is made at once.
const SNAP: f32 = 80.0;

/// The part of the world that is always visible, in pixels.
const VIEW: Vec2 = Vec2::new(1280.0, 720.0);

/// The line with the scores.
#[derive(Component)]
struct Scores;

/// The line that says what goes on.
#[derive(Component)]
struct Banner;

/// Draws the match.
pub fn plugin(app: &mut App) {
    let smoothing = Smoothing { snap_distance: SNAP, ..default() };
    app.smooth_transform(smoothing)
        .add_plugins((text::plugin, overlay::plugin, flashes::plugin, sounds::plugin))
        .insert_resource(ClearColor(SKY))
        .add_systems(Startup, (draw_stage, write_lines, place_indicator))
        .add_observer(draw_fighter)
        .add_observer(draw_club)
        .add_observer(draw_bomb)
        .add_observer(draw_lift)
        .add_systems(Update, (tint_fighters, show_scores, show_banner));
}

fn draw_stage(mut commands: Commands) {
    commands.spawn((
        Camera2d,
        Projection::Orthographic(OrthographicProjection {
            scaling_mode: ScalingMode::AutoMin { min_width: VIEW.x, min_height: VIEW.y },
            ..OrthographicProjection::default_2d()
        }),
    ));
    for platform in &PLATFORMS {
        commands.spawn((
            Sprite::from_color(STONE, 2.0 * platform.half),
            Transform::from_translation(platform.center.extend(-1.0)),
        ));
    }
}

fn draw_fighter(add: On<Add, Fighter>, fighters: Query<&Fighter>, mut commands: Commands) {
    if let Ok(fighter) = fighters.get(add.entity) {
        let sprite = Sprite::from_color(player_color(fighter.player), 2.0 * FIGHTER_HALF);
        commands.entity(add.entity).insert((sprite, OwnedBy(fighter.player)));
    }
}

fn draw_club(add: On<Add, Club>, mut commands: Commands) {
    commands.entity(add.entity).insert(Sprite::from_color(WOOD, 2.0 * CLUB_HALF));
}

fn draw_bomb(add: On<Add, Bomb>, mut commands: Commands) {
    commands.entity(add.entity).insert(Sprite::from_color(FIRE, 2.0 * BOMB_HALF));
}

fn draw_lift(add: On<Add, Lift>, mut commands: Commands) {
    commands.entity(add.entity).insert(Sprite::from_color(IRON, 2.0 * LIFT_HALF));
}

/// The more a fighter was hit, the paler it is.
fn tint_fighters(mut fighters: Query<(&Fighter, &mut Sprite)>) {
    for (fighter, mut sprite) in &mut fighters {
        let pale = (fighter.damage / 150.0).min(0.8);
        sprite.color = player_color(fighter.player).mix(&Color::WHITE, pale);
    }
}

fn write_lines(mut commands: Commands) {
    let line = |top: Val, size: f32| {
        (
            Text::default(),
            font(size),
            TextLayout::justify(Justify::Center),
            Node { position_type: PositionType::Absolute, top, width: percent(100), ..default() },
        )
    };
    commands.spawn((Scores, line(px(8), 22.0)));
    commands.spawn((Banner, line(px(72), 40.0)));
}

/// The lines are above: there is room below.
fn place_indicator(mut indicator: ResMut<ConnectionIndicator>) {
    indicator.corner = OverlayCorner::BottomRight;
}

fn show_scores(contestants: Query<&Contestant>, mut lines: Query<&mut Text, With<Scores>>) {
    let mut contestants: Vec<_> = contestants.iter().collect();
    contestants.sort_by_key(|contestant| contestant.player);
    let crowded = contestants.len() > 2;
    let scores = contestants.iter().map(|contestant| {
        let Contestant { player, lives, knockouts, wins, .. } = contestant;
        let knockouts = if crowded { String::new() } else { format!("{knockouts} knock-outs, ") };
        format!("P{}: {lives} lives, {knockouts}{wins} wins", player.index() + 1)
    });
    let scores: Vec<_> = scores.collect();
    let rows: Vec<_> = scores.chunks(4).map(|scores| scores.join("   ")).collect();
    let scores = rows.join("\n");
    for mut line in &mut lines {
        line.set_if_neq(Text(scores.clone()));
    }
}

fn show_banner(
    state: Res<State<NetplayState>>,
    reason: Res<LastEndReason>,
    phase: Res<State<Phase>>,
    round: Res<Round>,
    mut lines: Query<&mut Text, With<Banner>>,
) {
    let banner = match state.get() {
        NetplayState::Playing => match (phase.get(), round.winner) {
            (Phase::Countdown, _) => format!("Round {}", round.number),
            (Phase::Fighting, _) => String::new(),
            (Phase::RoundOver, Some(player)) => format!("Player {} wins", player.index() + 1),
            (Phase::RoundOver, None) => "A draw".into(),
        },
        NetplayState::Ended => reason.0.as_ref().map(ToString::to_string).unwrap_or_default(),
        _ => "Waiting for the others".into(),
    };
    for mut line in &mut lines {
        line.set_if_neq(Text(banner.clone()));
    }
}
