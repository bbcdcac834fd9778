//! The game in a browser: functions that the page calls.
//!
//! Nothing runs until the page calls [`play`]. From then on the game sends events to the page ([`bridge`]), and the
//! page can hold buttons ([`hold`]), send actions ([`wish`], [`lobby_wish`]) and say something ([`say`]).

mod bridge;
mod doctor;
mod lobby;
mod rooms;

use std::process::ExitCode;

use arena::GAME;
use arena::bot::BotPlugin;
use arena::measure::undrawn;
use arena::planted::{PlantedFault, PlantedFaultPlugin};
use arena::view::Invite;
use bevy::prelude::*;
use example_runner::page::{self, Options, ReportPlugin};
use wasm_bindgen::prelude::*;

/// Does nothing: the page calls the functions below.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}

/// Joins a room and plays in the element `#arena`. Takes [`Options`] as JSON, and throws a sentence if they are
/// wrong. Must be called only once.
#[wasm_bindgen]
pub fn play(options: &str) -> Result<(), JsValue> {
    let options = Options::read(options)?;
    let fault = Some(&options.plant).filter(|name| !name.is_empty());
    let fault: Option<PlantedFault> = fault.map(|name| name.parse()).transpose()?;
    let mut config = options.config(GAME)?;
    // A player who plants a fault wants to see what comes of it: the bundle is downloaded.
    config.desync.directory = fault.map(|_| "desync".into());
    let invite = Invite {
        how_to_join: "send the invitation above to the other players".into(),
        name: options.name.clone(),
        local_players: options.local,
        resume_token: options.resume_token.clone(),
        least: options.least,
        public: options.public.clone(),
        ..Invite::new(options.server.clone(), options.room.clone(), options.players)
    };
    crate::window::run(invite, config, |app| {
        app.add_plugins((bridge::plugin, lobby::plugin, ReportPlugin { frames: options.frames }));
        if options.undrawn {
            app.add_plugins(undrawn);
        }
        if let Some(fault) = fault {
            app.add_plugins(PlantedFaultPlugin(fault));
        }
        if options.autopilot {
            app.add_plugins(BotPlugin { seed: options.seed, hunts: options.hunt });
        }
    });
    Ok(())
}

/// Holds these buttons in addition to those of the keyboard: bits of `arena::sim::ArenaInput`.
#[wasm_bindgen]
pub fn hold(buttons: u8) {
    bridge::hold(buttons);
}

/// Does what a key does: `join`, `leave`, `rematch`, `mute`, or `overlay` for F3, which phones do not have. `report` saves
/// the report of the match, `restart` votes for a rematch in the middle of a round.
#[wasm_bindgen]
pub fn wish(what: &str) {
    bridge::wish(what);
}

/// Does what a button of the lobby does: `ready`, `start`, `color`, `length`; `kick`, `ban` or `mute` of a peer.
#[wasm_bindgen]
pub fn lobby_wish(what: &str, peer: &str) {
    lobby::wish(what, peer);
}

/// Says something to the others in the room.
#[wasm_bindgen]
pub fn say(text: &str) {
    lobby::say(text);
}

/// Begins to read the list of public rooms of a server, from its beginning or from `next` of the page before.
#[wasm_bindgen]
pub fn read_rooms(server: &str, before: Option<u64>) {
    rooms::read(server, before);
}

/// The rooms that are being read, as JSON `{rooms, next}`; nothing as long as they are not there. Throws a sentence if
/// there are none to be had.
#[wasm_bindgen]
pub fn listed_rooms() -> Result<Option<String>, JsValue> {
    rooms::poll()
}

/// Begins to examine the connection to a server.
#[wasm_bindgen]
pub fn start_doctor(server: &str) {
    doctor::start(server);
}

/// What the doctor did since the last call, as JSON `{step}` or `{finished}`; nothing as long as there is nothing. Throws
/// a sentence if it cannot be written.
#[wasm_bindgen]
pub fn poll_doctor() -> Result<Option<String>, JsValue> {
    doctor::poll()
}

/// The QR code of a text, as [`page::qr`] makes it. Throws a sentence if the text is too long.
#[wasm_bindgen]
pub fn qr(text: &str) -> Result<Vec<u8>, JsValue> {
    page::qr(text)
}

/// The checksum of a fixed match as this browser computes it, in hexadecimal digits. If it is not
/// [`GOLDEN`](arena::fixed_match::GOLDEN), this browser cannot be in sync with other peers.
#[wasm_bindgen]
pub fn selfcheck() -> Result<String, JsValue> {
    page::checksum(arena::fixed_match::checksum())
}
