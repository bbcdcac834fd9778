//! Plays sounds with Bevy's audio, and mutes them: in pages, and on desktops with the feature `audio`.

use bevy::prelude::*;
use bevy_netplay::NetplayAudioPlugin;
use bevy_netplay::prelude::*;

use crate::sounds;

/// Whether nothing is to be heard.
#[derive(Resource, Default)]
pub struct Muted(pub bool);

pub(crate) fn plugin(app: &mut App) {
    app.add_plugins(NetplayAudioPlugin)
        .init_resource::<Muted>()
        .add_systems(Startup, load)
        // In the lobby of the arena the key means something else.
        .add_systems(Update, toggle.run_if(in_match))
        // Bevy starts sounds in `PostUpdate`.
        .add_systems(Last, mute);
}

/// Loads the files before the match, and keeps them: otherwise the first shot is not heard.
fn load(assets: Res<AssetServer>, mut kept: Local<Vec<Handle<AudioSource>>>) {
    kept.extend(sounds::files().map(|file| assets.load(file)));
}

fn toggle(keys: Res<ButtonInput<KeyCode>>, mut muted: ResMut<Muted>) {
    if keys.just_pressed(KeyCode::KeyM) {
        muted.0 ^= true;
    }
}

/// Sounds go on while they are muted, so that a loop is there again at once.
fn mute(muted: Res<Muted>, mut sounds: Query<&mut AudioSink>) {
    for mut sound in sounds.iter_mut().filter(|sound| sound.is_muted() != muted.0) {
        sound.toggle_mute();
    }
}
