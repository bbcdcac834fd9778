//! Messages between two pages that simulate nothing (`testing/transport_page`).

use std::path::Path;

use browser_driver::{Browser, DriverError, Kind, Page, Site};
use serde_json::{Value, json};

use crate::players::{run, wait_for};
use crate::signaling::{Signaling, Stack};

const SIZE: (u32, u32) = (320, 240);
const SHORT: usize = 100;
const LONG: usize = 1_000_000;
/// How many of each are timed.
const SHORT_ONES: usize = 60;
const LONG_ONES: usize = 20;
/// How many round trips before them are noted.
const ROUND_TRIPS_BEFORE: usize = 600;

/// Two pages of a room, each in a window of its own.
struct Pair {
    pages: [Page; 2],
    sent: usize,
    _browser: Browser,
    _site: Site,
    _server: Signaling,
}

impl Pair {
    fn open(dist: &Path) -> Result<Self, String> {
        let server = Signaling::start(Stack::Ours, None)?;
        let open = || -> Result<_, DriverError> {
            let site = Site::serve_isolated(dist)?;
            let browser = Browser::start(Kind::Chromium)?;
            let page = |number| {
                let address = format!("server={}&number={number}&game", server.url());
                browser.open(&site.url(&address), SIZE)
            };
            Ok(([page(1)?, page(2)?], browser, site))
        };
        let (pages, browser, site) = open().map_err(|error| error.to_string())?;
        for page in &pages {
            wait_for(page, "window.game?.plays()")?;
        }
        Ok(Self { pages, sent: 0, _browser: browser, _site: site, _server: server })
    }

    /// How long messages of so many bytes take until the other page has read them, in milliseconds.
    fn send(&mut self, count: usize, bytes: usize) -> Result<Vec<f64>, String> {
        let [from, to] = &self.pages;
        run(from, &format!("window.game.send({count}, {bytes}); return null;"))?;
        let before = self.sent;
        self.sent += count;
        wait_for(to, &format!("window.game.receivedAt().length === {}", self.sent))?;
        let times = |page: &Page, when: &str| -> Result<Vec<f64>, String> {
            let times = run(page, &format!("return Array.from(window.game.{when}());"))?;
            Ok(times.as_array().into_iter().flatten().filter_map(Value::as_f64).collect())
        };
        let (sent, received) = (times(from, "sentAt")?, times(to, "receivedAt")?);
        let each = received.iter().zip(&sent).skip(before);
        Ok(each.map(|(received, sent)| received - sent).collect())
    }

    /// The round trips that the sender has noted since the last call, in milliseconds.
    fn round_trips(&self) -> Result<Value, String> {
        run(&self.pages[0], "return Array.from(window.game.takeRoundTrips());")
    }
}

pub fn measure(dist: &Path) -> Result<Value, String> {
    let mut pair = Pair::open(dist)?;
    // What was measured while the pages were loading is no measure.
    pair.round_trips()?;
    let mut before = Vec::new();
    while before.len() < ROUND_TRIPS_BEFORE {
        before.extend(pair.round_trips()?.as_array().cloned().unwrap_or_default());
    }
    let short = pair.send(SHORT_ONES, SHORT)?;
    pair.round_trips()?;
    let long = pair.send(LONG_ONES, LONG)?;
    Ok(json!({
        "short_ms": short, "long_ms": long, "rtt_before_ms": before,
        "rtt_during_ms": pair.round_trips()?,
    }))
}
