//! The list of public rooms, for the start screen: no App runs yet.

use std::cell::RefCell;

use arena::rooms::{self, ShownRoom};
use bevy_netplay::transport::rtc::RoomListTask;
use serde::Serialize;
use wasm_bindgen::prelude::*;

thread_local! {
    /// The page that is being read.
    static TASK: RefCell<Option<RoomListTask>> = const { RefCell::new(None) };
}

/// Begins to read the list of a server, from its beginning or from what `next` of the page before says. What was being
/// read is given up.
pub fn read(server: &str, before: Option<u64>) {
    TASK.set(Some(rooms::read(server, before)));
}

#[derive(Serialize)]
struct Listed {
    rooms: Vec<ShownRoom>,
    /// Where the next page begins, as a text: it may be a larger number than JavaScript has.
    next: Option<String>,
}

/// The page of the list as JSON; nothing as long as it is being read.
///
/// # Errors
///
/// A sentence where there is none.
pub fn poll() -> Result<Option<String>, JsValue> {
    let outcome = TASK.with_borrow_mut(|task| task.as_mut().and_then(RoomListTask::poll));
    let Some(outcome) = outcome else { return Ok(None) };
    TASK.set(None);
    let sentence = |error: &dyn std::fmt::Display| JsValue::from_str(&error.to_string());
    let page = outcome.map_err(|reason| sentence(&reason))?;
    let next = page.next.map(|next| next.to_string());
    let listed = Listed { rooms: rooms::shown(page), next };
    example_runner::page::json(&listed).map(Some).map_err(|error| sentence(&error))
}
