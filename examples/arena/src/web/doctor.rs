//! The doctor, for the start screen: no App runs yet.

use std::cell::RefCell;

use arena::GAME;
use bevy_netplay::protocol::signaling::GameInfo;
use bevy_netplay::transport::doctor::{DoctorEvent, DoctorOptions, DoctorTask};
use serde::Serialize;
use wasm_bindgen::prelude::*;

thread_local! {
    /// The examination that is under way.
    static TASK: RefCell<Option<DoctorTask>> = const { RefCell::new(None) };
}

/// Begins to examine a server. An examination that is under way is given up.
pub fn start(server: &str) {
    let game = GameInfo { game: GAME.into(), ..GameInfo::default() };
    let server = server.to_owned();
    TASK.set(Some(DoctorTask::start(DoctorOptions { server, game, ..DoctorOptions::default() })));
}

/// What the page shows.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Shown {
    Step {
        name: String,
        ok: bool,
        ms: f64,
        text: String,
    },
    /// All steps have ended. The sentences of what is wrong.
    Finished(Vec<String>),
}

/// What happened since the last call as JSON, one at a time; nothing as long as there is nothing.
///
/// # Errors
///
/// A sentence where it cannot be written.
pub fn poll() -> Result<Option<String>, JsValue> {
    let event = TASK.with_borrow_mut(|task| task.as_mut().and_then(DoctorTask::poll));
    let shown = match event {
        None => return Ok(None),
        Some(DoctorEvent::Step(step)) => Shown::Step {
            name: step.kind.to_string(),
            ok: step.is_ok(),
            ms: step.took.as_secs_f64() * 1e3,
            text: step.outcome.to_string(),
        },
        Some(DoctorEvent::Finished(report)) => {
            TASK.set(None);
            Shown::Finished(report.findings.iter().map(ToString::to_string).collect())
        }
    };
    let written = example_runner::page::json(&shown).map(Some);
    written.map_err(|error| JsValue::from_str(&error.to_string()))
}
