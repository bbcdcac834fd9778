//! Keeps a hidden page simulating while it is in a room: see `background.js`.
//!
//! By Bevy's default, a window without focus updates when a timer says so, and a browser runs the timers of a hidden page
//! once a second. In a room every page updates with each animation frame, whatever the game has set.
//!
//! A hidden page simulates and does not draw. Nothing limits how many frames a hidden page may hand to the graphics
//! card: where drawing takes longer than simulating, they would queue up, and once the page is shown again, the browser
//! would give it no frame until all of them are drawn. The others would have lost the player by then.

use bevy::prelude::*;
use bevy_winit::{UpdateMode, WinitSettings};
use wasm_bindgen::prelude::*;

use crate::NetplayState;

#[wasm_bindgen(module = "/src/background.js")]
extern "C" {
    #[wasm_bindgen(js_name = runInBackground)]
    fn run_in_background(wanted: bool);
    #[wasm_bindgen(js_name = isHidden)]
    fn is_hidden() -> bool;
}

pub(crate) struct BackgroundPlugin;

impl Plugin for BackgroundPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<DeactivatedCameras>()
            .init_resource::<SettingsOfGame>()
            .add_systems(First, reactivate_cameras)
            .add_systems(Last, (run_in_background_in_rooms, deactivate_cameras.run_if(is_hidden)));
    }
}

/// What the game has set of its window, while the page is in a room.
#[derive(Resource, Default)]
struct SettingsOfGame(Option<WinitSettings>);

/// Lets a hidden page run on while it is in a room.
fn run_in_background_in_rooms(
    state: Res<State<NetplayState>>,
    settings: Option<ResMut<WinitSettings>>,
    mut of_game: ResMut<SettingsOfGame>,
) {
    if !state.is_changed() {
        return;
    }
    let is_in_room = !matches!(state.get(), NetplayState::Offline | NetplayState::Ended);
    run_in_background(is_in_room);
    let Some(mut settings) = settings else { return };
    if is_in_room {
        of_game.0.get_or_insert_with(|| settings.clone());
        settings.focused_mode = UpdateMode::Continuous;
        settings.unfocused_mode = UpdateMode::Continuous;
    } else if let Some(before) = of_game.0.take() {
        *settings = before;
    }
}

/// The cameras that were active at the end of the last update of a hidden page.
///
/// They are inactive only between two updates, while Bevy extracts what it draws: the game's systems see their cameras
/// as the game has set them.
#[derive(Resource, Default)]
struct DeactivatedCameras(Vec<Entity>);

fn deactivate_cameras(
    mut cameras: Query<(Entity, &mut Camera)>,
    mut deactivated: ResMut<DeactivatedCameras>,
) {
    for (entity, mut camera) in &mut cameras {
        if camera.is_active {
            camera.bypass_change_detection().is_active = false;
            deactivated.0.push(entity);
        }
    }
}

fn reactivate_cameras(
    mut cameras: Query<&mut Camera>,
    mut deactivated: ResMut<DeactivatedCameras>,
) {
    for entity in deactivated.0.drain(..) {
        if let Ok(mut camera) = cameras.get_mut(entity) {
            camera.bypass_change_detection().is_active = true;
        }
    }
}
