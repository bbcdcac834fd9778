//! Peer-to-peer rollback multiplayer for Bevy, native and in the browser, over WebRTC.
//!
//! A game adds [`NetplayPlugins`], registers what it rolls back, and joins a room:
//!
//! ```
//! use bevy::prelude::*;
//! use bevy_netplay::prelude::*;
//!
//! #[derive(Clone, Copy, Default, PartialEq, Pod, Zeroable)]
//! #[repr(C)]
//! struct Buttons(u8);
//!
//! #[derive(Component, Clone, Hash)]
//! struct Ship { owner: usize, x: i32 }
//!
//! fn spawn_ships(mut commands: Commands, game: Res<Match>) {
//!     for owner in 0..game.players {
//!         commands.spawn((Rollback, Ship { owner, x: 0 }));
//!     }
//! }
//!
//! fn steer(inputs: Inputs<Buttons>, mut ships: Query<&mut Ship>) {
//!     for mut ship in &mut ships {
//!         ship.x += i32::from(inputs.get(ship.owner).0);
//!     }
//! }
//!
//! let mut app = App::new();
//! app.add_plugins((MinimalPlugins, NetplayPlugins::<Buttons>::default()))
//!     .rollback::<Ship>()
//!     .add_systems(StartMatch, spawn_ships)
//!     .add_systems(RollbackUpdate, steer)
//!     .add_systems(Startup, |mut commands: Commands| {
//!         commands.join_room(Room::new("ABC").players(2).server("ws://127.0.0.1:3536"));
//!     });
//! ```
//!
//! # What is where
//!
//! | | |
//! | --- | --- |
//! | [`NetplayPlugins`], [`NetplayConfig`] | what to add, and what can be set |
//! | [`NetplayCommands`], [`Room`] | joining, leaving, rematch |
//! | [`NetplayState`], [`EndReason`], [`Match`] | where we are |
//! | [`NetplayApp`] | registering what rolls back |
//! | [`LocalInput`], [`Inputs`] | what players press |
//! | [`PeerLinks`], [`RollbackMetrics`], [`SessionReport`] | why something felt bad |
//! | [`messages`] | what happened |
//!
//! # How a frame flows
//!
//! All of it is in `PreUpdate`. First what has arrived is taken in ([`NetplaySystems::Receive`]); then
//! bevy_ggrs reads the local input, rolls back if it must and advances; then each peer is sent at most
//! one datagram ([`NetplaySystems::Send`]).

#[cfg(target_arch = "wasm32")]
mod background;
mod checksums;
mod commands;
mod config;
mod diagnostics;
mod ggrs;
mod input;
mod links;
pub mod messages;
mod metrics;
mod plugin;
mod registry;
mod report;
mod room;
mod session;
mod start;
mod state;

pub use checksums::Checksums;
pub use commands::{NetplayCommands, Room};
pub use config::{DEFAULT_SERVER, NetplayConfig};
pub use diagnostics::NetplayDiagnosticsPlugin;
pub use input::{Inputs, LocalInput, NetplayGgrs, NetplayInput, ReadInputs, SeatInput};
pub use links::{PathChange, PeerLink, PeerLinks};
pub use metrics::{NetplayMetricsPlugin, RollbackMetrics};
pub use plugin::{NetplayPlugin, NetplayPlugins, NetplaySystems};
pub use registry::{NetplayApp, RollbackRegistry};
pub use report::{
    DesyncReport, InputsByPath, LinkReport, PathChangeReport, RollbackReport, SessionReport,
    StallReport,
};
pub use room::CurrentRoom;
pub use session::{MakeTransport, TransportFactory};
pub use start::{Match, StartMatch};
pub use state::{EndReason, NetplayState};

pub use netplay_core as core;
pub use netplay_protocol as protocol;
pub use netplay_transport as transport;

/// What a game names.
pub mod prelude {
    pub use bevy_ggrs::{
        ConfirmedFrameCount, GgrsSchedule as RollbackUpdate, Rollback, RollbackFrameCount,
    };
    pub use bytemuck::{Pod, Zeroable};
    pub use netplay_core::emulator::NetworkConditions;
    pub use netplay_core::link::{LinkConfig, Quality};
    pub use netplay_protocol::signaling::Presence;
    pub use netplay_protocol::{Identity, PeerKey};
    pub use netplay_transport::{PathKind, PathPolicy};

    pub use crate::messages::*;
    pub use crate::{
        CurrentRoom, EndReason, Inputs, LocalInput, Match, NetplayApp, NetplayCommands,
        NetplayConfig, NetplayPlugins, NetplayState, PeerLinks, ReadInputs, RollbackMetrics, Room,
        SessionReport, StartMatch,
    };
}
