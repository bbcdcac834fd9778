//! Which tests are running for longer than a minute, read from the output of libtest.

use std::time::{Duration, Instant};

use super::LIMIT;

/// After this time libtest names a test that is still running.
const NAMED_AFTER: Duration = Duration::from_secs(60);

/// The tests that libtest has named, each with the time at which it exceeds its limit.
#[derive(Debug, Default)]
pub struct Progress {
    slow: Vec<(String, Instant)>,
}

impl Progress {
    /// Takes in a line of the output.
    pub fn read(&mut self, line: &str, now: Instant) {
        if line.starts_with("running ") || line.starts_with("test result: ") {
            self.slow.clear();
        }
        let Some(line) = line.strip_prefix("test ") else { return };
        if let Some((name, _)) = line.split_once(" has been running for over ") {
            self.slow.push((name.to_owned(), now + (LIMIT - NAMED_AFTER)));
        } else if let Some((name, _)) = line.split_once(" ... ") {
            self.slow.retain(|(slow, _)| slow != name);
        }
    }

    /// When the next test exceeds its limit.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.slow.iter().map(|(_, deadline)| *deadline).min()
    }

    /// Removes and returns the tests that have exceeded their limit.
    pub fn take_exceeded(&mut self, now: Instant) -> Vec<String> {
        self.slow.extract_if(.., |(_, deadline)| *deadline <= now).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_never_ends_exceeds_its_limit_and_one_that_ends_does_not() {
        let began = Instant::now();
        let mut progress = Progress::default();
        for line in [
            "running 3 tests",
            "test lobby::a ... ok",
            "test lobby::b has been running for over 60 seconds",
            "test lobby::c has been running for over 60 seconds",
            "test lobby::c ... FAILED",
        ] {
            progress.read(line, began);
        }
        assert_eq!(progress.next_deadline(), Some(began + LIMIT - NAMED_AFTER));
        assert!(progress.take_exceeded(began).is_empty());
        assert_eq!(progress.take_exceeded(began + LIMIT), ["lobby::b"]);
        assert_eq!(progress.next_deadline(), None);
    }

    #[test]
    fn the_end_of_a_program_ends_its_tests() {
        let now = Instant::now();
        let mut progress = Progress::default();
        progress.read("test a has been running for over 60 seconds", now);
        progress.read("test result: FAILED. 0 passed; 1 failed", now);
        assert_eq!(progress.next_deadline(), None);
    }
}
