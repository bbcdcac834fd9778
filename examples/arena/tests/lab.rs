//! Matches between hosts behind NATs, over real WebRTC, a real server and real coturn: which path they find,
//! and what becomes of them when it breaks.

use std::io::{BufRead, BufReader, Lines, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use netplay_testkit::lab::{Host, Lab, Nat, SERVER};
use serde_json::Value;

use crate::support::{Running, coturn_arguments, directory, quietly};

/// Where the server listens, and coturn.
const PORT: u16 = 3536;
const TURN_PORT: u16 = 3478;
const TURN_SECRET: &str = "north";
/// Frames of a match that is only to show its path: five seconds.
const SHORT: u32 = 300;

/// What helps to find a path.
#[derive(Clone, Copy, PartialEq)]
enum Help {
    Nothing,
    Stun,
    StunAndTurn,
}

/// A bot, and what is read of it: one that nobody reads stands still when the pipe is full.
struct Bot {
    process: Child,
    report: PathBuf,
    said: JoinHandle<String>,
}

impl Bot {
    /// Waits for its end. Returns whether it succeeded, and what it said.
    fn finish(mut self) -> (bool, String) {
        let status = self.process.wait().unwrap();
        (status.success(), format!("{status}\n{}", self.said.join().unwrap()))
    }
}

/// A laboratory with a server, coturn and two bots.
struct Stage {
    _lab: Lab,
    name: String,
    servers: Host,
    hosts: Vec<Host>,
    config: PathBuf,
    server: Option<Running>,
    coturn: Option<Running>,
    bots: Vec<Bot>,
    progress: Vec<Lines<BufReader<ChildStdout>>>,
}

impl Stage {
    fn new(name: &str, nats: &[Nat], help: Help) -> Self {
        let (mut lab, servers) = Lab::new().unwrap_or_else(|error| panic!("{error}"));
        let hosts = nats.iter().map(|nat| lab.host(*nat).unwrap()).collect();
        let directory = directory(&format!("lab-{name}"));
        let config = directory.join("server.toml");
        let mut text = "secret = \"of this and the next server\"\n".to_owned();
        if help != Help::Nothing {
            text += &format!("ice_servers = [\"stun:{SERVER}:{TURN_PORT}\"]\n");
        }
        if help == Help::StunAndTurn {
            text += &format!(
                "[turn]\nurls = [\"turn:{SERVER}:{TURN_PORT}?transport=udp\"]\nsecret = {TURN_SECRET:?}\n"
            );
        }
        std::fs::write(&config, text).unwrap();
        let mut stage = Self {
            _lab: lab,
            name: name.to_owned(),
            servers,
            hosts,
            config,
            server: None,
            coturn: None,
            bots: Vec::new(),
            progress: Vec::new(),
        };
        stage.start_server();
        if help != Help::Nothing {
            stage.start_coturn();
        }
        stage
    }

    fn start_server(&mut self) {
        let mut command = self.servers.command(netplay_server());
        command.args(["--listen", &format!("{SERVER}:{PORT}"), "--config"]).arg(&self.config);
        self.server = Some(quietly(command));
        // Nobody can connect before it listens, and bots try for as long as they wait for a match.
    }

    fn start_coturn(&mut self) {
        let directory = directory(&format!("lab-{}", self.name));
        let mut command = self.servers.command("turnserver");
        command.args(coturn_arguments(TURN_SECRET, SERVER.into(), TURN_PORT, &directory));
        self.coturn = Some(quietly(command));
    }

    /// A bot on every host.
    fn start_bots(&mut self, frames: u32, policy: &str) {
        for (seed, host) in self.hosts.iter().enumerate() {
            let file = directory(&format!("lab-{}", self.name)).join(format!("bot{seed}.json"));
            // What an earlier run left there proves nothing.
            let _ = std::fs::remove_file(&file);
            let mut bot = host
                .command(env!("CARGO_BIN_EXE_arena"))
                .args(["bot", "--progress", "--room", "LAB", "--wait-s", "60", "--linger-s", "3"])
                .args(["--server", &format!("ws://{SERVER}:{PORT}"), "--policy", policy])
                .args(["--players", &self.hosts.len().to_string(), "--seed", &seed.to_string()])
                .args(["--frames", &frames.to_string(), "--report"])
                .arg(&file)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            self.progress.push(BufReader::new(bot.stdout.take().unwrap()).lines());
            let mut errors = bot.stderr.take().unwrap();
            let said = std::thread::spawn(move || {
                let mut said = String::new();
                // What is no text is of no use here.
                let _ = errors.read_to_string(&mut said);
                said
            });
            self.bots.push(Bot { process: bot, report: file, said });
        }
    }

    /// Waits until the first bot has confirmed a frame.
    fn wait_for(&mut self, frame: i64) {
        for line in self.progress[0].by_ref() {
            let progress = serde_json::from_str::<Value>(&line.unwrap()).unwrap_or_default();
            if progress["confirmed"].as_i64().is_some_and(|confirmed| confirmed >= frame) {
                return;
            }
        }
        let said = self.says();
        panic!("{}: the first bot ended before frame {frame}: {said}", self.name);
    }

    fn says(&mut self) -> String {
        self.bots.drain(..).map(|bot| bot.finish().1).collect::<Vec<_>>().join("\n")
    }

    /// Waits for every bot to finish, and returns their reports.
    fn reports(mut self) -> Vec<Value> {
        // Whoever does not read what a bot prints makes it wait.
        let readers: Vec<_> = self
            .progress
            .drain(..)
            .map(|lines| std::thread::spawn(move || lines.for_each(drop)))
            .collect();
        let mut reports: Vec<Value> = Vec::new();
        for bot in self.bots.drain(..) {
            let file = bot.report.clone();
            let (succeeded, said) = bot.finish();
            assert!(succeeded, "{}: {said}", self.name);
            reports.push(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap());
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        for report in &reports {
            assert_eq!(report["checksum"], reports[0]["checksum"], "{}", self.name);
            assert_eq!(report["desyncs"], Value::Array(Vec::new()), "{}", self.name);
        }
        reports
    }
}

/// The server's program, which cargo builds beside that of the arena.
fn netplay_server() -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_arena")).with_file_name("netplay-server");
    assert!(program.exists(), "no server to play on: cargo build -p netplay_server");
    program
}

/// How often inputs travelled on each path, of one report.
fn inputs(report: &Value, path: &str) -> u64 {
    report["links"][0]["inputs_by_path"][path].as_u64().unwrap()
}

/// Plays a short match and says on which path it ended.
#[track_caller]
fn ends_on(name: &str, nats: [Nat; 2], help: Help, path: &str) {
    let mut stage = Stage::new(name, &nats, help);
    stage.start_bots(SHORT, "any");
    for report in stage.reports() {
        let link = &report["links"][0];
        assert_eq!(link["path"], path, "{nats:?}: {link:#}");
        if path == "direct" {
            assert_eq!(inputs(&report, "relay"), 0, "the server carried inputs: {link:#}");
        }
        // To find a way through a TURN server takes seconds, in which the server relays.
        let changes = link["path_changes"].as_array().unwrap();
        assert!(changes.iter().all(|change| change["to"] == path), "{link:#}");
    }
}

#[test]
fn hosts_of_the_internet_play_directly() {
    ends_on("open", [Nat::Open, Nat::Open], Help::StunAndTurn, "direct");
}

#[test]
fn hosts_behind_cones_punch_holes() {
    ends_on("cones", [Nat::PortRestricted, Nat::PortRestricted], Help::StunAndTurn, "direct");
    ends_on("full", [Nat::FullCone, Nat::PortRestricted], Help::StunAndTurn, "direct");
    ends_on("half", [Nat::Open, Nat::PortRestricted], Help::Stun, "direct");
}

#[test]
fn a_symmetric_nat_is_reached_by_whoever_lets_everybody_in() {
    ends_on("lets-in", [Nat::Symmetric, Nat::FullCone], Help::StunAndTurn, "direct");
}

#[test]
fn symmetric_nats_play_through_turn() {
    ends_on("symmetric", [Nat::Symmetric, Nat::Symmetric], Help::StunAndTurn, "turn");
    ends_on("one-symmetric", [Nat::Symmetric, Nat::PortRestricted], Help::StunAndTurn, "turn");
}

#[test]
fn where_udp_is_blocked_the_server_relays() {
    ends_on("blocked", [Nat::UdpBlocked, Nat::PortRestricted], Help::StunAndTurn, "relay");
}

#[test]
fn without_help_nobody_gets_through_a_cone() {
    ends_on("no-stun", [Nat::PortRestricted, Nat::PortRestricted], Help::Nothing, "relay");
    ends_on("no-turn", [Nat::Symmetric, Nat::Symmetric], Help::Stun, "relay");
}

#[test]
fn a_policy_is_kept_even_where_another_path_would_work() {
    for (policy, path) in [("turn", "turn"), ("relay", "relay"), ("direct", "direct")] {
        let name = format!("policy-{policy}");
        let mut stage = Stage::new(&name, &[Nat::Open, Nat::Open], Help::StunAndTurn);
        stage.start_bots(SHORT, policy);
        for report in stage.reports() {
            let link = &report["links"][0];
            assert_eq!(link["path"], path, "{link:#}");
            for other in ["direct", "turn", "relay"] {
                assert_eq!(inputs(&report, other) > 0, other == path, "{other}: {link:#}");
            }
        }
    }
    let nats = [Nat::PortRestricted, Nat::PortRestricted];
    let mut stage = Stage::new("policy-impossible", &nats, Help::Nothing);
    stage.start_bots(SHORT, "direct");
    let said = stage.says();
    // Whoever gives up first leaves the other alone.
    assert!(said.contains("could not connect to player"), "{said}");
    assert_eq!(said.matches("exit status: 1").count(), 2, "{said}");
}

#[test]
fn a_match_survives_twenty_seconds_without_udp() {
    let mut stage = Stage::new("no-udp", &[Nat::Open, Nat::Open], Help::StunAndTurn);
    stage.start_bots(2700, "any");
    stage.wait_for(300);
    let host = stage.hosts[1].clone();
    host.block_udp(true).unwrap();
    stage.wait_for(1500);
    host.block_udp(false).unwrap();
    for report in stage.reports() {
        let link = &report["links"][0];
        assert_eq!(link["path"], "direct", "it came back: {link:#}");
        assert!(inputs(&report, "relay") > 500, "{link:#}");
        let changes = link["path_changes"].as_array().unwrap();
        assert_eq!((&changes[0]["from"], &changes[0]["to"]), (&"direct".into(), &"relay".into()));
        assert!(report["stalls"]["longest_ms"].as_f64().unwrap() < 2000.0, "{report:#}");
    }
}

#[test]
fn a_match_survives_another_address() {
    let mut stage = Stage::new("address", &[Nat::Open, Nat::Open], Help::StunAndTurn);
    stage.start_bots(1800, "any");
    stage.wait_for(300);
    stage.hosts[1].change_address(99).unwrap();
    for report in stage.reports() {
        let link = &report["links"][0];
        assert_eq!(link["path"], "direct", "it found its way from there: {link:#}");
        assert!(link["attempts"].as_u64().unwrap() >= 2, "{link:#}");
    }
}

#[test]
fn a_match_survives_its_server_and_can_attempt_again_when_it_is_back() {
    let mut stage = Stage::new("server", &[Nat::Open, Nat::Open], Help::StunAndTurn);
    stage.start_bots(2400, "any");
    stage.wait_for(300);
    // SIGKILL: nothing is said to anybody.
    stage.server = None;
    stage.wait_for(600);
    stage.start_server();
    stage.wait_for(900);
    // Only with the server can they find each other again.
    stage.hosts[1].change_address(98).unwrap();
    for report in stage.reports() {
        let link = &report["links"][0];
        assert_eq!(link["path"], "direct", "{link:#}");
        assert!(link["attempts"].as_u64().unwrap() >= 2, "{link:#}");
    }
}

#[test]
fn a_match_survives_its_turn_server() {
    let mut stage = Stage::new("coturn", &[Nat::Symmetric, Nat::Symmetric], Help::StunAndTurn);
    stage.start_bots(1200, "any");
    stage.wait_for(300);
    stage.coturn = None;
    for report in stage.reports() {
        let link = &report["links"][0];
        assert_eq!(link["path"], "relay", "{link:#}");
        assert!(inputs(&report, "turn") > 50, "{link:#}");
        assert!(
            Duration::from_millis(report["stalls"]["longest_ms"].as_f64().unwrap() as u64)
                < Duration::from_secs(2)
        );
    }
}
