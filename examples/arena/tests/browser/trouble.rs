//! Interruptions of pages that play: the server restarts, they are reloaded, hidden or frozen, connections break.

use std::process::Command;

use browser_driver::Page;
use serde_json::{Value, json};

use crate::support::directory;

use super::setup::{
    IN_LOBBY, PATIENCE, PHONE, SMALL, Setup, WINDOW, assert_in_agreement, assert_quiet, page_of,
    photograph, plays, press, report,
};

#[test]
fn a_match_of_a_tab_survives_a_restart_of_the_server() {
    let mut setup = Setup::new();
    let mut bot = setup.bot(2, 600, "restart", &[]);
    let tab = setup.player(2, "undrawn&frames=600");
    plays(&tab, 60);
    setup.restart_server();
    let reports = [report(&tab), bot.report()];
    assert_in_agreement(&reports);
}

#[test]
fn a_page_that_is_reloaded_keeps_its_player_and_its_match() {
    // However long the browser takes to load the page again, it is waited for.
    let setup = Setup::with("grace = \"120s\"\n");
    let mut bot = setup.bot(2, 1200, "reload", &["--disconnect-timeout-s", "120"]);
    let tab = setup.player(2, "undrawn&frames=1200&name=Ann");
    plays(&tab, 300);
    let player = tab.run("return window.probe.state.player;").unwrap();
    tab.reload().unwrap();
    // It simulates the whole match again, and plays on.
    plays(&tab, 400);
    assert_eq!(tab.run("return window.probe.state.player;").unwrap(), player);
    tab.wait_for("window.probe.live.size === 1", PATIENCE).unwrap();
    let reports = [report(&tab), bot.report()];
    assert_in_agreement(&reports);
    assert_its_report_is_kept(&tab);
    assert_quiet(&tab);
}

/// The report of a match is still there when the page is loaded once more, and is saved as a page without faults.
fn assert_its_report_is_kept(tab: &Page) {
    press(tab, "#leave");
    let kept = "JSON.parse(sessionStorage.getItem(`netplay-report ${location.pathname}`))?.ended";
    tab.wait_for(kept, PATIENCE).unwrap();
    tab.reload().unwrap();
    tab.wait_for("window.probe.state?.has_report", PATIENCE).unwrap();
    keep_saved_files(tab);
    assert_eq!(tab.run("return document.getElementById('report').hidden;").unwrap(), false);
    press(tab, "#report");
    let saved = String::from_utf8(saved_file(tab)).unwrap();
    assert!(saved.starts_with("<!DOCTYPE html>"), "{saved}");
    assert!(!saved.contains("it was still played"), "the match has ended: {saved}");
    tab.goto(&page_of(&saved).url("")).unwrap();
    tab.wait_for("document.querySelectorAll('svg polyline').length > 8", PATIENCE).unwrap();
    photograph(tab, "report");
}

#[test]
fn a_desync_of_a_page_and_a_process_is_named_by_both_and_in_both_bundles() {
    let setup = Setup::new();
    let tab = setup.player(2, "undrawn&plant=width");
    tab.wait_for(IN_LOBBY, PATIENCE).unwrap();
    keep_saved_files(&tab);
    let folder = directory("browser").join("desync");
    let _ = std::fs::remove_dir_all(&folder);
    let bundles = folder.to_str().unwrap();
    let mut bot =
        setup.bot(2, 3600, "desync", &["--plant", "width", "--desync-dir", bundles, "--hunt"]);
    bot.says("Score of the entity #0 is 64 here and 32 there");
    bot.says("the desync bundle is ");
    let said = "window.probe.log.some((line) => \
                line.includes('Score of the entity #0 is 32 here and 64 there'))";
    tab.wait_for(said, PATIENCE).unwrap();
    let of_page = folder.join("page.npdesync");
    let of_process = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&of_page, saved_file(&tab)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arena"));
    let output = command.arg("desync").args([&of_page, &of_process]).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    for words in ["wasm32-unknown-unknown", "x86_64", "type      Score", ": 32", ": 64"] {
        assert!(output.contains(words), "{output}");
    }
}

