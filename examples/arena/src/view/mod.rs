//! What a player sees and presses. It reads the simulation each frame, as it stands, predictions included,
//! and never writes to it: drawing may use floats, clocks and chance freely.

mod arena_view;
mod effects;
mod hud;
mod images;
mod interruptions;
mod keys;
mod names;
mod overlay;
mod palette;
mod particles;
mod ships;
mod shots;
mod status;

use bevy::camera::ScalingMode;
use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::sim::{PX, Point};

pub use interruptions::Interruptions;
pub use keys::{Pad, Wish};

/// The room this window plays in: it is joined again when the player asks for it.
#[derive(Resource, Clone, Debug)]
pub struct Invite {
    /// The signaling server, `ws://host:port`.
    pub server: String,
    /// The room's code.
    pub room: String,
    /// How many players make the room complete.
    pub players: u8,
    /// What somebody else does to join, as a line for the lobby.
    pub how_to_join: String,
    /// What the player wants to be called; empty for nothing.
    pub name: String,
    /// The seat that the player had before its process was started anew.
    pub seat: Option<String>,
}

impl Invite {
    /// An invite to somebody with a command line.
    pub fn new(server: String, room: String, players: u8) -> Self {
        let how_to_join = format!("arena play --server {server} --room {room}");
        Self { server, room, players, how_to_join, name: String::new(), seat: None }
    }

    /// The room to join.
    pub fn room(&self) -> Room {
        let room = Room::new(self.room.clone())
            .players(self.players)
            .server(self.server.clone())
            .name(self.name.clone());
        self.seat.iter().fold(room, |room, seat| room.seat(seat.clone()))
    }
}

/// Draws the arena and its texts. Needs Bevy's `DefaultPlugins`, [`crate::sim::SimulationPlugin`] and an
/// [`Invite`].
pub struct ViewPlugin;

impl Plugin for ViewPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(ClearColor(palette::NIGHT)).add_plugins((
            arena_view::plugin,
            ships::plugin,
            shots::plugin,
            particles::plugin,
            effects::plugin,
            hud::plugin,
            status::plugin,
            interruptions::plugin,
            overlay::plugin,
            keys::plugin,
        ));
        // Before `Startup`, because those who draw pick their images there.
        app.add_systems(PreStartup, (images::paint, look)).add_systems(Update, scale_texts);
    }
}

/// The part of the world that is always in view: the arena, a bar of scores above and a line below.
const VIEW: Vec2 = Vec2::new(1280.0, 720.0);
/// How far the middle of the window is above that of the arena.
const RISE: f32 = 8.0;

/// On a phone, texts are half as large as in a window of the size of [`VIEW`].
const SMALLEST_TEXTS: f32 = 0.5;

#[derive(Component)]
struct Eye;

fn look(mut commands: Commands) {
    commands.spawn((
        Camera2d,
        Eye,
        Projection::Orthographic(OrthographicProjection {
            scaling_mode: ScalingMode::AutoMin { min_width: VIEW.x, min_height: VIEW.y },
            ..OrthographicProjection::default_2d()
        }),
        Transform::from_xyz(0.0, RISE, 0.0),
    ));
}

/// Texts grow and shrink with the window, as the arena does, as far as they can be read.
fn scale_texts(windows: Query<&Window>, mut scale: ResMut<UiScale>) {
    let Ok(window) = windows.single() else { return };
    let wanted = (window.width() / VIEW.x).min(window.height() / VIEW.y).max(SMALLEST_TEXTS);
    if (scale.0 - wanted).abs() > 0.001 {
        scale.0 = wanted;
    }
}

/// From units to pixels.
fn to_screen(at: Point) -> Vec2 {
    Vec2::new(at.x as f32, at.y as f32) / PX as f32
}
