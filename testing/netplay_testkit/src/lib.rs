//! Whole matches in one process and on virtual time.
//!
//! [`TestApps`] are Bevy Apps that play a small deterministic [game](DuelPlugin) with each other over a
//! [`MemoryHub`](netplay_transport::memory::MemoryHub). Nothing sleeps: [`TestApps::step`] updates every App with a
//! sixtieth of a second, and a minute of play takes seconds. Everything random follows from one seed, which every
//! failed assertion names.
//!
//! ```
//! use netplay_testkit::TestApps;
//!
//! let mut apps = TestApps::builder(7).players(2).start();
//! apps.run_until_confirmed(60, 600);
//! apps.assert_in_sync();
//! ```
//!
//! The game [records](Record) its inputs and its state, so that agreement is checked twice: by the checksums of
//! bevy_netplay, and by a record that does not depend on bevy_netplay.
//!
//! With [`TestAppsBuilder::served`] the Apps use the real signaling server, on the same clock; with
//! [`TestAppsBuilder::game`] they play another game. [`chaos`] injects path faults by seed.
//!
//! On Linux there is also a [`lab`]: real processes on hosts behind NATs of every kind.

mod actions;
mod assertions;
mod builder;
pub mod chaos;
mod duel_plugin;
mod game;
mod playing;
mod record;
mod script;
mod served;
mod stall;
mod test_apps;

pub use builder::TestAppsBuilder;
pub use duel_plugin::DuelPlugin;
pub use game::{Diverge, Keys};
#[cfg(target_os = "linux")]
pub use nat_lab as lab;
/// The real signaling server over real sockets, for what has no virtual time.
pub use netplay_server::{Server, ServerConfig};
pub use record::{MessageLog, Record};
pub use script::Script;
pub use served::ServedHub;
pub use test_apps::{TICK, TestApps};
