//! [`DrivenRoom`]: a room and its transport, driven by the updates of a game and between them.
//!
//! ```text
//! begin_update ──► simulate ──► end_update ──► the rest of the game ──► begin_update ──► …
//!               keepalives only             the task drives the room
//! ```
//!
//! What a room decides does not wait for the next frame, nor for a game that is busy: a task in the background drives
//! it, natively on a thread of its own, in a page whenever the page is not busy. The events of the room wait for the
//! next update. In a page it also tells the others when the page goes away, before its process ends. A transport that does not [run on real time](crate::Transport::runs_on_real_time) has no such task.

mod driver;
mod leaving;
#[cfg(target_arch = "wasm32")]
mod page;

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use futures::future::{Either, select};
use futures_timer::Delay;
use netplay_core::room::{BetweenFrames, Room};

use crate::Transport;
use crate::rtc::{Task, spawn};
pub use driver::RoomDriver;
pub use leaving::Leaving;

/// A room and its transport, driven by the updates of a game and between them.
///
/// Dropping it closes the transport.
pub struct DrivenRoom {
    driver: Arc<Mutex<RoomDriver>>,
    /// Ends with the room.
    between_frames: Option<Task>,
    #[cfg(target_arch = "wasm32")]
    _page: Option<Task>,
}

impl DrivenRoom {
    /// A room that the local peer joins now, in an update of the game, with the transport that joins it.
    pub fn new(room: Room, transport: Box<dyn Transport>, now: Duration) -> Self {
        Self::with_longest_hitch(room, transport, now, BetweenFrames::LONGEST_HITCH)
    }

    /// The same with another limit than [`BetweenFrames::LONGEST_HITCH`].
    pub fn with_longest_hitch(
        room: Room,
        transport: Box<dyn Transport>,
        now: Duration,
        longest_hitch: Duration,
    ) -> Self {
        let runs = transport.runs_on_real_time();
        let between = BetweenFrames::new(longest_hitch, now);
        let driver = Arc::new(Mutex::new(RoomDriver::new(room, transport, between, now)));
        let task = runs.then(|| spawn(drive_between_frames(Arc::downgrade(&driver))));
        Self {
            #[cfg(target_arch = "wasm32")]
            _page: runs.then(|| page::watch(Arc::downgrade(&driver))),
            driver,
            between_frames: task,
        }
    }

    /// Whether its transport [runs on real time](crate::Transport::runs_on_real_time).
    pub fn runs_on_real_time(&self) -> bool {
        self.between_frames.is_some()
    }

    /// The room, for as long as the guard is kept. Nothing else happens to it meanwhile.
    pub fn lock(&self) -> MutexGuard<'_, RoomDriver> {
        lock(&self.driver)
    }
}

/// A room whose driver panicked is still a room: what it has said so far holds.
fn lock(driver: &Mutex<RoomDriver>) -> MutexGuard<'_, RoomDriver> {
    driver.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drives a room between the updates of its game, until it is left or dropped.
async fn drive_between_frames(driver: Weak<Mutex<RoomDriver>>) {
    let mut ready = false;
    loop {
        let wait = {
            let Some(driver) = driver.upgrade() else { return };
            let mut driver = lock(&driver);
            let Some(wait) = driver.drive_between_frames(ready) else { return };
            wait
        };
        let something = poll_fn(|context| match driver.upgrade() {
            Some(driver) => lock(&driver).poll_ready(context),
            None => Poll::Ready(()),
        });
        ready = matches!(select(something, Delay::new(wait)).await, Either::Left(_));
    }
}
