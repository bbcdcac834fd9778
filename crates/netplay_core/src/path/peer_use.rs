//! Whether the peer sends the match on a path.

use std::time::Duration;

/// For how long after the last datagram of the match on a path the peer counts as using it.
const USES: Duration = Duration::from_secs(1);

/// When the peer last sent a datagram of the match on a path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PeerUse(Option<Duration>);

impl PeerUse {
    /// A datagram of the match came.
    pub(crate) fn note(&mut self, at: Duration) {
        self.0 = Some(at);
    }

    /// Whether the peer has sent the match there at some time from `since` on, and no longer does.
    pub(crate) fn has_ended(self, since: Duration, now: Duration) -> bool {
        self.0.is_some_and(|at| at >= since) && !self.is_recent(now)
    }

    /// Whether the peer sends the match there.
    pub(crate) fn is_recent(self, now: Duration) -> bool {
        self.0.is_some_and(|at| now.saturating_sub(at) < USES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_peer_uses_a_path_for_a_second_after_its_last_datagram() {
        let mut use_of_path = PeerUse::default();
        assert!(!use_of_path.is_recent(Duration::ZERO));
        use_of_path.note(Duration::from_secs(3));
        assert!(use_of_path.is_recent(Duration::from_millis(3999)));
        assert!(!use_of_path.is_recent(Duration::from_millis(4000)));
        let ended = |since, now| {
            use_of_path.has_ended(Duration::from_secs(since), Duration::from_secs(now))
        };
        assert_eq!([ended(3, 3), ended(3, 4), ended(4, 9)], [false, true, false]);
    }
}
