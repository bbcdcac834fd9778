//! Real data channels, a real signaling server, one process.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

mod access;
mod attempts;
mod crossing;
mod doctor;
mod emulation;
mod game;
mod hitches;
mod joining;
#[cfg(target_os = "linux")]
mod lab;
mod malicious_peer;
mod malicious_server;
mod messages;
mod proxy;
mod relaying;
mod resuming;
mod rooms;
mod support;
mod webrtc;
