//! A server, the page and a browser; players in tabs and in processes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use browser_driver::{Browser, Kind, Page, Site};
use serde_json::Value;

use crate::support::{
    Process, Server, assert_path_unless, config_file, directory, match_limit, start_coturn,
    start_server, with_log,
};

pub use game_driver::page::{PATIENCE, SMALL, assert_finds_its_files, assert_quiet, report};
pub use game_driver::report::assert_in_agreement;

/// A window on a desktop, in pixels.
pub const DESKTOP: (u32, u32) = (1280, 800);
/// A smaller window, in which a match can be drawn without a graphics card.
pub const WINDOW: (u32, u32) = (640, 400);
/// A phone held upright.
pub const PHONE: (u32, u32) = (390, 844);

/// Of a page whose game is loaded.
pub const READY: &str = "!document.getElementById('go').disabled";
/// Of a page that waits for players.
pub const IN_LOBBY: &str = "window.probe.state?.state === 'lobby'";

/// Browsers need the whole machine: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The directory that the tests with browsers write to.
const DIRECTORY: &str = "browser";
/// What the server of a test remembers after a restart.
const SECRET: &str = "secret = \"the same after a restart, and long enough\"\n";

/// Where trunk writes the page.
const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dist");

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
        let config = config_file(DIRECTORY, &format!("{SECRET}{config}"));
        Self {
            server: start_server(Command::new, (Ipv4Addr::LOCALHOST, 0).into(), &config),
            stopped: None,
            config,
            site: Site::serve(Path::new(DIST)).unwrap(),
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
        self.open(&self.site.url(parameters), size)
    }

    /// A tab at any address.
    pub fn open(&self, url: &str, size: (u32, u32)) -> Page {
        self.browser.open(url, size).unwrap()
    }

    /// A tab in the room, in which a bot plays.
    pub fn player(&self, players: usize, more: &str) -> Page {
        self.player_in(&self.browser, players, more)
    }

    /// The same in another browser.
    pub fn player_in(&self, browser: &Browser, players: usize, more: &str) -> Page {
        browser.open(&self.player_address(players, more), SMALL).unwrap()
    }

    /// The same in a tab that has shown another page before, to which its Back button leads.
    pub fn player_after_another_page(
        &self,
        browser: Option<&Browser>,
        players: usize,
        more: &str,
    ) -> Page {
        let page = browser.unwrap_or(&self.browser).open(&self.site.url(""), SMALL).unwrap();
        page.goto(&self.player_address(players, more)).unwrap();
        page
    }

    fn player_address(&self, players: usize, more: &str) -> String {
        self.site.url(&self.address(players, &format!("autopilot&{more}")))
    }

    /// The parameters of an address for the room of this test.
    pub fn address(&self, players: usize, more: &str) -> String {
        format!("server={}&room=TEST&players={players}&{more}", self.server())
    }

    /// A native bot in the room that plays until it is dropped, and agrees to every rematch.
    pub fn opponent(&self, players: usize) -> Bot {
        self.opponent_with(players, &[])
    }

    /// The same with these arguments.
    pub fn opponent_with(&self, players: usize, more: &[&str]) -> Bot {
        let mut command = self.bot_command(players);
        command.arg("--hunt").args(more);
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
            .args(["bot", "--room", "TEST", "--wait-s", "300", "--server", &self.server()])
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

    /// Waits until it writes a line in which there are these words.
    #[track_caller]
    pub fn says(&mut self, words: &str) {
        self.process.wait_for(words, PATIENCE, |line| line.contains(words).then_some(()));
    }

    /// What it reports, once it has ended.
    #[track_caller]
    pub fn report(&mut self) -> Value {
        self.process.succeed(match_limit(self.frames));
        serde_json::from_str(&std::fs::read_to_string(&self.report).unwrap()).unwrap()
    }
}

/// Every input of a match that a page draws went on the direct path, except on a link that failed over to the relay:
/// drawing on the processor can take longer than a link waits before it does. It need not be back.
#[track_caller]
pub fn assert_direct_while_drawn(report: &Value) {
    let links = report["links"].as_array().unwrap();
    let failed_over = |link: &Value| {
        let changes = link["path_changes"].as_array().unwrap();
        changes.iter().any(|change| change["to"] == "relay")
    };
    match links.iter().any(|link| link["path"] == "relay" && failed_over(link)) {
        true => assert!(links.iter().all(|it| it["inputs_by_path"]["direct"] != 0), "{report:#}"),
        false => assert_path_unless(report, "direct", failed_over),
    }
}

/// Waits until a page has confirmed this many frames of a match.
#[track_caller]
pub fn plays(page: &Page, frames: u32) {
    page.wait_for(&format!("window.probe.state?.confirmed >= {frames}"), PATIENCE).unwrap();
}

/// Waits until so many are in the list of members, and all are connected.
#[track_caller]
pub fn sees(page: &Page, members: usize) {
    let connected = format!(
        "document.querySelectorAll('#members li').length === {members} \
         && ![...document.querySelectorAll('.status')].some((it) => it.textContent === 'connecting')"
    );
    page.wait_for(&connected, PATIENCE).unwrap();
}

/// Presses a button, also in a frame: where WebDriver clicks on a phone, the frame is not.
pub fn press(page: &Page, selector: &str) {
    let selector = Value::from(selector);
    page.run(&format!("document.querySelector({selector}).click(); return null;")).unwrap();
}

/// Writes a picture of a page to `target/browser`. Returns its file.
pub fn photograph(page: &Page, name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let file = target.join("browser").join(format!("{name}.png"));
    page.photograph(&file).unwrap();
    file
}

/// What an element of a page says.
pub fn text(page: &Page, id: &str) -> String {
    let text = page.run(&format!("return document.getElementById('{id}').textContent;")).unwrap();
    text.as_str().unwrap().to_owned()
}

/// The page as if it had been built with these values of `meta` elements.
pub fn built_with(values: &[(&str, &str)]) -> Site {
    let mut page = std::fs::read_to_string(Path::new(DIST).join("index.html")).unwrap();
    for (name, value) in values {
        let named = |value| format!("name=\"{name}\" content=\"{value}\"");
        assert!(page.contains(&named("")), "{page}");
        page = page.replace(&named(""), &named(value));
    }
    let folder = empty_folder();
    for entry in std::fs::read_dir(Path::new(DIST).canonicalize().unwrap()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "index.html" {
            symlink(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    site(&folder, &page)
}

/// A site that has a page in a frame with these attributes.
pub fn framed(url: &str, attributes: &str) -> Site {
    let page = format!(
        "<!doctype html><html><head><style>\
           html, body {{ height: 100%; margin: 0; }} \
           iframe {{ display: block; width: 100%; height: 100%; border: 0; }}\
         </style></head><body><iframe src=\"{url}\" {attributes}></iframe></body></html>"
    );
    page_of(&page)
}

/// A site that has one page.
pub fn page_of(html: &str) -> Site {
    site(&empty_folder(), html)
}

fn site(folder: &Path, index: &str) -> Site {
    std::fs::write(folder.join("index.html"), index).unwrap();
    Site::serve(folder).unwrap()
}

/// A folder that no other site of these tests is in.
fn empty_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = directory(DIRECTORY).join(format!("site{number}"));
    // Of an earlier run.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A value of a parameter of an address.
pub fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
