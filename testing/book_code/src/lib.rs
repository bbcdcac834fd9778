//! The code of the book, as doctests: each chapter of `docs/book/src` is the documentation of an item here.
//!
//! `cargo test --doc --workspace` compiles it. Code that cannot run in a test is marked `no_run`.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/introduction.md")]
pub struct Introduction;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/first-match.md")]
pub struct FirstMatch;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/your-own-project.md")]
pub struct YourOwnProject;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/your-own-page.md")]
pub struct YourOwnPage;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/how-rollback-works.md")]
pub struct HowRollbackWorks;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/rollback-state.md")]
pub struct RollbackState;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/inputs.md")]
pub struct Inputs;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/pacing.md")]
pub struct Pacing;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/smoothing.md")]
pub struct Smoothing;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/logs.md")]
pub struct Logs;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/bots.md")]
pub struct Bots;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/effects.md")]
pub struct Effects;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/local-players.md")]
pub struct LocalPlayers;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/lobby.md")]
pub struct Lobby;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/messages.md")]
pub struct Messages;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/alone.md")]
pub struct Alone;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/bad-network.md")]
pub struct BadNetwork;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/floats.md")]
pub struct Floats;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/physics.md")]
pub struct Physics;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/desyncs.md")]
pub struct Desyncs;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/doctor.md")]
pub struct Doctor;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/strangers.md")]
pub struct Strangers;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/rooms.md")]
pub struct Rooms;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/stats.md")]
pub struct Stats;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/overlay.md")]
pub struct Overlay;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/coming-from.md")]
pub struct ComingFrom;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/troubleshooting.md")]
pub struct Troubleshooting;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
