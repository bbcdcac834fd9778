//! Whether anything is heard of the peer.

use std::time::Duration;

/// When the peer was last heard, and whether that is long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Liveness {
    Alive { last_heard: Duration },
    Silent { last_heard: Duration },
}

impl Liveness {
    /// A link counts as alive when it is created.
    pub(super) fn new(now: Duration) -> Self {
        Self::Alive { last_heard: now }
    }

    /// How long nothing has been heard.
    pub(super) fn silence(self, now: Duration) -> Duration {
        let (Self::Alive { last_heard } | Self::Silent { last_heard }) = self;
        now.saturating_sub(last_heard)
    }

    pub(super) fn is_silent(self) -> bool {
        matches!(self, Self::Silent { .. })
    }

    /// Something was heard at `at`. Returns how long the silence lasted, if there was one.
    pub(super) fn handle_heard(&mut self, at: Duration) -> Option<Duration> {
        let (Self::Alive { last_heard } | Self::Silent { last_heard }) = *self;
        let silence = self.is_silent().then(|| at.saturating_sub(last_heard));
        *self = Self::Alive { last_heard: last_heard.max(at) };
        silence
    }

    /// Nobody listened until now: the silence begins at this moment, if it goes on.
    pub(super) fn exclude_silence(&mut self, now: Duration) {
        let (Self::Alive { last_heard } | Self::Silent { last_heard }) = self;
        *last_heard = now.max(*last_heard);
    }

    /// Returns whether a silence begins.
    pub(super) fn handle_timeout(&mut self, now: Duration, silent_after: Duration) -> bool {
        match *self {
            Self::Alive { last_heard } if now.saturating_sub(last_heard) >= silent_after => {
                *self = Self::Silent { last_heard };
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_silence_begins_once_and_its_end_says_how_long_it_was() {
        let mut liveness = Liveness::new(Duration::ZERO);
        assert_eq!(liveness.handle_heard(MS * 10), None);
        let begins = [1009, 1010, 1011].map(|ms| liveness.handle_timeout(MS * ms, MS * 1000));
        assert_eq!((begins, liveness.is_silent()), ([false, true, false], true));
        assert_eq!(liveness.handle_heard(MS * 1510), Some(MS * 1500));
        assert_eq!(liveness, Liveness::Alive { last_heard: MS * 1510 });
    }

    #[test]
    fn time_in_which_nobody_listened_is_no_silence() {
        for (until, was_silent) in [(500, false), (2000, true)] {
            let mut liveness = Liveness::new(Duration::ZERO);
            liveness.handle_timeout(MS * until, MS * 1000);
            liveness.exclude_silence(MS * 9000);
            assert_eq!(liveness.silence(MS * 9100), MS * 100);
            assert_eq!(liveness.is_silent(), was_silent);
            assert_eq!(liveness.handle_heard(MS * 9200).is_some(), was_silent);
        }
    }

    #[test]
    fn a_packet_that_came_before_the_last_one_does_not_lengthen_the_silence() {
        let mut liveness = Liveness::new(Duration::ZERO);
        liveness.handle_heard(MS * 20);
        liveness.handle_heard(MS * 10);
        assert_eq!(liveness.silence(MS * 25), MS * 5);
    }
}
