//! The view: a sprite on each entity that has a body, and a line of text.
//!
//! The simulation knows no `Transform`: it is copied from the bodies in every update, so it may be of any machine.
//! Sprites are added by observers of [`Add`], so an entity that comes back after a rollback has its sprite again.

use bevy::camera::ScalingMode;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::player_color;
use example_runner::text::{self, font};

use crate::crates::Crate;
use crate::field::{GOAL, HALF, goal};
use crate::pusher::{Pusher, RADIUS};
use crate::score::Scores;
use crate::{Body, Physics};

const WALL: Color = Color::srgb(0.20, 0.22, 0.28);
const FLOOR: Color = Color::srgb(0.09, 0.10, 0.14);
const WOOD: Color = Color::srgb(0.70, 0.55, 0.36);

/// The line of text.
#[derive(Component)]
struct Line;

/// Draws the match.
pub fn plugin(app: &mut App) {
    app.add_plugins(text::plugin)
        .insert_resource(ClearColor(WALL))
        .add_systems(Startup, draw_field)
        .add_observer(draw_pusher)
        .add_observer(draw_crate)
        .add_systems(Update, (follow_bodies, show_scores));
}

fn draw_field(mut commands: Commands) {
    commands.spawn((
        Camera2d,
        Projection::Orthographic(OrthographicProjection {
            scaling_mode: ScalingMode::AutoMin {
                min_width: 2.0 * HALF.x + 1.0,
                min_height: 2.0 * HALF.y + 2.0,
            },
            ..OrthographicProjection::default_2d()
        }),
    ));
    commands.spawn((Sprite::from_color(FLOOR, 2.0 * HALF), Transform::from_xyz(0.0, 0.0, -2.0)));
    for player in (0..4).map(PlayerHandle) {
        commands.spawn((
            Sprite::from_color(player_color(player).with_alpha(0.15), Vec2::splat(GOAL)),
            Transform::from_translation(goal(player).extend(-1.0)),
        ));
    }
    commands.spawn((
        Line,
        Text::default(),
        font(22.0),
        TextLayout::justify(Justify::Center),
        Node { position_type: PositionType::Absolute, width: percent(100), ..default() },
    ));
}

fn draw_pusher(add: On<Add, Pusher>, pushers: Query<&Pusher>, mut commands: Commands) {
    if let Ok(pusher) = pushers.get(add.entity) {
        let sprite = Sprite::from_color(player_color(pusher.player), Vec2::splat(2.0 * RADIUS));
        commands.entity(add.entity).insert(sprite);
    }
}

fn draw_crate(add: On<Add, Crate>, crates: Query<&Crate>, mut commands: Commands) {
    if let Ok(Crate { half_side }) = crates.get(add.entity) {
        let sprite = Sprite::from_color(WOOD, Vec2::splat(2.0 * half_side));
        commands.entity(add.entity).insert(sprite);
    }
}

fn follow_bodies(physics: Res<Physics>, mut sprites: Query<(&Body, &mut Transform)>) {
    for (body, mut transform) in &mut sprites {
        if let (Some(at), Some(angle)) = (physics.place(*body), physics.angle(*body)) {
            transform.translation = at.extend(0.0);
            transform.rotation = Quat::from_rotation_z(angle);
        }
    }
}

fn show_scores(
    state: Res<State<NetplayState>>,
    reason: Res<LastEndReason>,
    this_match: Option<Res<CurrentMatch>>,
    scores: Res<Scores>,
    mut lines: Query<&mut Text, With<Line>>,
) {
    let points = |players: usize| {
        let points = scores.points.iter().take(players).enumerate();
        let points = points.map(|(player, points)| format!("P{}: {points}", player + 1));
        points.collect::<Vec<_>>().join("     ")
    };
    let line = match (state.get(), scores.winner, this_match) {
        (NetplayState::Playing, Some(player), _) => format!("Player {} wins", player.index() + 1),
        (NetplayState::Playing, None, Some(this_match)) => points(this_match.players),
        (NetplayState::Ended, ..) => reason.0.as_ref().map(ToString::to_string).unwrap_or_default(),
        _ => "Waiting for the others".into(),
    };
    for mut text in &mut lines {
        text.set_if_neq(Text(line.clone()));
    }
}
