//! What tests ask of a page that plays.

use std::time::Duration;

use browser_driver::Page;
use serde_json::Value;

/// A window with little to draw: without a graphics card, drawing takes most of the time.
pub const SMALL: (u32, u32) = (320, 240);
/// How long anything may take that a page is waited for. Browsers that draw on a processor are slow: only a page
/// that hangs takes longer.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The report of the frame that a page was asked for.
#[track_caller]
pub fn report(page: &Page) -> Value {
    page.wait_for("window.probe.report", PATIENCE).unwrap()
}

/// Everything that the page has asked its host for was there, the font of the game included.
#[track_caller]
pub fn assert_finds_its_files(page: &Page) {
    let font = "performance.getEntriesByType('resource').some((file) => \
                file.name.endsWith('/assets/fonts/NotoSansMono.ttf') && file.responseStatus === 200)";
    page.wait_for(font, PATIENCE).unwrap();
    let missing = "return performance.getEntriesByType('resource') \
                   .filter((file) => file.responseStatus >= 400).map((file) => file.name);";
    assert_eq!(page.run(missing).unwrap(), Value::Array(Vec::new()));
}

/// The page has neither errors nor warnings in its console.
#[track_caller]
pub fn assert_quiet(page: &Page) {
    let lines = page.console().unwrap();
    let ours: Vec<_> = lines.iter().filter(|line| !is_about_the_machine(line)).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

/// Whether a line of the console is about the machine and not about the game.
fn is_about_the_machine(line: &str) -> bool {
    // Without a graphics card there is no WebGPU adapter, and WebGL warns that reading back is slow.
    ["GPU stall", "software WebGL"].iter().any(|words| line.contains(words))
}
