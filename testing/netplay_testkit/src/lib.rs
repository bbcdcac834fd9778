//! Whole matches in one process and on virtual time.
//!
//! A [`Cluster`] is a number of Bevy Apps that play a small deterministic [game](DuelPlugin) with each other over a
//! [`MemoryHub`](netplay_transport::memory::MemoryHub). Nothing sleeps: [`Cluster::step`] lets a sixtieth
//! of a second pass in every App, and a minute of play takes seconds. Everything follows from one seed, which
//! every failed expectation names.
//!
//! ```
//! use netplay_testkit::Cluster;
//!
//! let mut cluster = Cluster::builder(7).players(2).start();
//! cluster.run_until_confirmed(60, 600);
//! cluster.assert_in_agreement();
//! ```
//!
//! The game writes down what it is given and what it makes of it, so agreement is judged twice: by what
//! bevy_netplay compares, and by a record that knows nothing of bevy_netplay.
//!
//! With [`ClusterBuilder::served`], the real signaling server stands between the Apps, on the same clock; with
//! [`ClusterBuilder::game`] they play another game. [`chaos`] does to them whatever can happen to paths.
//!
//! On Linux there is also a [`lab`]: real processes on hosts behind NATs of every kind.

mod builder;
pub mod chaos;
mod cluster;
mod controls;
mod game;
#[cfg(target_os = "linux")]
pub mod lab;
mod record;
mod script;
mod served;
mod stall;
mod verdict;

pub use builder::ClusterBuilder;
pub use cluster::{Cluster, TICK};
pub use game::{Diverge, DuelPlugin, Keys};
pub use record::{Heard, Record};
pub use script::Script;
pub use served::ServedHub;
