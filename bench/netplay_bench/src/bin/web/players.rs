//! Two pages with the arena in them, each in a browser of its own, in which the computer flies.
//!
//! They draw nothing: without a graphics card, drawing takes the processor from everything that is measured.

use std::path::Path;
use std::time::Duration;

use browser_driver::{Browser, DriverError, Kind, Page, Site};

use crate::signaling::{Signaling, Stack};

const SMALL: (u32, u32) = (320, 240);
/// How long anything may take that a page is waited for. Browsers that draw on a processor are slow.
pub const PATIENCE: Duration = Duration::from_secs(180);

pub struct Players {
    pub pages: [Page; 2],
    _browser: Browser,
    _site: Site,
    _server: Signaling,
}

impl Players {
    /// Opens the pages, with a STUN server and more in their addresses, and waits until both have loaded the
    /// game.
    pub fn open(dist: &Path, stack: Stack, stun: Option<&str>, more: &str) -> Result<Self, String> {
        let server = Signaling::start(stack, stun)?;
        // Ours hears of STUN servers from the signaling server.
        let stun = stun.filter(|_| stack == Stack::Plain);
        let stun = stun.map(|url| format!("&stun={url}")).unwrap_or_default();
        let open = || -> Result<_, DriverError> {
            let site = Site::serve_isolated(dist)?;
            let browser = Browser::start(Kind::Chromium)?;
            let page = |seed| {
                let address = format!(
                    "server={}&players=2&autopilot&undrawn&seed={seed}{stun}{more}",
                    server.url()
                );
                browser.open(&site.url(&address), SMALL)
            };
            let pages = [page(1)?, page(2)?];
            for page in &pages {
                page.wait_for("!document.getElementById('go').disabled", PATIENCE)?;
            }
            Ok((site, browser, pages))
        };
        let (site, browser, pages) = open().map_err(|error| error.to_string())?;
        Ok(Self { pages, _browser: browser, _site: site, _server: server })
    }

    /// Has both join the room, at the same time as far as possible.
    pub fn join(&self) -> Result<(), String> {
        for page in &self.pages {
            // Later, so that this page does not keep the other waiting.
            run(
                page,
                "document.getElementById('room').value = 'BENCH'; \
                 setTimeout(() => document.getElementById('go').click()); return null;",
            )?;
        }
        Ok(())
    }
}

/// What a piece of JavaScript that ends in `return …;` returns.
pub fn run(page: &Page, script: &str) -> Result<serde_json::Value, String> {
    page.run(script).map_err(|error| error.to_string())
}

/// Waits until a JavaScript expression is something, and returns it.
pub fn wait_for(page: &Page, expression: &str) -> Result<serde_json::Value, String> {
    page.wait_for(expression, PATIENCE).map_err(|error| error.to_string())
}
