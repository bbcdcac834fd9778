//! A laboratory of networks on one machine: hosts behind NATs of every kind.
//!
//! Each host is a network namespace of Linux with an address of its own; each NAT is another one, in which
//! nftables rewrites packets. A bridge between them is the internet (with addresses for documentation, RFC 5737).
//! Programs on a host are real processes with real sockets.
//!
//! ```text
//!  203.0.113.1   servers ───┐
//!  203.0.113.20  open ──────┤ internet
//!  203.0.113.21  router ────┘
//!                   └── 10.0.21.2  host
//! ```
//!
//! [`capture`] sees what travels on the internet.
//!
//! It needs `ip` (iproute2), `nft` (nftables) and permission to create namespaces: root, or a user namespace
//! (`unshare --user --map-root-user --net --mount`, with a tmpfs on /run). [`Lab::new`] says what is missing.

#![cfg(target_os = "linux")]

mod capture;
mod nat;

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

pub use capture::{Captured, capture};
pub use nat::Nat;

/// The address of the host that servers run on.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);

/// Why a laboratory cannot be built.
#[derive(Debug, thiserror::Error)]
#[error(
    "no network laboratory: `{command}` failed ({said}). It needs root (or a user namespace with /run as a \
     tmpfs), and the programs ip (Debian: iproute2) and nft (Debian: nftables)"
)]
pub struct LabError {
    command: String,
    said: String,
}

/// Networks that are taken down when they are dropped.
#[derive(Debug)]
pub struct Lab {
    prefix: String,
    namespaces: Vec<String>,
    hosts: u8,
}

/// A machine in the laboratory.
#[derive(Clone, Debug)]
pub struct Host {
    namespace: String,
    /// The namespace that rewrites its packets, if any.
    router: Option<String>,
    address: Ipv4Addr,
    outside: Ipv4Addr,
}

impl Lab {
    /// An internet with one host, for servers.
    pub fn new() -> Result<(Self, Host), LabError> {
        static LABS: AtomicU32 = AtomicU32::new(0);
        let number = LABS.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("np{}x{number}", std::process::id());
        let mut lab = Self { prefix, namespaces: Vec::new(), hosts: 0 };
        let internet = lab.namespace("net")?;
        inside(&internet, "ip link add bridge type bridge")?;
        inside(&internet, "ip link set bridge up")?;
        let namespace = lab.namespace("srv")?;
        lab.plug(&namespace, "wan", SERVER)?;
        Ok((lab, Host { namespace, router: None, address: SERVER, outside: SERVER }))
    }

    /// Another host, behind a NAT of this kind.
    pub fn host(&mut self, nat: Nat) -> Result<Host, LabError> {
        let number = 20 + self.hosts;
        self.hosts += 1;
        let outside = Ipv4Addr::new(203, 0, 113, number);
        let namespace = self.namespace(&format!("h{number}"))?;
        if nat == Nat::Open {
            self.plug(&namespace, "wan", outside)?;
            return Ok(Host { namespace, router: None, address: outside, outside });
        }
        let router = self.namespace(&format!("r{number}"))?;
        self.plug(&router, "wan", outside)?;
        let address = Ipv4Addr::new(10, 0, number, 2);
        let gateway = Ipv4Addr::new(10, 0, number, 1);
        run(&format!("ip -n {router} link add lan type veth peer name lan netns {namespace}"))?;
        inside(&router, &format!("ip addr add {gateway}/24 dev lan"))?;
        inside(&router, "ip link set lan up")?;
        inside(&router, "sysctl -q -w net.ipv4.ip_forward=1")?;
        inside(&namespace, &format!("ip addr add {address}/24 dev lan"))?;
        inside(&namespace, "ip link set lan up")?;
        inside(&namespace, &format!("ip route add default via {gateway}"))?;
        for rule in nat.rules(address) {
            inside(&router, &format!("nft {rule}"))?;
        }
        Ok(Host { namespace, router: Some(router), address, outside })
    }

    /// A command that runs a program on the internet itself, where it can [`capture`] what travels.
    pub fn internet(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}net", self.prefix)]).arg(program);
        command
    }

    /// A namespace with a loopback.
    fn namespace(&mut self, name: &str) -> Result<String, LabError> {
        let name = format!("{}{name}", self.prefix);
        run(&format!("ip netns add {name}"))?;
        self.namespaces.push(name.clone());
        inside(&name, "ip link set lo up")?;
        Ok(name)
    }

    /// Connects a namespace to the internet.
    fn plug(&self, namespace: &str, link: &str, address: Ipv4Addr) -> Result<(), LabError> {
        let internet = format!("{}net", self.prefix);
        let port = format!("p{}", address.octets()[3]);
        run(&format!(
            "ip -n {internet} link add {port} type veth peer name {link} netns {namespace}"
        ))?;
        inside(&internet, &format!("ip link set {port} master bridge up"))?;
        inside(namespace, &format!("ip addr add {address}/24 dev {link}"))?;
        inside(namespace, &format!("ip link set {link} up"))?;
        leave_by(namespace, link)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for namespace in &self.namespaces {
            // What cannot be removed stays until the machine restarts.
            let _ = run(&format!("ip netns del {namespace}"));
        }
    }
}

impl Host {
    /// Its address, as it sees it itself.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Its address, as the internet sees it.
    pub fn outside(&self) -> Ipv4Addr {
        self.outside
    }

    /// A command that runs a program on this host.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(program);
        command
    }

    /// Sets whether every UDP packet to and from this host is dropped.
    pub fn block_udp(&self, block: bool) -> Result<(), LabError> {
        if !block {
            return inside(&self.namespace, "nft delete table inet block");
        }
        inside(&self.namespace, "nft add table inet block")?;
        for hook in ["input", "output"] {
            let chain = format!("{{ type filter hook {hook} priority 0 ; }}");
            inside(&self.namespace, &format!("nft add chain inet block {hook} {chain}"))?;
            inside(
                &self.namespace,
                &format!("nft add rule inet block {hook} meta l4proto udp drop"),
            )?;
        }
        Ok(())
    }

    /// Replaces the address of an open host, as when a laptop changes networks.
    pub fn change_address(&mut self, last: u8) -> Result<(), LabError> {
        let (before, after) = (self.address, Ipv4Addr::new(203, 0, 113, last));
        inside(&self.namespace, &format!("ip addr del {before}/24 dev wan"))?;
        inside(&self.namespace, &format!("ip addr add {after}/24 dev wan"))?;
        (self.address, self.outside) = (after, after);
        // The default route was removed with the address.
        leave_by(&self.namespace, "wan")
    }

    /// The connections that its NAT tracks, for a failure message.
    pub fn router(&self) -> Option<&str> {
        self.router.as_deref()
    }
}

/// Adds a default route to a namespace. Programs find their own address by it.
fn leave_by(namespace: &str, link: &str) -> Result<(), LabError> {
    inside(namespace, &format!("ip route add default dev {link}"))
}

fn inside(namespace: &str, command: &str) -> Result<(), LabError> {
    run(&format!("ip netns exec {namespace} {command}"))
}

fn run(command: &str) -> Result<(), LabError> {
    let failed = |said: String| LabError { command: command.to_owned(), said };
    let mut words = command.split(' ');
    let output = Command::new(words.next().unwrap_or_default())
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}
