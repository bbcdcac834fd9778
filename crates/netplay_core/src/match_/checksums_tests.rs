//! One exchange, by hand: what is sent and when, what is taken, and what is kept.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PEER: PeerKey = PeerKey::from_bytes([7; 16]);
const REPEAT: Duration = Duration::from_millis(100);
const MS: Duration = Duration::from_millis(1);

fn exchange() -> ChecksumExchange {
    ChecksumExchange::new([PEER])
}

/// An exchange that has the checksums of these frames, each the frame's number.
fn with_own(frames: impl IntoIterator<Item = i32>) -> ChecksumExchange {
    let mut exchange = exchange();
    frames.into_iter().for_each(|frame| exchange.handle_own(frame, frame as u64));
    exchange
}

fn run(previous: i32, checksums: &[(i32, u64)]) -> PayloadChecksums {
    let run = Some(ChecksumRun { previous, checksums: checksums.to_vec() });
    PayloadChecksums { ack: None, run }
}

fn ack(frame: i32) -> PayloadChecksums {
    PayloadChecksums { ack: Some(frame), run: None }
}

/// The frames that a datagram at this time carries, with the one before them.
fn send(exchange: &mut ChecksumExchange, now: Duration) -> Option<(i32, Vec<i32>)> {
    let part = exchange.due(PEER, now, REPEAT, 7);
    exchange.handle_sent(PEER, now, &part);
    let run = part.run?;
    Some((run.previous, run.checksums.iter().map(|(frame, _)| *frame).collect()))
}

/// What the next datagram acknowledges.
fn acked(exchange: &mut ChecksumExchange) -> Option<i32> {
    let part = exchange.due(PEER, Duration::ZERO, REPEAT, 0);
    exchange.handle_sent(PEER, Duration::ZERO, &part);
    part.ack
}

#[test]
fn each_datagram_goes_on_after_the_one_before_and_what_is_not_acknowledged_is_sent_again() {
    let mut exchange = with_own([0, 15]);
    assert_eq!(send(&mut exchange, MS), Some((-1, vec![0, 15])));
    assert_eq!(send(&mut exchange, MS * 2), None);
    exchange.handle_own(30, 30);
    assert_eq!(send(&mut exchange, MS * 50), Some((15, vec![30])));
    exchange.handle_part(PEER, ack(0));
    // The rest was sent after what is acknowledged, and has its own time.
    assert_eq!(send(&mut exchange, MS * 100), None);
    assert_eq!(send(&mut exchange, MS * 199), None);
    assert_eq!(send(&mut exchange, MS * 200), Some((0, vec![15, 30])));
    assert_eq!(send(&mut exchange, MS * 299), None);
    assert_eq!(send(&mut exchange, MS * 300), Some((0, vec![15, 30])));
    exchange.handle_part(PEER, ack(30));
    assert_eq!(send(&mut exchange, MS * 1000), None);
    exchange.handle_own(45, 45);
    assert_eq!(send(&mut exchange, MS * 1001), Some((30, vec![45])));
}

#[test]
fn more_than_a_datagram_holds_is_sent_in_several_of_them() {
    let mut exchange = with_own(0..20);
    assert_eq!(send(&mut exchange, MS), Some((-1, (0..7).collect())));
    assert_eq!(send(&mut exchange, MS), Some((6, (7..14).collect())));
    assert_eq!(send(&mut exchange, MS), Some((13, (14..20).collect())));
    assert_eq!(send(&mut exchange, MS + REPEAT), Some((-1, (0..7).collect())));
    assert_eq!(send(&mut exchange, MS + REPEAT), Some((6, (7..14).collect())));
    let part = exchange.due(PEER, MS + REPEAT, REPEAT, 0);
    assert!(part.is_empty(), "there is no room");
}

