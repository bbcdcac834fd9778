//! Peer-to-peer rollback multiplayer for Bevy, native and in the browser, over WebRTC.
//!
//! A game adds [`NetplayPlugins`], registers what it rolls back, and joins a room:
//!
//! ```
//! use bevy::prelude::*;
//! use bevy_netplay::bytemuck::{Pod, Zeroable};
//! use bevy_netplay::prelude::*;
//!
//! #[derive(Clone, Copy, Default, PartialEq, Pod, Zeroable)]
//! #[bytemuck(crate = "bevy_netplay::bytemuck")]
//! #[repr(C)]
//! struct Buttons(u8);
//!
//! #[derive(Component, Clone, Reflect)]
//! struct Ship { owner: PlayerHandle, x: i32 }
//!
//! fn spawn_ships(mut commands: Commands, this_match: Res<CurrentMatch>) {
//!     for owner in this_match.player_handles() {
//!         commands.spawn((RollbackEntity, Ship { owner, x: 0 }));
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
//!     .rollback_component_by_reflect::<Ship>()
//!     .add_systems(StartMatch, spawn_ships)
//!     .add_systems(NetplayUpdate, steer)
//!     .add_systems(Startup, |mut commands: Commands| {
//!         commands.join_room(JoinRoom::code("ABC").server("ws://127.0.0.1:3536"));
//!     });
//! ```
//!
//! # What is where
//!
//! | | |
//! | --- | --- |
//! | [`NetplayPlugins`], [`NetplayConfig`] | what to add, and what can be set |
//! | [`NetplayCommands`], [`JoinRoom`] | joining, ready, leaving, rematch |
//! | [`CurrentLobby`], [`LobbyState`], [`MatchLobby`] | who is there and ready, and what players choose before a match |
//! | [`NetplayState`], [`EndReason`], [`CurrentRoom`], [`CurrentMatch`] | where this peer is |
//! | [`NetplayApp`], [`RollbackEntity`] | what rolls back |
//! | [`LocalInput`], [`Inputs`] | the input of the players |
//! | [`NetplayApp::smooth`], [`Smoothing`], [`Interpolation`], [`Teleported`] | what is drawn of what is simulated |
//! | [`NetplayEffectApp`], [`EffectWriter`], [`EffectMessage`] | effects of the simulation, shown once |
//! | [`NetplaySoundApp`], [`EffectSound`], [`LoopSound`], [`SoundCommand`] | what is heard |
//! | [`PeerMessageApp`], [`PeerMessageWriter`], [`FromPeer`] | messages between peers, beside the simulation |
//! | [`PeerLinks`], [`RollbackMetrics`], [`MatchTimeline`], [`session_report`] | why something felt bad |
//! | [`ConnectionNotices`] | what players are told of connections |
//! | [`DoctorReport`], [`NetplayCommands::run_doctor`] | why no connection works |
//! | [`DesyncConfig`], [`DesyncBundles`], [`replay_desync`], [`shrink_desync`] | why two machines disagree |
//! | [`messages`] | what happened |
//!
//! # How a frame flows
//!
//! All of it is in `PreUpdate`. First what has arrived is taken in ([`NetplaySystems::Receive`]); then, for every frame
//! that is due, bevy_ggrs reads the local input, rolls back if it must and advances ([`NetplaySystems::Simulate`]);
//! then each peer is sent at most one datagram ([`NetplaySystems::Send`]).
//!
//! # Features
//!
//! | | default | |
//! | --- | --- | --- |
//! | `diagnostics` | yes | `NetplayDiagnosticsPlugin`: links and rollbacks in Bevy's diagnostics |
//! | `emulator` | yes | `NetplayConfig::emulate`: a bad network, for development, also while a match is played |
//! | `audio` | no | `NetplayAudioPlugin`: plays sounds with Bevy's audio; on Linux it needs ALSA's development files |
//! | `report_html` | no | `commands.save_report("match.html")`: the report of a match as a page with charts |
//! | `overlay` | no | `NetplayOverlayPlugin`: graphs and numbers of a match in bevy_ui, for developers; `ConnectionIndicatorPlugin`: what players are told of connections |
//!
//! # Reflection
//!
//! Every public type that is a value in the world implements `Reflect` and is registered, with all of its fields.
//! Secrets ([`PeerIdentity`], [`ResumeToken`], passwords) are opaque, and so are ids without parts (`PeerKey`,
//! `RoomCode`), [`TransportFactory`] and [`LocalInput`]. [`FromPeer`] is reflected no more than the game's own type, and [`EffectMessage`] as far as that one.

#[cfg(target_arch = "wasm32")]
mod background;
#[doc(hidden)]
pub mod bench;
mod commands;
mod config;
mod current_match;
mod desync;
mod doctor;
mod effects;
mod end_reason;
mod files;
mod ggrs;
mod identity;
mod indicator;
mod input;
mod join_room;
mod lobby;
mod logs;
pub mod messages;
mod mirror;
#[cfg(feature = "overlay")]
mod overlay;
mod peer_messages;
mod player;
mod plugin;
mod reflect;
mod report;
mod rollback;
mod room;
mod room_list;
mod session;
mod smoothing;
mod sounds;
mod state;
mod stats;
mod sync_test;

