//! Attempts beside a connection that works: one that is bad, one through a TURN server.

use super::network::*;
use super::*;
use crate::agent::SwitchReason;
use crate::path::{CandidateKind, Candidates, UnhealthyReason};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TURN: PathId = PathId(20);
const NEW: PathId = PathId(100);

const LOSSY: Wire = Wire { percent: 60, ..FAST };
const SLOW: Wire = Wire { delay: MS.saturating_mul(170), ..FAST };
const UNEVEN: Wire = Wire { jitter: MS.saturating_mul(270), ..FAST };
const CONGESTED: Wire = Wire { waiting: 300_000, ..FAST };

fn bad() -> [(Wire, UnhealthyReason); 3] {
    [
        (LOSSY, UnhealthyReason::Lossy),
        (SLOW, UnhealthyReason::Slow),
        (CONGESTED, UnhealthyReason::Congested),
    ]
}

/// A pair whose only connection leads through a TURN server.
fn on_turn(policy: PathPolicy) -> Pair {
    let mut pair = Pair::new(policy);
    pair.open_kind(TURN, PathKind::Turn, FAST);
    pair.run(5000);
    pair.attempts = Default::default();
    pair
}

fn attempts(pair: &Pair) -> usize {
    pair.attempts.iter().map(Vec::len).sum()
}

/// The times of all attempts in seconds, counted from a moment.
fn seconds(pair: &Pair, from: Duration) -> Vec<u64> {
    let mut all: Vec<Duration> = pair.attempts.concat();
    all.sort();
    all.into_iter().map(|at| (at - from).as_secs()).collect()
}

fn primary_paths(pair: &Pair) -> [Option<PathId>; 2] {
    pair.ends.each_ref().map(|end| end.primary_path())
}

#[test]
fn a_bad_connection_is_left_for_one_that_was_attempted_beside_it() {
    for (wire, reason) in bad() {
        let mut pair = Pair::connected(PathPolicy::Direct);
        pair.forget();
        pair.outcome = Some(Outcome::Opens(PathKind::Direct, FAST));
        pair.attempts = Default::default();
        pair.set(DIRECT, [wire; 2]);
        pair.run(1900);
        assert_eq!(attempts(&pair), 0, "{reason:?}: a moment is not enough");
        pair.run(8000);
        assert_eq!(attempts(&pair), 1, "{reason:?}: {:?}", pair.attempts);
        assert_eq!(primary_paths(&pair), [Some(NEW); 2], "{reason:?}");
        for changes in &pair.changes {
            let reasons: Vec<_> = changes.iter().map(|change| change.reason).collect();
            assert_eq!(reasons, [SwitchReason::Unhealthy(reason)]);
        }
        pair.run(10_000);
        assert_eq!((pair.closed.as_slice(), attempts(&pair)), (&[DIRECT][..], 1), "{reason:?}");
    }
}

#[test]
fn an_uneven_connection_is_left_as_any_other_that_is_bad() {
    let mut config = LinkConfig::default();
    config.path.impaired_jitter = MS * 20;
    let mut pair = Pair::configured(PathPolicy::Direct, &config);
    pair.open(DIRECT, FAST);
    pair.run(10_000);
    pair.forget();
    pair.outcome = Some(Outcome::Opens(PathKind::Direct, FAST));
    pair.set(DIRECT, [UNEVEN; 2]);
    pair.run(10_000);
    assert_eq!((attempts(&pair), primary_paths(&pair)), (1, [Some(NEW); 2]));
    let unsteady = SwitchReason::Unhealthy(UnhealthyReason::Unsteady);
    assert!(pair.changes.iter().all(|changes| changes[0].reason == unsteady), "{:?}", pair.changes);
}

#[test]
fn a_connection_that_gets_good_again_is_left_alone() {
    let mut pair = Pair::connected(PathPolicy::Direct);
    pair.attempts = Default::default();
    for _ in 0..20 {
        pair.set(DIRECT, [SLOW; 2]);
        pair.run(1900);
        pair.set(DIRECT, [FAST; 2]);
        pair.run(4000);
    }
    assert_eq!((attempts(&pair), primary_paths(&pair)), (0, [Some(DIRECT); 2]));
}

#[test]
fn a_network_that_stays_bad_is_not_attempted_for_ever() {
    for (wire, reason) in bad() {
        for outcome in [Outcome::Fails, Outcome::Opens(PathKind::Direct, wire)] {
            let mut pair = Pair::connected(PathPolicy::Direct);
            pair.forget();
            pair.attempts = Default::default();
            pair.outcome = Some(outcome);
            pair.set(DIRECT, [wire; 2]);
            let from = pair.now;
            let mut most = 0;
            for _ in 0..1200 {
                pair.run(1000);
                most = most.max(pair.connections());
            }
            let at = seconds(&pair, from);
            // 3, 18, 48, 108, 228, 468, 768, 1068 s; a new connection looks good for a moment.
            assert!((6..=8).contains(&at.len()), "{reason:?}, {outcome:?}: {at:?}");
            assert!(at[1] - at[0] >= 15 && at[4] - at[3] >= 119, "{at:?}");
            assert!(most <= 3, "{reason:?}: {most} connections");
            assert_eq!(pair.connections(), 1, "{reason:?}: what is no better is closed");
            for changes in &pair.changes {
                assert!(changes.len() <= at.len(), "{reason:?}, {outcome:?}: {changes:?}");
            }
        }
    }
}

