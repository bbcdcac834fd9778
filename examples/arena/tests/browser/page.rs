//! The page around the game: start form, invite link, errors, self-check, files, names, frames.

use super::setup::{
    DESKTOP, IN_LOBBY, PATIENCE, PHONE, READY, SMALL, Setup, assert_finds_its_files, assert_quiet,
    encoded, photograph, plays, press,
};

#[test]
fn the_start_page_creates_a_room_and_shows_the_link_to_it() {
    let setup = Setup::new();
    for (size, name) in [(DESKTOP, "start-desktop"), (PHONE, "start-phone")] {
        let page = setup.tab(&format!("server={}", setup.server()), size);
        page.wait_for(READY, PATIENCE).unwrap();
        photograph(&page, name);
        press(&page, "#go");
        page.wait_for(IN_LOBBY, PATIENCE).unwrap();
        let link = page.run("return document.getElementById('link').textContent;").unwrap();
        let address = page.run("return location.href;").unwrap();
        assert_eq!(link, address, "a page that is reloaded is in the same room");
        assert!(link.as_str().unwrap().contains("room="), "{link}");
        photograph(&page, &name.replace("start", "lobby"));
        assert_quiet(&page);
    }
}

#[test]
fn a_page_makes_a_room_for_eight_and_takes_any_size_from_its_address() {
    let setup = Setup::new();
    let page = setup.tab(&format!("server={}", setup.server()), SMALL);
    page.wait_for(READY, PATIENCE).unwrap();
    page.run(
        "document.querySelector('input[name=players][value=\"8\"]').click();
         document.getElementById('go').click();
         return null;",
    )
    .unwrap();
    // The form has no button for five.
    let linked = setup.tab(&setup.address(5, ""), SMALL);
    for (page, size) in [(&page, "players=8"), (&linked, "players=5")] {
        page.wait_for(IN_LOBBY, PATIENCE).unwrap();
        let address = page.run("return location.search;").unwrap();
        assert!(address.as_str().unwrap().contains(size), "{address}");
        assert_quiet(page);
    }
}

#[test]
fn errors_are_shown_before_and_after_joining() {
    let setup = Setup::new();
    let page = setup.tab("server=http://example.org", DESKTOP);
    page.wait_for(READY, PATIENCE).unwrap();
    press(&page, "#go");
    let error = page.run("return document.getElementById('error').textContent;").unwrap();
    assert!(error.as_str().unwrap().contains("ws://host:port"), "{error}");
    photograph(&page, "error-address");

    // Nothing listens there.
    let page = setup.tab("server=ws://127.0.0.1:9&room=TEST", DESKTOP);
    let ended = "window.probe.state?.state === 'ended' && window.probe.state.reason";
    let reason = page.wait_for(ended, PATIENCE).unwrap();
    assert!(reason.as_str().unwrap().contains("cannot reach the server"), "{reason}");
    photograph(&page, "error-server");

    // A network that nobody knows.
    let page = setup.tab(&format!("server={}&room=TEST&net=lte", setup.server()), DESKTOP);
    let shown = "document.getElementById('error').hidden ? '' : document.getElementById('error').textContent";
    let error = page.wait_for(shown, PATIENCE).unwrap();
    let error = error.as_str().unwrap();
    assert!(error.contains("\"lte\"") && error.contains("intercontinental"), "{error}");
}

#[test]
fn this_browser_computes_the_golden_hash() {
    let setup = Setup::new();
    let page = setup.tab("", DESKTOP);
    page.wait_for(READY, PATIENCE).unwrap();
    let found = page.run("return window.wasmBindings.selfcheck();").unwrap();
    assert_eq!(found, format!("{:x}", arena::fixed_match::GOLDEN));
}

#[test]
fn a_visible_page_gets_its_frames_from_the_browser_alone() {
    let setup = Setup::new();
    let page = setup.tab(&format!("server={}&room=TEST", setup.server()), SMALL);
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    // From now on the browser gives one frame a second, and the game tells its state once a frame.
    page.run("Object.assign(window.probe, { slow: true, frames: 0, told: 0 }); return null;")
        .unwrap();
    page.wait_for("window.probe.frames >= 5", PATIENCE).unwrap();
    let counted = page.run("return [window.probe.told, window.probe.frames];").unwrap();
    let [told, frames] = [&counted[0], &counted[1]].map(|count| count.as_u64().unwrap());
    assert!(told <= frames + 1, "the game ran {told} times in {frames} frames");
}

#[test]
fn the_page_finds_its_files() {
    let setup = Setup::new();
    let page = setup.tab(&format!("server={}&room=TEST", setup.server()), SMALL);
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    assert_finds_its_files(&page);
    assert_quiet(&page);
}

#[test]
fn names_in_the_alphabets_of_europe_are_on_the_cards_of_players() {
    let setup = Setup::new();
    let names = ["Ζωή Łukáš ñ", "Ђорђе Ґанна"];
    let pages = [(names[0], DESKTOP), (names[1], PHONE)].map(|(name, size)| {
        setup.tab(&setup.address(2, &format!("autopilot&name={}", encoded(name))), size)
    });
    for (page, name) in pages.iter().zip([names[1], names[0]]) {
        plays(page, 60);
        assert_eq!(page.run("return window.probe.state.links[0].name;").unwrap(), name);
        assert_finds_its_files(page);
    }
    photograph(&pages[0], "names-desktop");
    photograph(&pages[1], "names-phone");
    // A phone has no F3.
    for (page, name) in pages.iter().zip(["overlay-desktop", "overlay-phone"]) {
        page.click("overlay").unwrap();
        page.wait_for("window.probe.state.overlay", PATIENCE).unwrap();
        photograph(page, name);
    }
    pages.iter().for_each(assert_quiet);
}
