//! When to dial which server next, after the connection was lost.

use std::time::Duration;

use netplay_protocol::signaling::Refusal;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// The longest wait in the first round through the servers.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait of all.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// How many servers are remembered: a draining server can name another one, which can name another one.
const MAX_SERVERS: usize = 16;

/// Exponential backoff with full jitter over several servers: each wait is uniformly distributed between zero
/// and a bound that doubles with every round through the servers. Clients that lost the same server at the same
/// moment then do not come back at the same moment ("Exponential Backoff And Jitter", AWS Architecture Blog,
/// 2015).
#[derive(Debug)]
pub(super) struct Backoff {
    /// Dialed in turn. The first one is the server of the last connection.
    servers: Vec<String>,
    /// Dials since the connection was lost.
    dials: u32,
    /// How many servers in a row have refused for good.
    refusals: usize,
    random: Pcg32,
}

impl Backoff {
    pub(super) fn new(servers: Vec<String>, seed: u64) -> Self {
        Self { servers, dials: 0, refusals: 0, random: Pcg32::seed_from_u64(seed) }
    }

    /// The server of the first connection: after a loss it is dialed first, then those behind it in the list.
    pub(super) fn start_at(&mut self, server: &str) {
        if let Some(place) = self.servers.iter().position(|known| known == server) {
            self.servers.rotate_left(place);
        }
    }

    /// Whether the server is one of those that are dialed.
    pub(super) fn knows(&self, server: &str) -> bool {
        self.servers.iter().any(|known| known == server)
    }

    /// Dials this server before the others.
    pub(super) fn prefer(&mut self, server: String) {
        self.servers.retain(|known| *known != server);
        self.servers.insert(0, server);
        self.servers.truncate(MAX_SERVERS);
    }

    /// How long to wait, and which server to dial then.
    pub(super) fn next_dial(&mut self) -> (Duration, String) {
        let count = u32::try_from(self.servers.len()).unwrap_or(u32::MAX).max(1);
        let round = (self.dials / count).min(16);
        let bound = FIRST_WAIT.saturating_mul(1 << round).min(LONGEST_WAIT);
        let server = self.servers.get((self.dials % count) as usize).cloned().unwrap_or_default();
        self.dials = self.dials.saturating_add(1);
        (bound.mul_f32(self.random.random()), server)
    }

    /// The server could not be reached.
    pub(super) fn report_unreachable(&mut self) {
        self.refusals = 0;
    }

    /// The server refused. Returns whether dialing on is useless, because all servers, one after the other, have
    /// refused for good.
    #[must_use]
    pub(super) fn report_refused(&mut self, reason: &Refusal) -> bool {
        if is_temporary(reason) {
            self.refusals = 0;
        } else {
            self.refusals += 1;
        }
        self.refusals >= self.servers.len()
    }

    /// The server let the client in: from now on it is the first one.
    pub(super) fn reset(&mut self, server: String) {
        self.prefer(server);
        (self.dials, self.refusals) = (0, 0);
    }
}

/// Whether the same request can succeed later, or on another server.
pub(super) fn is_temporary(reason: &Refusal) -> bool {
    matches!(
        reason,
        Refusal::TimedOut
            | Refusal::TooSlow
            | Refusal::RateLimited { .. }
            | Refusal::TooMany { .. }
            | Refusal::Draining
            | Refusal::ShuttingDown
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn backoff(servers: &[&str], first: &str) -> Backoff {
        let servers = servers.iter().map(|server| (*server).to_owned()).collect();
        let mut backoff = Backoff::new(servers, 7);
        backoff.start_at(first);
        backoff
    }

    #[test]
    fn servers_are_dialed_in_turn_from_the_one_of_the_last_connection() {
        let mut backoff = backoff(&["a", "b", "c"], "b");
        let dialed: Vec<_> = (0..5).map(|_| backoff.next_dial().1).collect();
        assert_eq!(dialed, ["b", "c", "a", "b", "c"]);
        backoff.reset("a".into());
        assert_eq!(backoff.next_dial().1, "a");
        backoff.prefer("elsewhere".into());
        backoff.reset("elsewhere".into());
        let dialed: Vec<_> = (0..4).map(|_| backoff.next_dial().1).collect();
        assert_eq!(dialed, ["elsewhere", "a", "b", "c"]);
    }

    #[test]
    fn waits_grow_with_every_round_are_jittered_and_bounded() {
        let mut backoff = backoff(&["a", "b"], "a");
        let waits: Vec<_> = (0..40).map(|_| backoff.next_dial().0).collect();
        for (index, wait) in waits.iter().enumerate() {
            let bound = FIRST_WAIT.saturating_mul(1 << (index / 2).min(16)).min(LONGEST_WAIT);
            assert!(*wait <= bound, "{index}: {wait:?}");
        }
        assert!(waits[20..].iter().any(|wait| *wait > LONGEST_WAIT / 2));
        assert!(waits[20..].iter().any(|wait| *wait < LONGEST_WAIT / 2));
        backoff.reset("a".into());
        assert!(backoff.next_dial().0 <= FIRST_WAIT);
    }

    #[test]
    fn dialing_ends_when_every_server_has_refused_for_good() {
        let mut backoff = backoff(&["a", "b"], "a");
        assert!(!backoff.report_refused(&Refusal::CannotResume));
        backoff.report_unreachable();
        assert!(!backoff.report_refused(&Refusal::CannotResume));
        assert!(!backoff.report_refused(&Refusal::ShuttingDown));
        assert!(!backoff.report_refused(&Refusal::CannotResume));
        assert!(backoff.report_refused(&Refusal::CannotResume));
    }
}