#[test]
fn a_match_on_turn_tries_direct_again_and_goes_on_there() {
    let mut pair = on_turn(PathPolicy::Any);
    let from = pair.now;
    pair.forget();
    pair.outcome = Some(Outcome::Fails);
    pair.run(120_000);
    // It has been on TURN for five seconds; an attempt takes ten to fail.
    assert_eq!(seconds(&pair, from), [10, 25, 55, 115]);
    assert_eq!((primary_paths(&pair), pair.changes[0].len()), ([Some(TURN); 2], 0));
    pair.outcome = Some(Outcome::Opens(PathKind::Direct, FAST));
    pair.run(130_000);
    assert_eq!(attempts(&pair), 5);
    assert_eq!((pair.primary(), primary_paths(&pair)), (ON_DIRECT, [Some(NEW); 2]));
    for changes in &pair.changes {
        let reasons: Vec<_> = changes.iter().map(|change| (change.from, change.reason)).collect();
        assert_eq!(reasons, [(Some(PathKind::Turn), SwitchReason::Preferred)]);
    }
    assert_eq!(pair.closed, [TURN], "once the direct one has proven itself");
    assert!(pair.longest_gap <= MS * 40, "{:?}", pair.longest_gap);
    assert_eq!(pair.relayed(), 0);
    pair.run(600_000);
    assert_eq!(attempts(&pair), 5, "a direct connection lacks nothing");
}

#[test]
fn direct_is_tried_at_once_when_the_network_changes() {
    let mut pair = on_turn(PathPolicy::Any);
    pair.outcome = Some(Outcome::Fails);
    pair.run(200_000);
    pair.attempts = Default::default();
    pair.event(&TransportEvent::NetworkChanged);
    pair.outcome = Some(Outcome::Opens(PathKind::Direct, FAST));
    pair.run(3000);
    assert_eq!(attempts(&pair), 1);
    assert_eq!(pair.primary(), ON_DIRECT);
}

#[test]
fn an_attempt_that_ends_on_turn_again_is_closed_and_the_match_stays_where_it_is() {
    let mut pair = on_turn(PathPolicy::Any);
    pair.forget();
    pair.outcome = Some(Outcome::Opens(PathKind::Turn, FAST));
    pair.run(70_000);
    assert_eq!(attempts(&pair), 3, "{:?}", pair.attempts);
    assert_eq!((primary_paths(&pair), pair.connections()), ([Some(TURN); 2], 1));
    assert!(pair.changes.iter().all(Vec::is_empty), "{:?}", pair.changes);
}

#[test]
fn a_direct_connection_that_is_bad_does_not_take_the_place_of_turn() {
    let mut pair = on_turn(PathPolicy::Any);
    pair.forget();
    pair.outcome = Some(Outcome::Opens(PathKind::Direct, SLOW));
    pair.run(300_000);
    assert!((4..=5).contains(&attempts(&pair)), "{:?}", pair.attempts);
    assert_eq!((primary_paths(&pair), pair.connections()), ([Some(TURN); 2], 1));
    assert!(pair.changes.iter().all(Vec::is_empty), "{:?}", pair.changes);
}

#[test]
fn a_policy_says_what_is_attempted_beside_a_healthy_connection() {
    let mut pair = on_turn(PathPolicy::Turn);
    pair.run(120_000);
    assert_eq!(attempts(&pair), 0, "direct is not allowed");
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.attempts = Default::default();
    pair.run(120_000);
    assert_eq!(attempts(&pair), 0);
}

#[test]
fn failures_beside_turn_delay_nothing_once_turn_is_lost() {
    let mut pair = on_turn(PathPolicy::Any);
    pair.outcome = Some(Outcome::Fails);
    // Attempts beside begin and fail until two minutes have passed; the next is far away.
    pair.run(150_000);
    pair.attempts = Default::default();
    pair.close(TURN);
    pair.run(200);
    assert_eq!(pair.attempts[0].len(), 1, "{:?}", pair.attempts);
    let failures: Vec<_> = pair.ends[0].attempt_failures().map(|it| it.reason.as_str()).collect();
    assert_eq!(failures, ["no pair of candidates"; 4]);
}

#[test]
fn a_match_on_the_relay_goes_back_to_a_direct_connection() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.outcome = Some(Outcome::Fails);
    pair.close(DIRECT);
    pair.run(100_000);
    assert_eq!(pair.primary(), ON_RELAY);
    pair.outcome = Some(Outcome::Opens(PathKind::Direct, FAST));
    pair.run(30_000);
    assert_eq!(pair.primary(), ON_DIRECT);
    let relayed = pair.relayed();
    pair.run(10_000);
    assert_eq!(pair.relayed(), relayed);
}

