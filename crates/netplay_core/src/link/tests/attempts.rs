//! When a link requests connections, the relay and a check of the server.

use super::network::*;
use super::*;
use crate::agent::{AttemptReason, RelayReason};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn attempts_begin_beside_the_relay_and_a_new_connection_takes_over() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.attempts = Default::default();
    pair.set(DIRECT, [DOWN; 2]);
    pair.run(1700);
    assert_eq!(pair.attempts[0].len(), 1, "{:?}", pair.attempts);
    assert!(pair.attempts[1].is_empty(), "the polite end waits for the other one");
    let peer = pair.ends[1].peer();
    let now = pair.now;
    pair.ends[1].handle_event(now, &TransportEvent::PeerAttempts { peer });
    pair.open(PathId(8), FAST);
    pair.run(10_000);
    assert_eq!((pair.primary(), pair.closed.as_slice()), (ON_DIRECT, &[DIRECT][..]));
    assert_eq!(pair.ends.each_ref().map(|end| end.primary_path()), [Some(PathId(8)); 2]);
}

#[test]
fn without_a_relay_a_dead_path_stays_primary_until_a_new_one_opens() {
    let mut pair = Pair::connected(PathPolicy::Direct);
    pair.set(DIRECT, [DOWN; 2]);
    pair.run(3000);
    assert_eq!((pair.primary(), pair.relayed()), (ON_DIRECT, 0));
    pair.open(PathId(8), FAST);
    pair.run(100);
    assert_eq!(pair.ends[0].primary_path(), Some(PathId(8)));
}

#[test]
fn a_link_without_a_connection_falls_back_to_the_relay_and_a_relay_only_link_attempts_none() {
    let mut pair = Pair::new(PathPolicy::Any);
    pair.run(2900);
    assert_eq!(pair.primary(), [None; 2]);
    pair.run(300);
    assert_eq!(pair.primary(), ON_RELAY);
    let mut pair = Pair::new(PathPolicy::Relay);
    pair.run(100);
    assert_eq!((pair.primary(), &pair.attempts), (ON_RELAY, &Default::default()));
}

#[test]
fn nothing_is_attempted_without_a_server_and_at_once_when_it_is_back() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.attempts = Default::default();
    pair.event(&TransportEvent::SignalingLost { reason: "a test".into() });
    pair.close(DIRECT);
    pair.run(5000);
    assert_eq!((pair.primary(), pair.attempts[0].len()), ([None; 2], 0));
    pair.event(&TransportEvent::SignalingRestored);
    pair.run(100);
    assert_eq!((pair.primary(), pair.attempts[0].len()), (ON_RELAY, 1));
}

#[test]
fn while_every_path_is_dead_the_connection_to_the_server_is_checked() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.set(DIRECT, [DOWN; 2]);
    pair.set(PathId::RELAY, [DOWN; 2]);
    pair.run(6000);
    assert!((4..=8).contains(&pair.checks), "{}", pair.checks);
}

#[test]
fn a_link_says_why_it_attempts_a_connection_and_has_the_server_relay() {
    use LinkEvent::{AttemptBegun, RelayClosed, RelayRequested};
    let mut pair = Pair::new(PathPolicy::Any);
    pair.outcome = Some(Outcome::Opens(PathKind::Turn, FAST));
    pair.run(5000);
    assert_eq!(pair.decisions[0], [AttemptBegun(AttemptReason::First)]);
    assert_eq!(pair.decisions[1], [], "the polite end answers");
    pair.decisions = Default::default();
    pair.outcome = Some(Outcome::Fails);
    pair.run(60_000);
    let indirect = AttemptBegun(AttemptReason::Indirect);
    assert!(pair.decisions.iter().flatten().all(|it| *it == indirect), "{:?}", pair.decisions);
    assert!(pair.decisions.iter().any(|of| !of.is_empty()));

    let mut pair = Pair::connected(PathPolicy::Any);
    pair.decisions = Default::default();
    pair.set(DIRECT, [DOWN; 2]);
    pair.run(5000);
    assert_eq!(pair.decisions[0][0], RelayRequested(RelayReason::NoConnection));
    assert!(pair.decisions[0].contains(&AttemptBegun(AttemptReason::Lost)));
    pair.decisions = Default::default();
    pair.set(DIRECT, [FAST; 2]);
    pair.run(20_000);
    assert!(pair.decisions[0].contains(&RelayClosed), "{:?}", pair.decisions);

    let mut pair = Pair::new(PathPolicy::Relay);
    pair.run(1000);
    assert_eq!(pair.decisions[0], [RelayRequested(RelayReason::Policy)]);
    let mut pair = Pair::new(PathPolicy::Any);
    pair.run(4000);
    assert_eq!(pair.decisions[0][1..], [RelayRequested(RelayReason::NoConnection)]);
}
