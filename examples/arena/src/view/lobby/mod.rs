//! The lobby and the chat in a window. A page has them in HTML.

mod chat_box;
mod draft;
mod keys;
mod panel;

use bevy::prelude::*;

use draft::Draft;
use keys::Selected;

use crate::lobby;

/// Draws the lobby and the chat, and reads their keys. Needs [`super::ViewPlugin`] and what is in
/// [`lobby`](crate::lobby) and [`chat`](crate::chat).
pub struct LobbyViewPlugin;

impl Plugin for LobbyViewPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Selected>()
            .add_plugins((draft::plugin, panel::plugin, chat_box::plugin))
            .add_systems(Update, keys::ask.run_if(lobby::is_shown));
    }
}
