//! One match on one stack: a signaling server and two players, each a process of its own.

use std::fmt;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::interface;
use crate::workspace::target;

/// How many play.
pub const PLAYERS: u32 = 2;

/// Which stack carries the match.
#[derive(Clone, Copy, Debug)]
pub enum Stack {
    /// bevy_ggrs and matchbox_socket wired by hand, matchbox_signaling as the server.
    Plain,
    /// bevy_netplay and netplay_server.
    Ours,
}

impl Stack {
    /// For the table and for file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Ours => "ours",
        }
    }
}

/// What is the same in every round.
pub struct Plan {
    /// The length of the match.
    pub frames: u32,
    /// How long after the start counting begins.
    pub settle: Duration,
    /// How long is counted.
    pub window: Duration,
    /// Where reports and logs go.
    pub folder: PathBuf,
}

/// What was measured in a round. Times are those of the slower peer.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// From joining to a connection with everybody, in ms.
    pub connect_ms: f64,
    /// From joining to the first confirmed frame, in ms.
    pub first_confirmed_ms: f64,
    /// Time on the main thread per frame outside the game's own systems, in µs: the median, then the mean of both peers.
    pub main_thread_us_per_frame: Option<f64>,
    /// At the interface; `None` where it cannot be read.
    pub wire: Option<Wire>,
}

/// What the match put on the wire, both peers together unless it says otherwise.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Wire {
    /// Packets per peer and frame.
    pub packets_per_peer_and_frame: f64,
    /// Bytes per second.
    pub bytes_per_second: f64,
    /// Bytes per packet.
    pub bytes_per_packet: f64,
}

/// What a peer writes at the end. Both stacks write more; this is what is compared.
#[derive(Debug, Deserialize)]
struct Report {
    checksum: String,
    connect_ms: f64,
    first_confirmed_ms: f64,
    total_ms: f64,
    /// The median: what another program costs us by taking the processor away is not ours.
    #[serde(rename = "main_thread_median_us_per_frame")]
    main_thread_us_per_frame: Option<f64>,
}

/// Plays a match and measures it.
pub fn play(stack: Stack, number: u32, plan: &Plan) -> Result<Round, String> {
    let port = free_port()?;
    let _server = Process::start(server(stack, port), &log(plan, stack, "server"))?;
    wait_for_server(port)?;

    let reports: Vec<_> = (0..PLAYERS)
        .map(|player| plan.folder.join(format!("{}-{player}.json", stack.name())))
        .collect();
    let mut peers = Vec::new();
    for (player, report) in reports.iter().enumerate() {
        let _ = fs::remove_file(report);
        let log = log(plan, stack, &player.to_string());
        peers.push(Process::start(peer(stack, port, number, player, plan, report), &log)?);
    }

    sleep(plan.settle);
    let (began, before) = (Instant::now(), interface::loopback());
    sleep(plan.window);
    let (counted, after) = (began.elapsed(), interface::loopback());
    for peer in &mut peers {
        if peer.has_ended() {
            return Err(format!(
                "a match ended before it was measured: see {}",
                peer.log.display()
            ));
        }
    }
    for peer in &mut peers {
        peer.finish()?;
    }

    let reports = reports.iter().map(|file| read(file)).collect::<Result<Vec<Report>, _>>()?;
    if reports.iter().any(|report| report.checksum != reports[0].checksum) {
        return Err(format!("the players of the {} stack ended in different states", stack.name()));
    }
    let slower = |field: fn(&Report) -> f64| reports.iter().map(field).fold(0.0, f64::max);
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let costs: Option<Vec<_>> =
        reports.iter().map(|report| report.main_thread_us_per_frame).collect();
    // A match runs a little below its nominal rate where one side waits for the other.
    let milliseconds_per_frame = mean(
        reports
            .iter()
            .map(|report| (report.total_ms - report.first_confirmed_ms) / f64::from(plan.frames))
            .collect(),
    );
    let wire = before.zip(after).map(|(before, after)| {
        let passed = after - before;
        let (packets, bytes) = (passed.packets as f64, passed.bytes as f64);
        let frames = counted.as_secs_f64() * 1000.0 / milliseconds_per_frame;
        Wire {
            packets_per_peer_and_frame: packets / frames / f64::from(PLAYERS),
            bytes_per_second: bytes / counted.as_secs_f64(),
            bytes_per_packet: bytes / packets.max(1.0),
        }
    });
    Ok(Round {
        connect_ms: slower(|report| report.connect_ms),
        first_confirmed_ms: slower(|report| report.first_confirmed_ms),
        main_thread_us_per_frame: costs.map(mean),
        wire,
    })
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "connected after {:.0} ms, first confirmed frame after {:.0} ms",
            self.connect_ms, self.first_confirmed_ms
        )?;
        if let Some(wire) = self.wire {
            write!(
                f,
                ", {:.2} packets per peer and frame, {:.0} bytes/s",
                wire.packets_per_peer_and_frame, wire.bytes_per_second
            )?;
        }
        match self.main_thread_us_per_frame {
            Some(cost) => write!(f, ", {cost:.0} µs per frame"),
            None => Ok(()),
        }
    }
}

fn program(name: &str) -> Command {
    let mut file = target().join("release").join(name);
    file.set_extension(std::env::consts::EXE_EXTENSION);
    Command::new(file)
}

fn server(stack: Stack, port: u16) -> Command {
    let mut command = program(match stack {
        Stack::Plain => "plain-signaling",
        Stack::Ours => "netplay-server",
    });
    command.args(["--listen", &format!("127.0.0.1:{port}")]);
    command
}

fn peer(
    stack: Stack,
    port: u16,
    number: u32,
    player: usize,
    plan: &Plan,
    report: &Path,
) -> Command {
    let mut command = match stack {
        Stack::Plain => program("plain-peer"),
        Stack::Ours => {
            let mut command = program("arena");
            command.arg("bot");
            command
        }
    };
    command
        .args(["--server", &format!("ws://127.0.0.1:{port}")])
        .args(["--room", &format!("BENCH{number}"), "--players", &PLAYERS.to_string()])
        .args(["--frames", &plan.frames.to_string(), "--seed", &(player + 1).to_string()])
        .arg("--report")
        .arg(report);
    command
}

fn log(plan: &Plan, stack: Stack, who: &str) -> PathBuf {
    plan.folder.join(format!("{}-{who}.log", stack.name()))
}

fn read(file: &Path) -> Result<Report, String> {
    let text = fs::read_to_string(file)
        .map_err(|error| format!("cannot read the report {}: {error}", file.display()))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("the report {} is not one: {error}", file.display()))
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port on loopback: {error}"))
}

fn wait_for_server(port: u16) -> Result<(), String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(20));
    }
    Err(format!("the signaling server did not come up on {address}"))
}

/// A child that does not outlive us.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    fn start(mut command: Command, log: &Path) -> Result<Self, String> {
        let failed = |error| format!("{} could not be started: {error}", log.display());
        let output = File::create(log).map_err(failed)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output)
            .spawn()
            .map_err(failed)?;
        Ok(Self { child, log: log.to_owned() })
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn finish(&mut self) -> Result<(), String> {
        let status = self.child.wait();
        if status.as_ref().is_ok_and(ExitStatus::success) {
            return Ok(());
        }
        Err(format!("a player failed ({status:?}): see {}", self.log.display()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where the child has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
