//! Bots: players without a window, in processes of their own.

use std::path::PathBuf;

use serde_json::Value;

use crate::{Process, Program, match_limit};

/// Where bots play.
#[derive(Clone, Debug)]
pub struct Room {
    /// The URL of the signaling server.
    pub server: String,
    /// How many players the room is for.
    pub players: usize,
}

/// A bot that plays until its report is written.
pub struct Bot {
    process: Process,
    report: PathBuf,
    frames: u32,
}

impl Program {
    /// Starts a bot with a seed that reports a frame.
    pub fn bot(&self, test: &str, room: &Room, frames: u32, seed: usize, more: &[&str]) -> Bot {
        let report = self.directory(test).join(format!("bot{seed}.json"));
        // A report of an earlier run proves nothing.
        let _ = std::fs::remove_file(&report);
        let mut command = self.command();
        command
            .args(["bot", "--room", "TEST", "--wait-s", "90", "--linger-s", "5"])
            .args(["--server", &room.server, "--players", &room.players.to_string()])
            .args(["--frames", &frames.to_string(), "--seed", &seed.to_string(), "--report"])
            .arg(&report)
            .args(more);
        Bot { process: Process::start(format!("bot {seed} of {test}"), command), report, frames }
    }

    /// Lets bots play, and returns their reports in the order of the players.
    #[track_caller]
    pub fn play(&self, test: &str, players: usize, frames: u32, more: &[&str]) -> Vec<Value> {
        let server = self.server(test);
        let room = Room { server: server.url(), players };
        let mut bots: Vec<_> =
            (1..=players).map(|seed| self.bot(test, &room, frames, seed, more)).collect();
        let mut reports: Vec<_> = bots.iter_mut().map(Bot::report).collect();
        reports.sort_by_key(|report| report["local_player"].as_u64());
        reports
    }
}

impl Bot {
    /// What it reports, once it has ended.
    #[track_caller]
    pub fn report(&mut self) -> Value {
        self.process.succeed(match_limit(self.frames));
        serde_json::from_str(&std::fs::read_to_string(&self.report).unwrap()).unwrap()
    }
}
