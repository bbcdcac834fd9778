//! What happens because time has passed, and not because anybody asked.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep_until;

use super::Hub;
use crate::backbone::Backbone;
use crate::room::Room;

/// How often the limits forget addresses that have been quiet.
const SWEEP: Duration = Duration::from_secs(60);

impl Hub {
    /// Frees the seats of those who stay away, goes on with matchmaking, and forgets what is over. Runs
    /// until it is dropped.
    pub(crate) async fn keep_house(self: Arc<Self>) {
        let mut sweep = self.now() + SWEEP;
        loop {
            let rescheduled = self.rescheduled.notified();
            let expiry = self.expiries().peek().map(|Reverse((at, _))| *at);
            let matching = self.matching.lock().await.next_deadline();
            let next = [expiry, matching].into_iter().flatten().fold(sweep, Duration::min);
            tokio::select! {
                () = sleep_until(self.started + next) => {}
                () = rescheduled => continue,
            }
            if sweep <= self.now() {
                sweep = self.now() + SWEEP;
                self.limits.retain_recent();
            }
            self.expire().await;
            self.go_on_matching().await;
        }
    }

    pub(super) async fn expire(&self) {
        while let Some(code) = self.due() {
            let rules = self.rules();
            let step = |slot: &mut Option<Room>| {
                let deliveries = slot.as_mut().map(|room| room.expire(rules));
                let next = slot.as_ref().and_then(Room::next_expiry);
                (next, deliveries.unwrap_or_default())
            };
            if let Some(at) = self.backbone.change(&code, step).await {
                self.look_again(&code, at);
            }
        }
    }

    /// The next room that has to be looked at by now.
    fn due(&self) -> Option<netplay_protocol::RoomCode> {
        let now = self.now();
        let mut expiries = self.expiries();
        let due = expiries.peek().is_some_and(|Reverse((at, _))| *at <= now);
        if !due {
            return None;
        }
        expiries.pop().map(|Reverse((_, code))| code)
    }
}
