//! Output to the terminal. Errors of writing are ignored: a closed pipe must not end the match.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};

/// One line for the user or for a script.
pub fn line(text: impl Display) {
    let _ = writeln!(stdout(), "{text}");
}

/// One line about an error.
pub fn error(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

/// A line that the next one replaces; an ordinary line where the output is not a terminal.
pub fn status(text: impl Display) {
    let mut out = stdout();
    let _ = if out.is_terminal() {
        write!(out, "\r\x1b[K{text}").and_then(|()| out.flush())
    } else {
        writeln!(out, "{text}")
    };
}

/// Ends a line of [`status`].
pub fn end_status() {
    if stdout().is_terminal() {
        line("");
    }
}
