//! Whether the machine may be on another network.
//!
//! The native side sees the address that packets leave from; a browser says when the machine is online again or uses
//! another kind of network. Everything else shows as silence: when nothing is heard on any path, from nobody, the cause
//! is more likely here than at every other peer at once.

use std::time::Duration;

use web_time::Instant;

/// For how long nothing must be heard on any path.
const SILENCE: Duration = Duration::from_secs(2);
/// How long nothing is reported after a report: changes come in groups.
const SETTLE: Duration = Duration::from_secs(2);
/// After a longer time than this between two checks the process was paused, as a page is in an update that takes long,
/// and heard nothing because of that. It counts if it follows another pause: some clocks are that slow.
const PAUSE: Duration = Duration::from_millis(1500);

/// See the [module](self).
#[derive(Debug)]
pub(super) struct NetworkWatch<Route> {
    route: Option<Route>,
    checked: Instant,
    /// Whether the time before the last check was a pause that does not count.
    paused: bool,
    silent: bool,
    /// A change that was not reported yet.
    pending: bool,
    quiet_until: Instant,
}

impl<Route: PartialEq> NetworkWatch<Route> {
    pub(super) fn new(now: Instant, route: Option<Route>) -> Self {
        let (paused, silent, pending) = (false, false, false);
        Self { route, checked: now, paused, silent, pending, quiet_until: now }
    }

    /// Takes the network that packets leave by, where that can be seen, and when each open path last carried anything.
    /// Returns whether a change is to be reported.
    pub(super) fn check(
        &mut self,
        now: Instant,
        route: Option<Route>,
        heard: impl IntoIterator<Item = Instant>,
    ) -> bool {
        // Without any network there is none to change to.
        if route.is_some() && self.route != route {
            self.pending |= self.route.is_some();
            self.route = route;
        }
        let passed = now.saturating_duration_since(std::mem::replace(&mut self.checked, now));
        self.paused = passed > PAUSE && !self.paused;
        let last = heard.into_iter().max();
        let silent = last.is_some_and(|last| now.saturating_duration_since(last) >= SILENCE);
        if !self.paused {
            self.pending |= silent && !self.silent;
            self.silent = silent;
        }
        let reported = self.pending && now >= self.quiet_until;
        if reported {
            self.pending = false;
            self.quiet_until = now + SETTLE;
        }
        reported
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second in which each check is made, its route, when each path was heard, and what is to come of it.
    fn checks(checks: &[(u64, Option<u8>, &[u64], bool)]) {
        let zero = super::super::platform::now();
        let at = |second: &u64| zero + Duration::from_secs(*second);
        let mut watch = NetworkWatch::new(zero, Some(1));
        for (second, route, heard, expected) in checks {
            let reported = watch.check(at(second), *route, heard.iter().map(at));
            assert_eq!(reported, *expected, "second {second}");
        }
    }

    #[test]
    fn another_route_is_reported_once_and_changes_that_follow_as_one() {
        checks(&[
            (1, Some(1), &[], false),
            (2, None, &[], false),
            (3, Some(2), &[], true),
            (4, Some(3), &[], false),
            (5, Some(2), &[], true),
            (6, Some(2), &[], false),
            (9, Some(2), &[], false),
        ]);
    }

    #[test]
    fn silence_on_every_path_at_once_is_reported_once() {
        checks(&[
            (1, Some(1), &[1, 1], false),
            (2, Some(1), &[1, 2], false),
            (3, Some(1), &[1, 2], false),
            (4, Some(1), &[1, 2], true),
            (5, Some(1), &[1, 2], false),
            (7, Some(1), &[1, 2], false),
            (8, Some(1), &[1, 8], false),
            (9, Some(1), &[1, 8], false),
            (10, Some(1), &[1, 8], true),
        ]);
    }

    #[test]
    fn a_pause_of_this_process_and_a_room_without_paths_are_not_silence() {
        checks(&[
            (1, Some(1), &[1], false),
            (9, Some(1), &[1], false),
            (10, Some(1), &[10], false),
            (11, Some(1), &[], false),
            (14, Some(1), &[], false),
        ]);
    }

    #[test]
    fn an_update_of_a_page_that_takes_seconds_is_not_silence_and_a_slow_clock_is_no_excuse() {
        checks(&[
            (1, Some(1), &[1], false),
            (3, Some(1), &[1], false),
            (4, Some(1), &[4], false),
            (7, Some(1), &[4], false),
            (8, Some(1), &[8], false),
            // Every two seconds, as the timers of some hidden pages.
            (10, Some(1), &[8], false),
            (12, Some(1), &[8], true),
        ]);
    }
}
