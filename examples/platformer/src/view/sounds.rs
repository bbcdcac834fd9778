//! What is heard of the match.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use example_runner::sounds;

use crate::sim::{Cue, CueKind};

pub fn plugin(app: &mut App) {
    app.add_effect_sound(|cue: &Cue| {
        let (sound, volume) = match cue.kind {
            CueKind::Fight => (sounds::COUNTDOWN, 0.6),
            CueKind::Over => (sounds::WIN, 0.7),
            CueKind::Jump(_) => (sounds::JUMP, 0.4),
            CueKind::Land(_) => (sounds::LAND, 0.4),
            CueKind::Throw(_) => (sounds::SHOT, 0.4),
            CueKind::Hit(_) => (sounds::HIT, 0.7),
            CueKind::Respawn(_) => (sounds::PICKUP, 0.4),
            CueKind::Knockout(_) | CueKind::Explosion => (sounds::EXPLOSION, 0.7),
        };
        Some(sound.at(volume))
    });
}
