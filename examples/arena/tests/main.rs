//! What the arena promises: the same bits on every peer, in a sync test and over real WebRTC.
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

#[cfg(target_os = "linux")]
mod chaos;
#[cfg(target_os = "linux")]
mod lab;
mod processes;
mod rollback;
mod stage;
mod synctest;
