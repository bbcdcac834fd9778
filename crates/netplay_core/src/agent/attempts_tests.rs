//! Every transition of [`AttemptState`].

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MS: Duration = Duration::from_millis(1);

struct Peer {
    config: AgentConfig,
    attempts: Attempts,
}

impl Peer {
    fn polite() -> Self {
        Self { config: AgentConfig::default(), attempts: Attempts::new(true) }
    }

    fn impolite() -> Self {
        Self { config: AgentConfig::default(), attempts: Attempts::new(false) }
    }

    /// Lets the peer begin an attempt at a time, if one is wanted.
    fn at(&mut self, ms: u32, wanted: bool) -> (bool, AttemptState) {
        let need = if wanted { Need::Connection } else { Need::None };
        let begins = self.attempts.begin(&self.config, MS * ms, need);
        (begins, self.attempts.state)
    }

    fn fail(&mut self, ms: u32) -> AttemptState {
        self.attempts.handle_failure(&self.config, MS * ms, "no".into());
        self.attempts.state
    }
}

fn polite_wait(ms: u32) -> AttemptState {
    AttemptState::PoliteWait { until: MS * ms }
}

fn backoff(ms: u32) -> AttemptState {
    AttemptState::Backoff { until: MS * ms }
}

use AttemptState::Idle;

const UNDER_WAY: AttemptState = AttemptState::UnderWay { beside: false };

#[test]
fn three_attempts_follow_each_other_and_then_one_in_ten_seconds() {
    let mut peer = Peer::impolite();
    let mut began = Vec::new();
    for ms in 0..30_000 {
        if peer.at(ms, true).0 {
            began.push(ms);
            peer.fail(ms);
        }
    }
    assert_eq!(began, [0, 500, 1500, 11_500, 21_500]);
    assert!(peer.attempts.is_exhausted(&peer.config));
    peer.attempts.reset_backoff();
    assert_eq!(peer.at(30_000, true), (true, UNDER_WAY));
    assert_eq!(peer.at(30_001, true), (false, UNDER_WAY), "one at a time");
}

#[test]
fn the_polite_peer_waits_for_the_other_one_to_begin() {
    let mut peer = Peer::polite();
    assert_eq!(peer.at(0, true), (false, polite_wait(1500)));
    assert_eq!(peer.at(1499, true), (false, polite_wait(1500)));
    assert_eq!(peer.at(1500, true), (true, UNDER_WAY));
    peer.attempts.handle_success();
    assert_eq!(peer.at(9000, false), (false, Idle));
    assert_eq!(peer.at(9500, true), (false, polite_wait(11_000)));
    peer.attempts.handle_begun(false);
    assert_eq!(peer.at(20_000, true), (false, UNDER_WAY));
}

#[test]
fn the_impolite_peer_begins_as_soon_as_an_attempt_is_wanted() {
    let mut peer = Peer::impolite();
    assert_eq!(peer.at(0, false), (false, Idle));
    assert_eq!(peer.at(1, true), (true, UNDER_WAY));
}

#[test]
fn a_polite_wait_ends_when_no_attempt_is_wanted_any_more() {
    let mut peer = Peer::polite();
    peer.at(0, true);
    assert_eq!(peer.at(1000, false), (false, Idle));
    assert_eq!(peer.at(1600, true), (false, polite_wait(3100)), "it begins from the start");
}

#[test]
fn a_backoff_lasts_whether_or_not_another_attempt_is_wanted() {
    let mut peer = Peer::impolite();
    peer.at(0, true);
    assert_eq!(peer.fail(1000), backoff(1500));
    assert_eq!(peer.at(1200, false), (false, backoff(1500)));
    assert_eq!(peer.at(1499, true), (false, backoff(1500)));
    assert_eq!(peer.at(1500, true), (true, UNDER_WAY));
    peer.fail(2000);
    assert_eq!(peer.at(9000, false), (false, Idle));
}

#[test]
fn the_polite_peer_does_not_wait_again_after_a_backoff() {
    let mut peer = Peer::polite();
    peer.at(0, true);
    peer.attempts.handle_begun(false);
    assert_eq!(peer.fail(2000), backoff(2500));
    assert_eq!(peer.at(2500, true), (true, UNDER_WAY));
}

#[test]
fn an_attempt_of_the_peer_takes_the_place_of_every_wait() {
    let idle = |_: &mut Peer| {};
    let waiting = |peer: &mut Peer| assert_eq!(peer.at(0, true).1, polite_wait(1500));
    let failed = |peer: &mut Peer| assert_eq!(peer.fail(0), backoff(500));
    for prepare in [idle, waiting, failed] {
        let mut peer = Peer::polite();
        prepare(&mut peer);
        peer.attempts.handle_begun(false);
        assert_eq!((peer.attempts.state, peer.attempts.begun()), (UNDER_WAY, 1));
    }
}

#[test]
fn an_attempt_under_way_is_not_ended_by_being_unwanted() {
    let mut peer = Peer::impolite();
    peer.at(0, true);
    assert_eq!(peer.at(10, false), (false, UNDER_WAY));
    assert_eq!(peer.at(20, true), (false, UNDER_WAY));
}

#[test]
fn a_success_ends_every_wait_and_the_next_failure_is_the_first_again() {
    let mut peer = Peer::impolite();
    peer.fail(0);
    assert_eq!(peer.fail(0), backoff(1000));
    assert!(peer.attempts.has_outcome());
    peer.attempts.handle_success();
    assert_eq!(peer.attempts.state, Idle);
    assert_eq!(peer.fail(5000), backoff(5500));
}

#[test]
fn a_changed_network_ends_the_backoff_and_the_patience_until_a_connection_opens() {
    let mut peer = Peer::impolite();
    assert_eq!(peer.attempts.patience(&peer.config), MS * 1000);
    (0..5).for_each(|_| assert!(peer.fail(0) != Idle));
    peer.attempts.handle_network_change();
    assert!(!peer.attempts.is_exhausted(&peer.config));
    assert_eq!(peer.attempts.patience(&peer.config), Duration::ZERO);
    assert_eq!(peer.at(1, true), (true, UNDER_WAY));
    peer.attempts.handle_success();
    assert_eq!(peer.attempts.patience(&peer.config), MS * 1000);
}

#[test]
fn a_failure_beside_a_connection_does_not_delay_what_is_needed_without_one() {
    let mut peer = Peer::impolite();
    for _ in 0..9 {
        assert!(peer.attempts.begin(&peer.config, Duration::ZERO, Need::Beside));
        assert_eq!(peer.fail(0), Idle);
    }
    assert!(!peer.attempts.is_exhausted(&peer.config));
    assert_eq!(peer.attempts.last_failure(), "no");
    assert_eq!(peer.at(1, true), (true, UNDER_WAY), "at once");
    assert_eq!(peer.fail(1), backoff(501));
}

#[test]
fn the_last_failure_is_kept_for_the_report() {
    let mut peer = Peer::impolite();
    assert_eq!(peer.attempts.last_failure(), "nobody answered");
    peer.fail(0);
    peer.attempts.handle_success();
    assert_eq!(peer.attempts.last_failure(), "no");
}
