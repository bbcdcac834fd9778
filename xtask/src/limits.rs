//! Every test has a limit: one that exceeds it is named and ended, with the processes it was waiting for.
//!
//! libtest says which tests have been running for a minute, but lets them run for ever. Its output is read on the way
//! to the terminal; when a test has been running for [`LIMIT`], its program is killed, and cargo goes on with the next
//! one. Tests that wait for something have shorter limits of their own, and say what they waited for.

mod descendants;
mod progress;

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use progress::Progress;

/// How long a test may run. Browsers that draw on a processor take minutes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(480);

/// Runs a command that runs tests; returns how it ended, and the tests that exceeded their limit.
pub fn run(command: &mut Command) -> io::Result<(ExitStatus, Vec<String>)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let (sender, lines) = channel();
    let output = child.stdout.take().map(BufReader::new);
    let reader = thread::spawn(move || {
        for line in output.into_iter().flat_map(|output| output.split(b'\n')) {
            let Ok(line) = line else { return };
            // Fails only if nobody reads the output any more.
            let mut terminal = io::stdout().lock();
            let _ = terminal.write_all(&line).and_then(|()| terminal.write_all(b"\n"));
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    let exceeded = watch(&child, &lines);
    let status = child.wait()?;
    // It ends with the output.
    let _ = reader.join();
    Ok((status, exceeded))
}

fn watch(child: &Child, lines: &Receiver<String>) -> Vec<String> {
    let mut progress = Progress::default();
    let mut exceeded = Vec::new();
    loop {
        let now = Instant::now();
        let wait = progress.next_deadline().map_or(LIMIT, |at| at.saturating_duration_since(now));
        match lines.recv_timeout(wait) {
            Ok(line) => progress.read(&line, Instant::now()),
            Err(RecvTimeoutError::Disconnected) => return exceeded,
            Err(RecvTimeoutError::Timeout) => {
                let late = progress.take_exceeded(Instant::now());
                if !late.is_empty() {
                    println!("\n{}", end(child, &late));
                    exceeded.extend(late);
                    progress = Progress::default();
                }
            }
        }
    }
}

/// Kills the program of the tests. Returns what there is to say of them.
fn end(child: &Child, tests: &[String]) -> String {
    let processes = descendants::of(child.id());
    let mut text = String::new();
    for test in tests {
        text += &format!("test {test} exceeded its limit of {} s\n", LIMIT.as_secs());
    }
    text += "the test program is killed; running below it were:\n";
    for process in &processes {
        text += &format!("    {}\n", process.command_line);
    }
    descendants::kill(&processes);
    text
}
