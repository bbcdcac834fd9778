//! A browser process and its WebDriver.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::screen::Screen;
use crate::{DriverError, Page};

/// How often, and how often at most, a driver is asked whether it is there.
const ASK: (Duration, u32) = (Duration::from_millis(50), 400);
/// How often a driver is started, each time on another port.
const STARTS: u32 = 3;

/// Which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Chromium, driven by chromedriver. Names under `.test` lead to this machine.
    Chromium,
    /// Firefox, driven by geckodriver: one page at a time. Another one needs a [`Browser`] of its own.
    Firefox,
}

impl Kind {
    fn driver(self) -> &'static str {
        match self {
            Self::Chromium => "chromedriver",
            Self::Firefox => "geckodriver",
        }
    }
}

/// A browser without windows. Pages of it are processes of their own, and end with it.
pub struct Browser {
    kind: Kind,
    port: u16,
    driver: Child,
    runtime: Arc<Runtime>,
    _screen: Option<Screen>,
    /// What the browser writes, removed after it has ended.
    _files: TempDir,
}

impl Browser {
    /// Starts the program that drives a browser.
    ///
    /// # Errors
    ///
    /// [`DriverError`] where it is missing or does not answer.
    pub fn start(kind: Kind) -> Result<Self, DriverError> {
        // Another program may take the port before the driver does: then the driver ends.
        for _ in 0..STARTS {
            let mut browser = Self::launch(kind)?;
            if browser.is_up()? {
                return Ok(browser);
            }
        }
        Err(DriverError::Deaf(kind.driver()))
    }

    fn launch(kind: Kind) -> Result<Self, DriverError> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(kind.driver());
        let screen = match kind {
            Kind::Chromium => {
                command.arg(format!("--port={port}"));
                None
            }
            Kind::Firefox => {
                let screen = Screen::start()?;
                command.args(["--port", &port.to_string(), "--log", "fatal"]);
                command.env("DISPLAY", screen.name());
                Some(screen)
            }
        };
        let files = tempfile::tempdir()?;
        let driver = command
            .env("TMPDIR", files.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| DriverError::NoProgram { program: kind.driver(), error })?;
        let runtime = Builder::new_multi_thread().enable_all().worker_threads(1).build()?;
        Ok(Self { kind, port, driver, runtime: Arc::new(runtime), _screen: screen, _files: files })
    }

    /// Waits until the driver answers. Returns whether it does.
    fn is_up(&mut self) -> Result<bool, DriverError> {
        let (pause, most) = ASK;
        for _ in 0..most {
            if self.driver.try_wait()?.is_some() {
                return Ok(false);
            }
            // A connection to a port that nobody listens on yet can end at its own beginning.
            if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
                && stream.local_addr()? != stream.peer_addr()?
            {
                return Ok(true);
            }
            sleep(pause);
        }
        Ok(false)
    }

    /// Opens a page in a window of this size, in pixels.
    ///
    /// # Errors
    ///
    /// [`DriverError::WebDriver`] where the browser does not start or the page does not load.
    pub fn open(&self, url: &str, (width, height): (u32, u32)) -> Result<Page, DriverError> {
        let capabilities = self.capabilities(width, height)?;
        let address = format!("http://127.0.0.1:{}", self.port);
        let driver = self.runtime.block_on(WebDriver::new(address, capabilities))?;
        let page = Page::new(driver, self.runtime.clone(), self.kind, (width, height));
        page.fit()?;
        page.goto(url)?;
        Ok(page)
    }

    fn capabilities(&self, width: u32, height: u32) -> Result<Capabilities, DriverError> {
        match self.kind {
            Kind::Chromium => {
                let mut chromium = DesiredCapabilities::chrome();
                for argument in [
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--disable-dev-shm-usage",
                    // Graphics without a graphics card.
                    "--use-angle=swiftshader",
                    "--enable-unsafe-swiftshader",
                    "--ignore-gpu-blocklist",
                    // Other hosts than this machine's: names under .test (RFC 6761) lead to it.
                    "--host-resolver-rules=MAP *.test 127.0.0.1",
                ] {
                    chromium.add_arg(argument)?;
                }
                chromium.add_arg(&format!("--window-size={width},{height}"))?;
                Ok(chromium.into())
            }
            Kind::Firefox => {
                let mut firefox = DesiredCapabilities::firefox();
                firefox.add_arg("-headless")?;
                Ok(firefox.into())
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It is gone already, or about to be.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
