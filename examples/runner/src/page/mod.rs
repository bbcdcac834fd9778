//! A game in a page of a browser.
//!
//! A page passes [`Options`] to a function of its game. From then on the game dispatches events of the type `game` on
//! the document ([`send`]): `{report}` when the frame is confirmed that the page has asked for, and `{state, …}` as it
//! goes on.

mod options;
mod qr;
mod report;
mod state;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::protocol::limits::MIN_PLAYERS;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::measure::undrawn;
use crate::{Controls, Game, window};

pub use options::Options;
pub use qr::qr;
pub use report::ReportPlugin;
pub use state::state_name;

#[wasm_bindgen(
    inline_js = "export function tell(json) { document.dispatchEvent(new CustomEvent('game', { detail: JSON.parse(json) })); }"
)]
extern "C" {
    fn tell(json: &str);
}

/// A value as JSON, for the page.
///
/// # Errors
///
/// [`serde_json::Error`] where it has no form in JSON.
pub fn json(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value)
}

/// Tells the page something.
pub fn send(what: &impl Serialize) {
    match json(what) {
        Ok(json) => tell(&json),
        Err(error) => error!("an event for the page could not be written as JSON: {error}"),
    }
}

/// Joins a room and plays in the element `#game`. Takes [`Options`] as JSON. Must be called only once.
///
/// # Errors
///
/// A sentence where an option is wrong.
pub fn play(game: &'static Game, options: &str) -> Result<(), JsValue> {
    let options = Options::read(options)?;
    let config = options.config(game.version)?;
    if options.players.is_some_and(|players| players > game.most_players) {
        let sentence =
            format!("{} is for {MIN_PLAYERS} to {} players", game.title, game.most_players);
        return Err(options::sentence(sentence));
    }
    let room = options.room();
    let controls = match options.autopilot {
        true => Controls::Bot { seed: options.seed, hunts: options.hunt },
        false => Controls::Keyboard,
    };
    let mut app = window::app(game.title, "#game");
    (game.simulation)(&mut app, config);
    (game.controls)(&mut app, controls);
    (game.view)(&mut app);
    app.add_plugins((ReportPlugin { frames: options.frames }, state::plugin))
        .add_systems(Startup, move |mut commands: Commands| commands.join_room(room.clone()));
    if options.undrawn {
        app.add_plugins(undrawn);
    }
    app.run();
    Ok(())
}

/// A checksum as a page compares it with others.
///
/// # Errors
///
/// A sentence where the sync test failed.
pub fn checksum(result: Result<u64, bevy_netplay::SyncTestError>) -> Result<String, JsValue> {
    result.map(|checksum| format!("{checksum:x}")).map_err(options::sentence)
}
