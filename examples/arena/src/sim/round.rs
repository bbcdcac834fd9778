//! A round: a countdown of two seconds, a fight of one minute or less, then the result until all players want a
//! rematch. In a room with a lobby the match ends with the round.

use bevy::prelude::*;

use super::cues::{CueKind, Cues};
use super::fixed::Point;

/// Frames before the fight.
pub const COUNTDOWN_FRAMES: u16 = 120;
/// Frames of fighting: a minute.
pub const ROUND_FRAMES: u16 = 60 * 60;
/// Frames of fighting in a short round: twenty seconds.
pub const SHORT_ROUND_FRAMES: u16 = 20 * 60;

/// How the rounds of a match are played. Set before the match, and the same on every peer until its end.
#[derive(Resource, Clone, Copy, Debug)]
pub struct RoundRules {
    /// Frames of fighting.
    pub frames: u16,
    /// Whether the match ends with the round. Otherwise all look at the result until they want a rematch.
    pub ends_match: bool,
}

impl Default for RoundRules {
    fn default() -> Self {
        Self { frames: ROUND_FRAMES, ends_match: false }
    }
}

/// The phase of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Reflect)]
#[repr(u8)]
pub enum Phase {
    /// Ships do not move.
    #[default]
    Countdown,
    /// Ships fly and shoot.
    Fight,
    /// Ships fly, guns do not fire.
    Result,
}

/// The clock of the round.
#[derive(Resource, Clone, Debug, Hash, Reflect)]
pub struct Round {
    /// The current phase.
    pub phase: Phase,
    /// Frames until the next phase. It stays 0 in [`Phase::Result`].
    pub frames_left: u16,
}

impl Default for Round {
    fn default() -> Self {
        Self { phase: Phase::Countdown, frames_left: COUNTDOWN_FRAMES }
    }
}

pub(super) fn advance(mut round: ResMut<Round>, rules: Res<RoundRules>, mut cues: ResMut<Cues>) {
    let cue = match (round.phase, round.frames_left) {
        (Phase::Countdown, 1) => Some(CueKind::Fight),
        (Phase::Countdown, left) if left % 60 == 0 => Some(CueKind::Countdown),
        (Phase::Fight, 1) => Some(CueKind::Over),
        _ => None,
    };
    cue.into_iter().for_each(|kind| cues.write(kind, Point::default()));
    round.frames_left = round.frames_left.saturating_sub(1);
    if round.frames_left == 0 {
        *round = match round.phase {
            Phase::Countdown => Round { phase: Phase::Fight, frames_left: rules.frames },
            Phase::Fight | Phase::Result => Round { phase: Phase::Result, frames_left: 0 },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_ends_after_its_time_and_stays_ended() {
        for frames in [ROUND_FRAMES, SHORT_ROUND_FRAMES] {
            ends_after(frames);
        }
    }

    fn ends_after(length: u16) {
        let mut app = App::new();
        app.insert_resource(RoundRules { frames: length, ends_match: false })
            .init_resource::<Round>()
            .init_resource::<Cues>()
            .add_systems(Update, advance);
        let mut phase_after = |frames: u16| {
            (0..frames).for_each(|_| app.update());
            app.world().resource::<Round>().phase
        };
        assert_eq!(phase_after(COUNTDOWN_FRAMES - 1), Phase::Countdown);
        assert_eq!(phase_after(1), Phase::Fight);
        assert_eq!(phase_after(length - 1), Phase::Fight);
        assert_eq!(phase_after(1), Phase::Result);
        assert_eq!(phase_after(100), Phase::Result);
    }
}
