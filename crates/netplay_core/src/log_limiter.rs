//! Lines of the log that a peer, a network or every frame can repeat: the first one is logged, the others are counted.
//!
//! What has repeated itself is one line after ten seconds, such as "dropped a signal of 0a1b2c3d: 57 more times in the
//! last 10 s". While it goes on, such lines come more and more rarely. Lines about another subject, such as another
//! peer, are counted apart.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::time::Duration;

pub use log::Level;

/// For how long repetitions are counted before one line tells their number. Twice as long each time in a row.
const FIRST_PERIOD: Duration = Duration::from_secs(10);
/// For how long at most.
const LONGEST_PERIOD: Duration = Duration::from_secs(320);
/// How many subjects are counted apart. What comes beyond that counts together.
const MAX_SUBJECTS: usize = 64;
/// The subject of what comes beyond that.
const OTHERS: &str = "others";

/// Decides which lines are logged. See the [module](self).
///
/// It has no clock: `now` is the time since any fixed moment, and never goes back. Its owner calls
/// [`log_repeated`](Self::log_repeated) now and then.
#[derive(Debug, Default)]
pub struct LogLimiter {
    lines: BTreeMap<(&'static str, String), Line>,
}

#[derive(Debug)]
enum Line {
    /// It is counted how often it comes again.
    Counted(Counter),
    /// It is not logged again.
    Once,
}

#[derive(Debug)]
struct Counter {
    level: Level,
    since: Duration,
    period: Duration,
    /// How often it came again since then.
    repeated: u64,
}

/// Logs a line of this level unless it is to be counted: `log_limited!(limiter, now, what, subject, warn!("…"))`, where
/// `what` and `subject` are those of [`LogLimiter::admit`].
macro_rules! log_limited {
    ($logs:expr, $now:expr, $what:expr, $subject:expr, info!($($line:tt)+)) => {
        if $logs.admit($now, log::Level::Info, $what, $subject) {
            log::info!($($line)+);
        }
    };
    ($logs:expr, $now:expr, $what:expr, $subject:expr, warn!($($line:tt)+)) => {
        if $logs.admit($now, log::Level::Warn, $what, $subject) {
            log::warn!($($line)+);
        }
    };
    ($logs:expr, $now:expr, $what:expr, $subject:expr, error!($($line:tt)+)) => {
        if $logs.admit($now, log::Level::Error, $what, $subject) {
            log::error!($($line)+);
        }
    };
}
pub(crate) use log_limited;

/// A line that has come again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedLine {
    /// The level of the line.
    pub level: Level,
    /// What has happened, without what it happened to.
    pub what: &'static str,
    /// What it happened to, such as a peer. Empty where there is only one.
    pub subject: String,
    /// How often it came again.
    pub count: u64,
    /// In which time.
    pub within: Duration,
}

impl LogLimiter {
    /// Whether a line is to be logged now. If not, it is counted. `what` names the line, and together with `subject` it
    /// is the beginning of the line that tells the count.
    pub fn admit(
        &mut self,
        now: Duration,
        level: Level,
        what: &'static str,
        subject: impl fmt::Display,
    ) -> bool {
        let first = || Counter { level, since: now, period: FIRST_PERIOD, repeated: 0 };
        match self.lines.entry(self.key(what, subject)) {
            Entry::Vacant(entry) => {
                entry.insert(Line::Counted(first()));
                true
            }
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Line::Counted(counter) if counter.is_over(now) => {
                    *counter = first();
                    true
                }
                Line::Counted(counter) => {
                    counter.repeated += 1;
                    false
                }
                Line::Once => false,
            },
        }
    }

    /// Whether a line is to be logged now, which is logged once and never again.
    pub fn admit_once(&mut self, what: &'static str, subject: impl fmt::Display) -> bool {
        self.lines.insert(self.key(what, subject), Line::Once).is_none()
    }

    /// The next line that has repeated itself, and whose period is over.
    #[must_use = "what is taken out and not logged is lost"]
    pub fn poll_repeated(&mut self, now: Duration) -> Option<RepeatedLine> {
        self.lines.retain(|_, line| match line {
            Line::Counted(counter) => !counter.is_over(now),
            Line::Once => true,
        });
        self.lines.iter_mut().find_map(|(key, line)| match line {
            Line::Counted(counter) if counter.is_due(now) => {
                counter.period = (counter.period * 2).min(LONGEST_PERIOD);
                Some(counter.take(key, now))
            }
            Line::Counted(_) | Line::Once => None,
        })
    }

    /// When [`poll_repeated`](Self::poll_repeated) has the next line.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let dues = self.lines.values().filter_map(|line| match line {
            Line::Counted(counter) if counter.repeated > 0 => Some(counter.due()),
            Line::Counted(_) | Line::Once => None,
        });
        dues.min()
    }

    /// Logs the lines that have repeated themselves, and whose period is over.
    pub fn log_repeated(&mut self, now: Duration) {
        while let Some(line) = self.poll_repeated(now) {
            log::log!(line.level, "{line}");
        }
    }

    /// Logs all lines that have repeated themselves, at the end of what they are about.
    pub fn finish(&mut self, now: Duration) {
        for (key, line) in std::mem::take(&mut self.lines) {
            if let Line::Counted(mut counter) = line
                && counter.repeated > 0
            {
                let line = counter.take(&key, now);
                log::log!(line.level, "{line}");
            }
        }
    }

    fn key(&self, what: &'static str, subject: impl fmt::Display) -> (&'static str, String) {
        let key = (what, subject.to_string());
        match self.lines.len() >= MAX_SUBJECTS && !self.lines.contains_key(&key) {
            true => (what, OTHERS.to_owned()),
            false => key,
        }
    }
}

