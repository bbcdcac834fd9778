//! The processes that a process has started, and those that these have started.

use std::fs;
use std::process::{Command, Stdio};

/// A running process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    id: u32,
    /// The program and its arguments.
    pub command_line: String,
}

/// All descendants of a process, parents before their children. None where there is no `/proc`.
pub fn of(ancestor: u32) -> Vec<Process> {
    below(vec![ancestor])
}

/// What the programs have started that a cargo has started.
pub fn below_tests(cargo: u32) -> Vec<Process> {
    let children = |id| processes().into_iter().filter(move |(_, parent)| *parent == id);
    below(children(cargo).map(|(id, _)| id).collect())
}

/// The descendants of these processes.
fn below(ancestors: Vec<u32>) -> Vec<Process> {
    let all = processes();
    let count = ancestors.len();
    let mut found = ancestors;
    let mut next = 0;
    while let Some(&id) = found.get(next) {
        found.extend(all.iter().filter(|(_, parent)| *parent == id).map(|(child, _)| *child));
        next += 1;
    }
    found.into_iter().skip(count).map(|id| Process { id, command_line: command_line(id) }).collect()
}

/// The ids of all processes, each with its parent's.
fn processes() -> Vec<(u32, u32)> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, parent(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?)))
        .collect()
}

/// Ends the processes that are found, without asking, and returns them.
///
/// They are stopped first, until no others are found: one that runs may start another, which would outlive it.
pub fn kill(find: impl Fn() -> Vec<Process>) -> Vec<Process> {
    let mut stopped = Vec::new();
    loop {
        let found = find();
        if found == stopped {
            break;
        }
        signal("-STOP", &found);
        stopped = found;
    }
    signal("-KILL", &stopped);
    stopped
}

fn signal(signal: &str, processes: &[Process]) {
    // Some may have ended by themselves.
    let _ = Command::new("kill")
        .arg(signal)
        .args(processes.iter().map(|process| process.id.to_string()))
        .stderr(Stdio::null())
        .status();
}

/// The parent in a line of `/proc/ID/stat`: the second field after the name, which is in brackets and may contain
/// anything.
fn parent(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

fn command_line(id: u32) -> String {
    let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&arguments).replace('\0', " ").trim_end().to_owned()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_and_killed() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        // The system has started the program before it says with which arguments.
        while command_line(child.id()).is_empty() {}
        let found = of(std::process::id());
        let sleep: Vec<_> = found.into_iter().filter(|process| process.id == child.id()).collect();
        assert_eq!(sleep[0].command_line, "sleep 600");
        // As a grandchild of whatever runs the tests.
        let above = parent(&fs::read_to_string("/proc/self/stat").unwrap()).unwrap();
        assert!(below_tests(above).iter().any(|process| process.id == child.id()));
        kill(|| sleep.clone());
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parent("12 (a) b) S 7 12 12 0"), Some(7));
    }
}
