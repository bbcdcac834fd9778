//! Pages that are closed, loaded again, left for another one and come back to, and what the others know of it.

use std::time::{Duration, Instant};

use browser_driver::{Browser, Kind, Page};

use super::setup::{
    Bot, IN_LOBBY, PATIENCE, Setup, assert_in_agreement, assert_quiet, plays, press, report, sees,
};

/// How long the others may take to know that a page goes away.
const SOON: Duration = Duration::from_secs(1);
const AWAY: &str = "is closed or loaded again";
/// Browsers on a busy machine take long to load a page again, and are waited for.
const PATIENT_SERVER: &str = "grace = \"120s\"\n";
const PATIENT: [&str; 2] = ["--disconnect-timeout-s", "120"];

#[expect(clippy::disallowed_methods, reason = "browsers run on real time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stderr, reason = "what was measured")]
#[track_caller]
fn assert_soon(what: &str, since: Instant) {
    let waited = now().saturating_duration_since(since);
    eprintln!("{what}: the other player knew after {} ms", waited.as_millis());
    assert!(waited < SOON, "{what}: {waited:?}");
}

/// Where the page is played in.
#[derive(Clone, Copy, Debug)]
enum Where {
    Chromium,
    Firefox,
}

/// A page with a bot as the other player, which takes note of what becomes of the page.
struct Pair {
    setup: Setup,
    firefox: Option<Browser>,
    place: Where,
}

impl Pair {
    fn new(place: Where, config: &str) -> Self {
        let setup = Setup::with(config);
        let firefox = match place {
            Where::Chromium => None,
            Where::Firefox => Some(Browser::start(Kind::Firefox).unwrap()),
        };
        Self { setup, firefox, place }
    }

    fn page(&self, more: &str) -> Page {
        let more = format!("undrawn&{more}");
        self.setup.player_after_another_page(self.firefox.as_ref(), 2, &more)
    }

    fn bot(&self, test: &str) -> Bot {
        let test = format!("{test}_{:?}", self.place);
        self.setup.bot(2, 600, &test, &PATIENT)
    }
}

#[test]
fn a_tab_that_is_closed_is_known_at_once_and_has_left_when_it_does_not_come_back() {
    for place in [Where::Chromium, Where::Firefox] {
        let pair = Pair::new(place, "");
        let mut opponent = pair.setup.opponent(2);
        let page = pair.page("");
        plays(&page, 120);
        let closed = page.close_tab().unwrap();
        opponent.says(AWAY);
        assert_soon(&format!("a tab that was closed in {place:?}"), closed);
        opponent.says("left: they closed the page, or did not come back");
    }
}

#[test]
fn a_page_that_leaves_the_room_has_left_at_once() {
    for place in [Where::Chromium, Where::Firefox] {
        let pair = Pair::new(place, "");
        let mut opponent = pair.setup.opponent(2);
        let page = pair.page("");
        plays(&page, 120);
        let left = now();
        page.run("window.wasmBindings.wish('leave'); return null;").unwrap();
        opponent.says("left: they left the room");
        assert_soon(&format!("leave_room in {place:?}"), left);
        assert_quiet(&page);
    }
}

/// A page goes away and comes back into its match, and both play to the end of it.
#[track_caller]
fn assert_comes_back(place: Where, test: &str, leave_and_return: impl FnOnce(&Page, &mut Bot)) {
    let pair = Pair::new(place, PATIENT_SERVER);
    let mut bot = pair.bot(test);
    let page = pair.page("frames=600&name=Ann");
    plays(&page, 240);
    let player = page.run("return window.probe.state.player;").unwrap();
    leave_and_return(&page, &mut bot);
    bot.says("is back after");
    // It simulates the whole match again, and plays on.
    plays(&page, 300);
    assert_eq!(page.run("return window.probe.state.player;").unwrap(), player);
    let reports = [report(&page), bot.report()];
    assert_in_agreement(&reports);
    assert_quiet(&page);
}

