//! The view: draws the match, shows texts, and reads the keyboard. It reads the state of the simulation each frame,
//! including predicted state, and never writes to it, so that it may use floats, clocks and random numbers.

mod arena_view;
mod effects;
mod hud;
mod images;
mod interruptions;
mod keys;
mod lobby;
mod network;
mod overlay;
mod palette;
mod particles;
mod poses;
mod ships;
mod shots;
mod sounds;
mod status;
mod tags;
mod without_netplay;

use bevy::camera::ScalingMode;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::text;

use crate::lobby::ShipColors;
use crate::sim::{PX, Point};

pub use interruptions::Interruptions;
pub use keys::{Pad, Wish};
pub use lobby::LobbyViewPlugin;
pub use network::NetworkViewPlugin;
pub use palette::css as css_color;
pub use without_netplay::without_netplay;

/// The room that this process plays in, and joins again when the player asks for it.
#[derive(Resource, Clone, Debug)]
pub struct Invite {
    /// The signaling server, `ws://host:port`.
    pub server: String,
    /// The room's code.
    pub room: String,
    /// Number of players in the room; none to take the room as it is.
    pub players: Option<u8>,
    /// With how many players a match starts at least, once all are ready; none to start it when the room is full.
    pub least: Option<u8>,
    /// The name under which the room is in the list of public rooms; none to keep it out of there.
    pub public: Option<String>,
    /// How another player joins, as a line for the lobby.
    pub how_to_join: String,
    /// How many players are on this machine.
    pub local_players: u8,
    /// The name of the first of them; empty for none.
    pub name: String,
    /// The resume token from before this process restarted.
    pub resume_token: Option<String>,
}

impl Invite {
    /// An invite whose hint is a command line.
    pub fn new(server: String, room: String, players: impl Into<Option<u8>>) -> Self {
        // The room itself says how many play.
        let how_to_join = format!("arena play --server {server} --room {room} --as-is");
        let players = players.into();
        Self {
            server,
            room,
            players,
            least: None,
            public: None,
            how_to_join,
            local_players: 1,
            name: String::new(),
            resume_token: None,
        }
    }

    /// The room to join.
    pub fn room(&self) -> JoinRoom {
        let room = JoinRoom::code(self.room.clone())
            .server(self.server.clone())
            .local_players(self.local_players)
            .names(example_runner::local_names(&self.name, self.local_players));
        let room = match (self.players, self.least) {
            (Some(players), Some(least)) => room.players_between(least..=players),
            (Some(players), None) => room.players(players),
            (None, _) => room,
        };
        let room = self.public.iter().fold(room, |room, name| room.public(name.clone()));
        self.resume_token.iter().fold(room, |room, token| room.resume_token(token.clone()))
    }
}

/// Draws the arena and its texts. Needs Bevy's `DefaultPlugins`, [`crate::sim::SimulationPlugin`] and an
/// [`Invite`].
pub struct ViewPlugin;

impl Plugin for ViewPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(ClearColor(palette::NIGHT)).init_resource::<ShipColors>().add_plugins(
            (
                text::plugin,
                arena_view::plugin,
                ships::plugin,
                shots::plugin,
                particles::plugin,
                effects::plugin,
                hud::plugin,
                status::plugin,
                tags::plugin,
                interruptions::plugin,
                overlay::plugin,
                keys::plugin,
            ),
        );
        // Before `Startup`, in which the other plugins use the images.
        app.add_systems(PreStartup, (images::generate, spawn_camera))
            .add_systems(Update, scale_texts);
    }
}

/// The part of the world that is always visible: the arena, the bar above it and the line below it.
const VIEW: Vec2 = Vec2::new(1280.0, 720.0);
/// How far the centre of the window is above the centre of the arena.
const OFFSET: f32 = 8.0;

/// The smallest scale of texts, relative to a window of the size of [`VIEW`]. Phones use it.
const MIN_TEXT_SCALE: f32 = 0.5;

/// The camera.
#[derive(Component)]
struct MainCamera;

fn spawn_camera(mut commands: Commands) {
    commands.spawn((
        Camera2d,
        MainCamera,
        Projection::Orthographic(OrthographicProjection {
            scaling_mode: ScalingMode::AutoMin { min_width: VIEW.x, min_height: VIEW.y },
            ..OrthographicProjection::default_2d()
        }),
        Transform::from_xyz(0.0, OFFSET, 0.0),
    ));
}

/// Scales texts with the window, as the camera scales the arena, but not below a readable size.
fn scale_texts(windows: Query<&Window>, mut scale: ResMut<UiScale>) {
    let Ok(window) = windows.single() else { return };
    let wanted = (window.width() / VIEW.x).min(window.height() / VIEW.y).max(MIN_TEXT_SCALE);
    if (scale.0 - wanted).abs() > 0.001 {
        scale.0 = wanted;
    }
}

/// Converts units of the simulation to pixels.
fn to_screen(at: Point) -> Vec2 {
    Vec2::new(at.x as f32, at.y as f32) / PX as f32
}
