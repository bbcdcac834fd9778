//! WebRTC between two pages in Chromium, without a game.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use browser_driver::{Browser, Kind, Page, Site};
use netplay_protocol::signaling::{Entry, IceServer};
use netplay_protocol::{Identity, PeerKey};
use netplay_server::{Server, ServerConfig};
use netplay_transport::rtc::RtcTransport;
use netplay_transport::{JoinRequest, Transport, TransportEvent, TransportRequest};

/// The limit of every wait. Only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many times both sides attempt at once.
const ROUNDS: usize = 8;
const SIZE: (u32, u32) = (320, 240);

/// Browsers need the whole machine: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct Setup {
    server: Server,
    site: Site,
    browser: Browser,
    _alone: MutexGuard<'static, ()>,
}

impl Setup {
    fn new(ice_servers: Vec<IceServer>) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = Server::start(ServerConfig { listen, ice_servers, ..ServerConfig::default() });
        let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
        Self {
            server: server.unwrap(),
            site: Site::serve(&dist).unwrap(),
            browser: Browser::start(Kind::Chromium).unwrap(),
            _alone: alone,
        }
    }

    fn page(&self, number: u8, more: &str) -> Page {
        let parameters = format!("server={}&number={number}{more}", self.server.url());
        self.browser.open(&self.site.url(&parameters), SIZE).unwrap()
    }

    /// Both players of a room, once they know each other.
    fn pair(&self, more: &str) -> [Page; 2] {
        let pages = [1, 2].map(|number| self.page(number, more));
        for page in &pages {
            page.wait_for("window.player?.members() === 2", PATIENCE).unwrap();
        }
        pages
    }
}

#[test]
fn offers_of_two_pages_that_cross_end_in_one_path_that_both_have() {
    let setup = Setup::new(Vec::new());
    let [first, second] = setup.pair("");
    for round in 0..ROUNDS {
        // At the same time in both: a page answers when it has begun.
        let at = first.run("return Date.now() + 400;").unwrap();
        for (page, other) in [(&first, 2), (&second, 1)] {
            page.run(&format!(
                "setTimeout(() => window.player.attempt({other}), {at} - Date.now());"
            ))
            .unwrap();
        }
        let up = |page: &Page, other: u8| {
            page.wait_for(&format!("window.player.paths({other})[0]"), PATIENCE).unwrap()
        };
        let before = second.run("return window.player.received();").unwrap();
        up(&first, 2);
        up(&second, 1);
        // What is left of the attempt that was given up would open or fail before this has gone back and forth.
        for _ in 0..5 {
            first.run("window.player.send(2);").unwrap();
            second.run("window.player.send(1);").unwrap();
        }
        second.wait_for(&format!("window.player.received() >= {before} + 5"), PATIENCE).unwrap();
        let paths = |page: &Page, other: u8| {
            page.run(&format!("return window.player.paths({other});")).unwrap()
        };
        let (here, there) = (paths(&first, 2), paths(&second, 1));
        assert_eq!(here.as_array().map(Vec::len), Some(1), "round {round}: {here}");
        assert_eq!(here, there, "round {round}");
        for page in [&first, &second] {
            let failures = page.run("return window.player.failures();").unwrap();
            assert_eq!(failures.as_array().map(Vec::len), Some(0), "round {round}: {failures}");
        }
        first.run("window.player.close(2);").unwrap();
        second.wait_for("window.player.paths(1).length === 0", PATIENCE).unwrap();
    }
}

#[test]
fn a_page_that_is_online_again_or_uses_another_kind_of_network_reports_it_once() {
    let setup = Setup::new(Vec::new());
    let page = setup.page(1, "");
    page.wait_for("window.player?.members() === 1", PATIENCE).unwrap();
    page.run("for (const name of ['offline', 'online', 'offline', 'online']) dispatchEvent(new Event(name));")
        .unwrap();
    page.wait_for("window.player.networkChanges() === 1", PATIENCE).unwrap();
    // A change of quality is no change of network.
    page.run("navigator.connection.dispatchEvent(new Event('change'));").unwrap();
    page.run(
        "Object.defineProperty(navigator.connection, 'type', { value: 'cellular', configurable: true }); \
         navigator.connection.dispatchEvent(new Event('change'));",
    )
    .unwrap();
    page.wait_for("window.player.networkChanges() === 2", PATIENCE).unwrap();
    page.run("dispatchEvent(new Event('online'));").unwrap();
    page.wait_for("window.player.networkChanges() >= 3", PATIENCE).unwrap();
    assert_eq!(page.run("return window.player.networkChanges();").unwrap(), 3);
}

#[test]
fn an_attempt_that_fails_says_what_the_browser_says_of_the_ice_servers() {
    // A name that nobody has (RFC 6761). Chromium says nothing of a server that refuses a connection.
    let turn = IceServer {
        urls: vec!["turn:turn.invalid:3478".into()],
        username: Some("nobody".into()),
        credential: Some("nothing".into()),
    };
    let setup = Setup::new(vec![turn]);
    let [first, _second] = setup.pair("&policy=turn");
    first.run("window.player.attempt(2);").unwrap();
    let failures = first.wait_for("window.player.failures()[0]", PATIENCE).unwrap();
    assert!(failures.to_string().contains("turn.invalid"), "{failures}");
}

/// A member of the room that is a native process.
struct Process {
    transport: RtcTransport,
    members: Vec<PeerKey>,
}

impl Process {
    fn join(server: &Server) -> Self {
        let transport = RtcTransport::join(JoinRequest {
            servers: vec![server.url()],
            ..JoinRequest::new(Entry::Room("PAGES".into()), 2, Identity::from_secret(&[9; 32]))
        });
        Self { transport, members: Vec::new() }
    }

    /// Waits until so many are in the room.
    #[track_caller]
    fn wait_for(&mut self, members: usize) {
        for _ in 0..PATIENCE.as_millis() {
            self.transport.poll(Duration::ZERO);
            while let Some(event) = self.transport.poll_event() {
                if let TransportEvent::Roster(roster) = event {
                    self.members = roster.members;
                }
            }
            if self.members.len() == members {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        panic!("waited in vain for {members} members: {:?}", self.members);
    }
}

#[test]
fn a_page_that_a_process_removes_from_the_room_is_told_and_its_place_is_free() {
    let setup = Setup::new(Vec::new());
    let mut process = Process::join(&setup.server);
    process.wait_for(1);
    let ended = |page: &Page| {
        let why = page.wait_for("window.game?.ended()", PATIENCE).unwrap();
        why.as_str().unwrap().to_owned()
    };
    for (number, ban, why) in [
        (1, false, "you were removed from the room"),
        (2, true, "you were removed from the room and cannot come back to it"),
    ] {
        let page = setup.page(number, "&game");
        process.wait_for(2);
        let peer = Identity::from_secret(&[number; 32]).peer_key();
        assert_eq!(process.members[1], peer);
        process.transport.request(TransportRequest::Kick { peer, ban });
        process.wait_for(1);
        let said = ended(&page);
        assert!(said.ends_with(why), "{said}");
    }
    // It has a key of its own, and the address of the one that is kept out.
    let said = ended(&setup.page(3, "&game"));
    assert!(said.contains("one of the same network"), "{said}");
}
