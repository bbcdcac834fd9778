//! TURN credentials and a real coturn.

use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use netplay_protocol::PeerKey;
use tempfile::TempDir;

use super::*;

const NORTH: &str = "north and south and west";
const TTL: Duration = Duration::from_secs(60 * 60);
/// A STUN Binding request (RFC 8489 section 5) without attributes.
const BINDING_REQUEST: [u8; 20] =
    [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/// A coturn on a free port. A test that fails shows what it logged.
struct Coturn {
    process: Child,
    port: u16,
    log: Arc<Mutex<Vec<u8>>>,
    /// Its files, removed with it.
    _directory: TempDir,
}

impl Coturn {
    fn start(secret: &str) -> Self {
        Self::start_with(secret, &[])
    }

    fn start_with(secret: &str, arguments: &[&str]) -> Self {
        let secret = format!("--static-auth-secret={secret}");
        let usual = [
            "-n",
            "--use-auth-secret",
            &secret,
            "--realm=test",
            "--no-cli",
            // The test's own peer is on this machine; in production this is never set.
            "--allow-loopback-peers",
        ];
        Self::with(tempfile::tempdir().unwrap(), &[&usual, arguments].concat())
    }

    /// With the documented configuration, except for certificates, and with this secret.
    fn as_documented(secret: &str) -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy/turnserver.conf");
        let text = std::fs::read_to_string(path).unwrap().replace("REPLACE_ME", secret);
        let without_files: String = text
            .lines()
            .filter(|line| !line.starts_with("cert=") && !line.starts_with("pkey="))
            .flat_map(|line| [line, "\n"])
            .collect();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("turnserver.conf");
        std::fs::write(&file, without_files).unwrap();
        Self::with(directory, &["-c", file.to_str().unwrap()])
    }

    fn with(directory: TempDir, arguments: &[&str]) -> Self {
        let free = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let file = |name| directory.path().join(name).display().to_string();
        let mut process = Command::new("turnserver")
            .args(arguments)
            .args(["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"])
            .args(["--no-tls", "--no-dtls", "--log-file=stdout"])
            .arg(format!("--listening-port={port}"))
            .args([format!("--userdb={}", file("users.db")), format!("--pidfile={}", file("pid"))])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("turnserver is missing: install coturn, or run `cargo xtask test --install`");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (mut output, shared) = (process.stdout.take().unwrap(), log.clone());
        // Ends with coturn.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                shared.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        let mut coturn = Self { process, port, log, _directory: directory };
        coturn.wait();
        coturn
    }

    /// Waits until it answers.
    fn wait(&mut self) {
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(("127.0.0.1", self.port)).unwrap();
        client.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let answers = || {
            // Fails until coturn listens.
            let _ = client.send(&BINDING_REQUEST);
            client.recv(&mut [0; 256]).is_ok()
        };
        while !answers() {
            let ended = self.process.try_wait().unwrap();
            assert_eq!(ended, None, "coturn has ended");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// Whether coturn accepts this credential: whether its own client gets an allocation with it and may bind a
    /// channel to another one.
    fn relays(&self, server: &IceServer) -> bool {
        self.ask(server, &["-y"])
    }

    /// Whether coturn would relay to this address. No packet is sent there.
    fn may_reach(&self, server: &IceServer, address: &str) -> bool {
        self.ask(server, &["-e", address])
    }

    /// Runs coturn's own client until coturn has accepted or refused a channel. What it would send after that,
    /// and in which time, does not matter.
    fn ask(&self, server: &IceServer, arguments: &[&str]) -> bool {
        let mut client = Command::new("turnutils_uclient")
            .args(["-v", "-c", "-n", "1", "-m", "1", "-p", &self.port.to_string()])
            .args(["-u", server.username.as_deref().unwrap()])
            .args(["-w", server.credential.as_deref().unwrap()])
            .args(arguments)
            .arg("127.0.0.1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(client.stdout.take().unwrap()).lines();
        let (mut asked, mut verdict, mut output) = (false, None, String::new());
        for line in lines.map_while(Result::ok) {
            asked |= line.contains("channel bind sent");
            if asked && line.contains("success: 0x") {
                verdict = Some(true);
            } else if asked && line.contains("error 403")
                || line.contains("error 486")
                || line.contains("Cannot complete Allocation")
            {
                verdict = Some(false);
            }
            output += &(line + "\n");
            if verdict.is_some() {
                break;
            }
        }
        // It would send next, or has ended.
        let _ = client.kill();
        let _ = client.wait();
        verdict.unwrap_or_else(|| panic!("coturn neither accepted nor refused:\n{output}"))
    }
}

impl Drop for Coturn {
    #[expect(clippy::print_stderr, reason = "a test that fails shows what its processes logged")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log.lock().unwrap();
            eprintln!("---- coturn logged:\n{}----", String::from_utf8_lossy(&log));
        }
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn coturn_accepts_a_fresh_credential_and_refuses_expired_and_forged_ones() {
    let coturn = Coturn::start(NORTH);
    let turn = |secret: &str| TurnConfig {
        urls: vec![format!("turn:127.0.0.1:{}", coturn.port)],
        secret: secret.into(),
        ttl: TTL,
    };
    let now = crate::hub::unix_now();
    let peer = PeerKey::from_bytes([7; 16]);
    let address = ClientAddress::V4([192, 0, 2, 1].into());
    let fresh = turn(NORTH).credential(address, peer, now);
    assert!(coturn.relays(&fresh));
    let expired = turn(NORTH).credential(address, peer, now - TTL.as_secs() - 10);
    assert!(!coturn.relays(&expired));
    let forged = turn("south and east and west").credential(address, peer, now);
    assert!(!coturn.relays(&forged));
    // Changing the name in a credential makes it invalid.
    let name = fresh.username.as_deref().unwrap().split_once(':').unwrap().1;
    let username = Some(format!("{}:{name}", now + 90_000));
    assert!(!coturn.relays(&IceServer { username, ..fresh }));
}

#[test]
fn the_quota_of_coturn_holds_for_an_address_whatever_keys_it_uses() {
    // Its client makes two allocations, which outlive it.
    let coturn = Coturn::start_with(NORTH, &["--user-quota=2"]);
    let turn = TurnConfig { urls: Vec::new(), secret: NORTH.into(), ttl: TTL };
    let now = crate::hub::unix_now();
    let name = |server: &IceServer| {
        server.username.as_deref().unwrap().split_once(':').unwrap().1.to_owned()
    };
    let of = |last, key: u128, now| {
        let address = ClientAddress::V4([192, 0, 2, last].into());
        turn.credential(address, PeerKey::from_bytes(key.to_be_bytes()), now)
    };
    let first = of(1, 1, now);
    // Another key of the address that has the same name, and a later credential of the same peer.
    let other_key = (2..).map(|key| of(1, key, now + 1)).find(|other| name(other) == name(&first));
    let (other_key, later, elsewhere) = (other_key.unwrap(), of(1, 1, now + 2), of(2, 1, now));
    assert!(coturn.may_reach(&first, "127.0.0.1"));
    assert!(!coturn.may_reach(&other_key, "127.0.0.1"));
    assert!(!coturn.may_reach(&later, "127.0.0.1"));
    assert!(coturn.may_reach(&elsewhere, "127.0.0.1"));
}

#[test]
fn coturn_as_documented_relays_to_the_internet_and_not_to_private_networks() {
    let coturn = Coturn::as_documented(NORTH);
    let turn = TurnConfig { urls: Vec::new(), secret: NORTH.into(), ttl: TTL };
    let (address, peer) = (ClientAddress::V4([192, 0, 2, 1].into()), PeerKey::from_bytes([7; 16]));
    let server = turn.credential(address, peer, crate::hub::unix_now());
    assert!(coturn.may_reach(&server, "8.8.8.8"));
    for address in
        ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"]
    {
        assert!(!coturn.may_reach(&server, address), "{address}");
    }
}
