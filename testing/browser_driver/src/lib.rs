//! Real browsers, driven through WebDriver: pages that are opened, asked, hidden, photographed.
//!
//! A [`Site`] serves a folder with a [probe](PROBE) in its pages, which notes what they write to the console, and
//! every RTCPeerConnection they make. A [`Browser`] opens [`Page`]s, each in a process of its own.
//!
//! Everything blocks: tests read from top to bottom.

mod browser;
mod error;
mod page;
mod screen;
mod site;

pub use browser::{Browser, Kind};
pub use error::DriverError;
pub use page::Page;
pub use screen::Screen;
pub use site::{PROBE, Site};