impl Counter {
    fn due(&self) -> Duration {
        self.since + self.period
    }

    fn is_due(&self, now: Duration) -> bool {
        self.repeated > 0 && now >= self.due()
    }

    /// Whether it has not come again.
    fn is_over(&self, now: Duration) -> bool {
        self.repeated == 0 && now >= self.due()
    }

    fn take(&mut self, (what, subject): &(&'static str, String), now: Duration) -> RepeatedLine {
        let within = now.saturating_sub(std::mem::replace(&mut self.since, now));
        let (what, subject, count) = (*what, subject.clone(), std::mem::take(&mut self.repeated));
        RepeatedLine { level: self.level, what, subject, count, within }
    }
}

impl fmt::Display for RepeatedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, subject, count, within, .. } = self;
        let space = if subject.is_empty() { "" } else { " " };
        let times = if *count == 1 { "time" } else { "times" };
        let seconds = within.as_secs_f32().round().max(1.0);
        write!(f, "{what}{space}{subject}: {count} more {times} in the last {seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const WHAT: &str = "dropped a signal of";

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn admit(limiter: &mut LogLimiter, now: Duration, subject: &str) -> bool {
        limiter.admit(now, Level::Warn, WHAT, subject)
    }

    fn repeated(limiter: &mut LogLimiter, now: Duration) -> Vec<String> {
        std::iter::from_fn(|| limiter.poll_repeated(now)).map(|line| line.to_string()).collect()
    }

    #[test]
    fn a_flood_is_its_first_line_and_one_that_counts_the_others() {
        let mut limiter = LogLimiter::default();
        let admitted = (0..58).filter(|ms| {
            let now = second(1) + Duration::from_millis(*ms * 100);
            assert!(limiter.poll_repeated(now).is_none());
            admit(&mut limiter, now, "Ann")
        });
        assert_eq!(admitted.count(), 1);
        assert_eq!(limiter.poll_timeout(), Some(second(11)));
        let line = format!("{WHAT} Ann: 57 more times in the last 10 s");
        assert_eq!(repeated(&mut limiter, second(11)), [line]);
        // It does not come again: then it is new.
        assert_eq!(limiter.poll_timeout(), None);
        assert_eq!(repeated(&mut limiter, second(31)), [""; 0]);
        assert!(admit(&mut limiter, second(31), "Ann"));
    }

    #[test]
    fn a_flood_that_goes_on_is_told_of_more_and_more_rarely() {
        let mut limiter = LogLimiter::default();
        let mut told = Vec::new();
        for now in 0..1_000 {
            assert_eq!(admit(&mut limiter, second(now), "Ann"), now == 0);
            told.extend(std::iter::from_fn(|| limiter.poll_repeated(second(now))).map(|_| now));
        }
        assert_eq!(told, [10, 30, 70, 150, 310, 630, 950]);
    }

    #[test]
    fn lines_and_subjects_are_counted_apart_and_one_without_a_subject_has_none() {
        let mut limiter = LogLimiter::default();
        let mut warn = |what, subject| limiter.admit(second(0), Level::Warn, what, subject);
        assert!(warn("one", "Ann") && warn("one", "Ben") && warn("another", ""));
        assert!(!warn("one", "Ann") && !warn("another", ""));
        let lines = repeated(&mut limiter, second(12));
        assert_eq!(
            lines,
            ["another: 1 more time in the last 12 s", "one Ann: 1 more time in the last 12 s"]
        );
    }

    #[test]
    fn what_comes_once_in_a_period_is_logged_each_time_whether_it_is_polled_or_not() {
        for polled in [false, true] {
            let mut limiter = LogLimiter::default();
            for now in (0..100).step_by(10) {
                if polled {
                    assert_eq!(limiter.poll_repeated(second(now)), None);
                }
                assert!(admit(&mut limiter, second(now), "Ann"));
            }
        }
    }

    #[test]
    fn a_line_that_is_logged_once_is_never_logged_again_and_not_counted() {
        let mut limiter = LogLimiter::default();
        assert!(limiter.admit_once("one", "") && limiter.admit_once("another", ""));
        assert!(!limiter.admit_once("one", ""));
        assert_eq!(limiter.poll_timeout(), None);
        assert_eq!(limiter.poll_repeated(second(1_000_000)), None);
        assert!(!limiter.admit_once("one", ""));
    }

    #[test]
    fn subjects_are_bounded() {
        let mut limiter = LogLimiter::default();
        let admitted = (0..10_000).filter(|it| admit(&mut limiter, second(0), &it.to_string()));
        assert_eq!(admitted.count(), MAX_SUBJECTS + 1);
        let lines = repeated(&mut limiter, second(10));
        assert_eq!(lines, [format!("{WHAT} {OTHERS}: 9935 more times in the last 10 s")]);
        assert!(limiter.lines.len() <= MAX_SUBJECTS + 1);
    }
}
