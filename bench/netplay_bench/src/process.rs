//! Memory and CPU time of another process, from `/proc`.

use std::fs;
use std::io::{Error, Result};
use std::time::Duration;

/// Resident memory, in bytes.
///
/// # Errors
///
/// An IO error, if there is no such process.
pub fn resident(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kibibytes = text.lines().find_map(|line| {
        line.strip_prefix("Rss:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    kibibytes.map(|kib| kib * 1024).ok_or_else(|| Error::other("no Rss in smaps_rollup"))
}

/// CPU time, user and system, of all threads: in nanoseconds, unlike `stat`, which counts in hundredths of a second.
///
/// # Errors
///
/// An IO error, if there is no such process.
pub fn cpu(pid: u32) -> Result<Duration> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        let nanoseconds = text.split(' ').next().and_then(|first| first.parse::<u64>().ok());
        total += nanoseconds.ok_or_else(|| Error::other("schedstat cannot be read"))?;
    }
    Ok(Duration::from_nanos(total))
}
