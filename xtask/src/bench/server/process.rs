//! The servers and the load, each on a core of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The core of whatever is measured, and that of the load.
const MEASURED: &str = "1";
const LOAD: &str = "0";

/// Where everything is.
pub struct Programs {
    pub ours: PathBuf,
    pub matchbox: PathBuf,
    pub load: PathBuf,
    pub config: PathBuf,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    Ours,
    Matchbox,
    /// Bytes forwarded by the load's own pipe.
    Pipe,
}

/// A server that runs until it is dropped.
struct Running {
    process: Child,
    addr: SocketAddr,
}

impl Programs {
    /// Starts a server, puts a load on it, and returns what the load has measured.
    pub fn measure(&self, measured: Measured, load: &[String]) -> Result<Value, String> {
        let running = self.start(measured)?;
        let mut command = on_core(LOAD)?;
        command.arg(&self.load).args(load);
        command.args(["--addr", &running.addr.to_string()]);
        command.args(["--pid", &running.process.id().to_string()]);
        match measured {
            Measured::Ours if load[0] != "relay" => drop(command.args(["--protocol", "ours"])),
            Measured::Matchbox => drop(command.args(["--protocol", "matchbox"])),
            Measured::Pipe => drop(command.arg("--pipe")),
            Measured::Ours => {}
        }
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("the load could not be started: {error}"))?;
        let json: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("the load measured nothing: {error}"))?;
        match json.get("error") {
            Some(error) => Err(format!("the load on {measured:?} failed: {error}")),
            None => Ok(json),
        }
    }

    fn start(&self, measured: Measured) -> Result<Running, String> {
        let addr = free_address()?;
        let mut command = on_core(MEASURED)?;
        match measured {
            Measured::Ours => command
                .arg(&self.ours)
                .arg("--config")
                .arg(&self.config)
                .args(["--listen", &addr.to_string()]),
            Measured::Matchbox => command.env("HOST", addr.to_string()).arg(&self.matchbox),
            Measured::Pipe => command.arg(&self.load).args(["pipe", "--listen", &addr.to_string()]),
        };
        // Each logs as it does by default, and to nowhere.
        let process = command
            .env_remove("RUST_LOG")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{measured:?} could not be started: {error}"))?;
        let running = Running { process, addr };
        for _ in 0..200 {
            // A pipe would take this connection for one of a pair: it is asked only whether it is there.
            if listens(addr) {
                return Ok(running);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(format!("{measured:?} does not listen on {addr}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether somebody listens, without connecting.
fn listens(addr: SocketAddr) -> bool {
    let Ok(table) = fs::read_to_string("/proc/net/tcp") else {
        return TcpStream::connect(addr).is_ok();
    };
    let port = format!(":{:04X} ", addr.port());
    // State 0A is LISTEN.
    table.lines().any(|line| line.contains(&port) && line.contains(" 0A "))
}

fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no port is free: {error}"))
}

/// A program on one core, with as many open files as the system lets it have.
fn on_core(core: &str) -> Result<Command, String> {
    let mut command = Command::new("prlimit");
    let files = hard_limit_on_files()?;
    command.arg(format!("--nofile={files}:{files}")).args(["taskset", "-c", core]);
    Ok(command)
}

fn hard_limit_on_files() -> Result<u64, String> {
    let limits = fs::read_to_string("/proc/self/limits")
        .map_err(|error| format!("cannot read /proc/self/limits: {error}"))?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(4)?.parse().ok());
    let enough = hard.filter(|hard| *hard >= 15_000);
    enough.ok_or_else(|| {
        "at least 15,000 open files are needed: raise the hard limit, as in `ulimit -Hn 20000`"
            .into()
    })
}
