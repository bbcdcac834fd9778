//! The page around a room: it is closed, loaded again or left for another one, and sometimes shown again.

use std::future::pending;
use std::sync::{Mutex, Weak};

use wasm_bindgen::prelude::*;

use super::{RoomDriver, lock};
use crate::rtc::{Task, spawn};

/// Tells a room when its page goes away and when it is shown again, until the task is dropped.
pub(super) fn watch(driver: Weak<Mutex<RoomDriver>>) -> Task {
    let call = |driver: Weak<Mutex<RoomDriver>>, act: fn(&mut RoomDriver)| {
        Closure::<dyn FnMut()>::new(move || {
            if let Some(driver) = driver.upgrade() {
                act(&mut lock(&driver));
            }
        })
    };
    spawn(async move {
        let hidden = call(driver.clone(), RoomDriver::go_away);
        let shown = call(driver, RoomDriver::come_back);
        let _listeners = Listeners(listen(hidden.as_ref(), shown.as_ref()));
        // The listeners are removed before the closures are dropped.
        pending::<()>().await;
    })
}

struct Listeners(JsValue);

impl Drop for Listeners {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

#[wasm_bindgen(module = "/src/driven_room/page.js")]
extern "C" {
    fn listen(hidden: &JsValue, shown: &JsValue) -> JsValue;
    fn remove(listeners: &JsValue);
}
