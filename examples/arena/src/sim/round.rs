//! A round: a countdown of two seconds, a fight of one minute, then the result until all players want a
//! rematch.

use bevy::prelude::*;

/// Frames before the fight.
pub const COUNTDOWN_FRAMES: u16 = 120;
/// Frames of fighting: a minute.
pub const ROUND_FRAMES: u16 = 60 * 60;

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

pub(super) fn advance(mut round: ResMut<Round>) {
    round.frames_left = round.frames_left.saturating_sub(1);
    if round.frames_left == 0 {
        *round = match round.phase {
            Phase::Countdown => Round { phase: Phase::Fight, frames_left: ROUND_FRAMES },
            Phase::Fight | Phase::Result => Round { phase: Phase::Result, frames_left: 0 },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_ends_after_its_minute_and_stays_ended() {
        let mut app = App::new();
        app.init_resource::<Round>().add_systems(Update, advance);
        let mut phase_after = |frames: u16| {
            (0..frames).for_each(|_| app.update());
            app.world().resource::<Round>().phase
        };
        assert_eq!(phase_after(COUNTDOWN_FRAMES - 1), Phase::Countdown);
        assert_eq!(phase_after(1), Phase::Fight);
        assert_eq!(phase_after(ROUND_FRAMES - 1), Phase::Fight);
        assert_eq!(phase_after(1), Phase::Result);
        assert_eq!(phase_after(100), Phase::Result);
    }
}