#[test]
fn what_follows_a_gap_is_compared_after_it_and_the_last_before_it_is_acknowledged() {
    let mut exchange = with_own([0, 15, 30, 45]);
    exchange.handle_part(PEER, run(-1, &[(0, 0)]));
    assert_eq!(acked(&mut exchange), Some(0));
    assert_eq!(acked(&mut exchange), None, "it is told once");
    exchange.handle_part(PEER, run(15, &[(30, 9)]));
    assert_eq!(acked(&mut exchange), Some(0));
    assert_eq!(exchange.poll_desync(), None, "frame 15 may differ as well");
    exchange.handle_part(PEER, run(0, &[(15, 9)]));
    assert_eq!(acked(&mut exchange), Some(30));
    let desync = Desync { peer: PEER, frame: 15, local: 15, remote: 9, last_equal_frame: Some(0) };
    assert_eq!(exchange.poll_desync(), Some(desync));
    assert_eq!(exchange.poll_desync(), None);
    // A duplicate, and one more difference.
    exchange.handle_part(PEER, run(-1, &[(0, 9)]));
    exchange.handle_part(PEER, run(0, &[(15, 9), (30, 9), (45, 9)]));
    assert_eq!(exchange.poll_desync(), None);
    let comparison = exchange.comparison(PEER);
    let expected = StateComparison {
        last_equal_frame: Some(0),
        first_different_frame: Some(15),
        different_frames: 3,
    };
    assert_eq!(comparison, expected);
}

#[test]
fn checksums_are_compared_once_both_are_known_and_frames_of_one_side_are_skipped() {
    let mut exchange = with_own([0, 10]);
    exchange.handle_part(PEER, run(-1, &[(5, 9), (10, 10), (20, 9), (30, 30)]));
    assert_eq!(exchange.comparison(PEER).last_equal_frame, Some(10));
    exchange.handle_own(25, 25);
    exchange.handle_own(30, 30);
    assert_eq!(exchange.poll_desync(), None);
    assert_eq!(exchange.comparison(PEER).last_equal_frame, Some(30));
    exchange.handle_own(20, 20);
    assert_eq!(exchange.last_own_frame(), 30, "frames come in their order");
    assert_eq!(exchange.own.len(), 4);
}

#[test]
fn only_the_latest_are_kept_and_the_oldest_of_them_follows_nothing() {
    let mut exchange = with_own(0..KEPT as i32 + 5);
    assert_eq!(exchange.own.len(), KEPT);
    assert_eq!(send(&mut exchange, MS), Some((-1, (5..12).collect())));
    let mut other = with_own(0..8);
    other.handle_part(PEER, run(-1, &[(0, 0)]));
    other.handle_part(PEER, run(-1, &[(5, 5), (6, 7)]));
    assert_eq!(other.poll_desync().map(|desync| desync.frame), Some(6));
}

#[test]
fn a_peer_makes_nobody_keep_more_than_so_many() {
    let mut exchange = exchange();
    for frame in 0..1000 {
        exchange.handle_part(PEER, run(frame - 1, &[(frame, 1)]));
    }
    assert_eq!(exchange.peers[&PEER].incoming.len(), KEPT);
    let next = KEPT as i32;
    assert_eq!(acked(&mut exchange), Some(next - 1), "the peer sends the rest again");
    (0..10).for_each(|frame| exchange.handle_own(frame, 1));
    // After a gap, there is room for what closes it.
    for frame in next + 1..2 * next {
        exchange.handle_part(PEER, run(frame - 1, &[(frame, 1)]));
    }
    assert_eq!(exchange.peers[&PEER].incoming.len(), KEPT);
    assert_eq!(acked(&mut exchange), Some(next - 1));
    exchange.handle_part(PEER, run(next - 1, &[(next, 1)]));
    assert_eq!(acked(&mut exchange), Some(next + 9));
    // An acknowledgement of what was never sent acknowledges what there is.
    exchange.handle_part(PEER, ack(5000));
    exchange.handle_own(10, 1);
    assert_eq!(send(&mut exchange, MS), Some((9, vec![10])));
}

#[test]
fn a_process_that_restarted_gets_everything_again_and_is_compared_again() {
    let mut exchange = with_own([0, 15, 30]);
    send(&mut exchange, MS);
    exchange.handle_part(PEER, PayloadChecksums { ack: Some(30), ..run(-1, &[(0, 0), (15, 9)]) });
    assert_eq!(exchange.poll_desync().map(|desync| desync.frame), Some(15));
    exchange.handle_restart(PEER);
    assert_eq!(exchange.comparison(PEER).last_equal_frame, None);
    assert_eq!(send(&mut exchange, MS), Some((-1, vec![0, 15, 30])));
    exchange.handle_part(PEER, run(-1, &[(0, 9), (15, 15)]));
    assert_eq!(exchange.poll_desync(), None, "once for each peer");
    let comparison = exchange.comparison(PEER);
    assert_eq!((comparison.last_equal_frame, comparison.different_frames), (Some(15), 2));
}
