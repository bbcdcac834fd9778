//! [`NetplayAudioPlugin`]: plays sounds with Bevy's audio.

use std::borrow::Cow;
use std::time::Duration;

use bevy::audio::Volume;
use bevy::platform::collections::HashMap;
use bevy::prelude::*;

use super::command::{SoundCommand, SoundId};
use super::fade::Fade;

/// Plays what [`NetplaySoundApp`](crate::NetplaySoundApp) registers with Bevy's audio: add it after `DefaultPlugins`. Files
/// are those of the asset server. Enable Bevy's feature of their format, such as `wav` or `vorbis`.
///
/// A file is loaded when it is heard first, and kept. A sound whose file is not there by the time that the sound would be
/// over is not played: a game that wants its first shot heard loads its files before the match. The same goes for a page
/// that nobody has clicked yet, which a browser keeps silent: after the first click not all is heard that has happened.
///
/// ```no_run
/// use bevy::audio::AudioPlugin;
/// use bevy::prelude::*;
/// use bevy_netplay::{NetplayAudioPlugin, NetplayPlugins};
///
/// App::new()
///     .add_plugins((MinimalPlugins, AssetPlugin::default(), AudioPlugin::default()))
///     .add_plugins((NetplayPlugins::<u8>::default(), NetplayAudioPlugin));
/// ```
#[derive(Debug, Default)]
pub struct NetplayAudioPlugin;

impl Plugin for NetplayAudioPlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<SoundCommand>().add_systems(Update, (carry_out, play).chain());
    }
}

/// A sound that is played, or will be once its file is loaded.
#[derive(Component)]
struct Played {
    fade: Fade,
    /// Whether it ends when it has faded out.
    ends: bool,
    /// How long it may still take until it begins. None for loops.
    patience: Option<Duration>,
}

impl Played {
    /// Time passes, and it has not begun. Returns whether it would be over already.
    fn is_late(&mut self, passed: Duration) -> bool {
        let Some(patience) = self.patience else { return false };
        let left = patience.checked_sub(passed);
        self.patience = Some(left.unwrap_or_default());
        left.is_none()
    }
}

fn carry_out(
    mut sounds: MessageReader<SoundCommand>,
    mut playing: Local<HashMap<SoundId, Entity>>,
    mut files: Local<HashMap<Cow<'static, str>, Handle<AudioSource>>>,
    alive: Query<(), With<Played>>,
    assets: Res<AssetServer>,
    mut commands: Commands,
) {
    // Those that have come to their end are despawned already.
    playing.retain(|_, entity| alive.contains(*entity));
    let mut player = |file: &Cow<'static, str>| {
        let load = || assets.load(file.clone().into_owned());
        AudioPlayer(files.entry(file.clone()).or_insert_with(load).clone())
    };
    for sound in sounds.read() {
        match sound {
            SoundCommand::Play { id, sound, seek } => {
                let fade = Fade::at(sound.volume);
                let patience = Some(sound.length.saturating_sub(*seek));
                let settings = PlaybackSettings::DESPAWN.with_volume(Volume::Linear(sound.volume));
                let settings = settings.with_start_position(*seek);
                let played = Played { fade, ends: false, patience };
                let entity = commands.spawn((player(&sound.file), settings, played)).id();
                playing.insert(*id, entity);
            }
            SoundCommand::StartLoop { id, sound, fade } => {
                let fade = Fade::at(0.0).to(sound.volume, *fade);
                let settings = PlaybackSettings::LOOP.with_volume(Volume::SILENT);
                let played = Played { fade, ends: false, patience: None };
                let entity = commands.spawn((player(&sound.file), settings, played)).id();
                playing.insert(*id, entity);
            }
            SoundCommand::SetVolume { id, volume, fade } => {
                let entity = playing.get(id).copied();
                change(&mut commands, entity, *volume, *fade, false);
            }
            SoundCommand::FadeOut { id, fade } => {
                change(&mut commands, playing.remove(id), 0.0, *fade, true);
            }
        }
    }
}

/// Has a sound go to another volume. It may have been spawned in this update.
fn change(
    commands: &mut Commands,
    entity: Option<Entity>,
    volume: f32,
    fade: Duration,
    ends: bool,
) {
    let Some(entity) = entity else { return };
    commands.entity(entity).queue_silenced(move |mut entity: EntityWorldMut| {
        if let Some(mut played) = entity.get_mut::<Played>() {
            played.fade = played.fade.to(volume, fade);
            played.ends |= ends;
        }
    });
}

/// Time passes for the sounds that are played.
fn play(
    mut sounds: Query<(Entity, &mut Played, Option<&mut AudioSink>)>,
    volume: Res<GlobalVolume>,
    time: Res<Time<Real>>,
    mut commands: Commands,
) {
    for (entity, mut played, sink) in &mut sounds {
        // Its file is not loaded yet, there is nothing to play it, or a page has not been clicked yet.
        let is_waiting = sink.as_ref().is_none_or(|sink| sink.position().is_zero());
        let is_late = is_waiting && played.is_late(time.delta());
        let is_silent = match sink {
            Some(mut sink) => {
                if !played.fade.is_over() {
                    let faded = played.fade.pass(time.delta());
                    sink.set_volume(Volume::Linear(faded) * volume.volume);
                }
                played.fade.is_over()
            }
            None => true,
        };
        if is_late || (played.ends && is_silent) {
            commands.entity(entity).try_despawn();
        }
    }
}
