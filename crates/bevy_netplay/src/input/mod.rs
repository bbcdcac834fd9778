//! Input: what the game writes ([`LocalInput`]), what the simulation reads ([`Inputs`]), how it travels ([`AsBytes`],
//! [`AsSerde`]).

mod bots;
mod encoding;
mod ggrs_input;
mod inputs;
mod local;
mod peer_input;

pub use bots::{BotInputs, MatchBots, UpdateBots};
pub(crate) use bots::{plugin as bots_plugin, reset_bots};
pub use encoding::{AsBytes, AsSerde, InputEncoding};
pub(crate) use ggrs_input::Types;
pub use ggrs_input::{GgrsInput, MatchTypes, NetplayGgrs};
pub use inputs::{InputStatus, Inputs};
pub(crate) use inputs::{begin_frame, end_frame};
pub use local::{LocalInput, ReadLocalInput};
pub(crate) use local::{PendingInputs, give_inputs};
pub use peer_input::{PeerInput, PerPlayer, PlayerInputs};

/// The input of one player in one frame. Implemented for every type that can be one.
///
/// Plain bytes travel as they are:
///
/// ```
/// use bevy_netplay::bytemuck::{Pod, Zeroable};
///
/// #[derive(Clone, Copy, Default, PartialEq, Pod, Zeroable)]
/// #[bytemuck(crate = "bevy_netplay::bytemuck")]
/// #[repr(C)]
/// struct Buttons {
///     stick: [i8; 2],
///     pressed: u8,
/// }
///
/// let plugins = bevy_netplay::NetplayPlugins::<Buttons>::default();
/// ```
///
/// Enums, `bool`, `Vec2` and whatever else implements serde's traits do with
/// [`by_serde`](crate::NetplayPlugins::by_serde):
///
/// ```
/// use bevy::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
/// enum Action {
///     #[default]
///     Stand,
///     Walk { stick: (f32, f32), runs: bool },
/// }
///
/// let plugins = bevy_netplay::NetplayPlugins::<Action>::default().by_serde();
/// ```
///
/// The default input is that of nobody: of a player who was dropped, and of the frames before a player's first input.
pub trait NetplayInput: Copy + Default + PartialEq + Send + Sync + 'static {}

impl<I: Copy + Default + PartialEq + Send + Sync + 'static> NetplayInput for I {}
