//! [`FighterInput`]: what a player does in a frame. It travels by serde.

use bevy_netplay::InputPredictor;
use serde::{Deserialize, Serialize};

/// What a player does in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FighterInput {
    /// Where the player walks, from -1.0 (left) to 1.0 (right).
    pub walk: f32,
    /// The player has pressed the key for a jump since the last frame.
    pub jump: bool,
    /// What the player has begun to do since the last frame.
    pub action: Option<Action>,
}

/// What a player can begin to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Strike with the club.
    Strike,
    /// Throw a bomb.
    Throw,
}

impl FighterInput {
    /// Where the player walks. It is checked, because a peer can send any number.
    pub fn stick(self) -> f32 {
        if self.walk.is_finite() { self.walk.clamp(-1.0, 1.0) } else { 0.0 }
    }
}

/// Predicts that a player walks on, and presses no key again: that happens in few frames, and a jump that was predicted
/// twice would be taken back each time.
pub struct Released;

impl InputPredictor<FighterInput> for Released {
    fn predict(previous: FighterInput) -> FighterInput {
        FighterInput { walk: previous.walk, ..FighterInput::default() }
    }
}
