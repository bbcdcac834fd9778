use futures::FutureExt;

use super::*;

const BOUNDS: RelayBounds = RelayBounds { datagrams: 4, reliable_bytes: 1000 };

#[test]
fn a_queue_that_nobody_reads_overflows_and_stays_bounded() {
    let (outbox, mut outgoing) = outbox(BOUNDS);
    for _ in 0..10_000 {
        outbox.push(Message::text("x".repeat(1000)));
    }
    assert_eq!(outgoing.ended().now_or_never(), Some(Refusal::TooSlow));
    assert_eq!(outgoing.rest().count(), MAX_MESSAGE_BYTES / (1000 + MESSAGE_OVERHEAD));
}

#[test]
fn a_queue_that_is_read_never_overflows() {
    let (outbox, mut outgoing) = outbox(BOUNDS);
    for _ in 0..10_000 {
        outbox.push(Message::text("x".repeat(1000)));
        assert_eq!(outgoing.rest().count(), 1);
    }
    assert_eq!(outgoing.ended().now_or_never(), None);
}

#[test]
fn of_datagrams_that_nobody_reads_the_oldest_are_dropped_and_counted() {
    let (outbox, mut outgoing) = outbox(BOUNDS);
    let dropped: u64 = (0..10).map(|n| outbox.datagram(Bytes::from(vec![n]))).sum();
    assert_eq!(dropped, 6);
    let left: Vec<_> = outgoing.rest().collect();
    assert_eq!(left, (6..10).map(|n| Message::Binary(vec![n].into())).collect::<Vec<_>>());
    assert_eq!(outgoing.ended().now_or_never(), None);
}

#[test]
fn messages_and_reliable_packets_keep_their_order_and_go_before_datagrams() {
    let (outbox, mut outgoing) = outbox(BOUNDS);
    outbox.datagram(Bytes::from_static(b"d"));
    outbox.push(Message::text("1"));
    outbox.reliable(Bytes::from_static(b"2")).now_or_never().unwrap();
    outbox.push(Message::text("3"));
    let order: Vec<_> = outgoing.rest().map(|message| message.into_data()).collect();
    assert_eq!(order, [&b"1"[..], b"2", b"3", b"d"]);
}

#[test]
fn a_reliable_packet_waits_until_there_is_room() {
    let (outbox, mut outgoing) = outbox(BOUNDS);
    let packet = || Bytes::from(vec![0; 600]);
    assert_eq!(outbox.reliable(packet()).now_or_never(), Some(()));
    let mut waiting = Box::pin(outbox.reliable(packet()));
    let mut also_waiting = Box::pin(outbox.reliable(packet()));
    assert_eq!((&mut waiting).now_or_never(), None);
    assert_eq!((&mut also_waiting).now_or_never(), None);
    assert_eq!(outgoing.rest().count(), 1);
    assert_eq!((&mut waiting).now_or_never(), Some(()));
    assert_eq!((&mut also_waiting).now_or_never(), None);
    assert_eq!(outgoing.rest().count(), 1);
    assert_eq!((&mut also_waiting).now_or_never(), Some(()));
    assert_eq!(outgoing.rest().count(), 1);
    // One that is larger than all the room fits when nothing else is there.
    assert_eq!(outbox.reliable(Bytes::from(vec![0; 5000])).now_or_never(), Some(()));
}

#[test]
fn whoever_waits_for_a_connection_that_ends_waits_no_longer() {
    let (outbox, outgoing) = outbox(BOUNDS);
    outbox.reliable(Bytes::from(vec![0; 1000])).now_or_never().unwrap();
    let mut waiting: Vec<_> =
        (0..3).map(|_| Box::pin(outbox.reliable(Bytes::from(vec![0; 1000])))).collect();
    assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
    drop(outgoing);
    assert!(waiting.iter_mut().all(|one| one.now_or_never().is_some()));
    outbox.push(Message::text("nobody"));
    assert_eq!(outbox.datagram(Bytes::new()), 0);
}

#[test]
fn the_first_reason_to_end_is_the_one_that_is_told() {
    let (outbox, outgoing) = outbox(BOUNDS);
    outbox.end(Refusal::Superseded);
    outbox.end(Refusal::TooSlow);
    assert_eq!(outgoing.ended().now_or_never(), Some(Refusal::Superseded));
}
