//! What happens to pages that play: the server goes away, the tab is hidden.

use std::time::Duration;

use super::setup::{PATIENCE, Setup, assert_in_agreement, assert_quiet, plays, report};

#[test]
fn a_match_of_a_tab_survives_a_restart_of_the_server() {
    let mut setup = Setup::new();
    let bot = setup.bot(2, 600, "restart", &[]);
    let tab = setup.player(2, "frames=600");
    plays(&tab, 60);
    setup.restart_server();
    let reports = [report(&tab), bot.report()];
    assert_in_agreement(&reports);
}

#[test]
fn a_hidden_tab_keeps_its_match_alive() {
    let setup = Setup::new();
    let bot = setup.bot(2, 1800, "hidden", &[]);
    let tab = setup.player(2, "frames=1800");
    plays(&tab, 120);
    tab.hide().unwrap();
    tab.wait_for("document.hidden", PATIENCE).unwrap();
    std::thread::sleep(Duration::from_secs(15));
    let hidden = tab.run("return window.probe.state.confirmed;").unwrap();
    tab.show().unwrap();
    tab.wait_for("!document.hidden", PATIENCE).unwrap();
    tab.wait_for(&format!("window.probe.state.confirmed > {hidden}"), PATIENCE).unwrap();
    let reports = [report(&tab), bot.report()];
    assert_in_agreement(&reports);
    assert_quiet(&tab);
}
