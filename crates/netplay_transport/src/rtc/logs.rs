//! The lines of the log that the tasks of a process can repeat: [`LogLimiter`] on real time.

use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use netplay_core::log_limiter::{Level, LogLimiter};
use web_time::Instant;

use super::platform::now;

/// One for all tasks of the process: what they log does not name the room that it is for.
static LOGS: LazyLock<(Instant, Mutex<LogLimiter>)> = LazyLock::new(|| (now(), Mutex::default()));

fn with<T>(act: impl FnOnce(&mut LogLimiter, Duration) -> T) -> T {
    let (started, logs) = &*LOGS;
    let mut logs = logs.lock().unwrap_or_else(PoisonError::into_inner);
    act(&mut logs, now().saturating_duration_since(*started))
}

/// Whether a line is to be logged now: [`LogLimiter::admit`].
pub(super) fn admits(level: Level, what: &'static str, subject: impl fmt::Display) -> bool {
    with(|logs, now| logs.admit(now, level, what, subject))
}

/// Whether a line is to be logged now, which is logged once in a process.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn admits_once(what: &'static str) -> bool {
    with(|logs, _| logs.admit_once(what, ""))
}

/// Logs the lines that have repeated themselves. To be called now and then.
pub(super) fn log_repeated() {
    with(LogLimiter::log_repeated);
}
