//! The overlay for developers: what is measured of a match, drawn over any game (feature `overlay`).
//!
//! ```text
//! NetplayOverlay ──► panel (spawns and despawns the nodes)
//! RollbackMetrics, MatchTimeline, Checksums ──► graphs ──► graph (pixels)
//! RollbackMetrics, PeerLinks ──► text
//! keys, buttons ──► buttons ──► NetplayOverlay, NetplayConfig, save_report
//! ```
//!
//! It measures nothing itself. While it is hidden, there are no nodes and no picture, and only its key is looked at.

mod buttons;
mod graph;
mod graphs;
#[cfg(feature = "emulator")]
mod network;
mod panel;
mod settings;
mod text;

use bevy::prelude::*;

pub(crate) use panel::passive;
pub(crate) use settings::WidgetText;
pub use settings::{NetplayOverlay, OverlayCorner};

use graphs::Graphs;

/// Shows over a game what is measured of its match, when F3 is pressed (feature `overlay`). For developers; what players
/// are told shows [`ConnectionIndicatorPlugin`](crate::ConnectionIndicatorPlugin).
///
/// * One column for each of the last 300 updates: how deep rollbacks were, in the color of the player whose late inputs
///   caused them, and red where the simulation stood still; the time that simulating again took, against that of a frame;
///   and when a checksum was compared, the path or the input delay changed, time was lost, states differed.
/// * A row for each peer: round trip time and jitter in ms, loss, path, how many frames ahead of it the simulation is, for
///   how many frames its inputs are missing, and in how many of those updates they came too late.
/// * Buttons and keys that freeze it, save the [report](crate::session_report), and switch the network that is emulated
///   (feature `emulator`) to the next preset: in both directions, by this peer.
///
/// [`NetplayOverlay`] has the settings. It is drawn by bevy_ui, on the camera that bevy_ui takes by default, in a
/// window of 390 pixels and of 1280 alike. Only its buttons take clicks and touches, and only they are found by picking.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::NetplayOverlayPlugin;
/// use bevy_netplay::prelude::*;
///
/// let mut app = App::new();
/// app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default(), NetplayOverlayPlugin));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NetplayOverlayPlugin;

impl Plugin for NetplayOverlayPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<NetplayOverlay>()
            .init_resource::<Graphs>()
            .add_message::<buttons::Action>()
            .add_systems(
                Update,
                (
                    buttons::toggle,
                    (buttons::read_keys, buttons::read_presses, buttons::carry_out)
                        .chain()
                        .run_if(is_visible),
                    panel::update.run_if(panel::is_due),
                    (
                        (graphs::draw, text::write).run_if(is_running),
                        buttons::write_labels,
                        buttons::write_status,
                    )
                        .chain()
                        .run_if(is_visible),
                )
                    .chain(),
            );
        #[cfg(feature = "emulator")]
        app.add_systems(
            Update,
            (
                network::switch.after(buttons::read_presses).before(buttons::write_labels),
                network::write_label.after(buttons::write_labels),
            )
                .run_if(is_visible),
        );
    }
}

/// A run condition.
fn is_visible(overlay: Res<NetplayOverlay>) -> bool {
    overlay.visible
}

/// A run condition: not frozen, or there are new nodes that show nothing yet.
fn is_running(overlay: Res<NetplayOverlay>, spawned: Query<(), Added<panel::OverlayRoot>>) -> bool {
    !overlay.frozen || !spawned.is_empty()
}
