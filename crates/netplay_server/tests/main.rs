//! The server over real sockets on a free port. Every wait is for an event; its time limit is only for a broken
//! server, so that the run does not hang.

#![allow(clippy::unwrap_used, reason = "a panic is the verdict of a test, and of what helps it")]

mod access;
mod client;
mod closing;
mod entry;
mod joining;
mod limits;
mod matchbox;
mod matchmaking;
mod operations;
mod refusals;
mod relay;
mod resuming;
mod signals;
