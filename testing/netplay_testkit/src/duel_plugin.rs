//! [`DuelPlugin`]: the game and the record of it.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use crate::game::{DuelSystems, add_game};
use crate::record::record_frame;
use crate::script::Script;

/// The game, for the Apps of a [`TestApps`](crate::TestApps). [`NetplayPlugins<Keys>`](NetplayPlugins) must be there.
#[derive(Clone, Copy, Debug)]
pub struct DuelPlugin {
    /// The input of the local player.
    pub script: Script,
}

impl Plugin for DuelPlugin {
    fn build(&self, app: &mut App) {
        add_game(app, self.script);
        app.add_systems(NetplayUpdate, record_frame.after(DuelSystems));
    }
}
