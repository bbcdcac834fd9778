//! The work that is due at a time and not because of a message.

use std::sync::Arc;
use std::time::Duration;

use netplay_protocol::RoomCode;
use tokio::time::sleep_until;

use super::Hub;
use crate::backbone::Backbone;
use crate::room::Room;

/// How often the limits forget addresses without recent connections.
const SWEEP: Duration = Duration::from_secs(60);

impl Hub {
    /// Removes members that are away for too long, continues matchmaking, and frees what is no longer needed.
    /// Runs until it is dropped.
    pub(crate) async fn maintain(self: Arc<Self>) {
        let mut sweep = self.now() + SWEEP;
        loop {
            let rescheduled = self.rescheduled.notified();
            let expiry = self.expiries().next();
            let matchmaking = self.matchmaking.lock().await.poll_timeout();
            let next = [expiry, matchmaking].into_iter().flatten().fold(sweep, Duration::min);
            tokio::select! {
                // In this order: otherwise chance decides, and a simulated server would differ from run to run.
                biased;
                () = sleep_until(self.started + next) => {}
                () = rescheduled => continue,
            }
            if sweep <= self.now() {
                sweep = self.now() + SWEEP;
                self.limits.retain_recent();
            }
            self.expire_members().await;
            self.continue_matchmaking().await;
        }
    }

    pub(super) async fn expire_members(&self) {
        while let Some(code) = self.next_due_room() {
            let rules = self.rules();
            let expire = |room: &mut Option<Room>| {
                if let Some(room) = room {
                    room.handle_timeout(rules);
                }
                self.schedule_expiry(&code, room.as_ref());
            };
            self.backbone.change(&code, expire).await;
        }
    }

    /// The next room whose expiry is due now.
    fn next_due_room(&self) -> Option<RoomCode> {
        let now = self.now();
        self.expiries().pop_due(now)
    }
}
