//! The health of a path under samples that last for a time each.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MS: Duration = Duration::from_millis(1);

/// The health after samples that last for a time each, one every ten milliseconds.
fn after(steps: &[(u32, PathSample)]) -> (PathHealth, Option<UnhealthyReason>) {
    let (health, _) = monitor_after(steps);
    (health.health(), health.unhealthy_reason())
}

fn monitor_after(steps: &[(u32, PathSample)]) -> (HealthMonitor, Duration) {
    let config = PathConfig::default();
    let mut health = HealthMonitor::new(Duration::ZERO);
    let mut now = Duration::ZERO;
    for (ms, sample) in steps {
        for _ in 0..ms / 10 {
            now += MS * 10;
            health.judge(&config, now, *sample);
        }
    }
    (health, now)
}

fn fine() -> PathSample {
    PathSample { rtt: Some(MS * 40), ..PathSample::default() }
}

fn silent(ms: u32) -> PathSample {
    PathSample { silence: MS * ms, ..fine() }
}

fn slow() -> PathSample {
    PathSample { rtt: Some(MS * 301), ..fine() }
}

#[test]
fn silence_and_missing_acknowledgements_kill_at_once() {
    assert_eq!(after(&[(10, silent(499))]).0, PathHealth::Healthy);
    assert_eq!(after(&[(10, silent(500))]), (PathHealth::Dead, Some(UnhealthyReason::Silent)));
    // An acknowledgement takes a round trip.
    let unacknowledged = |ms| PathSample { unacknowledged: MS * ms, ..fine() };
    assert_eq!(after(&[(10, unacknowledged(539))]).0, PathHealth::Healthy);
    let dead = (PathHealth::Dead, Some(UnhealthyReason::Unacknowledged));
    assert_eq!(after(&[(10, unacknowledged(540))]), dead);
    assert_eq!(after(&[(10, unacknowledged(540)), (10, fine())]), (PathHealth::Healthy, None));
}

#[test]
fn slow_lossy_and_unsteady_paths_are_impaired_after_two_seconds_and_recover_after_two() {
    let lossy = PathSample { loss: 0.21, ..fine() };
    let unsteady = PathSample { jitter: MS * 41, ..fine() };
    for (bad, reason) in [
        (slow(), UnhealthyReason::Slow),
        (lossy, UnhealthyReason::Lossy),
        (unsteady, UnhealthyReason::Unsteady),
    ] {
        assert_eq!(after(&[(2000, bad)]).0, PathHealth::Healthy);
        assert_eq!(after(&[(2010, bad)]), (PathHealth::Impaired, Some(reason)));
        assert_eq!(after(&[(1500, bad), (10, fine()), (1500, bad)]).0, PathHealth::Healthy);
        assert_eq!(after(&[(2010, bad), (2000, fine())]), (PathHealth::Impaired, Some(reason)));
        assert_eq!(after(&[(2010, bad), (2010, fine())]).0, PathHealth::Healthy);
    }
    let edge =
        PathSample { rtt: Some(MS * 300), loss: 0.20, jitter: MS * 40, ..PathSample::default() };
    assert_eq!(after(&[(5000, edge)]).0, PathHealth::Healthy);
}

#[test]
fn a_full_send_buffer_impairs_after_a_second() {
    let full = PathSample { buffered: 32 * 1024 + 1, ..fine() };
    assert_eq!(after(&[(1000, full)]).0, PathHealth::Healthy);
    let impaired = (PathHealth::Impaired, Some(UnhealthyReason::Congested));
    assert_eq!(after(&[(1010, full)]), impaired);
    assert_eq!(after(&[(1010, full), (2000, fine())]), impaired);
    assert_eq!(after(&[(1010, full), (2010, fine())]), (PathHealth::Healthy, None));
}

#[test]
fn what_is_under_way_does_not_wait() {
    // A transport that counts what is not acknowledged: large inputs over a long way.
    let far = PathSample { buffered: 100 * 1024, under_way: 80 * 1024, ..fine() };
    assert_eq!(after(&[(5000, far)]).0, PathHealth::Healthy);
    let congested = PathSample { buffered: 113 * 1024, ..far };
    assert_eq!(after(&[(1010, congested)]).1, Some(UnhealthyReason::Congested));
}

#[test]
fn a_path_that_the_peer_left_is_impaired_as_long_as_the_peer_stays_away() {
    let left = PathSample { left: true, ..fine() };
    let impaired = (PathHealth::Impaired, Some(UnhealthyReason::Left));
    assert_eq!(after(&[(3000, fine()), (10, left)]), impaired);
    assert_eq!(after(&[(3000, fine()), (10, left), (10, fine())]).0, PathHealth::Healthy);
}

#[test]
fn times_in_a_state_count_from_its_transition() {
    let (health, now) = monitor_after(&[(1000, fine()), (700, silent(500))]);
    assert_eq!((health.dead_for(now), health.alive_for(now)), (MS * 690, Duration::ZERO));
    let (health, now) = monitor_after(&[(1000, fine()), (700, silent(500)), (300, fine())]);
    assert_eq!((health.alive_for(now), health.healthy_for(now)), (MS * 290, MS * 290));
    // An impaired path is alive all the time, but healthy only since it recovered.
    let (health, now) = monitor_after(&[(2500, slow()), (2500, fine())]);
    assert_eq!((health.alive_for(now), health.healthy_for(now)), (MS * 5000, MS * 490));
}

#[test]
fn a_path_is_suspect_from_the_first_bad_sample_on() {
    assert!(!monitor_after(&[(10, fine())]).0.is_suspect());
    assert!(monitor_after(&[(10, slow())]).0.is_suspect());
    assert!(!monitor_after(&[(10, slow()), (10, fine())]).0.is_suspect());
}
