//! Notices for readings on virtual time: each threshold, and whose link it is.

use super::NoticeKind::{Desync, Jitter, Latency, Loss, Relay, Rollbacks, TooSlow, Waiting};
use super::NoticeLevel::{Critical, Info, Warning};
use super::*;

const MS: Duration = Duration::from_millis(1);
/// An update at 60 a second.
const UPDATE: Duration = Duration::from_micros(16_667);

const GOOD: Reading = Reading {
    frames_per_second: 60.0,
    progress: Progress::Simulated,
    is_too_slow: false,
    mean_rollback: None,
};

/// A link on which nothing is wrong.
fn link(player: u8) -> LinkReading {
    LinkReading {
        player: PlayerHandle(player),
        input_lag: 3,
        rtt: MS * 40,
        jitter: MS * 2,
        loss: 0.0,
        is_silent: false,
        is_relayed: false,
        is_too_slow: false,
    }
}

fn notice(level: NoticeLevel, kind: NoticeKind, player: u8) -> LinkNotice {
    LinkNotice { level, kind, player: Some(PlayerHandle(player)) }
}

/// What a judge says that sees this once.
fn judged(reading: Reading, links: &[LinkReading]) -> Vec<LinkNotice> {
    let mut judge = Judge::default();
    judge.handle_reading(MS, &reading, links.iter().copied(), std::iter::empty());
    judge.notices().to_vec()
}

#[test]
fn nothing_is_said_while_all_is_good() {
    assert_eq!(judged(GOOD, &[link(1), link(2)]), []);
    let just_good = LinkReading { rtt: MS * 149, jitter: MS * 16, loss: 0.049, ..link(1) };
    assert_eq!(judged(GOOD, &[just_good, link(2)]), []);
}

#[test]
fn latency_loss_and_jitter_have_two_levels_each_and_name_the_player() {
    let cases = [
        (LinkReading { rtt: MS * 150, ..link(2) }, Warning, Latency),
        (LinkReading { rtt: MS * 300, ..link(2) }, Critical, Latency),
        (LinkReading { loss: 0.05, ..link(2) }, Warning, Loss),
        (LinkReading { loss: 0.2, ..link(2) }, Critical, Loss),
        // A frame takes 16.7 ms.
        (LinkReading { jitter: MS * 17, ..link(2) }, Warning, Jitter),
        (LinkReading { jitter: MS * 34, ..link(2) }, Critical, Jitter),
    ];
    for (reading, level, kind) in cases {
        assert_eq!(judged(GOOD, &[link(1), reading]), [notice(level, kind, 2)]);
    }
    let slow = Reading { frames_per_second: 30.0, ..GOOD };
    assert_eq!(judged(slow, &[LinkReading { jitter: MS * 17, ..link(1) }]), []);
}

#[test]
fn deep_rollbacks_are_those_of_the_player_who_causes_them() {
    for (depth, expected) in [(3.9, None), (4.0, Some(Warning)), (7.0, Some(Critical))] {
        let mean_rollback = Some(MeanRollback { depth, player: PlayerHandle(1) });
        let reading = Reading { mean_rollback, ..GOOD };
        let expected = expected.map(|level| notice(level, Rollbacks, 1));
        assert_eq!(judged(reading, &[link(1), link(2)]), Vec::from_iter(expected));
    }
}

#[test]
fn a_relay_is_told_a_slow_machine_warned_of_and_a_desync_critical_and_first() {
    let mut judge = Judge::default();
    let reading = Reading { is_too_slow: true, ..GOOD };
    let links = [LinkReading { is_relayed: true, ..link(1) }, link(2)];
    judge.handle_reading(MS, &reading, links.into_iter(), [PlayerHandle(2)].into_iter());
    let too_slow = LinkNotice { level: Warning, kind: TooSlow, player: None };
    let expected = [notice(Critical, Desync, 2), too_slow, notice(Info, Relay, 1)];
    assert_eq!(judge.notices(), expected);
}

