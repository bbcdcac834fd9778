//! Every test has a limit: one that exceeds it is named, and ended in a way that shows what its processes wrote.
//!
//! libtest says which tests have been running for a minute, but lets them run for ever. Its output is read on the way
//! to the terminal. A test has exceeded its limit when it is still running [`Limits::test`] after it began and after any
//! other test ended: tests that share a browser wait for each other. Then first the processes that the tests have started
//! are killed: a test that waited for one of them fails, and prints what they wrote. If that does not help, the program
//! of the tests is killed, and cargo goes on with the next one.
//!
//! Tests that wait for something have shorter limits of their own, and say what they waited for. libtest names no slow
//! tests when it runs them one by one, on a machine with a single core.

mod descendants;
mod progress;

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use descendants::Process;
use progress::{Exceeded, Progress};

/// The limits of the suite. Browsers that draw on a processor take minutes on a busy machine.
const LIMITS: Limits = Limits { test: Duration::from_secs(480), grace: Duration::from_secs(30) };

#[derive(Clone, Copy, Debug)]
struct Limits {
    /// How long a test may run.
    test: Duration,
    /// How long it may take to fail after its processes were killed.
    grace: Duration,
}

/// Runs a command that runs tests; returns how it ended, and the tests that exceeded their limit.
pub fn run(command: &mut Command) -> io::Result<(ExitStatus, Vec<String>)> {
    run_within(command, LIMITS)
}

fn run_within(command: &mut Command, limits: Limits) -> io::Result<(ExitStatus, Vec<String>)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let (sender, lines) = channel();
    let output = child.stdout.take().map(BufReader::new);
    let reader = thread::spawn(move || {
        for line in output.into_iter().flat_map(|output| output.split(b'\n')) {
            let Ok(line) = line else { return };
            let mut terminal = io::stdout().lock();
            // Fails only if nobody reads the output any more.
            let _ = terminal.write_all(&line).and_then(|()| terminal.write_all(b"\n"));
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    let exceeded = watch(child.id(), &lines, limits);
    let status = child.wait()?;
    // It ends with the output.
    let _ = reader.join();
    Ok((status, exceeded))
}

/// Watches the tests until the output ends. Returns those that exceeded their limit.
fn watch(cargo: u32, lines: &Receiver<String>, limits: Limits) -> Vec<String> {
    let mut progress = Progress::new(limits);
    let mut all = Vec::new();
    loop {
        let now = Instant::now();
        let wait =
            progress.next_deadline().map_or(limits.test, |at| at.saturating_duration_since(now));
        match lines.recv_timeout(wait) {
            Ok(line) => progress.read(&line, Instant::now()),
            Err(RecvTimeoutError::Disconnected) => return all,
            Err(RecvTimeoutError::Timeout) => match progress.take_exceeded(Instant::now()) {
                Exceeded::Nobody => {}
                Exceeded::Limit(tests) => {
                    for test in &tests {
                        println!("\ntest {test} exceeded its limit of {} s", limits.test.as_secs());
                    }
                    kill("what the tests have started", || descendants::below_tests(cargo));
                    all.extend(tests);
                }
                Exceeded::Grace(tests) => {
                    println!("\nstill running: {}", tests.join(", "));
                    kill("the program of the tests", || descendants::of(cargo));
                }
            },
        }
    }
}

fn kill(what: &str, find: impl Fn() -> Vec<Process>) {
    println!("{what} is killed:");
    for process in descendants::kill(find) {
        println!("    {}", process.command_line);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Runs a shell in the place of cargo, which runs one in the place of a program of tests. The limit is over when the
    /// test is named.
    fn run_shell(program: &str, grace: Duration) -> (ExitStatus, Vec<String>) {
        let limits = Limits { test: progress::NAMED_AFTER, grace };
        let shell = r#"sh -c "$0"; exit $?"#;
        run_within(Command::new("sh").args(["-c", shell, program]), limits).expect("sh runs")
    }

    #[test]
    fn a_test_that_waits_for_a_process_for_ever_fails_when_that_is_killed() {
        let program = "sleep 600 & echo test a has been running for over 60 seconds
            wait; echo test a ... FAILED; exit 101";
        let (status, exceeded) = run_shell(program, LIMITS.grace);
        assert_eq!(status.code(), Some(101));
        assert_eq!(exceeded, ["a"]);
    }

    #[test]
    fn a_test_that_hangs_by_itself_ends_with_its_program() {
        let program = "echo test a has been running for over 60 seconds
            while :; do sleep 600; done";
        let (status, exceeded) = run_shell(program, Duration::ZERO);
        assert!(!status.success());
        assert_eq!(exceeded, ["a"]);
    }
}
