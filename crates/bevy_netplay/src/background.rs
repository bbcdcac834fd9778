//! Keeps a hidden page simulating while it is in a room: see `background.js`.

use bevy::prelude::*;
use wasm_bindgen::prelude::*;

use crate::NetplayState;

#[wasm_bindgen(module = "/src/background.js")]
extern "C" {
    #[wasm_bindgen(js_name = runInBackground)]
    fn run_in_background(wanted: bool);
}

/// Lets a hidden page run on while it is in a room.
pub(crate) fn run_in_background_in_rooms(state: Res<State<NetplayState>>) {
    if state.is_changed() {
        run_in_background(!matches!(state.get(), NetplayState::Offline | NetplayState::Ended));
    }
}
