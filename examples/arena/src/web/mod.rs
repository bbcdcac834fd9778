//! The game in a browser: the page says when to play, and where.
//!
//! Nothing runs until the page calls [`play`]. From then on the page is told what happens ([`bridge`]), and may
//! press buttons and ask for what a keyboard would.

mod bridge;
mod options;

use std::process::ExitCode;

use arena::GAME;
use arena::bot::BotPlugin;
use arena::measure::undrawn;
use arena::view::Invite;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use wasm_bindgen::prelude::*;

use options::Options;

/// The page is drawn already; it calls what is below.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}

/// Joins a room and plays in the element `#arena`. Takes [`Options`] as JSON; throws a sentence about what is
/// wrong with them. To be called once.
#[wasm_bindgen]
pub fn play(options: &str) -> Result<(), JsValue> {
    let options: Options = serde_json::from_str(options)
        .map_err(|error| JsValue::from_str(&format!("the options of the game: {error}")))?;
    let config = NetplayConfig {
        game: GAME.into(),
        policy: options.policy()?,
        emulate: options.conditions()?,
        identity: options.identity()?,
        ..NetplayConfig::default()
    };
    let invite = Invite {
        how_to_join: "send the link above to whoever is to play".into(),
        name: options.name.clone(),
        seat: options.seat.clone(),
        ..Invite::new(options.server.clone(), options.room.clone(), options.players)
    };
    crate::window::run(invite, config, |app| {
        app.add_plugins(bridge::Bridge { frames: options.frames });
        if options.undrawn {
            app.add_plugins(undrawn);
        }
        if options.autopilot {
            app.add_plugins(BotPlugin { seed: options.seed, hunts: options.hunt });
        }
    });
    Ok(())
}

/// Holds these buttons for the player, beside those of the keyboard: bits of `arena::sim::ArenaInput`.
#[wasm_bindgen]
pub fn hold(buttons: u8) {
    bridge::hold(buttons);
}

/// Does what a key would: `join`, `leave` or `rematch`; or votes for a `restart` in the middle of a round.
#[wasm_bindgen]
pub fn wish(what: &str) {
    bridge::wish(what);
}

/// What this browser computes of a match that every machine computes alike, in hexadecimal digits:
/// [`GOLDEN`](arena::sync_test::GOLDEN), or peers are not in sync.
#[wasm_bindgen]
pub fn selfcheck() -> Result<String, JsValue> {
    let checksum = arena::sync_test::checksum_of_fixed_match();
    checksum.map(|sum| format!("{sum:x}")).map_err(|error| JsValue::from_str(&error.to_string()))
}
