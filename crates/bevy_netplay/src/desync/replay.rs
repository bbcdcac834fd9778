//! [`replay_desync`]: whose checksums come out if the match of a bundle is simulated again.

use std::fmt;

use bevy::prelude::*;
use netplay_report::desync::{DesyncBundle, DesyncSide};

use super::runner::{BundleInputs, Simulated};

/// More updates than frames: the first ones set the match up.
const MORE_UPDATES: i32 = 120;

/// What came out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DesyncReplay {
    /// The peer that has the checksums which came out.
    pub verdict: ReplayVerdict,
    /// The first compared frame at which the two peers differ.
    pub frame: i32,
    /// Up to which compared frame all checksums of the peer came out that wrote the bundle.
    pub ours_until: Option<i32>,
    /// Up to which compared frame all those of the other peer did.
    pub theirs_until: Option<i32>,
    /// What this machine had at that frame: its state can be [explained](crate::report_files::desync::explain) beside those
    /// of the two peers.
    pub side: DesyncSide,
}

/// The peer that has the checksums which came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayVerdict {
    /// Those of the peer that wrote the bundle: look at the other one.
    Ours,
    /// Those of the other peer: look at the one that wrote the bundle.
    Theirs,
    /// Neither: the state depends on something that is not in the inputs, such as a clock, the order of a hash map, the
    /// machine, or on the rollbacks that there were.
    Neither,
}

/// Why a match cannot be simulated again. Each is a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The game adds no `NetplayPlugins`.
    #[error("the game does not add NetplayPlugins")]
    NoNetplay,
    /// The bundle is that of another game, or of another version.
    #[error(
        "the desync bundle is that of another game or version: {0} is registered in one of them only, or in another way"
    )]
    OtherTypes(String),
    /// Inputs have another length.
    #[error(
        "the desync bundle is that of another game or version: its inputs have {there} bytes, and here {here}"
    )]
    OtherInput {
        /// How many bytes they have in this game, with the one that tells of a disconnected player.
        here: usize,
        /// How many they have in the bundle.
        there: u32,
    },
    /// It has no inputs.
    #[error("the desync bundle has no inputs: the match was over when it was written")]
    NoInputs,
    /// Its inputs end before the desync.
    #[error(
        "the inputs of the desync bundle end at frame {end}, before the desync at frame {frame}"
    )]
    TooShort {
        /// The first frame without one.
        end: i32,
        /// The frame of the desync.
        frame: i32,
    },
    /// The simulation stopped before it.
    #[error("the match stopped at frame {0}")]
    Stopped(i32),
}

/// Simulates the match of a desync bundle from its inputs, without a network or a window, and says whose checksums come
/// out. `game` adds the game to an App, [`NetplayPlugins`](crate::NetplayPlugins) and time included; it must neither join
/// a room nor read devices.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_netplay::prelude::*;
/// use bevy_netplay::{DesyncBundle, DesyncFile, ReplayVerdict, replay_desync};
///
/// fn game(app: &mut App) {
///     app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()));
///     // … and the simulation.
/// }
///
/// fn who_is_it(file: &str) -> Result {
///     let replay = replay_desync(game, &DesyncBundle::load(file)?)?;
///     println!("{replay}");
///     Ok(())
/// }
/// ```
///
/// # Errors
///
/// [`ReplayError`] where the bundle is not one of this game.
pub fn replay_desync(
    game: impl Fn(&mut App),
    bundle: &DesyncBundle,
) -> Result<DesyncReplay, ReplayError> {
    let frame = bundle.ours.frame;
    let end = bundle.end();
    let inputs = BundleInputs::new(bundle);
    let mut simulated = Simulated::alone(&game, bundle, &inputs)?;
    if end < frame {
        return Err(ReplayError::TooShort { end, frame });
    }
    let recorded = |side: &DesyncSide| -> Vec<(i32, u64)> {
        let of = |parts: &netplay_report::desync::FrameParts| {
            (parts.frame, u64::from_le_bytes(parts.total))
        };
        side.checksums.iter().map(of).filter(|(frame, _)| *frame <= end).collect()
    };
    let mut ours = Followed::new(recorded(&bundle.ours));
    let mut theirs = Followed::new(bundle.theirs.as_ref().map(recorded).unwrap_or_default());
    let last = ours.last().max(theirs.last()).max(frame).min(end);
    let mut side = None;
    for _ in 0..last.saturating_add(MORE_UPDATES) {
        simulated.update();
        let confirmed = simulated.confirmed();
        ours.follow(confirmed, |frame| simulated.checksum(frame));
        theirs.follow(confirmed, |frame| simulated.checksum(frame));
        if side.is_none() && confirmed >= frame {
            side =
                Some(simulated.side(bundle.this_match.epoch, frame, bundle.ours.last_equal_frame));
        }
        if confirmed >= last || simulated.is_over() {
            break;
        }
    }
    let Some(side) = side else { return Err(ReplayError::Stopped(simulated.confirmed())) };
    let verdict = match (ours.matches(frame), theirs.matches(frame)) {
        (true, false) => ReplayVerdict::Ours,
        (false, true) => ReplayVerdict::Theirs,
        _ => ReplayVerdict::Neither,
    };
    let (ours_until, theirs_until) = (ours.until, theirs.until);
    Ok(DesyncReplay { verdict, frame, ours_until, theirs_until, side })
}

/// The checksums of a peer, as far as they came out.
struct Followed {
    recorded: Vec<(i32, u64)>,
    next: usize,
    until: Option<i32>,
    differs: bool,
}

impl Followed {
    fn new(recorded: Vec<(i32, u64)>) -> Self {
        Self { recorded, next: 0, until: None, differs: false }
    }

    fn last(&self) -> i32 {
        self.recorded.last().map_or(-1, |(frame, _)| *frame)
    }

    fn follow(&mut self, confirmed: i32, checksum: impl Fn(i32) -> Option<u64>) {
        while let Some((frame, recorded)) = self.recorded.get(self.next)
            && *frame <= confirmed
        {
            self.next += 1;
            self.differs |= checksum(*frame) != Some(*recorded);
            if !self.differs {
                self.until = Some(*frame);
            }
        }
    }

    fn matches(&self, frame: i32) -> bool {
        self.until.is_some_and(|until| until >= frame)
    }
}

impl fmt::Display for DesyncReplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verdict {
            ReplayVerdict::Ours => write!(
                f,
                "at frame {}, the checksum of the peer comes out that wrote the bundle: the other one computes \
                 something else",
                self.frame
            )?,
            ReplayVerdict::Theirs => write!(
                f,
                "at frame {}, the checksum of the other peer comes out: the one that wrote the bundle computes \
                 something else",
                self.frame
            )?,
            ReplayVerdict::Neither => write!(
                f,
                "at frame {}, neither peer's checksum comes out: the state depends on something that is not in the \
                 inputs, such as a clock, the order of a hash map, the machine, or the rollbacks that there were",
                self.frame
            )?,
        }
        let until = |until: Option<i32>| match until {
            Some(frame) => format!("up to frame {frame}"),
            None => "at no frame".to_owned(),
        };
        let (ours, theirs) = (until(self.ours_until), until(self.theirs_until));
        write!(f, " (the checksums of the writer come out {ours}, those of the other one {theirs})")
    }
}
