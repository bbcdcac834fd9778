//! The lobby, the chat and the list of public rooms, in pages.

use browser_driver::{Browser, Kind, Page};
use serde_json::{Value, json};

use super::setup::{
    DESKTOP, IN_LOBBY, PATIENCE, PHONE, READY, SMALL, Setup, WINDOW, assert_in_agreement,
    assert_quiet, photograph, plays, press, report, sees, text,
};

/// A room that two players can start, and that has places for four.
const LOBBY: &str = "least=2";

/// Waits until a line of the chat is this one.
#[track_caller]
fn reads(page: &Page, line: &str) {
    let line = json!(line);
    let shown = format!(
        "[...document.querySelectorAll('#chat-lines li')].some((it) => it.textContent === {line})"
    );
    page.wait_for(&shown, PATIENCE).unwrap();
}

/// Types a line, as a person does.
fn say(page: &Page, line: &str) {
    page.type_into("chat-input", line).unwrap();
    press(page, "#chat-send");
}

fn lines(page: &Page) -> Value {
    let lines =
        "return [...document.querySelectorAll('#chat-lines li')].map((it) => it.textContent);";
    page.run(lines).unwrap()
}

/// Nothing of a page is cut off or outside of it.
#[track_caller]
fn assert_fits(page: &Page, selectors: &[&str]) {
    for selector in selectors {
        let fits = format!(
            "const box = document.querySelector({}).getBoundingClientRect(); \
             return box.width > 0 && box.left >= 0 && box.right <= innerWidth && box.top >= 0 \
               && box.bottom <= innerHeight;",
            json!(selector)
        );
        assert_eq!(page.run(&fits).unwrap(), true, "{selector}");
    }
    assert_eq!(page.run("return document.body.scrollWidth <= innerWidth;").unwrap(), true);
}

#[test]
fn chromium_and_firefox_talk_get_ready_and_play() {
    let setup = Setup::new();
    let firefox = Browser::start(Kind::Firefox).unwrap();
    let address =
        |name: &str| setup.address(4, &format!("{LOBBY}&undrawn&autopilot&frames=300&name={name}"));
    let ann = setup.tab(&address("Ann"), DESKTOP);
    ann.wait_for(IN_LOBBY, PATIENCE).unwrap();
    let ben = firefox.open(&setup.site.url(&address("Ben")), WINDOW).unwrap();
    for page in [&ann, &ben] {
        sees(page, 2);
    }

    say(&ann, "hello Ben \u{202e}\u{7}!");
    reads(&ben, "Ann: hello Ben !");
    reads(&ann, "you: hello Ben !");
    let markup = "<img src=x onerror=\"window.hacked = 1\"> & <b>bold</b>";
    say(&ben, markup);
    reads(&ann, &format!("Ben: {markup}"));
    assert_eq!(ann.run("return window.hacked ?? document.images.length;").unwrap(), 0);

    // What Ben says is hidden, and shown again.
    press(&ann, "[data-wish=mute]");
    ann.wait_for("document.querySelector('[data-wish=mute]').textContent === 'Unmute'", PATIENCE)
        .unwrap();
    assert_eq!(lines(&ann), json!(["you: hello Ben !"]));
    say(&ben, "do you hear me?");
    reads(&ben, "you: do you hear me?");
    press(&ben, "#ready");
    ann.wait_for("document.querySelectorAll('.status.ready').length === 1", PATIENCE).unwrap();
    assert_eq!(lines(&ann), json!(["you: hello Ben !"]));
    press(&ann, "[data-wish=mute]");
    reads(&ann, &format!("Ben: {markup}"));

    // Who changes something is ready no more.
    let color = "document.querySelectorAll('.swatch')[1].style.background";
    let before = ann.run(&format!("return {color};")).unwrap();
    press(&ben, "#color");
    let changed =
        format!("{color} !== {before} && document.querySelectorAll('.status.ready').length === 0");
    ann.wait_for(&changed, PATIENCE).unwrap();
    press(&ben, "#ready");
    press(&ann, "#ready");
    ann.wait_for(
        "document.getElementById('lobby-title').textContent.startsWith('Starts in')",
        PATIENCE,
    )
    .unwrap();
    let reports = [&ann, &ben].map(report);
    assert_in_agreement(&reports);
    for page in [&ann, &ben] {
        assert_eq!(page.run("return document.getElementById('chat').hidden;").unwrap(), true);
        assert_quiet(page);
    }
}

#[test]
fn a_page_and_a_process_play_a_round_and_are_in_the_lobby_again() {
    let setup = Setup::new();
    let page = setup.tab(&setup.address(4, &format!("{LOBBY}&autopilot&hunt&name=Ann")), PHONE);
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    press(&page, "#length");
    page.wait_for(
        "document.getElementById('lobby-round').textContent.includes('20 seconds')",
        PATIENCE,
    )
    .unwrap();
    let _bot = setup.opponent_with(4, &["--least", "2"]);
    sees(&page, 2);
    say(&page, "hello, whatever you are");
    photograph(&page, "lobby-of-two-phone");
    assert_fits(&page, &["#lobby", "#ready", "#chat", "#chat-input", "#chat-send", "#leave"]);
    // The bot is ready by itself. The first player does not wait.
    press(&page, "#start-match");
    plays(&page, 60);
    // The page shows what has come of the match soon after it is in the lobby.
    let ended = "window.probe.state.state === 'lobby' && !document.getElementById('lobby').hidden \
         && /WIN|^A DRAW$/.test(document.getElementById('lobby-title').textContent)";
    page.wait_for(ended, 4 * PATIENCE).unwrap();
    assert!(text(&page, "lobby-scores").starts_with(['y', 'p']), "{}", text(&page, "lobby-scores"));
    photograph(&page, "lobby-result-phone");
    press(&page, "#ready");
    page.wait_for("window.probe.state.epoch === 2", PATIENCE).unwrap();
    plays(&page, 60);
    assert_quiet(&page);
}

