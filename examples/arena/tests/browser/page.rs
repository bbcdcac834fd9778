//! The page around the game.

use super::setup::{DESKTOP, PATIENCE, PHONE, Setup, assert_quiet, photograph};

const READY: &str = "!document.getElementById('go').disabled";

#[test]
fn the_start_page_creates_a_room_and_shows_the_link_to_it() {
    let setup = Setup::new();
    for (size, name) in [(DESKTOP, "start-desktop"), (PHONE, "start-phone")] {
        let page = setup.tab(&format!("server={}", setup.server()), size);
        page.wait_for(READY, PATIENCE).unwrap();
        photograph(&page, name);
        page.run("document.getElementById('go').click(); return null;").unwrap();
        page.wait_for("window.probe.state?.state === 'lobby'", PATIENCE).unwrap();
        let link = page.run("return document.getElementById('link').textContent;").unwrap();
        let address = page.run("return location.href;").unwrap();
        assert_eq!(link, address, "a page that is loaded again is in the same room");
        assert!(link.as_str().unwrap().contains("room="), "{link}");
        photograph(&page, &name.replace("start", "lobby"));
        assert_quiet(&page);
    }
}

#[test]
fn what_is_wrong_is_said_before_and_after_joining() {
    let setup = Setup::new();
    let page = setup.tab("server=http://example.org", DESKTOP);
    page.wait_for(READY, PATIENCE).unwrap();
    page.run("document.getElementById('go').click(); return null;").unwrap();
    let error = page.run("return document.getElementById('error').textContent;").unwrap();
    assert!(error.as_str().unwrap().contains("ws://host:port"), "{error}");
    photograph(&page, "error-address");

    // Nobody listens there.
    let page = setup.tab("server=ws://127.0.0.1:9&room=TEST", DESKTOP);
    let ended = "window.probe.state?.state === 'ended' && window.probe.state.reason";
    let reason = page.wait_for(ended, PATIENCE).unwrap();
    assert!(reason.as_str().unwrap().contains("cannot reach the server"), "{reason}");
    photograph(&page, "error-server");
}

#[test]
fn this_browser_computes_what_every_machine_computes() {
    let setup = Setup::new();
    let page = setup.tab("", DESKTOP);
    page.wait_for(READY, PATIENCE).unwrap();
    let found = page.run("return window.wasmBindings.selfcheck();").unwrap();
    assert_eq!(found, format!("{:x}", arena::sync_test::GOLDEN));
}
