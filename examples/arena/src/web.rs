//! The game in a browser: `?server=…&room=…&players=…` in the address says where to play.

use std::process::ExitCode;

use arena::GAME;
use arena::view::Invite;
use bevy_netplay::prelude::*;

pub fn run() -> ExitCode {
    let query =
        web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let parameters = web_sys::UrlSearchParams::new_with_str(&query).ok();
    let get = |name: &str| {
        parameters.as_ref().and_then(|all| all.get(name)).filter(|value| !value.is_empty())
    };

    let config = NetplayConfig { game: GAME.into(), ..NetplayConfig::default() };
    let invite = Invite {
        server: get("server").unwrap_or_else(|| config.server.clone()),
        room: get("room").unwrap_or_else(|| "ARENA".into()),
        players: get("players").and_then(|players| players.parse().ok()).unwrap_or(2),
    };
    crate::window::run(invite, config, |_| {});
    ExitCode::SUCCESS
}
