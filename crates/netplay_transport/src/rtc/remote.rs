use std::time::Duration;

use web_time::Instant;

use super::attempt::Attempt;
use super::gate::Role;
use super::platform::now;
use super::relay::Relay;

/// Attempts in a row before a peer counts as unreachable.
const MAX_ATTEMPTS: u32 = 3;
/// How long to wait before the second attempt; twice that before the third.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How long the answerer waits for a connection: three attempts of 10 s, their back-offs, and slack.
const GIVE_UP: Duration = Duration::from_secs(40);

/// What the driver knows of one other peer.
pub(super) struct Remote {
    pub(super) attempt: Option<Attempt>,
    pub(super) relay: Relay,
    /// Attempts since the connection was last open.
    pub(super) tries: u32,
    pub(super) retry_at: Option<Instant>,
    pub(super) give_up_at: Option<Instant>,
    pub(super) last_failure: String,
}

impl Remote {
    pub(super) fn new() -> Self {
        Self {
            attempt: None,
            relay: Relay::default(),
            tries: 0,
            retry_at: None,
            give_up_at: Some(now() + GIVE_UP),
            last_failure: "nobody answered".to_owned(),
        }
    }

    /// Whether there is a connection that does not need the server.
    pub(super) fn is_open(&self) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| attempt.open)
    }

    /// An attempt failed or an open connection closed: the offerer tries again, the answerer waits.
    pub(super) fn closed(&mut self, role: Role, reason: String) {
        let was_open = self.is_open();
        self.attempt = None;
        self.last_failure = reason;
        if was_open {
            self.give_up_at = Some(now() + GIVE_UP);
        }
        if role == Role::Offerer {
            if self.tries < MAX_ATTEMPTS {
                self.retry_at = Some(now() + BACK_OFF * self.tries);
            } else {
                self.give_up_at = Some(now());
            }
        }
    }
}