#[test]
fn while_the_relay_carries_for_a_bad_connection_another_is_attempted() {
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.attempts = Default::default();
    pair.outcome = Some(Outcome::Opens(PathKind::Direct, FAST));
    pair.set(DIRECT, [LOSSY; 2]);
    pair.run(20_000);
    assert_eq!((pair.primary(), attempts(&pair)), (ON_DIRECT, 1));
    assert_eq!((primary_paths(&pair), pair.closed.as_slice()), ([Some(NEW); 2], &[DIRECT][..]));
}

#[test]
fn a_path_that_loses_in_one_direction_only_is_left_by_both() {
    for wires in [[FAST, LOSSY], [LOSSY, FAST]] {
        let mut pair = Pair::connected(PathPolicy::Any);
        pair.forget();
        pair.set(DIRECT, wires);
        pair.run(10_000);
        assert_eq!(pair.primary(), ON_RELAY, "{wires:?}: {:?}", pair.changes);
        let mut reasons: Vec<_> = pair.changes.iter().map(|changes| changes[0].reason).collect();
        reasons.sort_by_key(|reason| *reason == SwitchReason::Unhealthy(UnhealthyReason::Left));
        let expected = [UnhealthyReason::Lossy, UnhealthyReason::Left].map(SwitchReason::Unhealthy);
        assert_eq!(reasons, expected);
        pair.set(DIRECT, [FAST; 2]);
        pair.run(20_000);
        assert_eq!(pair.primary(), ON_DIRECT, "{wires:?}: {:?}", pair.changes);
    }
}

#[test]
fn what_is_under_way_on_a_long_path_is_no_congestion_and_what_waits_is() {
    let payload = vec![7; Link::MAX_PAYLOAD];
    // Six full datagrams a frame are 440 kB a second, of which 88 kB are under way in a round trip of 200 ms; one is
    // 73 kB a second, of which 15 kB are.
    for (per_frame, waiting, congested) in
        [(6, 72_000, false), (6, 150_000, true), (1, 72_000, true)]
    {
        let mut pair = Pair::new(PathPolicy::Direct);
        pair.open(DIRECT, Wire { delay: MS * 100, waiting, ..FAST });
        for _ in 0..300 {
            let now = pair.now;
            for _ in 1..per_frame {
                pair.ends[0].send(now, 1, &payload, true).unwrap();
            }
            pair.ends[0].send(now, 1, &payload, true).unwrap();
            pair.run(16);
        }
        // Nothing else than congestion is wrong with it.
        let is_bad = !pair.attempts[0].is_empty();
        assert_eq!(is_bad, congested, "{per_frame} a frame, {waiting} wait: {:?}", pair.attempts);
    }
}

#[test]
fn what_the_primary_path_is_is_reported_once_for_each_change() {
    let mut link = link();
    let mut at = |ms: u32, candidates: Option<Candidates>| {
        let now = MS * ms;
        if let Some(candidates) = candidates {
            link.handle_path_known(PATH, PathKind::Turn, candidates);
        }
        link.handle_timeout(now);
        let events = std::iter::from_fn(|| link.poll_event());
        let told = events.filter_map(|event| match event {
            LinkEvent::ConnectionChanged(connection) => Some(connection.to_string()),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let pair = Candidates { local: CandidateKind::Relay, remote: CandidateKind::Host };
    assert_eq!(at(50, None), [""; 0], "its candidates are about to be known");
    assert_eq!(at(100, Some(pair)), ["turn (relay here, host there)"]);
    assert_eq!(at(200, Some(pair)), [""; 0]);
    let other = Candidates { remote: CandidateKind::ServerReflexive, ..pair };
    assert_eq!(at(300, Some(other)), ["turn (relay here, srflx there)"]);
}

#[test]
fn a_connection_whose_candidates_never_become_known_is_reported_without_them() {
    let mut link = link();
    let told = [500, 900, 1100, 1300].map(|ms| {
        link.handle_timeout(MS * ms);
        let mut events = std::iter::from_fn(|| link.poll_event());
        events.any(|event| matches!(event, LinkEvent::ConnectionChanged(_)))
    });
    assert_eq!(told, [false, false, true, false]);
}

#[test]
fn inputs_that_came_are_counted_for_the_kind_that_the_path_turns_out_to_be() {
    let mut link = link();
    link.count_inputs(PATH, 3);
    link.count_inputs(PathId(99), 8);
    assert_eq!(link.inputs_received(PathKind::Direct), 3);
    let candidates = Candidates { local: CandidateKind::Relay, remote: CandidateKind::Host };
    link.handle_path_known(PATH, PathKind::Turn, candidates);
    link.count_inputs(PATH, 2);
    let counts = [PathKind::Direct, PathKind::Turn].map(|kind| link.inputs_received(kind));
    assert_eq!(counts, [0, 5]);
}
