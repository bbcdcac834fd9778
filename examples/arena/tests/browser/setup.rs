//! A server, the page and a browser; players in tabs and in processes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use browser_driver::{Browser, Kind, Page, Site};
use serde_json::Value;

use crate::support::{
    Process, Server, assert_path_unless, config_file, directory, match_limit, start_coturn,
    start_server, with_log,
};

pub use game_driver::page::{PATIENCE, SMALL, assert_quiet, report};
pub use game_driver::report::assert_in_agreement;

/// A window on a desktop, in pixels.
pub const DESKTOP: (u32, u32) = (1280, 800);
/// A smaller window, in which a match can be drawn without a graphics card.
pub const WINDOW: (u32, u32) = (640, 400);
/// A phone held upright.
pub const PHONE: (u32, u32) = (390, 844);

/// Browsers need the whole machine: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The directory that the tests with browsers write to.
const DIRECTORY: &str = "browser";
/// What the server of a test remembers after a restart.
const SECRET: &str = "secret = \"the same after a restart, and long enough\"\n";

/// What a test with browsers needs. Every page runs in a browser of its own.
pub struct Setup {
    server: Server,
    /// A server that the test stopped: what it wrote is printed if the test fails.
    stopped: Option<Server>,
    config: PathBuf,
    pub site: Site,
    browser: Browser,
    _alone: MutexGuard<'static, ()>,
}

impl Setup {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With these lines added to the configuration of the server.
    pub fn with(config: &str) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
        let config = config_file(DIRECTORY, &format!("{SECRET}{config}"));
        Self {
            server: start_server(Command::new, (Ipv4Addr::LOCALHOST, 0).into(), &config),
            stopped: None,
            config,
            site: Site::serve(&dist).unwrap(),
            browser: Browser::start(Kind::Chromium).unwrap(),
            _alone: alone,
        }
    }

    /// Where the server is.
    pub fn server(&self) -> String {
        self.server.url()
    }

    /// Stops the server, and starts another one at the same address, with the same secret.
    pub fn restart_server(&mut self) {
        self.server.stop();
        let restarted = start_server(Command::new, self.server.address, &self.config);
        self.stopped = Some(std::mem::replace(&mut self.server, restarted));
    }

    /// A tab at an address with these parameters.
    pub fn tab(&self, parameters: &str, size: (u32, u32)) -> Page {
        self.browser.open(&self.site.url(parameters), size).unwrap()
    }

    /// A tab in the room, in which a bot plays.
    pub fn player(&self, players: usize, more: &str) -> Page {
        self.player_in(&self.browser, players, more)
    }

    /// The same in another browser.
    pub fn player_in(&self, browser: &Browser, players: usize, more: &str) -> Page {
        let address = self.address(players, &format!("autopilot&{more}"));
        browser.open(&self.site.url(&address), SMALL).unwrap()
    }

    /// The parameters of an address for the room of this test.
    pub fn address(&self, players: usize, more: &str) -> String {
        format!("server={}&room=TEST&players={players}&{more}", self.server())
    }

    /// A native bot in the room that plays until it is dropped, and agrees to every rematch.
    pub fn opponent(&self, players: usize) -> Bot {
        let mut command = self.bot_command(players);
        command.arg("--hunt");
        Bot { process: Process::start("the opponent", command), report: PathBuf::new(), frames: 0 }
    }

    /// A native bot in the room, which writes a report of a frame.
    pub fn bot(&self, players: usize, frames: u32, test: &str, more: &[&str]) -> Bot {
        let report = directory(DIRECTORY).join(format!("{test}.json"));
        // A report of an earlier run proves nothing.
        let _ = std::fs::remove_file(&report);
        let mut command = self.bot_command(players);
        command
            .args(["--linger-s", "5", "--frames", &frames.to_string(), "--report"])
            .arg(&report)
            .args(more);
        Bot { process: Process::start(format!("bot {test}"), command), report, frames }
    }

    fn bot_command(&self, players: usize) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arena"));
        with_log(&mut command)
            .args(["bot", "--room", "TEST", "--wait-s", "90", "--server", &self.server()])
            .args(["--players", &players.to_string()]);
        command
    }
}

/// The real coturn on an address of this machine that browsers use.
pub struct Coturn {
    address: SocketAddr,
    _process: Process,
}

/// With what coturn and the server make credentials.
const TURN_SECRET: &str = "a secret between the two of us";

impl Coturn {
    pub fn start() -> Self {
        // Browsers gather no candidates on the loopback device. Nothing is sent to find the other address.
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let routed = socket.connect(("192.0.2.1", 9)).and_then(|()| socket.local_addr());
        let ip: IpAddr = routed.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip());
        let address = UdpSocket::bind((ip, 0)).unwrap().local_addr().unwrap();
        let (command, port) = (Command::new("turnserver"), address.port());
        let process = start_coturn(command, TURN_SECRET, ip, port, &directory(DIRECTORY));
        Self { address, _process: process }
    }

    /// What a server must be configured with to use it.
    pub fn config(&self) -> String {
        let url = format!("turn:{}?transport=udp", self.address);
        format!("[turn]\nurls = [{url:?}]\nsecret = {TURN_SECRET:?}\n")
    }
}

/// A native player.
pub struct Bot {
    process: Process,
    report: PathBuf,
    frames: u32,
}

impl Bot {
    /// Sends its process a signal, such as STOP.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// What it reports, once it has ended.
    #[track_caller]
    pub fn report(&mut self) -> Value {
        self.process.succeed(match_limit(self.frames));
        serde_json::from_str(&std::fs::read_to_string(&self.report).unwrap()).unwrap()
    }
}

/// Every input of a match that a page draws went on the direct path, except on a link that failed over to the relay
/// and came back: drawing on the processor can take longer than a link waits before it does.
#[track_caller]
pub fn assert_direct_while_drawn(report: &Value) {
    assert_path_unless(report, "direct", |link| {
        let changes = link["path_changes"].as_array().unwrap();
        changes.iter().any(|change| change["to"] == "relay")
    });
}

/// Waits until a page has confirmed this many frames of a match.
#[track_caller]
pub fn plays(page: &Page, frames: u32) {
    page.wait_for(&format!("window.probe.state?.confirmed >= {frames}"), PATIENCE).unwrap();
}

/// Writes a picture of a page to `target/browser`.
pub fn photograph(page: &Page, name: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    page.photograph(&target.join("browser").join(format!("{name}.png"))).unwrap();
}
