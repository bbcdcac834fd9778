//! An X display for Firefox, and for the windows of programs: Xvfb.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask};

use crate::DriverError;

const PROGRAM: &str = "Xvfb";

/// An X display that nobody sees. Firefox asks one what can draw before a page may use WebGL, even where it
/// opens no window.
pub struct Screen {
    server: Child,
    name: String,
}

impl Screen {
    /// Starts one beside all that there are.
    ///
    /// # Errors
    ///
    /// [`DriverError`] where Xvfb is missing or does not start.
    pub fn start() -> Result<Self, DriverError> {
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

    /// Closes the window with a title, as the cross of its frame does: a window manager sends it `WM_DELETE_WINDOW` then (ICCCM,
    /// section 4.2.8.1).
    ///
    /// # Errors
    ///
    /// [`DriverError::NoWindow`] where there is none; [`DriverError::Deaf`] where the display does not answer.
    pub fn close_window(&self, title: &str) -> Result<(), DriverError> {
        match self.send_delete(title) {
            Ok(true) => Ok(()),
            Ok(false) => Err(DriverError::NoWindow(title.to_owned())),
            Err(_) => Err(DriverError::Deaf(PROGRAM)),
        }
    }

    /// Returns whether there is such a window.
    fn send_delete(&self, title: &str) -> Result<bool, Box<dyn Error>> {
        let (display, screen) = x11rb::connect(Some(&self.name))?;
        let atom = |name: &str| display.intern_atom(false, name.as_bytes());
        let (protocols, delete) = (atom("WM_PROTOCOLS")?, atom("WM_DELETE_WINDOW")?);
        let (protocols, delete) = (protocols.reply()?.atom, delete.reply()?.atom);
        // Without a window manager, windows are children of the root.
        let root = display.setup().roots.get(screen).ok_or("there is no such screen")?.root;
        for window in display.query_tree(root)?.reply()?.children {
            let (property, kind) = (AtomEnum::WM_NAME, AtomEnum::ANY);
            let name = display.get_property(false, window, property, kind, 0, 64)?;
            if name.reply()?.value == title.as_bytes() {
                let data = [delete, x11rb::CURRENT_TIME, 0, 0, 0];
                let event = ClientMessageEvent::new(32, window, protocols, data);
                display.send_event(false, window, EventMask::NO_EVENT, event)?.check()?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What programs are told in `DISPLAY`.
    pub fn name(&self) -> &str {
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
