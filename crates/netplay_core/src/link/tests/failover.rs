//! Which path is primary while paths fail, flap and recover.

use super::network::*;
use super::*;
use crate::agent::{PathChange, SwitchReason};
use crate::path::UnhealthyReason;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn while_the_direct_path_works_nothing_is_relayed() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.run(60_000);
    assert_eq!((pair.primary(), pair.relayed()), (ON_DIRECT, 0));
    assert_eq!(pair.changes[0].len(), 1);
    assert_eq!(pair.changes[0][0].reason, SwitchReason::First);
}

#[test]
fn a_cut_path_is_left_for_the_relay_within_750_ms_and_primary_again_two_seconds_after_it_recovers()
{
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    pair.set(DIRECT, [DOWN; 2]);
    pair.run(20_000);
    assert_eq!(pair.primary(), ON_RELAY);
    assert!(pair.longest_gap <= MS * 600, "{:?}", pair.longest_gap);
    assert_eq!(pair.changes[0].len(), 1, "{:?}", pair.changes[0]);
    assert_eq!(pair.changes[0][0].reason, SwitchReason::Unhealthy(UnhealthyReason::Silent));

    pair.forget();
    pair.set(DIRECT, [FAST; 2]);
    pair.run(3000);
    assert_eq!(pair.primary(), ON_DIRECT);
    let PathChange { at, reason, .. } = pair.changes[0][0];
    assert_eq!(reason, SwitchReason::Preferred);
    let after = at - (pair.now - MS * 3000);
    assert!((MS * 2000..MS * 2300).contains(&after), "{after:?}");
    assert!(pair.longest_gap <= MS * 40, "{:?}", pair.longest_gap);
    let relayed = pair.relayed();
    pair.run(1000);
    let before = pair.relayed();
    pair.run(10_000);
    assert!(
        relayed > 0 && pair.relayed() == before,
        "both paths are sent on only during the switch"
    );
}

#[test]
fn a_closed_connection_is_left_at_once() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    pair.close(DIRECT);
    pair.run(200);
    assert_eq!(pair.primary(), ON_RELAY);
    assert!(pair.longest_gap <= MS * 60, "{:?}", pair.longest_gap);
    assert_eq!(pair.changes[0][0].reason, SwitchReason::Closed);
}

#[test]
fn a_path_that_works_one_way_only_is_left_by_both() {
    for dead in [[DOWN, FAST], [FAST, DOWN]] {
        let mut pair = Pair::connected(PathPolicy::Any);
        pair.forget();
        pair.set(DIRECT, dead);
        pair.run(2000);
        assert_eq!(pair.primary(), ON_RELAY);
        assert!(pair.longest_gap <= MS * 700, "{:?}", pair.longest_gap);
        pair.run(60_000);
        assert_eq!(pair.primary(), ON_RELAY, "it does not come back while one way is dead");
        assert!(pair.changes.iter().all(|changes| changes.len() == 1), "{:?}", pair.changes);
    }
}

#[test]
fn a_slow_or_lossy_path_is_left_when_the_relay_is_better_and_only_then() {
    let slow = Wire { delay: MS * 160, percent: 100, ..FAST };
    let lossy = Wire { delay: MS * 10, percent: 50, ..FAST };
    for (bad, reason) in [(slow, UnhealthyReason::Slow), (lossy, UnhealthyReason::Lossy)] {
        let mut pair = Pair::connected(PathPolicy::Any);
        pair.forget();
        pair.set(DIRECT, [bad; 2]);
        pair.run(2000);
        assert_eq!(pair.primary(), ON_DIRECT, "{bad:?} too early: {:?}", pair.changes);
        pair.run(6000);
        assert_eq!(pair.primary(), ON_RELAY, "{bad:?}");
        assert_eq!(pair.changes[0][0].reason, SwitchReason::Unhealthy(reason));
        pair.set(DIRECT, [FAST; 2]);
        pair.run(10_000);
        assert_eq!(pair.primary(), ON_DIRECT);
    }
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    pair.set(DIRECT, [slow; 2]);
    pair.set(PathId::RELAY, [Wire { delay: MS * 170, percent: 100, ..FAST }; 2]);
    pair.run(20_000);
    assert_eq!((pair.primary(), pair.changes[0].len()), (ON_DIRECT, 0));
}

#[test]
fn a_path_that_flaps_has_to_prove_itself_for_longer_each_time() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    for _ in 0..60 {
        pair.set(DIRECT, [DOWN; 2]);
        pair.run(1000);
        pair.set(DIRECT, [FAST; 2]);
        pair.run(4000);
    }
    // Five minutes; without the growing proof, 120.
    assert!(pair.changes[0].len() <= 8, "{:?}", pair.changes[0]);
    pair.run(20_000);
    assert_eq!(pair.primary(), ON_DIRECT);
}

#[test]
fn round_trips_on_both_sides_of_the_threshold_do_not_flap() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    for _ in 0..100 {
        pair.set(DIRECT, [Wire { delay: MS * 140, percent: 100, ..FAST }; 2]);
        pair.run(1500);
        pair.set(DIRECT, [Wire { delay: MS * 160, percent: 100, ..FAST }; 2]);
        pair.run(1500);
    }
    assert!(pair.changes[0].len() <= 2, "{:?}", pair.changes[0]);
}

#[test]
fn reliable_messages_survive_every_switch_once_and_in_order() {
    let mut pair = Pair::connected(PathPolicy::Any);
    let mut expected = Vec::new();
    for round in 0..40u8 {
        let now = pair.now;
        pair.ends[0].send_reliable(now, vec![round]).unwrap();
        expected.push(vec![round]);
        match round % 4 {
            0 => pair.set(DIRECT, [DOWN; 2]),
            2 => pair.set(DIRECT, [FAST; 2]),
            _ => {}
        }
        pair.run(700);
    }
    pair.run(10_000);
    assert_eq!(pair.messages, expected);
}
