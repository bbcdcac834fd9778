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
        let runtime = Arc::new(runtime);
        let browser = Self { kind, port, driver, runtime, _screen: screen, _files: files };
        let (pause, most) = ASK;
        for _ in 0..most {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(browser);
            }
            sleep(pause);
        }
        Err(DriverError::Deaf(kind.driver()))
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
