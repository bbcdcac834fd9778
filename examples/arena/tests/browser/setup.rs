//! A server, the page and a browser; players in tabs and in processes.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use browser_driver::{Browser, Kind, Page, Site};
use netplay_server::{Server, ServerConfig, TurnConfig};
use serde_json::Value;

use crate::support::{Running, coturn_arguments, directory, quietly};

/// A window on a desktop, in pixels.
pub const DESKTOP: (u32, u32) = (1280, 800);
/// A smaller one, in which a match can be drawn without a graphics card.
pub const WINDOW: (u32, u32) = (640, 400);
/// A phone held upright.
pub const PHONE: (u32, u32) = (390, 844);
/// As little to draw as possible: without a graphics card, drawing is what takes the time.
pub const SMALL: (u32, u32) = (320, 240);
/// How long anything may take that a page is waited for. Browsers that draw on a processor are slow.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Browsers need the whole machine: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What a test with browsers needs. Every page is one of a browser of its own.
pub struct Setup {
    server: Option<Server>,
    config: ServerConfig,
    address: SocketAddr,
    pub site: Site,
    browser: Browser,
    _alone: MutexGuard<'static, ()>,
}

impl Setup {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with(config: ServerConfig) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
        let server = Server::start(config.clone()).unwrap();
        Self {
            address: server.addr(),
            server: Some(server),
            config,
            site: Site::serve(&dist).unwrap(),
            browser: Browser::start(Kind::Chromium).unwrap(),
            _alone: alone,
        }
    }

    /// Where the server is.
    pub fn server(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Stops the server, and starts another one where it was, with the same secret.
    pub fn restart_server(&mut self) {
        let mut config = self.config.clone();
        config.listen = self.address;
        // Not both at a time on one port.
        self.server = None;
        self.server = Some(Server::start(config).unwrap());
    }

    /// A tab at an address with these parameters.
    pub fn tab(&self, parameters: &str, size: (u32, u32)) -> Page {
        self.browser.open(&self.site.url(parameters), size).unwrap()
    }

    /// A tab in the room, in which the computer flies.
    pub fn player(&self, players: usize, more: &str) -> Page {
        self.player_in(&self.browser, players, more)
    }

    /// The same in another browser.
    pub fn player_in(&self, browser: &Browser, players: usize, more: &str) -> Page {
        let address = self.address(players, &format!("autopilot&{more}"));
        browser.open(&self.site.url(&address), SMALL).unwrap()
    }

    /// What an address says that leads into the room of this test.
    pub fn address(&self, players: usize, more: &str) -> String {
        format!("server={}&room=TEST&players={players}&{more}", self.server())
    }

    /// A native bot in the room that plays until it is dropped, and agrees to every rematch.
    pub fn opponent(&self, players: usize) -> Bot {
        let process = Command::new(env!("CARGO_BIN_EXE_arena"))
            .args(["bot", "--room", "TEST", "--wait-s", "90", "--hunt"])
            .args(["--server", &self.server(), "--players", &players.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Bot { process: Running(process), report: PathBuf::new() }
    }

    /// A native bot in the room, which reports of a frame.
    pub fn bot(&self, players: usize, frames: u32, test: &str, more: &[&str]) -> Bot {
        let directory = directory("browser");
        let report = directory.join(format!("{test}.json"));
        // A report of an earlier run is none of this one.
        let _ = std::fs::remove_file(&report);
        let process = Command::new(env!("CARGO_BIN_EXE_arena"))
            .args(["bot", "--room", "TEST", "--wait-s", "90", "--linger-s", "5"])
            .args(["--server", &self.server(), "--players", &players.to_string()])
            .args(["--frames", &frames.to_string(), "--report"])
            .arg(&report)
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Bot { process: Running(process), report }
    }
}

/// A server on a free port.
pub fn config() -> ServerConfig {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let secret = Some("the same after a restart, and long enough".into());
    ServerConfig { listen, secret, ..ServerConfig::default() }
}

/// The real coturn on an address of this machine that browsers use, and how servers mint for it.
pub struct Coturn {
    pub turn: TurnConfig,
    _process: Running,
}

impl Coturn {
    pub fn start() -> Self {
        let directory = directory("browser");
        // Browsers gather no candidates on the loopback device. Nothing is sent to find the other.
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let routed = socket.connect(("192.0.2.1", 9)).and_then(|()| socket.local_addr());
        let address = routed.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip());
        let port = UdpSocket::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let mut command = Command::new("turnserver");
        command.args(coturn_arguments("between us", address, port, &directory));
        let turn = TurnConfig {
            urls: vec![format!("turn:{address}:{port}?transport=udp")],
            secret: "between us".into(),
            ttl: Duration::from_secs(3600),
        };
        Self { turn, _process: quietly(command) }
    }
}

/// A native player.
pub struct Bot {
    process: Running,
    report: PathBuf,
}

impl Bot {
    /// Sends its process a signal, such as STOP.
    pub fn signal(&self, name: &str) {
        let pid = self.process.0.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// What it reports, once it is done.
    pub fn report(mut self) -> Value {
        let status = self.process.0.wait().unwrap();
        assert!(status.success(), "{status}");
        serde_json::from_str(&std::fs::read_to_string(&self.report).unwrap()).unwrap()
    }
}

/// The report of the frame that a page was asked for.
#[track_caller]
pub fn report(page: &Page) -> Value {
    page.wait_for("window.probe.report", PATIENCE).unwrap()
}

/// Waits until a page is in a match and some frames of it are confirmed.
#[track_caller]
pub fn plays(page: &Page, frames: u32) {
    page.wait_for(&format!("window.probe.state?.confirmed >= {frames}"), PATIENCE).unwrap();
}

/// The page has neither errors nor warnings in its console.
#[track_caller]
pub fn assert_quiet(page: &Page) {
    let lines = page.console().unwrap();
    let ours: Vec<_> = lines.iter().filter(|line| !is_the_browsers(line)).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

/// Whether a line of the console is about the machine, and not about us.
fn is_the_browsers(line: &str) -> bool {
    // Without a graphics card there is no WebGPU adapter, and WebGL says that it reads back slowly.
    ["GPU stall", "software WebGL"].iter().any(|words| line.contains(words))
}

/// Reports of one match: all agree.
#[track_caller]
pub fn assert_in_agreement(reports: &[Value]) {
    for report in reports {
        assert_eq!(report["checksum"], reports[0]["checksum"], "{reports:#?}");
        assert!(!report["checksum"].as_str().unwrap().is_empty(), "{report:#}");
        assert_eq!(report["desyncs"], Value::Array(Vec::new()), "{report:#}");
        assert_eq!(report["players"], reports.len(), "{report:#}");
    }
}

/// Every input of a player took this way.
#[track_caller]
pub fn assert_path(report: &Value, path: &str) {
    for link in report["links"].as_array().unwrap() {
        assert_eq!(link["path"], path, "{link:#}");
        let ways = link["inputs_by_path"].as_object().unwrap();
        assert!(ways.iter().all(|(way, count)| (*count != 0) == (way == path)), "{link:#}");
    }
}

/// Keeps a picture of a page.
pub fn photograph(page: &Page, name: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    page.photograph(&target.join("browser").join(format!("{name}.png"))).unwrap();
}
