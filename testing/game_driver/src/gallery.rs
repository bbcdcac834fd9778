//! The page of the smaller games, in real browsers.
//!
//! It must have been built: `trunk build --release` in `examples/gallery`.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use browser_driver::{Browser, Kind, Page, Site};
use serde_json::Value;

use crate::page::{PATIENCE, SMALL, assert_finds_its_files, assert_quiet, report};
use crate::report::{assert_in_agreement, assert_rolled_back};
use crate::{Program, Room};

/// Where trunk writes the page.
const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/gallery/dist");

/// A network that makes every match roll back.
const BAD_NETWORK: &str = "latency_ms=100,loss=0.03";

/// Browsers need the whole machine: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The page, served, and a browser.
struct Gallery {
    site: Site,
    browser: Browser,
    _alone: MutexGuard<'static, ()>,
}

impl Gallery {
    fn open(kind: Kind) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let site = Site::serve(Path::new(DIST)).unwrap();
        Self { site, browser: Browser::start(kind).unwrap(), _alone: alone }
    }

    /// A page with these parameters in its address.
    fn page(&self, parameters: &str) -> Page {
        self.browser.open(&self.site.url(parameters), SMALL).unwrap()
    }
}

/// A page plays so many frames against a bot, over a network with a tenth of a second of latency each way and losses.
/// Both must come to the same state.
#[track_caller]
pub fn plays_a_bot(game: &Program, kind: Kind, frames: u32) {
    let test = format!("against-{kind:?}");
    let gallery = Gallery::open(kind);
    let server = game.server(&test);
    let room = Room { server: server.url(), players: 2 };
    let mut bot = game.bot(&test, &room, frames, 2, &["--net", BAD_NETWORK]);
    let page = gallery.page(&format!(
        "game={}&server={}&room=TEST&players=2&autopilot&seed=1&frames={frames}&net={BAD_NETWORK}",
        game.name, room.server
    ));
    let reports: [Value; 2] = [report(&page), bot.report()];
    assert_in_agreement(&reports);
    assert_rolled_back(&reports);
    assert_finds_its_files(&page);
    assert_quiet(&page);
}

/// A page whose address asks for a network that there is none of says so, and which there are.
#[track_caller]
pub fn refuses_an_unknown_network(game: &Program, kind: Kind) {
    let gallery = Gallery::open(kind);
    let server = "ws://127.0.0.1:9";
    let page = gallery.page(&format!("game={}&server={server}&room=TEST&net=lte", game.name));
    let shown = "document.getElementById('error')?.textContent";
    let error = page.wait_for(shown, PATIENCE).unwrap();
    let error = error.as_str().unwrap();
    assert!(error.contains("\"lte\"") && error.contains("intercontinental"), "{error}");
}

/// The checksum of the game's fixed match as a browser computes it, in hexadecimal digits.
#[track_caller]
pub fn checksum(game: &Program, kind: Kind) -> String {
    let gallery = Gallery::open(kind);
    let page = gallery.page(&format!("game={}&check", game.name));
    let checksum = page.wait_for("document.body.dataset.checksum", PATIENCE).unwrap();
    checksum.as_str().unwrap().to_owned()
}
