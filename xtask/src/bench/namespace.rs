//! A network of our own, in which nothing but the match is on the wire.
//!
//! The namespace has a loopback interface and one more that carries an address: ICE leaves loopback
//! addresses out, and packets to an address of the same machine pass through loopback all the same.

use std::env;
use std::process::{Command, Stdio};

use super::BenchArguments;

/// The address that the peers of the namespace offer each other. RFC 1918, and of no meaning outside.
const ADDRESS: &str = "10.77.0.1/24";
const INTERFACE: &str = "match0";

/// What became of the attempt to measure in a namespace.
pub enum Entered {
    /// The rounds were played there.
    Played,
    /// There is no namespace to be had, for this reason.
    Impossible(&'static str),
}

/// Starts this program again inside a namespace, if the system gives us one.
pub fn enter(arguments: &BenchArguments) -> Result<Entered, String> {
    if !cfg!(target_os = "linux") {
        return Ok(Entered::Impossible("only Linux has network namespaces"));
    }
    if !succeeds(Command::new("ip").arg("-Version")) {
        return Ok(Entered::Impossible("the program `ip` (Debian: iproute2) is missing"));
    }
    // Root can simply have one; others may where the system lets them be root in a namespace of users.
    let ways = [&["--net"][..], &["--net", "--map-root-user"]];
    let Some(way) =
        ways.iter().find(|way| succeeds(Command::new("unshare").args(**way).arg("true")))
    else {
        return Ok(Entered::Impossible("`unshare --net` is not permitted here"));
    };
    let program = env::current_exe()
        .map_err(|error| format!("cannot find out where this program is: {error}"))?;
    let status = Command::new("unshare")
        .args(*way)
        .arg("--")
        .arg(program)
        .args(["bench", "--in-namespace"])
        .args(["--rounds", &arguments.rounds.to_string()])
        .args(["--frames", &arguments.frames.to_string()])
        .status()
        .map_err(|error| format!("unshare could not be started: {error}"))?;
    if status.success() {
        Ok(Entered::Played)
    } else {
        Err("the rounds in the network namespace failed: see above".to_owned())
    }
}

/// Brings the interfaces of a fresh namespace up.
pub fn prepare() -> Result<(), String> {
    ip("link set lo up")?;
    // Either kind does; which one a kernel has differs.
    ip(&format!("link add {INTERFACE} type dummy"))
        .or_else(|_| ip(&format!("link add {INTERFACE} type bridge")))?;
    ip(&format!("address add {ADDRESS} dev {INTERFACE}"))?;
    ip(&format!("link set {INTERFACE} up"))?;
    // webrtc joins the group of mDNS, and gives up where there is no way to it.
    ip(&format!("route add 224.0.0.0/4 dev {INTERFACE}"))
}

fn ip(arguments: &str) -> Result<(), String> {
    if succeeds(Command::new("ip").args(arguments.split(' '))) {
        Ok(())
    } else {
        Err(format!(
            "`ip {arguments}` failed in the network namespace: use `cargo xtask bench --shared-network`"
        ))
    }
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
