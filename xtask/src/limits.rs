//! Every test has a limit: one that exceeds it is named, and ended in a way that shows what its processes wrote.
//!
//! libtest says which tests have been running for a minute, but lets them run for ever. Its output is read on the way
//! to the terminal. A test has exceeded its limit when it is still running [`LIMIT`] after it began and after any other
//! test ended: tests that share a browser wait for each other. Then first the processes that the tests have started
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

/// How long a test may run. Browsers that draw on a processor take minutes on a busy machine.
const LIMIT: Duration = Duration::from_secs(480);

/// How long a test may take to fail after its processes were killed.
const GRACE: Duration = Duration::from_secs(30);

/// Runs a command that runs tests; returns how it ended, and the tests that exceeded their limit.
pub fn run(command: &mut Command) -> io::Result<(ExitStatus, Vec<String>)> {
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
    let exceeded = watch(child.id(), &lines);
    let status = child.wait()?;
    // It ends with the output.
    let _ = reader.join();
    Ok((status, exceeded))
}

/// Watches the tests until the output ends. Returns those that exceeded their limit.
fn watch(cargo: u32, lines: &Receiver<String>) -> Vec<String> {
    let mut progress = Progress::default();
    let mut all = Vec::new();
    loop {
        let now = Instant::now();
        let wait = progress.next_deadline().map_or(LIMIT, |at| at.saturating_duration_since(now));
        match lines.recv_timeout(wait) {
            Ok(line) => progress.read(&line, Instant::now()),
            Err(RecvTimeoutError::Disconnected) => return all,
            Err(RecvTimeoutError::Timeout) => match progress.take_exceeded(Instant::now()) {
                Exceeded::Nobody => {}
                Exceeded::Limit(tests) => {
                    for test in &tests {
                        println!("\ntest {test} exceeded its limit of {} s", LIMIT.as_secs());
                    }
                    kill("what the tests have started", &descendants::below_tests(cargo));
                    all.extend(tests);
                }
                Exceeded::Grace(tests) => {
                    println!("\nstill running: {}", tests.join(", "));
                    kill("the program of the tests", &descendants::of(cargo));
                }
            },
        }
    }
}

fn kill(what: &str, processes: &[Process]) {
    println!("{what} is killed:");
    for process in processes {
        println!("    {}", process.command_line);
    }
    descendants::kill(processes);
}
