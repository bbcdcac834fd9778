//! The server over real sockets on a port of its own. Nothing here waits for a certain time to pass:
//! every wait is for an event, and its limit is only there so that a broken server does not hang the run.

#![allow(clippy::unwrap_used, reason = "a panic is the verdict of a test, and of what helps it")]

mod carrying;
mod client;
mod ending;
mod guarding;
mod joining;
mod matchbox;
mod matching;
mod operating;
mod refusing;
mod relaying;
mod resuming;
