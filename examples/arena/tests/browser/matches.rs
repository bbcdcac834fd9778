//! Matches between tabs, and between tabs and native bots, on every kind of path.
//!
//! Without a graphics card, drawing takes most of the time: what the first matches have shown is not drawn again.

use serde_json::json;

use super::setup::{
    Coturn, PATIENCE, Setup, assert_direct_while_drawn, assert_in_agreement, assert_quiet, report,
};
use crate::support::assert_path;

#[test]
fn two_tabs_play_a_match() {
    let setup = Setup::new();
    let tabs = [1, 2].map(|seed| setup.player(2, &format!("undrawn&seed={seed}&frames=300")));
    let reports: Vec<_> = tabs.iter().map(report).collect();
    assert_in_agreement(&reports);
    for (tab, report) in tabs.iter().zip(&reports) {
        assert_path(report, "direct");
        // The report says of the path what the browser says.
        let seen = tab.wait_for("window.probe.stats()", PATIENCE).unwrap();
        assert_eq!(seen.as_array().map(Vec::len), Some(1), "{seen:#}");
        assert_eq!(seen[0]["local"], report["links"][0]["local_candidate"], "{seen:#}");
        assert_eq!(seen[0]["remote"], report["links"][0]["remote_candidate"], "{seen:#}");
        assert_quiet(tab);
    }
}

#[test]
fn a_tab_plays_a_native_bot() {
    let setup = Setup::new();
    let mut bot = setup.bot(2, 300, "against_a_tab", &["--seed", "2"]);
    let tab = setup.player(2, "seed=1&frames=300");
    let reports = [report(&tab), bot.report()];
    assert_in_agreement(&reports);
    reports.iter().for_each(assert_direct_while_drawn);
    assert_quiet(&tab);
}

#[test]
fn two_tabs_and_two_native_bots_play_a_match() {
    let setup = Setup::new();
    let mut bots =
        ["3", "4"].map(|seed| setup.bot(4, 300, &format!("mixed{seed}"), &["--seed", seed]));
    let tabs = [1, 2].map(|seed| setup.player(4, &format!("undrawn&seed={seed}&frames=300")));
    let mut reports: Vec<_> = tabs.iter().map(report).collect();
    reports.extend(bots.iter_mut().map(super::setup::Bot::report));
    assert_in_agreement(&reports);
    tabs.iter().for_each(assert_quiet);
}

#[test]
fn two_players_on_each_of_two_machines_play_a_match_and_leave_it_together() {
    let setup = Setup::new();
    let mut bot = setup.bot(4, 300, "two_players", &["--local", "2"]);
    let tab = setup.player(4, "undrawn&local=2&seed=3&frames=300");
    let reports = [report(&tab), bot.report()];
    for report in &reports {
        assert_eq!((&report["players"], &report["checksum"]), (&json!(4), &reports[0]["checksum"]));
    }
    let local = |report: usize| &reports[report]["local_players"];
    let (first, second) = (json!([0, 1]), json!([2, 3]));
    assert!([(&first, &second), (&second, &first)].contains(&(local(0), local(1))), "{reports:#?}");
    assert_eq!(&reports[0]["links"][0]["players"], local(1));
    // The bot has ended, and nobody is left.
    tab.wait_for("window.probe.state?.state === 'ended'", PATIENCE).unwrap();
    assert_quiet(&tab);
}

#[test]
fn four_tabs_and_four_native_bots_play_a_match() {
    let setup = Setup::new();
    let tabs = [1, 2, 3, 4].map(|seed| setup.player(8, &format!("undrawn&seed={seed}&frames=600")));
    // Last, because they do not wait for long.
    let mut bots = ["5", "6", "7", "8"]
        .map(|seed| setup.bot(8, 600, &format!("eight{seed}"), &["--seed", seed]));
    let mut reports: Vec<_> = tabs.iter().map(report).collect();
    reports.extend(bots.iter_mut().map(super::setup::Bot::report));
    assert_in_agreement(&reports);
    tabs.iter().for_each(assert_quiet);
}

#[test]
fn the_server_relays_a_match_of_a_tab_whose_policy_allows_nothing_else() {
    let setup = Setup::new();
    let mut bot = setup.bot(2, 300, "relayed", &["--policy", "relay"]);
    let tab = setup.player(2, "undrawn&policy=relay&frames=300");
    let reports = [report(&tab), bot.report()];
    assert_in_agreement(&reports);
    reports.iter().for_each(|report| assert_path(report, "relay"));
    assert_eq!(tab.run("return window.probe.made;").unwrap(), 0, "no connection was made");
    assert_quiet(&tab);
}

#[test]
fn two_tabs_whose_policy_allows_nothing_else_play_through_coturn() {
    let coturn = Coturn::start();
    let setup = Setup::with(&coturn.config());
    let tabs =
        [1, 2].map(|seed| setup.player(2, &format!("undrawn&policy=turn&seed={seed}&frames=300")));
    let reports: Vec<_> = tabs.iter().map(report).collect();
    assert_in_agreement(&reports);
    for (tab, report) in tabs.iter().zip(&reports) {
        assert_path(report, "turn");
        assert_eq!(report["links"][0]["local_candidate"], "relay", "{report:#}");
        let seen = tab.wait_for("window.probe.stats()", PATIENCE).unwrap();
        assert_eq!(seen[0]["local"], "relay", "{seen:#}");
        assert_eq!(seen[0]["remote"], "relay", "{seen:#}");
        assert_quiet(tab);
    }
}