/// From now on the page keeps what it has the browser save.
fn keep_saved_files(page: &Page) {
    page.run(
        "const create = URL.createObjectURL; \
         URL.createObjectURL = (file) => { \
           file.arrayBuffer().then((content) => { \
             const digits = (byte) => byte.toString(16).padStart(2, '0'); \
             window.saved = Array.from(new Uint8Array(content), digits).join(''); \
           }); \
           return create(file); \
         }; \
         return null;",
    )
    .unwrap();
}

/// The file that the page had the browser save.
fn saved_file(page: &Page) -> Vec<u8> {
    let digits = page.wait_for("window.saved", PATIENCE).unwrap();
    let digits = digits.as_str().unwrap();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn a_hidden_tab_keeps_its_match_alive() {
    let setup = Setup::new();
    let mut bot = setup.bot(2, 1800, "hidden", &[]);
    let tab = setup.player(2, "frames=1800");
    plays(&tab, 120);
    // By Bevy's default, a window without focus updates by a timer.
    tab.run("document.getElementById('arena').blur(); return null;").unwrap();
    tab.hide().unwrap();
    tab.wait_for("document.hidden", PATIENCE).unwrap();
    // Fifteen seconds of the match, which the page does not show.
    let shown = tab.run("return window.probe.state.confirmed;").unwrap();
    tab.wait_for(&format!("window.probe.state.confirmed > {shown} + 900"), PATIENCE).unwrap();
    let hidden = tab.run("return window.probe.state.confirmed;").unwrap();
    tab.show().unwrap();
    tab.wait_for("!document.hidden", PATIENCE).unwrap();
    tab.wait_for(&format!("window.probe.state.confirmed > {hidden}"), PATIENCE).unwrap();
    photograph(&tab, "shown-again");
    let reports = [report(&tab), bot.report()];
    assert_in_agreement(&reports);
    assert_rarely_stalls(&reports[1], 1800);
    assert_quiet(&tab);
}

#[test]
fn two_tabs_of_one_window_play_a_match_though_one_of_them_is_hidden() {
    let setup = Setup::new();
    let tabs = setup.player(2, "frames=1200");
    tabs.wait_for(IN_LOBBY, PATIENCE).unwrap();
    // Asking a tab may show it.
    let note = "addEventListener('visibilitychange', () => { window.wasHidden ||= document.hidden; }); \
                return null;";
    tabs.run(note).unwrap();
    tabs.open_tab(&setup.site.url(&setup.address(2, "autopilot&undrawn&frames=1200"))).unwrap();
    plays(&tabs, 1000);
    let mut reports = vec![report(&tabs)];
    assert_quiet(&tabs);
    tabs.switch_tab(0).unwrap();
    assert_eq!(tabs.run("return window.wasHidden;").unwrap(), true);
    reports.push(report(&tabs));
    assert_quiet(&tabs);
    assert_in_agreement(&reports);
    reports.iter().for_each(|report| assert_rarely_stalls(report, 1200));
}

/// A player has not waited for the other one in more than a tenth of the frames of a match. Beside a page that updates
/// once a second it waits in most.
#[track_caller]
fn assert_rarely_stalls(report: &Value, frames: u64) {
    let stalled = report["stalls"]["frames"].as_u64().unwrap();
    assert!(stalled < frames / 10, "{stalled} of {frames}: {report:#}");
}

/// Has a page get this many animation frames per second, and counts them.
fn animation_frames(per_second: u32) -> String {
    format!(
        "window.given = 0; \
         const interval = 1000 / {per_second}; \
         window.cancelAnimationFrame = clearTimeout.bind(window); \
         window.requestAnimationFrame = (callback) => setTimeout(() => {{ \
             window.given += 1; \
             callback(performance.now()); \
         }}, interval - performance.now() % interval);"
    )
}

#[test]
fn displays_of_30_and_of_120_pictures_a_second_play_at_the_pace_of_the_match() {
    let setup = Setup::new();
    for (per_second, expected) in [(30, 0.3..0.8), (120, 1.2..2.5)] {
        let mut bot = setup.bot(2, 900, &format!("at-{per_second}"), &[]);
        let tab = setup.tab("", SMALL);
        let source = animation_frames(per_second);
        let script = "Page.addScriptToEvaluateOnNewDocument";
        tab.developer(script, json!({ "source": source })).unwrap();
        let address = setup.address(2, "autopilot&undrawn&frames=900");
        tab.goto(&setup.site.url(&address)).unwrap();
        plays(&tab, 120);
        let counts = || {
            let counts = tab.run("return [window.given, window.probe.state.confirmed];").unwrap();
            [0, 1].map(|index| counts[index].as_f64().unwrap())
        };
        let before = counts();
        plays(&tab, 700);
        let after = counts();
        // A page that updates more rarely simulates several frames in an update.
        let per_frame = (after[0] - before[0]) / (after[1] - before[1]);
        assert!(expected.contains(&per_frame), "{per_second} a second: {per_frame} in each frame");
        let reports = [report(&tab), bot.report()];
        assert_in_agreement(&reports);
        assert_rarely_stalls(&reports[1], 900);
        assert_quiet(&tab);
    }
}

#[test]
fn a_page_that_the_browser_freezes_is_waited_for() {
    let setup = Setup::new();
    let [tab, other] = [1, 2].map(|seed| setup.player(2, &format!("seed={seed}&frames=900")));
    let set = |page: &Page, state: &str| {
        page.developer("Page.setWebLifecycleState", json!({ "state": state })).unwrap();
    };
    [&tab, &other].into_iter().for_each(|page| plays(page, 120));
    // A browser freezes only hidden pages. It may close their connections, as those of a page that is closed.
    let is_missing = "window.probe.state.links[0].interrupted || window.probe.state.links[0].away";
    tab.hide().unwrap();
    tab.wait_for("document.hidden", PATIENCE).unwrap();
    set(&tab, "frozen");
    other.wait_for(is_missing, PATIENCE).unwrap();
    set(&tab, "active");
    tab.show().unwrap();
    other.wait_for(&format!("!({is_missing})"), PATIENCE).unwrap();
    let reports = [&tab, &other].map(report);
    assert_in_agreement(&reports);
    [&tab, &other].into_iter().for_each(assert_quiet);
}

#[test]
fn a_silent_player_is_named_until_it_is_heard_again() {
    let setup = Setup::new();
    let bot = setup.opponent(2);
    let address = setup.address(2, "autopilot&hunt");
    let tab = setup.tab(&address, WINDOW);
    plays(&tab, 200);
    photograph(&tab, "match-window");
    bot.signal("STOP");
    tab.wait_for("window.probe.state.links[0].interrupted", PATIENCE).unwrap();
    photograph(&tab, "interruption-window");
    bot.signal("CONT");
    tab.wait_for("!window.probe.state.links[0].interrupted", PATIENCE).unwrap();
    let frame = tab.run("return window.probe.state.confirmed;").unwrap();
    tab.wait_for(&format!("window.probe.state.confirmed > {frame}"), PATIENCE).unwrap();
    assert_quiet(&tab);
}

#[test]
fn a_phone_plays_a_round_to_its_end_and_again() {
    let setup = Setup::new();
    let _bot = setup.opponent(2);
    let phone = setup.tab(&setup.address(2, "autopilot&hunt"), PHONE);
    plays(&phone, 200);
    photograph(&phone, "match-phone");
    phone.wait_for("window.probe.state.phase === 'result'", 4 * PATIENCE).unwrap();
    photograph(&phone, "result-phone");
    let visible = "!document.getElementById('rematch').hidden";
    phone.wait_for(visible, PATIENCE).unwrap();
    press(&phone, "#rematch");
    phone.wait_for("window.probe.state.phase === 'countdown'", PATIENCE).unwrap();
    plays(&phone, 60);
    assert_eq!(phone.run("return window.probe.live.size;").unwrap(), 1);
    assert_quiet(&phone);
}

#[test]
fn connections_that_break_are_replaced_and_none_is_left_behind() {
    let setup = Setup::new();
    let _bot = setup.opponent(2);
    let tab = setup.player(2, "undrawn");
    plays(&tab, 60);
    for broken in 1..=5 {
        tab.run("for (const one of window.probe.live) one.close(); return null;").unwrap();
        let back = format!(
            "window.probe.made > {broken} && window.probe.live.size > 0 \
             && window.probe.state.links[0].path === 'direct'"
        );
        tab.wait_for(&back, PATIENCE).unwrap();
    }
    tab.wait_for("window.probe.live.size === 1", PATIENCE).unwrap();
    let frame = tab.run("return window.probe.state.confirmed;").unwrap();
    tab.wait_for(&format!("window.probe.state.confirmed > {frame} + 60"), PATIENCE).unwrap();
}
