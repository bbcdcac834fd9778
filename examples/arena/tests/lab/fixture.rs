//! A laboratory of networks with a server, coturn and a bot on every host.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;

use netplay_testkit::lab::{Host, Lab, Nat, SERVER};
use serde_json::Value;

use crate::support::{
    Process, Server, config_file, directory, match_limit, start_coturn, start_server, with_log,
};

/// Where the server listens, and coturn.
const PORT: u16 = 3536;
const TURN_PORT: u16 = 3478;
const TURN_SECRET: &str = "north and south and west";

/// Which servers help the peers to find a path.
#[derive(Clone, Copy, PartialEq)]
pub enum Help {
    Nothing,
    Stun,
    StunAndTurn,
}

struct Bot {
    process: Process,
    report: PathBuf,
}

/// One match in the laboratory. If the test fails, every process of it prints what it wrote.
pub struct LabMatch {
    name: String,
    bots: Vec<Bot>,
    /// How many frames the bots play.
    frames: u32,
    server: Option<Server>,
    coturn: Option<Process>,
    /// Servers that a test stopped: what they wrote is printed as well.
    stopped: Vec<Server>,
    stopped_coturn: Option<Process>,
    config: PathBuf,
    servers: Host,
    pub hosts: Vec<Host>,
    /// The last field: the networks are taken down after the processes on them.
    _lab: Lab,
}

impl LabMatch {
    /// Networks with a host behind each NAT, and servers that listen.
    pub fn new(name: &str, nats: &[Nat], help: Help) -> Self {
        let (mut lab, servers) = Lab::new().unwrap_or_else(|error| panic!("{error}"));
        let hosts = nats.iter().map(|nat| lab.host(*nat).unwrap()).collect();
        let name = format!("lab-{name}");
        let mut text = "secret = \"of this and the next server\"\n".to_owned();
        if help != Help::Nothing {
            text += &format!("ice_servers = [\"stun:{SERVER}:{TURN_PORT}\"]\n");
        }
        if help == Help::StunAndTurn {
            text += &format!(
                "[turn]\nurls = [\"turn:{SERVER}:{TURN_PORT}?transport=udp\"]\nsecret = {TURN_SECRET:?}\n"
            );
        }
        let coturn = (help != Help::Nothing).then(|| {
            let command = servers.command("turnserver");
            start_coturn(command, TURN_SECRET, SERVER.into(), TURN_PORT, &directory(&name))
        });
        let mut lab_match = Self {
            config: config_file(&name, &text),
            name,
            bots: Vec::new(),
            frames: 0,
            server: None,
            coturn,
            stopped: Vec::new(),
            stopped_coturn: None,
            servers,
            hosts,
            _lab: lab,
        };
        lab_match.start_server();
        lab_match
    }

    pub fn start_server(&mut self) {
        let listen = SocketAddr::from((SERVER, PORT));
        let host = |program| self.servers.command(program);
        self.server = Some(start_server(host, listen, &self.config));
    }

    /// Kills the server: it says nothing to anybody.
    pub fn kill_server(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill();
        self.stopped.push(server);
    }

    /// Kills the TURN server.
    pub fn kill_coturn(&mut self) {
        let mut coturn = self.coturn.take().unwrap();
        coturn.kill();
        self.stopped_coturn = Some(coturn);
    }

    /// Starts a bot on every host.
    pub fn start_bots(&mut self, frames: u32, policy: &str) {
        self.frames = frames;
        for (seed, host) in self.hosts.iter().enumerate() {
            let report = directory(&self.name).join(format!("bot{seed}.json"));
            // A report of an earlier run proves nothing.
            let _ = std::fs::remove_file(&report);
            let mut command = host.command(env!("CARGO_BIN_EXE_arena"));
            with_log(&mut command)
                .args(["bot", "--progress", "--room", "LAB", "--wait-s", "60", "--linger-s", "3"])
                .args(["--server", &format!("ws://{SERVER}:{PORT}"), "--policy", policy])
                .args(["--players", &self.hosts.len().to_string(), "--seed", &seed.to_string()])
                .args(["--frames", &frames.to_string(), "--report"])
                .arg(&report);
            let process = Process::start(format!("bot {seed} of {}", self.name), command);
            self.bots.push(Bot { process, report });
        }
    }

    /// Waits until the first bot has confirmed a frame.
    #[track_caller]
    pub fn wait_for(&mut self, frame: u32) {
        let what = format!("frame {frame} is confirmed");
        self.bots[0].process.wait_for(&what, match_limit(frame), |line| {
            let progress = serde_json::from_str::<Value>(line).ok()?;
            (progress["confirmed"].as_i64()? >= i64::from(frame)).then_some(())
        });
    }

    /// Waits for every bot to end; returns how it ended and what it wrote.
    #[track_caller]
    pub fn ends(&mut self) -> Vec<(ExitStatus, String)> {
        let limit = match_limit(self.frames);
        self.bots.iter_mut().map(|bot| (bot.process.wait(limit), bot.process.output())).collect()
    }

    /// Waits for every bot to succeed; returns their reports, which agree on the match.
    #[track_caller]
    pub fn reports(&mut self) -> Vec<Value> {
        let limit = match_limit(self.frames);
        let mut reports: Vec<Value> = Vec::new();
        for bot in &mut self.bots {
            bot.process.succeed(limit);
            let text = std::fs::read_to_string(&bot.report).unwrap();
            reports.push(serde_json::from_str(&text).unwrap());
        }
        for report in &reports {
            assert_eq!(report["checksum"], reports[0]["checksum"], "{}", self.name);
            assert_eq!(report["desyncs"], Value::Array(Vec::new()), "{}", self.name);
        }
        reports
    }
}

/// How many inputs travelled on a path, as a report says.
pub fn inputs(report: &Value, path: &str) -> u64 {
    report["links"][0]["inputs_by_path"][path].as_u64().unwrap()
}

/// The simulation of neither bot stood still for two seconds because of the network.
///
/// A bot waits for the other one as well while the machine does not let that process run. So the time in which
/// the other process did not run is added to the limit, and the time in which the bot itself did not run is not
/// part of its wait: both processes have measured it.
#[track_caller]
pub fn assert_no_long_wait(reports: &[Value]) {
    let number = |report: &Value, field: &str| report[field].as_f64().unwrap();
    for report in reports {
        let others = reports.iter().filter(|other| other["local_player"] != report["local_player"]);
        let paused: f64 = others.map(|other| number(other, "paused_ms")).sum();
        let waited = number(report, "longest_wait_ms");
        assert!(waited < 2000.0 + paused, "waited {waited} ms; {paused} ms of pauses: {report:#}");
    }
}