#[test]
fn a_page_that_is_reloaded_is_away_and_back() {
    for place in [Where::Chromium, Where::Firefox] {
        assert_comes_back(place, "reloaded", |page, bot| {
            let began = now();
            page.run("setTimeout(() => location.reload()); return null;").unwrap();
            bot.says(AWAY);
            assert_soon(&format!("a page that was reloaded in {place:?}"), began);
        });
    }
}

#[test]
fn a_page_that_is_left_for_another_one_is_back_with_the_back_button() {
    for place in [Where::Chromium, Where::Firefox] {
        assert_comes_back(place, "back", |page, bot| {
            page.goto("about:blank").unwrap();
            bot.says(AWAY);
            page.back().unwrap();
        });
    }
}

#[test]
fn a_page_is_back_although_what_it_wrote_last_was_lost() {
    assert_comes_back(Where::Chromium, "lost", |page, bot| {
        page.run("sessionStorage.__proto__.setItem = () => {}; return null;").unwrap();
        page.goto("about:blank").unwrap();
        bot.says(AWAY);
        page.back().unwrap();
    });
}

#[test]
fn a_copy_of_a_tab_is_another_player() {
    let setup = Setup::new();
    let page = setup.player(4, "undrawn&least=3&name=Ann");
    page.wait_for(IN_LOBBY, PATIENCE).unwrap();
    page.wait_for("sessionStorage.getItem('arena-session')", PATIENCE).unwrap();
    // A window that a page opens begins with a copy of its session storage.
    page.run("window.copy = window.open(location.href); return null;").unwrap();
    sees(&page, 2);
    let identity = |window: &str| {
        let identity =
            format!("JSON.parse({window}.sessionStorage.getItem('arena-session'))?.identity");
        page.wait_for(&identity, PATIENCE).unwrap()
    };
    assert_ne!(identity("window"), identity("window.copy"));
}

#[test]
fn a_page_that_is_left_with_the_back_button_is_back_with_the_forward_button() {
    for place in [Where::Chromium, Where::Firefox] {
        assert_comes_back(place, "forward", |page, bot| {
            page.back().unwrap();
            bot.says(AWAY);
            page.forward().unwrap();
        });
    }
}

#[test]
fn a_page_that_goes_away_in_the_lobby_comes_back_to_its_place() {
    for place in [Where::Chromium, Where::Firefox] {
        let pair = Pair::new(place, PATIENT_SERVER);
        // The page is first, and one player is missing.
        let page = pair.setup.player_after_another_page(
            pair.firefox.as_ref(),
            4,
            "undrawn&least=3&name=Ann",
        );
        page.wait_for(IN_LOBBY, PATIENCE).unwrap();
        let more = ["--least", "3", PATIENT[0], PATIENT[1]];
        let mut first = pair.setup.opponent_with(4, &more);
        sees(&page, 2);
        let ways: [&dyn Fn(&mut Bot); 3] = [
            &|bot| {
                page.run("setTimeout(() => location.reload()); return null;").unwrap();
                bot.says(AWAY);
            },
            &|bot| {
                page.goto("about:blank").unwrap();
                bot.says(AWAY);
                page.back().unwrap();
            },
            &|bot| {
                page.back().unwrap();
                bot.says(AWAY);
                page.forward().unwrap();
            },
        ];
        for leave_and_return in ways {
            leave_and_return(&mut first);
            first.says("is back after");
            sees(&page, 2);
        }
        let _second = pair.setup.opponent_with(4, &more);
        page.wait_for("document.querySelectorAll('.status.ready').length === 2", PATIENCE).unwrap();
        press(&page, "#ready");
        plays(&page, 120);
        assert_eq!(page.run("return window.probe.state.player;").unwrap(), 0);
        assert_quiet(&page);
    }
}

#[test]
fn a_page_that_the_browser_keeps_goes_on_when_it_is_shown_again() {
    assert_comes_back(Where::Chromium, "kept", |page, bot| {
        // What a browser does with a page that it keeps: its connections are closed.
        page.run(
            "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })); return null;",
        )
        .unwrap();
        bot.says(AWAY);
        page.run("for (const one of window.probe.live) one.close(); return null;").unwrap();
        page.run(
            "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); return null;",
        )
        .unwrap();
        page.wait_for("window.probe.live.size > 0", PATIENCE).unwrap();
    });
}
