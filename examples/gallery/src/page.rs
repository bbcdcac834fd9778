//! The functions that the page calls.

use bevy_netplay::SyncTestError;
use example_runner::{Game, page};
use wasm_bindgen::prelude::*;

/// A game, and what computes the checksum of its fixed match.
type Entry = (&'static Game, fn() -> Result<u64, SyncTestError>);

/// All games.
static GAMES: [Entry; 2] = [
    (&platformer::GAME, platformer::fixed_match::checksum),
    (&physics::GAME, physics::fixed_match::checksum),
];

/// The game with a name. The error is a sentence.
fn entry(name: &str) -> Result<Entry, JsValue> {
    let entry = GAMES.iter().find(|(game, _)| game.program == name).copied();
    entry.ok_or_else(|| JsValue::from_str(&format!("there is no game {name:?}")))
}

/// Joins a room and plays a game in the element `#game`. Takes [`Options`](page::Options) as JSON, and throws a
/// sentence if they are wrong. Must be called only once.
#[wasm_bindgen]
pub fn play(name: &str, options: &str) -> Result<(), JsValue> {
    page::play(entry(name)?.0, options)
}

/// The checksum of a game's fixed match as this browser computes it, in hexadecimal digits. If it is not the golden
/// one, this browser cannot be in sync with other peers.
#[wasm_bindgen]
pub fn selfcheck(name: &str) -> Result<String, JsValue> {
    page::checksum(entry(name)?.1())
}