#[test]
fn the_first_player_removes_another_who_reads_why() {
    let setup = Setup::new();
    let address = |name: &str| setup.address(4, &format!("{LOBBY}&name={name}"));
    let ann = setup.tab(&address("Ann"), DESKTOP);
    ann.wait_for(IN_LOBBY, PATIENCE).unwrap();
    let guests = ["Mallory", "Ben"].map(|name| {
        let page = setup.tab(&address(name), WINDOW);
        page.wait_for(IN_LOBBY, PATIENCE).unwrap();
        page
    });
    sees(&ann, 3);
    let buttons = |page: &Page, wish: &str| {
        page.run(&format!("return document.querySelectorAll('[data-wish={wish}]').length;"))
            .unwrap()
    };
    assert_eq!(buttons(&ann, "kick"), 2);
    assert_eq!(buttons(&guests[0], "kick"), 0, "only the first player has these");
    assert_eq!(buttons(&guests[0], "mute"), 2);
    say(&guests[0], "I am the best");
    say(
        &guests[1],
        "a line that is so long that it does not fit beside the list of the members of this room",
    );
    reads(&ann, "Mallory: I am the best");
    photograph(&ann, "lobby-of-three-desktop");
    assert_fits(&ann, &["#lobby", "#chat", "#chat-input", "#start-match", "#invite"]);

    press(&ann, "[data-wish=ban][aria-label='Ban: Mallory']");
    let removed = "window.probe.state.state === 'ended' && window.probe.state.reason";
    let reason = guests[0].wait_for(removed, PATIENCE).unwrap();
    assert!(reason.as_str().unwrap().contains("removed"), "{reason}");
    for page in [&ann, &guests[1]] {
        sees(page, 2);
        reads(page, "Mallory was removed from the room for good");
    }
    photograph(&guests[0], "removed");
}

#[test]
fn a_public_room_is_found_on_the_start_page() {
    let setup = Setup::new();
    let host = setup.tab(&format!("server={}", setup.server()), DESKTOP);
    host.wait_for(READY, PATIENCE).unwrap();
    host.type_into("name", "Ann").unwrap();
    press(&host, "input[name=begin][value=ready]");
    press(&host, "#public");
    photograph(&host, "start-public-desktop");
    press(&host, "#go");
    host.wait_for(IN_LOBBY, PATIENCE).unwrap();

    for (size, name) in [(DESKTOP, "rooms-desktop"), (PHONE, "rooms-phone")] {
        let guest = setup.tab(&format!("server={}", setup.server()), size);
        guest.wait_for(READY, PATIENCE).unwrap();
        press(&guest, "#find-rooms");
        let listed = "document.querySelector('#room-list button')?.textContent";
        let room = guest.wait_for(listed, PATIENCE).unwrap();
        assert_eq!(room, "Ann's room1 of 2 players");
        photograph(&guest, name);
        assert_fits(&guest, &["#rooms", "#room-list button", "#close-rooms"]);
        press(&guest, "#room-list button");
        let code = guest.run("return document.getElementById('room').value;").unwrap();
        assert!(
            host.run("return location.search;")
                .unwrap()
                .as_str()
                .unwrap()
                .contains(code.as_str().unwrap())
        );
        if size == PHONE {
            press(&guest, "#go");
            guest.wait_for(IN_LOBBY, PATIENCE).unwrap();
            sees(&guest, 2);
            assert_quiet(&guest);
        }
    }

    // It is full now.
    let late = setup.tab(&format!("server={}", setup.server()), SMALL);
    late.wait_for(READY, PATIENCE).unwrap();
    press(&late, "#find-rooms");
    late.wait_for(
        "document.getElementById('rooms-note').textContent.includes('no public rooms')",
        PATIENCE,
    )
    .unwrap();
}

#[test]
fn players_of_a_room_that_starts_when_it_is_full_talk_as_well() {
    let setup = Setup::new();
    let pages = [("Ann", DESKTOP), ("Ben", PHONE)].map(|(name, size)| {
        let page = setup.tab(&setup.address(3, &format!("name={name}")), size);
        page.wait_for(IN_LOBBY, PATIENCE).unwrap();
        page
    });
    let there = "document.querySelector('#chat-others button') !== null";
    for page in &pages {
        page.wait_for(there, PATIENCE).unwrap();
    }
    say(&pages[1], "we wait for a third one");
    reads(&pages[0], "Ben: we wait for a third one");
    for (page, name) in pages.iter().zip(["chat-desktop", "chat-phone"]) {
        photograph(page, name);
        assert_fits(page, &["#chat", "#chat-input", "#chat-send"]);
        assert_quiet(page);
    }
    press(&pages[0], "#chat-others button");
    pages[0]
        .wait_for("document.querySelectorAll('#chat-lines li').length === 0", PATIENCE)
        .unwrap();
}
