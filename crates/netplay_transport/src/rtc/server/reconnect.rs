//! When to try which server again.

use std::time::Duration;

use netplay_protocol::signaling::Refusal;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// The longest wait in the first round.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait of all.
const LONGEST: Duration = Duration::from_secs(8);
/// How many servers are remembered: a server may send us from one to the next.
const MOST_SERVERS: usize = 16;

/// Exponential back-off with full jitter: each wait is anything between nothing and a bound that doubles
/// with every round through the servers. Clients that lost the same server at the same moment then do not
/// come back at the same moment ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
#[derive(Debug)]
pub(super) struct Reconnect {
    /// Tried in turn. The first one is where we were.
    servers: Vec<String>,
    /// Tries since the connection was lost.
    tries: u32,
    /// How many servers in a row have refused.
    refusals: usize,
    random: Pcg32,
}

impl Reconnect {
    /// The servers, and which of them we are on.
    pub(super) fn new(mut servers: Vec<String>, current: &str, seed: u64) -> Self {
        if let Some(place) = servers.iter().position(|server| server == current) {
            servers.rotate_left(place);
        }
        Self { servers, tries: 0, refusals: 0, random: Pcg32::seed_from_u64(seed) }
    }

    /// A server that is to be tried before the others.
    pub(super) fn prefer(&mut self, server: String) {
        self.servers.retain(|known| *known != server);
        self.servers.insert(0, server);
        self.servers.truncate(MOST_SERVERS);
    }

    /// Where to go next, and how long to wait before.
    pub(super) fn next_try(&mut self) -> (Duration, String) {
        let count = u32::try_from(self.servers.len()).unwrap_or(u32::MAX).max(1);
        let round = (self.tries / count).min(16);
        let bound = FIRST.saturating_mul(1 << round).min(LONGEST);
        let server = self.servers.get((self.tries % count) as usize).cloned().unwrap_or_default();
        self.tries = self.tries.saturating_add(1);
        (bound.mul_f32(self.random.random()), server)
    }

    /// That server could not be reached.
    pub(super) fn unreachable(&mut self) {
        self.refusals = 0;
    }

    /// That server refused. Says whether there is no hope: all of them have, one after the other, and
    /// for good.
    pub(super) fn refused(&mut self, reason: &Refusal) -> bool {
        if is_temporary(reason) {
            self.refusals = 0;
        } else {
            self.refusals += 1;
        }
        self.refusals >= self.servers.len()
    }

    /// That server took us back: from now on it is the first one.
    pub(super) fn succeeded(&mut self, server: String) {
        self.prefer(server);
        (self.tries, self.refusals) = (0, 0);
    }
}

/// Whether it makes sense to come back later, or to another server.
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

    fn reconnect(servers: &[&str], current: &str) -> Reconnect {
        Reconnect::new(servers.iter().map(|server| (*server).to_owned()).collect(), current, 7)
    }

    #[test]
    fn servers_are_tried_in_turn_from_the_one_we_were_on() {
        let mut reconnect = reconnect(&["a", "b", "c"], "b");
        let tried: Vec<_> = (0..5).map(|_| reconnect.next_try().1).collect();
        assert_eq!(tried, ["b", "c", "a", "b", "c"]);
        reconnect.succeeded("a".into());
        assert_eq!(reconnect.next_try().1, "a");
        reconnect.prefer("elsewhere".into());
        reconnect.succeeded("elsewhere".into());
        let tried: Vec<_> = (0..4).map(|_| reconnect.next_try().1).collect();
        assert_eq!(tried, ["elsewhere", "a", "b", "c"]);
    }

    #[test]
    fn waits_grow_with_every_round_are_jittered_and_bounded() {
        let mut reconnect = reconnect(&["a", "b"], "a");
        let waits: Vec<_> = (0..40).map(|_| reconnect.next_try().0).collect();
        for (index, wait) in waits.iter().enumerate() {
            let bound = FIRST.saturating_mul(1 << (index / 2).min(16)).min(LONGEST);
            assert!(*wait <= bound, "{index}: {wait:?}");
        }
        assert!(waits[20..].iter().any(|wait| *wait > LONGEST / 2));
        assert!(waits[20..].iter().any(|wait| *wait < LONGEST / 2));
        reconnect.succeeded("a".into());
        assert!(reconnect.next_try().0 <= FIRST);
    }

    #[test]
    fn hope_ends_when_every_server_has_refused_for_good() {
        let mut reconnect = reconnect(&["a", "b"], "a");
        assert!(!reconnect.refused(&Refusal::CannotResume));
        reconnect.unreachable();
        assert!(!reconnect.refused(&Refusal::CannotResume));
        assert!(!reconnect.refused(&Refusal::ShuttingDown));
        assert!(!reconnect.refused(&Refusal::CannotResume));
        assert!(reconnect.refused(&Refusal::CannotResume));
    }
}
