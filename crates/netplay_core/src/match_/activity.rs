//! Whether a simulation goes on, as its payloads show.

/// Whether a player's simulation goes on.
///
/// A simulation that stands still while nothing keeps it from going on holds up everybody else: its clock is paused, or
/// its game no longer runs the frames that are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// It gives new inputs.
    #[default]
    Advancing,
    /// It is at the end of its prediction window and waits for inputs of other players.
    Waiting,
    /// It could go on, and does not.
    Standing,
}
