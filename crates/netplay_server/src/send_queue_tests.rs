//! Bounds and order of the send queue.

use futures::FutureExt;

use super::*;

const BOUNDS: RelayBounds = RelayBounds { datagrams: 4, reliable_bytes: 1000 };

#[test]
fn a_queue_without_a_reader_overflows_and_stays_bounded() {
    let (queue, mut reader) = send_queue(BOUNDS);
    for _ in 0..10_000 {
        queue.push(Message::text("x".repeat(1000)));
    }
    assert_eq!(reader.closed().now_or_never(), Some(Refusal::TooSlow));
    assert_eq!(reader.rest().count(), MAX_MESSAGE_BYTES / (1000 + MESSAGE_OVERHEAD));
}

#[test]
fn a_queue_that_is_read_never_overflows() {
    let (queue, mut reader) = send_queue(BOUNDS);
    for _ in 0..10_000 {
        queue.push(Message::text("x".repeat(1000)));
        assert_eq!(reader.rest().count(), 1);
    }
    assert_eq!(reader.closed().now_or_never(), None);
}

#[test]
fn unread_datagrams_are_dropped_oldest_first_and_counted() {
    let (queue, mut reader) = send_queue(BOUNDS);
    let dropped: u64 = (0..10).map(|n| queue.push_datagram(Bytes::from(vec![n]))).sum();
    assert_eq!(dropped, 6);
    let left: Vec<_> = reader.rest().collect();
    assert_eq!(left, (6..10).map(|n| Message::Binary(vec![n].into())).collect::<Vec<_>>());
    assert_eq!(reader.closed().now_or_never(), None);
}

#[test]
fn messages_and_reliable_packets_keep_their_order_and_precede_datagrams() {
    let (queue, mut reader) = send_queue(BOUNDS);
    queue.push_datagram(Bytes::from_static(b"d"));
    queue.push(Message::text("1"));
    queue.push_reliable(Bytes::from_static(b"2")).now_or_never().unwrap();
    queue.push(Message::text("3"));
    let order: Vec<_> = reader.rest().map(|message| message.into_data()).collect();
    assert_eq!(order, [&b"1"[..], b"2", b"3", b"d"]);
}

#[test]
fn a_reliable_packet_waits_until_there_is_room() {
    let (queue, mut reader) = send_queue(BOUNDS);
    let packet = || Bytes::from(vec![0; 600]);
    assert_eq!(queue.push_reliable(packet()).now_or_never(), Some(()));
    let mut waiting = Box::pin(queue.push_reliable(packet()));
    let mut also_waiting = Box::pin(queue.push_reliable(packet()));
    assert_eq!((&mut waiting).now_or_never(), None);
    assert_eq!((&mut also_waiting).now_or_never(), None);
    assert_eq!(reader.rest().count(), 1);
    assert_eq!((&mut waiting).now_or_never(), Some(()));
    assert_eq!((&mut also_waiting).now_or_never(), None);
    assert_eq!(reader.rest().count(), 1);
    assert_eq!((&mut also_waiting).now_or_never(), Some(()));
    assert_eq!(reader.rest().count(), 1);
    // A packet larger than the bound fits into an empty queue.
    assert_eq!(queue.push_reliable(Bytes::from(vec![0; 5000])).now_or_never(), Some(()));
}

#[test]
fn senders_stop_waiting_when_the_connection_ends() {
    let (queue, reader) = send_queue(BOUNDS);
    queue.push_reliable(Bytes::from(vec![0; 1000])).now_or_never().unwrap();
    let mut waiting: Vec<_> =
        (0..3).map(|_| Box::pin(queue.push_reliable(Bytes::from(vec![0; 1000])))).collect();
    assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()));
    drop(reader);
    assert!(waiting.iter_mut().all(|one| one.now_or_never().is_some()));
    queue.push(Message::text("unread"));
    assert_eq!(queue.push_datagram(Bytes::new()), 0);
}

#[test]
fn the_first_reason_to_close_counts() {
    let (queue, reader) = send_queue(BOUNDS);
    queue.close(Refusal::Superseded);
    queue.close(Refusal::TooSlow);
    assert_eq!(reader.closed().now_or_never(), Some(Refusal::Superseded));
}