#[test]
fn a_stall_is_told_after_a_quarter_of_a_second_and_is_critical_after_one() {
    let mut judge = Judge::default();
    let missing = LinkReading { input_lag: 10, is_silent: true, rtt: MS * 900, ..link(2) };
    let links = [link(1), missing];
    let mut told = Vec::new();
    for update in 0..130 {
        let now = UPDATE * update;
        // The display is twice as fast as the simulation.
        let progress = if update % 2 == 0 { Progress::Stalled } else { Progress::NotDue };
        let reading = Reading { progress, ..GOOD };
        judge.handle_reading(now, &reading, links.into_iter(), std::iter::empty());
        if told.last().map(|(_, notices)| notices) != Some(&judge.notices().to_vec()) {
            told.push((now, judge.notices().to_vec()));
        }
    }
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0].1, []);
    assert_eq!(told[1].1, [notice(Warning, Waiting, 2)]);
    assert_eq!(told[2].1, [notice(Critical, Waiting, 2)]);
    assert!((250..267).contains(&told[1].0.as_millis()), "{told:?}");
    assert!((1000..1017).contains(&told[2].0.as_millis()), "{told:?}");
}

#[test]
fn short_stalls_in_a_row_are_none() {
    let mut judge = Judge::default();
    for update in 0..600 {
        let progress = if update % 10 == 0 { Progress::Simulated } else { Progress::Stalled };
        let reading = Reading { progress, ..GOOD };
        judge.handle_reading(UPDATE * update, &reading, [link(1)].into_iter(), std::iter::empty());
        assert_eq!(judge.notices(), []);
    }
}

#[test]
fn it_is_better_after_two_and_a_half_seconds() {
    let mut judge = Judge::default();
    let mut at = |now: Duration, rtt: u32| {
        let links = [LinkReading { rtt: MS * rtt, ..link(1) }];
        judge.handle_reading(now, &GOOD, links.into_iter(), std::iter::empty());
        judge.notices().to_vec()
    };
    assert_eq!(at(MS * 100, 320), [notice(Critical, Latency, 1)]);
    assert_eq!(at(MS * 200, 160), [notice(Critical, Latency, 1)]);
    assert_eq!(at(MS * 2699, 40), [notice(Critical, Latency, 1)]);
    assert_eq!(at(MS * 2700, 40), [notice(Warning, Latency, 1)]);
    assert_eq!(at(MS * 3000, 40), [notice(Warning, Latency, 1)]);
    assert_eq!(at(MS * 5500, 40), []);
}

#[test]
fn what_all_links_have_is_a_trouble_of_the_local_connection() {
    let bad = |player, loss| LinkReading { loss, ..link(player) };
    let own = LinkNotice { level: Warning, kind: Loss, player: None };
    assert_eq!(judged(GOOD, &[bad(1, 0.3), bad(2, 0.1)]), [own]);
    assert_eq!(judged(GOOD, &[bad(1, 0.3)]), [notice(Critical, Loss, 1)], "it may be either");
    let one_is_good = [bad(1, 0.3), bad(2, 0.3), link(3)];
    let both = [1, 2].map(|player| notice(Critical, Loss, player));
    assert_eq!(judged(GOOD, &one_is_good), both);
}

#[test]
fn of_a_silent_link_only_the_wait_is_told_and_of_one_that_is_gone_nothing() {
    let silent = LinkReading { loss: 1.0, rtt: MS * 500, is_silent: true, ..link(1) };
    assert_eq!(judged(GOOD, &[silent]), []);
    let mut judge = Judge::default();
    let bad = LinkReading { loss: 0.5, ..link(1) };
    judge.handle_reading(MS, &GOOD, [bad, link(2)].into_iter(), std::iter::empty());
    assert_eq!(judge.notices(), [notice(Critical, Loss, 1)]);
    judge.handle_reading(MS * 2, &GOOD, [link(2)].into_iter(), std::iter::empty());
    assert_eq!(judge.notices(), []);
}