pub use commands::NetplayCommands;
pub use config::{DEFAULT_SERVER, NetplayConfig};
pub use current_match::{CurrentMatch, StartMatch};
pub use desync::{
    AfterDesync, DesyncBundle, DesyncBundles, DesyncCapture, DesyncConfig, DesyncFile,
    DesyncFileError, DesyncReplay, ReplayError, ReplayVerdict, ShrunkDesync, replay_desync,
    shrink_desync,
};
pub use doctor::{DoctorFinding, DoctorReport, DoctorSeverity, DoctorStep, StepResult};
pub use effects::{EffectId, EffectMessage, EffectWriter, NetplayEffectApp};
pub use end_reason::{EndReason, LastEndReason};
pub use identity::PeerIdentity;
#[cfg(feature = "overlay")]
pub use indicator::{ConnectionIndicator, ConnectionIndicatorPlugin};
pub use indicator::{ConnectionNotices, LinkNotice, NoticeKind, NoticeLevel};
pub use input::{
    AsBytes, AsSerde, BotInputs, GgrsInput, InputEncoding, InputStatus, Inputs, LocalInput,
    MatchBots, MatchTypes, NetplayGgrs, NetplayInput, PeerInput, PerPlayer, PlayerInputs,
    ReadLocalInput, UpdateBots,
};
pub use join_room::JoinRoom;
pub use lobby::{
    CurrentLobby, LobbyMember, LobbyState, LobbyValue, MatchLobby, MatchResult, NetplayLobbyApp,
    in_countdown, others_play,
};
pub use logs::LOG_FILTER;
pub use mirror::{
    KickRule, LinkCandidate, LinkCandidates, LinkCounters, LinkPath, LinkQuality, PeerPresence,
};
pub use netplay_report::session::{
    AttemptFailureReport, DesyncReport, EventKind, InputsByPath, LinkReport, LinkSeries,
    MatchSeries, PathChangeReport, RollbackReport, SessionReport, StallReport, TimelineEvent,
};
#[cfg(feature = "overlay")]
pub use overlay::{NetplayOverlay, NetplayOverlayPlugin, OverlayCorner};
pub use peer_messages::{
    FromPeer, IncomingTransfer, OutgoingTransfer, PeerMessage, PeerMessageApp, PeerMessageCounters,
    PeerMessageDelivered, PeerMessageError, PeerMessageFailed, PeerMessageId, PeerMessageOptions,
    PeerMessageWriter, PeerTransfers,
};
pub use player::PlayerHandle;
pub use plugin::{NetplayPlugin, NetplayPlugins, NetplaySystems};
pub use report::{LastReport, MatchTimeline, session_report, session_report_at};
pub use rollback::{
    Checksums, DecodeError, EncodeError, NetplayApp, RollbackEntity, RollbackRegistry, SpawnOrder,
    decode_state, encode_state,
};
pub use room::{CurrentRoom, ResumeToken};
pub use room_list::{ListedRoom, RoomList, RoomListCursor};
#[cfg(feature = "emulator")]
pub use session::CurrentEmulation;
pub use session::{EntropySource, TransportFactory};
pub use smoothing::{Interpolation, OwnedBy, Smoothing, Teleported};
#[cfg(feature = "audio")]
pub use sounds::NetplayAudioPlugin;
pub use sounds::{EffectSound, LoopSound, NetplaySoundApp, SoundCommand, SoundId};
pub use state::{NetplayState, in_lobby, in_match, in_room};
#[cfg(feature = "diagnostics")]
pub use stats::NetplayDiagnosticsPlugin;
pub use stats::{
    AttemptFailure, History, LinkSample, LinkTraffic, MatchSample, NetplayMetricsPlugin,
    PathChange, PeerLink, PeerLinks, PlayerSet, RollbackMetrics, UpdateSample,
};
pub use sync_test::{SyncTest, SyncTestError, SyncTestReport};

/// How inputs are predicted that have not arrived yet.
pub use ::ggrs::{InputPredictor, PredictDefault, PredictRepeatLast};
/// The schedule in which a game is simulated: systems here run once for every frame of a match, and again for each
/// frame that is simulated again. It is bevy_ggrs' schedule.
pub use bevy_ggrs::GgrsSchedule as NetplayUpdate;
pub use bytemuck;
pub use netplay_core as core;
pub use netplay_protocol as protocol;
pub use netplay_report as report_files;
pub use netplay_transport as transport;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

/// What a game names. Clashes with none of the preludes of bevy, bevy_ggrs, bevy_roll_safe, avian and lightyear.
/// Messages are in [`messages`], `Pod` and `Zeroable` in [`bytemuck`].
pub mod prelude {
    pub use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount};
    #[cfg(feature = "emulator")]
    pub use netplay_core::emulator::{NetworkConditions, NetworkEmulation};
    pub use netplay_core::link::LinkConfig;
    pub use netplay_core::path::PathPolicy;
    pub use netplay_protocol::PeerKey;

    #[cfg(feature = "emulator")]
    pub use crate::CurrentEmulation;
    pub use crate::{
        BotInputs, CurrentLobby, CurrentMatch, CurrentRoom, EffectMessage, EffectSound,
        EffectWriter, EndReason, FromPeer, Inputs, Interpolation, JoinRoom, KickRule,
        LastEndReason, LinkPath, LinkQuality, LobbyState, LocalInput, LoopSound, MatchBots,
        MatchLobby, NetplayApp, NetplayCommands, NetplayConfig, NetplayEffectApp, NetplayLobbyApp,
        NetplayPlugins, NetplaySoundApp, NetplayState, NetplaySystems, NetplayUpdate, OwnedBy,
        PeerIdentity, PeerLinks, PeerMessageApp, PeerMessageOptions, PeerMessageWriter,
        PeerPresence, PlayerHandle, ReadLocalInput, ResumeToken, RollbackEntity, RollbackMetrics,
        RoomList, SessionReport, Smoothing, SpawnOrder, StartMatch, Teleported, UpdateBots,
        in_countdown, in_lobby, in_match, in_room, others_play, session_report, session_report_at,
    };
}
