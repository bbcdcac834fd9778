//! An X display for Firefox: Xvfb.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::DriverError;

const PROGRAM: &str = "Xvfb";

/// An X display that nobody sees. Firefox asks one what can draw before a page may use WebGL, even where it
/// opens no window.
pub(crate) struct Screen {
    server: Child,
    name: String,
}

impl Screen {
    /// Starts one beside all that there are.
    pub(crate) fn start() -> Result<Self, DriverError> {
        let server = Command::new(PROGRAM)
            // It finds a free number by itself, and writes it once it can be used.
            .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset"])
            .args(["-screen", "0", "1280x1024x24"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| DriverError::NoProgram { program: PROGRAM, error })?;
        let mut screen = Self { server, name: String::from(":") };
        if let Some(output) = screen.server.stdout.take() {
            BufReader::new(output).read_line(&mut screen.name)?;
        }
        screen.name.truncate(screen.name.trim_end().len());
        if screen.name == ":" { Err(DriverError::Deaf(PROGRAM)) } else { Ok(screen) }
    }

    /// What programs are told in `DISPLAY`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It is gone already, or about to be.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
