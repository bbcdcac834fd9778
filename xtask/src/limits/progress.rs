//! Which tests have been running for longer than a minute, read from the output of libtest.

use std::time::{Duration, Instant};

use super::Limits;

/// After this time libtest names a test that is still running.
pub(super) const NAMED_AFTER: Duration = Duration::from_secs(60);

/// The tests of a program that libtest has named.
#[derive(Debug)]
pub struct Progress {
    limits: Limits,
    slow: Vec<Slow>,
    /// When a test ended last. A slow one may have waited for it.
    last_end: Option<Instant>,
}

#[derive(Debug)]
struct Slow {
    name: String,
    began: Instant,
    /// When its processes were killed, because it had exceeded its limit.
    killed: Option<Instant>,
}

/// The tests that have exceeded something.
#[derive(Debug, PartialEq, Eq)]
pub enum Exceeded {
    Nobody,
    /// These have exceeded their limit.
    Limit(Vec<String>),
    /// These did not end after their processes were killed.
    Grace(Vec<String>),
}

impl Progress {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, slow: Vec::new(), last_end: None }
    }

    /// Takes in a line of the output.
    pub fn read(&mut self, line: &str, now: Instant) {
        if line.starts_with("running ") || line.starts_with("test result: ") {
            *self = Self::new(self.limits);
        }
        let Some(line) = line.strip_prefix("test ") else { return };
        if let Some((name, _)) = line.split_once(" has been running for over ") {
            let began = now.checked_sub(NAMED_AFTER).unwrap_or(now);
            self.slow.push(Slow { name: name.to_owned(), began, killed: None });
        } else if let Some((name, _)) = line.split_once(" ... ") {
            self.slow.retain(|slow| slow.name != name);
            self.last_end = Some(now);
        }
    }

    /// When the next test exceeds its limit.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.slow.iter().map(|slow| self.deadline(slow)).min()
    }

    fn deadline(&self, slow: &Slow) -> Instant {
        match slow.killed {
            Some(killed) => killed + self.limits.grace,
            None => self.last_end.map_or(slow.began, |end| end.max(slow.began)) + self.limits.test,
        }
    }

    /// Takes the tests that have exceeded their limit, and later those of them that still did not end.
    pub fn take_exceeded(&mut self, now: Instant) -> Exceeded {
        let late: Vec<bool> = self.slow.iter().map(|slow| self.deadline(slow) <= now).collect();
        let late = || late.iter().zip(&self.slow).filter(|(late, _)| **late).map(|(_, slow)| slow);
        let names: Vec<_> = late().map(|slow| slow.name.clone()).collect();
        if names.is_empty() {
            return Exceeded::Nobody;
        }
        if late().any(|slow| slow.killed.is_some()) {
            // Nothing of this program runs on.
            *self = Self::new(self.limits);
            return Exceeded::Grace(names);
        }
        for slow in self.slow.iter_mut().filter(|slow| names.contains(&slow.name)) {
            slow.killed = Some(now);
        }
        Exceeded::Limit(names)
    }
}

#[cfg(test)]
mod tests {
    use super::super::LIMITS;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LIMIT: Duration = LIMITS.test;
    const GRACE: Duration = LIMITS.grace;

    fn after(lines: &[&str], now: Instant) -> Progress {
        let mut progress = Progress::new(LIMITS);
        for line in lines {
            progress.read(line, now);
        }
        progress
    }

    #[test]
    fn a_test_that_never_ends_exceeds_its_limit_and_one_that_ends_does_not() {
        let now = Instant::now();
        let mut progress = after(
            &[
                "running 3 tests",
                "test lobby::b has been running for over 60 seconds",
                "test lobby::c has been running for over 60 seconds",
                "test lobby::c ... FAILED",
            ],
            now,
        );
        assert_eq!(progress.take_exceeded(now + LIMIT - SECOND), Exceeded::Nobody);
        let exceeded = progress.take_exceeded(now + LIMIT);
        assert_eq!(exceeded, Exceeded::Limit(vec!["lobby::b".to_owned()]));
        let killed = now + LIMIT;
        assert_eq!(progress.take_exceeded(killed + GRACE - SECOND), Exceeded::Nobody);
        let exceeded = progress.take_exceeded(killed + GRACE);
        assert_eq!(exceeded, Exceeded::Grace(vec!["lobby::b".to_owned()]));
        assert_eq!(progress.next_deadline(), None);
    }

    #[test]
    fn a_test_may_wait_for_others_as_long_as_they_end() {
        let began = Instant::now();
        let mut progress = after(&["test a has been running for over 60 seconds"], began);
        progress.read("test b ... ok", began + LIMIT - 2 * SECOND);
        assert_eq!(progress.take_exceeded(began + LIMIT), Exceeded::Nobody);
        assert_eq!(progress.next_deadline(), Some(began + 2 * (LIMIT - SECOND)));
    }

    #[test]
    fn the_end_of_a_program_ends_its_tests() {
        let lines = [
            "test a has been running for over 60 seconds",
            "test result: FAILED. 0 passed; 1 failed",
        ];
        assert_eq!(after(&lines, Instant::now()).next_deadline(), None);
    }
}
