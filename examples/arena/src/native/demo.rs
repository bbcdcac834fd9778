//! The command `arena demo --headless`: a server, bots as processes, a status line while they play, and a table of
//! their reports at the end.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, ExitCode, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use bevy_netplay::prelude::NetworkEmulation;
use example_runner::native::cli::JoinArgs;
use example_runner::native::console;
use example_runner::native::local_host::{BotProcess, LocalHost, LocalHostError};
use example_runner::native::progress::Progress;

use super::summary;

/// How often the state of the bots is checked.
const POLL: Duration = Duration::from_millis(50);

/// The demo could not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The server or a bot could not be started.
    #[error(transparent)]
    Host(#[from] LocalHostError),
    /// The directory for the reports could not be created.
    #[error("no directory for the reports at {0}: {1}")]
    Directory(PathBuf, std::io::Error),
    /// The bots did not end in time.
    #[error("the bots did not finish {frames} frames within {seconds} s")]
    TooSlow {
        /// How many frames they were to play.
        frames: i32,
        /// The time limit.
        seconds: u64,
    },
}

/// Runs the demo, over the bad network that each bot emulates. The exit code is 0 if every bot finished the match and
/// their checksums are equal.
pub fn run(frames: i32, players: u8, net: Option<NetworkEmulation>) -> Result<ExitCode, DemoError> {
    let mut host = LocalHost::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), net)?;
    let join = host.new_room(players);
    let JoinArgs { server, room, .. } = &join;
    console::line(format_args!(
        "{players} bots play {frames} frames over WebRTC; server {server}, room {room}"
    ));

    let directory = std::env::temp_dir().join(format!("arena-demo-{}", std::process::id()));
    std::fs::create_dir_all(&directory)
        .map_err(|error| DemoError::Directory(directory.clone(), error))?;
    let files: Vec<_> = (1..=players).map(|bot| directory.join(format!("bot{bot}.json"))).collect();
    for (seed, file) in (1..).zip(&files) {
        host.add(BotProcess {
            seed,
            report: Some((frames, file.clone())),
            ..BotProcess::new(&join)
        })?;
    }

    let played = watch(&mut host.bots, frames);
    let reports: Vec<_> = files.iter().map(|file| summary::read(file)).collect();
    // If this fails, a few small files stay in the system's temporary directory.
    let _ = std::fs::remove_dir_all(&directory);
    let statuses = played?;
    for (number, status) in (1..).zip(&statuses) {
        if !status.success() {
            console::error(format_args!("bot {number} failed: {status}"));
        }
    }
    let succeeded = summary::show(&reports) && statuses.iter().all(ExitStatus::success);
    Ok(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Shows the progress of the bots until all of them have ended.
fn watch(bots: &mut [Child], frames: i32) -> Result<Vec<ExitStatus>, DemoError> {
    // Three times the length of the match, and the time that bots wait for a match and linger.
    let seconds = u64::from(frames.unsigned_abs()) / 20 + 60;
    let progress: Vec<_> = bots.iter_mut().map(read_progress).collect();
    let mut latest = vec![Progress { confirmed: -1, ..Progress::default() }; bots.len()];
    let mut shown = String::new();
    for _ in 0..seconds * 1000 / POLL.as_millis() as u64 {
        for (latest, progress) in latest.iter_mut().zip(&progress) {
            if let Some(newest) = progress.try_iter().last() {
                *latest = newest;
            }
        }
        let line = status_line(&latest, frames);
        if line != shown {
            console::status(&line);
            shown = line;
        }
        let ended: Option<Vec<_>> =
            bots.iter_mut().map(|bot| bot.try_wait().ok().flatten()).collect();
        if let Some(statuses) = ended {
            console::end_status();
            return Ok(statuses);
        }
        thread::sleep(POLL);
    }
    console::end_status();
    Err(DemoError::TooSlow { frames, seconds })
}

/// Reads the output of a bot on a thread of its own, because reading from a pipe blocks.
fn read_progress(bot: &mut Child) -> Receiver<Progress> {
    let (sender, receiver) = channel();
    if let Some(out) = bot.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let Ok(progress) = serde_json::from_str(&line) else { continue };
                if sender.send(progress).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

fn status_line(bots: &[Progress], frames: i32) -> String {
    let confirmed = bots.iter().map(|bot| bot.confirmed).min().unwrap_or(-1);
    if confirmed < 0 {
        return "connecting".into();
    }
    let rtt = bots.iter().map(|bot| bot.rtt_ms).fold(0.0, f64::max);
    let rollbacks: u64 = bots.iter().map(|bot| bot.rollbacks).sum();
    format!(
        "frame {:>5} of {frames}   RTT {rtt:.1} ms   {rollbacks} rollbacks",
        confirmed.min(frames)
    )
}
