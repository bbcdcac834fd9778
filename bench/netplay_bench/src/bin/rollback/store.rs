//! [`Store`]: what is measured, and the rollback that it goes through.

use std::time::{Duration, Instant};

use bevy::prelude::World;

use crate::game;

/// How many frames a rollback goes back.
pub const DEPTH: i32 = 8;

/// A game, and what keeps its latest frames: at least [`DEPTH`] before the one that is next.
pub trait Store {
    /// For the output.
    fn name(&self) -> &'static str;

    /// The frame that is simulated next.
    fn frame(&self) -> i32;

    /// Keeps the state at the start of this frame.
    fn save(&mut self);

    /// Goes back to a frame that is kept.
    fn load(&mut self, frame: i32);

    /// Simulates a frame.
    fn simulate(&mut self);

    fn world(&mut self) -> &mut World;
}

/// A frame of a match in which every prediction is right.
pub fn advance(store: &mut dyn Store) {
    store.save();
    store.simulate();
}

/// Plays until buffers have stopped growing.
pub fn warm_up(store: &mut dyn Store) {
    // More frames than are kept.
    (0..4 * DEPTH).for_each(|_| advance(store));
    for _ in 0..DEPTH {
        advance(store);
        roll_back(store);
    }
}

/// A save, a load, and as often as frames are gone back a save and a simulated frame. Ends where it has begun.
pub fn roll_back(store: &mut dyn Store) {
    let frame = store.frame();
    store.save();
    store.load(frame - DEPTH);
    for _ in 0..DEPTH {
        advance(store);
    }
}

/// How long it takes.
pub fn time(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

/// Checks that all have played the same game: every load has led back to the state that was saved.
///
/// # Errors
///
/// A sentence, if two of them came to different states.
pub fn check_same_state(stores: &mut [&mut dyn Store]) -> Result<(), String> {
    let mut states = stores.iter_mut().map(|store| (store.name(), game::digest(store.world())));
    let Some((first, state)) = states.next() else { return Ok(()) };
    match states.find(|(_, other)| *other != state) {
        Some((other, _)) => Err(format!("{first} and {other} came to different states")),
        None => Ok(()),
    }
}
