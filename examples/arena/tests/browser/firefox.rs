//! Firefox: another engine for WebAssembly, and another implementation of WebRTC.

use browser_driver::{Browser, Kind};

use super::setup::{Setup, assert_direct_while_drawn, assert_in_agreement, assert_quiet, report};

#[test]
fn firefox_plays_a_native_bot() {
    let setup = Setup::new();
    let firefox = Browser::start(Kind::Firefox).unwrap();
    let mut bot = setup.bot(2, 300, "against_firefox", &["--seed", "2"]);
    let page = setup.player_in(&firefox, 2, "seed=1&frames=300");
    let reports = [report(&page), bot.report()];
    assert_in_agreement(&reports);
    reports.iter().for_each(assert_direct_while_drawn);
    assert_quiet(&page);
}

#[test]
fn firefox_plays_chromium() {
    let setup = Setup::new();
    let firefox = Browser::start(Kind::Firefox).unwrap();
    let pages = [
        setup.player_in(&firefox, 2, "seed=1&frames=300"),
        setup.player(2, "undrawn&seed=2&frames=300"),
    ];
    let reports: Vec<_> = pages.iter().map(report).collect();
    assert_in_agreement(&reports);
    reports.iter().for_each(assert_direct_while_drawn);
    pages.iter().for_each(assert_quiet);
}
