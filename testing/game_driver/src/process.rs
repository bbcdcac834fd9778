//! A process of a test: its output is kept, and printed when the test fails.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How often a process that should end is asked whether it has.
const POLL: Duration = Duration::from_millis(20);

/// How long to wait for another line of a process that has ended.
const REST: Duration = Duration::from_secs(1);

/// A process that ends with the test. If the test fails, it prints what the process wrote.
pub struct Process {
    name: String,
    child: Child,
    lines: Receiver<String>,
    /// The lines that were taken from `lines`.
    output: Vec<String>,
}

#[expect(clippy::disallowed_methods, reason = "processes run on real time")]
fn now() -> Instant {
    Instant::now()
}

impl Process {
    /// Starts a program. `name` is what failures call it.
    pub fn start(name: impl Into<String>, mut command: Command) -> Self {
        let name = name.into();
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let (sender, lines) = channel();
        // A process whose output is not read stops when the pipe is full.
        read(child.stdout.take().unwrap(), sender.clone());
        read(child.stderr.take().unwrap(), sender);
        Self { name, child, lines, output: Vec::new() }
    }

    /// Sends a signal, such as STOP.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(status.unwrap().success(), "{}: kill -{name}", self.name);
    }

    /// Ends the process at once.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for a line of the output from which `found` takes something. `what` is what failures say was
    /// waited for.
    #[track_caller]
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut found: impl FnMut(&str) -> Option<T>,
    ) -> T {
        let deadline = now() + limit;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(now())) {
                Ok(line) => {
                    let taken = found(&line);
                    self.output.push(line);
                    if let Some(taken) = taken {
                        return taken;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited {limit:?} in vain for {}: {what}", self.name)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{} ended before: {what}", self.name)
                }
            }
        }
    }

    /// Waits until the process has ended.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(now() < deadline, "{} did not end within {limit:?}", self.name);
            std::thread::sleep(POLL);
        }
    }

    /// Waits until the process has ended, which it must with exit code 0.
    #[track_caller]
    pub fn succeed(&mut self, limit: Duration) {
        let status = self.wait(limit);
        assert!(status.success(), "{} failed: {status}", self.name);
    }

    /// All that the process wrote, once it has ended.
    pub fn output(&mut self) -> String {
        // The pipes close with the process, unless a process that it started still holds them.
        while let Ok(line) = self.lines.recv_timeout(REST) {
            self.output.push(line);
        }
        self.output.join("\n")
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "a test that fails prints what its processes wrote")]
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let status = self.child.wait();
        if std::thread::panicking() {
            let mut text = format!("---- {}", self.name);
            if let Ok(status) = status {
                // Writing to a string cannot fail.
                let _ = write!(text, " ({status})");
            }
            eprintln!("{text} wrote:\n{}\n---- end of {}", self.output(), self.name);
        }
    }
}

/// Reads a pipe line by line on a thread of its own.
fn read(pipe: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
}
