//! A page in the background goes on playing: see `background.js`.

use bevy::prelude::*;
use wasm_bindgen::prelude::*;

use crate::NetplayState;

#[wasm_bindgen(module = "/src/background.js")]
extern "C" {
    #[wasm_bindgen(js_name = keepUp)]
    fn keep_up(something: bool);
}

/// Keeps the page going while it is hidden and in a room.
pub(crate) fn keep_up_in_rooms(state: Res<State<NetplayState>>) {
    if state.is_changed() {
        keep_up(!matches!(state.get(), NetplayState::Offline | NetplayState::Ended(_)));
    }
}
