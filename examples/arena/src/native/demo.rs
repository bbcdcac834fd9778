//! The demo without windows: a server, bots as processes, a line that shows how far they are, and at the end
//! a table of what their reports say.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, ExitCode, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::random_code;
use arena::view::Invite;

use super::local_host::{BotProcess, LocalHost, LocalHostError};
use super::progress::Progress;
use super::{console, summary};

/// How often we look after the bots.
const LOOK: Duration = Duration::from_millis(50);

/// The demo could not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// Nothing could be started.
    #[error(transparent)]
    Host(#[from] LocalHostError),
    /// There is no place for the reports.
    #[error("no directory for the reports at {0}: {1}")]
    Directory(PathBuf, std::io::Error),
    /// The bots take for ever.
    #[error("the bots did not finish {frames} frames within {seconds} s")]
    TooSlow {
        /// What they were to play.
        frames: i32,
        /// How long they had.
        seconds: u64,
    },
}

/// Runs the demo; the exit code says whether the match was as it should be.
pub fn run(frames: i32, players: u8) -> Result<ExitCode, DemoError> {
    let mut host = LocalHost::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let invite = Invite::new(host.url(), random_code(), players);
    console::line(format_args!(
        "{players} bots play {frames} frames over WebRTC; server {}, room {}",
        invite.server, invite.room
    ));

    let directory = std::env::temp_dir().join(format!("arena-demo-{}", std::process::id()));
    std::fs::create_dir_all(&directory)
        .map_err(|error| DemoError::Directory(directory.clone(), error))?;
    let files: Vec<_> = (1..=players).map(|bot| directory.join(format!("bot{bot}.json"))).collect();
    for (seed, file) in (1..).zip(&files) {
        host.add(BotProcess {
            seed,
            report: Some((frames, file.clone())),
            ..BotProcess::new(&invite)
        })?;
    }

    let played = watch(&mut host.bots, frames);
    let reports: Vec<_> = files.iter().map(|file| summary::read(file)).collect();
    // A directory that stays behind in the system's place for such things harms nobody.
    let _ = std::fs::remove_dir_all(&directory);
    let statuses = played?;
    for (number, status) in (1..).zip(&statuses) {
        if !status.success() {
            console::complain(format_args!("bot {number} failed: {status}"));
        }
    }
    let as_it_should_be = summary::show(&reports) && statuses.iter().all(ExitStatus::success);
    Ok(if as_it_should_be { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Shows how far the bots are until all of them have ended.
fn watch(bots: &mut [Child], frames: i32) -> Result<Vec<ExitStatus>, DemoError> {
    // Three times what the match takes, and what bots wait for a match and linger.
    let seconds = u64::from(frames.unsigned_abs()) / 20 + 60;
    let progress: Vec<_> = bots.iter_mut().map(listen).collect();
    let mut latest = vec![Progress { confirmed: -1, ..Progress::default() }; bots.len()];
    let mut shown = String::new();
    for _ in 0..seconds * 1000 / LOOK.as_millis() as u64 {
        for (latest, progress) in latest.iter_mut().zip(&progress) {
            while let Some(news) = news(progress) {
                *latest = news;
            }
        }
        let line = status_line(&latest, frames);
        if line != shown {
            console::live(&line);
            shown = line;
        }
        let ended: Option<Vec<_>> =
            bots.iter_mut().map(|bot| bot.try_wait().ok().flatten()).collect();
        if let Some(statuses) = ended {
            console::end_live();
            return Ok(statuses);
        }
        thread::sleep(LOOK);
    }
    console::end_live();
    Err(DemoError::TooSlow { frames, seconds })
}

/// Reads what a bot says on a thread of its own, because a pipe cannot be asked whether it has something.
fn listen(bot: &mut Child) -> Receiver<Progress> {
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

fn news(progress: &Receiver<Progress>) -> Option<Progress> {
    progress.try_recv().ok()
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
