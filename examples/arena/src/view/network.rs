//! What the view has by bevy_netplay alone: smoothed poses, sounds, the overlay for developers, and the indicator for
//! players below the bar.

use bevy::prelude::*;
use bevy_netplay::ConnectionIndicator;

use super::hud::BarHeight;
use super::{poses, sounds};

/// The space between the bar and the indicator, in logical pixels.
const BELOW_BAR: f32 = 6.0;

/// Smooths poses, plays sounds, shows the overlay and the indicator. Needs [`ViewPlugin`](super::ViewPlugin) and
/// bevy_netplay: the arena on plain bevy_ggrs has none of them.
pub struct NetworkViewPlugin;

impl Plugin for NetworkViewPlugin {
    fn build(&self, app: &mut App) {
        let is_moved = resource_changed::<BarHeight>.or_else(resource_changed::<UiScale>);
        app.add_plugins((poses::smoothed, sounds::plugin, example_runner::overlay::plugin))
            .add_systems(Update, place.run_if(is_moved));
    }
}

fn place(bar: Res<BarHeight>, scale: Res<UiScale>, mut indicator: ResMut<ConnectionIndicator>) {
    indicator.margin.y = bar.0 * scale.0 + BELOW_BAR;
}
