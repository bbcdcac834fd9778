//! Loops of entities: what is heard follows from the state, whatever rollbacks there were.

use std::collections::BTreeMap;
use std::time::Duration;

use super::command::{SoundCommand, SoundId, SoundIds};
use super::sound::LoopSound;
use crate::SpawnOrder;

/// Long enough not to click, also where a prediction was wrong for a few frames.
const FADE: Duration = Duration::from_millis(60);

/// The loops that are heard, by the places of their entities: these survive a rollback that spawns an entity again.
#[derive(Debug, Default)]
pub(super) struct Loops(BTreeMap<SpawnOrder, (SoundId, LoopSound)>);

impl Loops {
    /// These loops are to be heard now, and no others.
    pub(super) fn update(
        &mut self,
        mut wanted: BTreeMap<SpawnOrder, LoopSound>,
        ids: &mut SoundIds,
    ) -> Vec<SoundCommand> {
        let mut commands = Vec::new();
        self.0.retain(|entity, (id, playing)| {
            let id = *id;
            match wanted.remove(entity) {
                Some(sound) if sound.file == playing.file => {
                    if sound.volume != playing.volume {
                        let volume = sound.volume;
                        commands.push(SoundCommand::SetVolume { id, volume, fade: FADE });
                        playing.volume = volume;
                    }
                    return true;
                }
                Some(sound) => drop(wanted.insert(*entity, sound)),
                None => {}
            }
            commands.push(SoundCommand::FadeOut { id, fade: FADE });
            false
        });
        for (entity, sound) in wanted {
            let id = ids.next();
            commands.push(SoundCommand::StartLoop { id, sound: sound.clone(), fade: FADE });
            self.0.insert(entity, (id, sound));
        }
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said when these entities are heard so loud.
    fn update(
        loops: &mut (Loops, SoundIds),
        wanted: &[(SpawnOrder, &'static str, f32)],
    ) -> Vec<SoundCommand> {
        let wanted = wanted
            .iter()
            .map(|(entity, file, volume)| (*entity, LoopSound::new(*file).volume(*volume)));
        loops.0.update(wanted.collect(), &mut loops.1)
    }

    fn start(id: SoundId, file: &'static str, volume: f32) -> SoundCommand {
        SoundCommand::StartLoop { id, sound: LoopSound::new(file).volume(volume), fade: FADE }
    }

    #[test]
    fn a_loop_starts_changes_and_ends_with_the_state() {
        let entity = SpawnOrder::default();
        let mut loops = Default::default();
        let mut ids = SoundIds::default();
        let id = ids.next();
        let thrust = |volume| [(entity, "thrust", volume)];
        assert_eq!(update(&mut loops, &[]), []);
        assert_eq!(update(&mut loops, &thrust(0.5)), [start(id, "thrust", 0.5)]);
        assert_eq!(update(&mut loops, &thrust(0.5)), []);
        let louder = SoundCommand::SetVolume { id, volume: 0.7, fade: FADE };
        assert_eq!(update(&mut loops, &thrust(0.7)), [louder]);
        let over = SoundCommand::FadeOut { id, fade: FADE };
        let other = start(ids.next(), "alarm", 1.0);
        assert_eq!(update(&mut loops, &[(entity, "alarm", 1.0)]), [over, other]);
        assert_eq!(update(&mut loops, &[]).len(), 1);
        assert_eq!(update(&mut loops, &[]), []);
    }
}
