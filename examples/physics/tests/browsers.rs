//! The page of the gallery, against a bot and on its own.

use browser_driver::Kind;
use game_driver::gallery;
use physics::fixed_match::GOLDEN;

use crate::GAME;

#[test]
fn a_page_and_a_bot_agree_on_a_match_over_a_bad_network() {
    gallery::plays_a_bot(&GAME, Kind::Chromium, 1200);
}

#[test]
fn a_page_with_an_unknown_network_in_its_address_says_so() {
    gallery::refuses_an_unknown_network(&GAME, Kind::Chromium);
}

#[test]
fn browsers_compute_the_golden_hash() {
    for kind in [Kind::Chromium, Kind::Firefox] {
        assert_eq!(gallery::checksum(&GAME, kind), format!("{GOLDEN:x}"), "{kind:?}");
    }
}
