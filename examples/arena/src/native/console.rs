//! What goes to the terminal. A closed pipe is nobody's problem here: the match goes on.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};

/// One line for the user or for a script.
pub fn line(text: impl Display) {
    let _ = writeln!(stdout(), "{text}");
}

/// One line about what went wrong.
pub fn complain(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

/// A line that the next one replaces; where the output is no terminal, a line like others.
pub fn live(text: impl Display) {
    let mut out = stdout();
    let _ = if out.is_terminal() {
        write!(out, "\r\x1b[K{text}").and_then(|()| out.flush())
    } else {
        writeln!(out, "{text}")
    };
}

/// Ends a line that was [`live`].
pub fn end_live() {
    if stdout().is_terminal() {
        line("");
    }
}
