//! What the arena promises: the same bits on every peer, in a sync test and over real WebRTC.
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

#[cfg(target_os = "linux")]
mod browser;
#[cfg(target_os = "linux")]
mod chaos;
#[cfg(target_os = "linux")]
mod lab;
#[cfg(target_os = "linux")]
mod leaving;
#[cfg(target_os = "linux")]
mod lobby;
#[cfg(target_os = "linux")]
mod lobby_rules;
mod processes;
mod rollback;
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, unused_imports, reason = "most of it is for Linux")
)]
mod support;
mod sync_test;
