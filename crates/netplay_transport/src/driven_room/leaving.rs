//! [`Leaving`]: a room that was left, until the others know.

use std::time::Duration;

use futures_timer::Delay;
use netplay_core::path::{Channel, PathId};
use netplay_core::transport::TransportEvent;
use netplay_protocol::PeerKey;

use crate::Transport;
use crate::rtc::{finish, real_time};

/// How often a goodbye is repeated, besides the first time. Nobody acknowledges it.
const REPEATS: u32 = 3;
/// How much time lies between two of them.
const REPEAT_EVERY: Duration = Duration::from_millis(30);
/// How often a room that was left is looked at before the process ends.
const TICK: Duration = Duration::from_millis(5);

/// A room that was left: its transport still has to say goodbye.
pub struct Leaving {
    transport: Box<dyn Transport>,
    /// The goodbyes that went out as datagrams.
    goodbyes: Vec<(PeerKey, PathId, Vec<u8>)>,
    repeat_at: Duration,
    repeats_left: u32,
    /// The latest moment that it knows of.
    now: Duration,
}

impl Leaving {
    /// The longest time that [`finish`](Self::finish) takes.
    pub const LONGEST: Duration = Duration::from_millis(200);

    pub(super) fn new(
        transport: Box<dyn Transport>,
        goodbyes: Vec<(PeerKey, PathId, Vec<u8>)>,
        now: Duration,
    ) -> Self {
        let (repeat_at, repeats_left) = (now + REPEAT_EVERY, REPEATS);
        Self { transport, goodbyes, repeat_at, repeats_left, now }
    }

    /// Goes on with it. Returns whether everything is said.
    pub fn poll(&mut self, now: Duration) -> bool {
        let now = self.now.max(now);
        self.now = now;
        if self.repeats_left > 0 && now >= self.repeat_at {
            (self.repeat_at, self.repeats_left) = (now + REPEAT_EVERY, self.repeats_left - 1);
            for (peer, path, packet) in &self.goodbyes {
                // A path that is down needs none.
                let _ = self.transport.send(now, *peer, *path, Channel::Datagram, packet);
            }
        }
        self.transport.poll(now);
        while let Some(event) = self.transport.poll_event() {
            if matches!(event, TransportEvent::Left(_)) {
                return true;
            }
        }
        false
    }

    /// Says what is to be said before the process ends: waits for that, for [`LONGEST`](Self::LONGEST) at most. A page
    /// cannot wait; there it goes on in the background.
    pub fn finish(leaving: impl IntoIterator<Item = Self>) {
        let since = |one: Self| (one.now, one);
        let mut leaving: Vec<(Duration, Self)> = leaving.into_iter().map(since).collect();
        // On virtual time there is nothing to wait for.
        leaving.retain_mut(|(now, one)| !one.poll(*now) && one.transport.runs_on_real_time());
        if leaving.is_empty() {
            return;
        }
        let began = real_time();
        finish(async move {
            loop {
                let passed = real_time().saturating_duration_since(began);
                leaving.retain_mut(|(since, one)| !one.poll(*since + passed));
                if leaving.is_empty() || passed >= Self::LONGEST {
                    return;
                }
                Delay::new(TICK).await;
            }
        });
    }
}
