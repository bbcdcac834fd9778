//! A page in a browser, and what a test does with it.

use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::runtime::Runtime;

use crate::{DriverError, Kind};

/// How often a page is asked while something is waited for.
const ASK: Duration = Duration::from_millis(100);
/// How long a picture may take. The browser gives up a few times on a machine that is busy.
const PICTURE: Duration = Duration::from_secs(180);

#[expect(clippy::disallowed_methods, reason = "browsers run on real time")]
fn now() -> Instant {
    Instant::now()
}

/// A page in a browser of its own. Dropping it closes that.
pub struct Page {
    driver: Option<WebDriver>,
    runtime: Arc<Runtime>,
    kind: Kind,
    size: (u32, u32),
}

impl Page {
    pub(crate) fn new(
        driver: WebDriver,
        runtime: Arc<Runtime>,
        kind: Kind,
        size: (u32, u32),
    ) -> Self {
        Self { driver: Some(driver), runtime, kind, size }
    }

    /// Goes to another address.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where it does not load.
    pub fn goto(&self, url: &str) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.goto(url).await)
    }

    /// Loads the page again.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where it does not load.
    pub fn reload(&self) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.refresh().await)
    }

    /// Goes into the first frame of the page: what is run, waited for and clicked on is in there from now on.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where there is none.
    pub fn enter_frame(&self) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.enter_frame(0).await)
    }

    /// Clicks on the element with an id, as a person does with a mouse.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where there is none, or it is not to be seen.
    pub fn click(&self, id: &str) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.find(By::Id(id)).await?.click().await)
    }

    /// Types a text into the element with an id.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where there is none, or it takes no text.
    pub fn type_into(&self, id: &str, text: &str) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.find(By::Id(id)).await?.send_keys(text).await)
    }

    /// Goes back in the history of the tab, as its button does.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the browser refuses.
    pub fn back(&self) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.back().await)
    }

    /// Goes forward in the history of the tab, as its button does.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the browser refuses.
    pub fn forward(&self) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.forward().await)
    }

    /// Closes the tab of the page, as its cross does. The browser stays, with another tab. Returns when it was told to.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the browser refuses.
    pub fn close_tab(&self) -> Result<Instant, DriverError> {
        self.block_on(async |driver| {
            let tab = driver.window().await?;
            let other = driver.new_tab().await?;
            driver.switch_to_window(tab).await?;
            let began = now();
            driver.close_window().await?;
            driver.switch_to_window(other).await?;
            Ok(began)
        })
    }

    /// Opens an address in another tab of the same window, and asks that tab from now on.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the browser refuses, or it does not load.
    pub fn open_tab(&self, url: &str) -> Result<(), DriverError> {
        self.block_on(async |driver| {
            let tab = driver.new_tab().await?;
            driver.switch_to_window(tab).await?;
            driver.goto(url).await
        })
    }

    /// Asks the tab with this number from now on, in the order in which they were opened.
    ///
    /// # Errors
    ///
    /// [`DriverError::NoWindow`] where there is none.
    pub fn switch_tab(&self, index: usize) -> Result<(), DriverError> {
        let tabs = self.block_on(async |driver| driver.windows().await)?;
        let tab = tabs.into_iter().nth(index);
        let tab = tab.ok_or_else(|| DriverError::NoWindow(format!("tab {index}")))?;
        self.block_on(async |driver| driver.switch_to_window(tab).await)
    }

    /// What a piece of JavaScript that ends in `return …;` returns. A promise is waited for.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where it throws.
    pub fn run(&self, script: &str) -> Result<Value, DriverError> {
        self.block_on(async |driver| {
            Ok(driver.execute(script.to_owned(), Vec::new()).await?.json().clone())
        })
    }

    /// Waits until a JavaScript expression is something else than false, null, nothing or an empty string, and returns it.
    ///
    /// # Errors
    ///
    /// [`DriverError::Late`] where that does not come to pass; says what the probe has noted.
    pub fn wait_for(&self, expression: &str, within: Duration) -> Result<Value, DriverError> {
        let script = format!("return {expression};");
        // By the clock: a busy page takes seconds to answer.
        let deadline = now() + within;
        while now() < deadline {
            let value = self.run(&script)?;
            let is_there = match &value {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                _ => true,
            };
            if is_there {
                return Ok(value);
            }
            sleep(ASK);
        }
        let page = self.noted();
        Err(DriverError::Late { what: expression.to_owned(), waited: within, page })
    }

    /// What the probe has noted, for a failure.
    fn noted(&self) -> String {
        let noted = self.run(
            "return { ready: document.readyState, \
             loaded: performance.getEntriesByType('resource').map((file) => \
               `${file.name} ${Math.round(file.startTime)} to ${Math.round(file.responseEnd)} ms`), \
             stage: document.body?.dataset.stage, error: document.getElementById('error')?.textContent, \
             state: window.probe?.state, frames: window.probe?.frames, log: window.probe?.log };",
        );
        noted.map_or_else(|error| error.to_string(), |noted| format!("{noted:#}"))
    }

    /// Errors and warnings that the page has written to its console.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the page does not answer.
    pub fn console(&self) -> Result<Vec<String>, DriverError> {
        let lines = self.run("return window.probe.console;")?;
        let lines = lines.as_array().cloned().unwrap_or_default();
        Ok(lines.into_iter().filter_map(|line| line.as_str().map(str::to_owned)).collect())
    }

    /// Writes a picture of the page to a file.
    ///
    /// # Errors
    ///
    /// [`DriverError`] where there is none, or it cannot be written.
    pub fn photograph(&self, file: &Path) -> Result<(), DriverError> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // Drawing on the processor takes all of it: without this there is no time for a picture.
        self.run("window.probe.slow = true; return null;")?;
        let taken = self.block_on(async |driver| {
            let tried = async {
                // On a busy machine the browser may give up before the picture is drawn.
                while driver.screenshot(file).await.is_err() {
                    tokio::time::sleep(ASK).await;
                }
            };
            Ok(tokio::time::timeout(PICTURE, tried).await.is_ok())
        })?;
        if !taken {
            let what = format!("a picture of the page in {}", file.display());
            return Err(DriverError::Late { what, waited: PICTURE, page: self.noted() });
        }
        self.run("window.probe.slow = false; return null;").map(drop)
    }

    /// Has the page itself be as large as it was opened, whatever the window around it is. One that is
    /// higher than wide is a phone's.
    pub(crate) fn fit(&self) -> Result<(), DriverError> {
        let (width, height) = self.size;
        match self.kind {
            Kind::Chromium => {
                let phone = width < height;
                let size = json!({
                    "width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone,
                });
                self.developer("Emulation.setDeviceMetricsOverride", size)?;
                let touch = json!({ "enabled": phone });
                self.developer("Emulation.setTouchEmulationEnabled", touch)
            }
            Kind::Firefox => self.show(),
        }
    }

    /// Minimizes the window of the page: it is hidden from now on.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the browser refuses.
    pub fn hide(&self) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.minimize_window().await)
    }

    /// Brings the window of the page back.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the browser refuses.
    pub fn show(&self) -> Result<(), DriverError> {
        let (width, height) = self.size;
        self.block_on(async |driver| driver.set_window_rect(0, 0, width, height).await.map(drop))
    }

    /// Sends a command of the Chrome DevTools Protocol. Firefox knows none.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the browser refuses.
    pub fn developer(&self, method: &str, parameters: Value) -> Result<(), DriverError> {
        self.block_on(async |driver| driver.cdp().send_raw(method, parameters).await.map(drop))
    }

    fn block_on<T>(
        &self,
        act: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<T>,
    ) -> Result<T, DriverError> {
        let Some(driver) = &self.driver else { return Err(DriverError::Deaf("the page")) };
        Ok(self.runtime.block_on(act(driver))?)
    }
}

impl Drop for Page {
    #[expect(clippy::print_stderr, reason = "a test that fails prints what its page logged")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- the page has noted: {}\n---- end of the page", self.noted());
        }
        if let Some(driver) = self.driver.take() {
            // It is gone already, or about to be.
            let _ = self.runtime.block_on(driver.quit());
        }
    }
}
