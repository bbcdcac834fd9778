//! What the examples show of the network: bevy_netplay's overlay for developers (F3) and its indicator for players.

use bevy::prelude::*;
use bevy::text::FontSource;
use bevy_netplay::{
    ConnectionIndicator, ConnectionIndicatorPlugin, NetplayOverlay, NetplayOverlayPlugin,
};

use crate::text::font;

/// Adds both, in the font of the examples.
pub fn plugin(app: &mut App) {
    let font: FontSource = font(1.0).font;
    app.insert_resource(NetplayOverlay { font: font.clone(), ..default() })
        .insert_resource(ConnectionIndicator { font, ..default() })
        .add_plugins((NetplayOverlayPlugin, ConnectionIndicatorPlugin));
}
