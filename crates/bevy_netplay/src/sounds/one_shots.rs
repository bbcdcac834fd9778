//! Sounds of effects: heard when they are predicted, faded out when they never were.

use std::time::Duration;

use bevy::platform::collections::HashMap;

use super::command::{SoundCommand, SoundId, SoundIds};
use super::sound::EffectSound;
use crate::{EffectId, EffectMessage};

/// Short enough to be over at once, and long enough not to click.
const FADE_OUT: Duration = Duration::from_millis(80);

/// The sounds of effects that are predicted.
#[derive(Debug, Default)]
pub(super) struct OneShots(HashMap<EffectId, SoundId>);

impl OneShots {
    /// Something has become of an effect. `sound` is called for one that is heard; `frame` is how long one lasts.
    pub(super) fn handle<E: Send + Sync + 'static>(
        &mut self,
        message: &EffectMessage<E>,
        is_silent: bool,
        frame: Duration,
        sound: impl FnOnce(&E) -> Option<EffectSound>,
        ids: &mut SoundIds,
    ) -> Option<SoundCommand> {
        match message {
            EffectMessage::Predicted { id: effect_id, late, effect, .. } => {
                let seek = frame.saturating_mul(*late);
                let sound = sound(effect).filter(|sound| !is_silent && seek < sound.length)?;
                let id = ids.next();
                self.0.insert(*effect_id, id);
                Some(SoundCommand::Play { id, sound, seek })
            }
            EffectMessage::Cancelled { id, .. } => {
                let id = self.0.remove(id)?;
                Some(SoundCommand::FadeOut { id, fade: FADE_OUT })
            }
            EffectMessage::Confirmed { id, .. } => {
                self.0.remove(id);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::EffectIds;

    const FRAME: Duration = Duration::from_millis(20);

    /// What is said of an effect that is so many frames late, and then has one of these messages.
    fn commands(late: u32, is_silent: bool, is_cancelled: bool) -> Vec<SoundCommand> {
        let id = EffectIds::default().next();
        let last = match is_cancelled {
            true => EffectMessage::Cancelled { id, effect: "clash" },
            false => EffectMessage::Confirmed { id, frame: 7, effect: "clash" },
        };
        let predicted = EffectMessage::Predicted { id, frame: 7, late, effect: "clash" };
        let (mut sounds, mut ids) = (OneShots::default(), SoundIds::default());
        let sound = |effect: &&'static str| Some(clash(effect));
        let commands = [predicted, last.clone(), last]
            .iter()
            .filter_map(|it| sounds.handle(it, is_silent, FRAME, sound, &mut ids))
            .collect();
        assert!(sounds.0.is_empty(), "nothing is kept of what is over");
        commands
    }

    fn clash(file: &'static str) -> EffectSound {
        EffectSound::new(file).volume(0.5).length(Duration::from_millis(100))
    }

    fn play(seek: u64) -> SoundCommand {
        let id = SoundIds::default().next();
        SoundCommand::Play { id, sound: clash("clash"), seek: Duration::from_millis(seek) }
    }

    #[test]
    fn what_is_predicted_is_played_and_what_never_was_is_faded_out_once() {
        assert_eq!(commands(0, false, false), [play(0)]);
        let id = SoundIds::default().next();
        assert_eq!(
            commands(0, false, true),
            [play(0), SoundCommand::FadeOut { id, fade: FADE_OUT }]
        );
        assert!((50..=100).contains(&FADE_OUT.as_millis()));
    }

    #[test]
    fn what_comes_late_begins_in_the_middle_and_what_would_be_over_is_not_played() {
        assert_eq!(commands(4, false, false), [play(80)]);
        for late in [5, u32::MAX] {
            assert_eq!(commands(late, false, true), []);
        }
    }

    #[test]
    fn nothing_is_played_where_nobody_listens() {
        assert_eq!(commands(0, true, true), []);
        assert_eq!(commands(0, true, false), []);
    }

    #[test]
    fn an_effect_may_have_no_sound() {
        let (id, mut sounds) = (EffectIds::default().next(), OneShots::default());
        let predicted = EffectMessage::Predicted { id, frame: 7, late: 0, effect: "clash" };
        let mut ids = SoundIds::default();
        assert_eq!(sounds.handle(&predicted, false, FRAME, |_| None, &mut ids), None);
    }
}
