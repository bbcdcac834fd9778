//! Bounds, shares and order of the send queue.

use std::collections::BTreeMap;

use futures::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::limits::{ClientAddress, Limits, LimitsConfig};

const BOUNDS: RelayBounds = RelayBounds { datagrams: 4, reliable_bytes: 1000, memory: None };
const ONE: SenderId = SenderId(1);
const TWO: SenderId = SenderId(2);
const THREE: SenderId = SenderId(3);

fn signal(bytes: usize) -> Message {
    Message::text("x".repeat(bytes))
}

fn frame(number: u8) -> Bytes {
    Bytes::from(vec![number])
}

fn numbers(reader: &mut SendQueueReader) -> Vec<u8> {
    reader.rest().map(|message| message.into_data()[0]).collect()
}

#[test]
fn a_peer_that_leaves_the_servers_own_messages_unread_is_closed() {
    let (queue, mut reader) = send_queue(BOUNDS);
    for _ in 0..10_000 {
        queue.push(signal(1000));
    }
    assert_eq!(reader.closed().now_or_never(), Some(Refusal::TooSlow));
    assert_eq!(reader.rest().count(), MAX_OWN_BYTES / (1000 + MESSAGE_OVERHEAD));
}

#[test]
fn a_queue_that_is_read_never_overflows() {
    let (queue, mut reader) = send_queue(BOUNDS);
    for _ in 0..10_000 {
        queue.push(signal(1000));
        assert!(queue.push_signal(ONE, signal(1000)));
        assert!(queue.push_reliable(ONE, Bytes::from(vec![0; 1000])));
        assert_eq!(queue.push_datagram(ONE, frame(1)), 0);
        assert_eq!(reader.rest().count(), 4);
    }
    assert_eq!(reader.closed().now_or_never(), None);
}

#[test]
fn a_burst_of_signals_costs_its_sender_signals_and_nobody_the_connection() {
    let (queue, mut reader) = send_queue(BOUNDS);
    let kept = (0..10_000).filter(|_| queue.push_signal(ONE, signal(1000))).count();
    assert_eq!(kept, MAX_SIGNAL_BYTES / (1000 + MESSAGE_OVERHEAD));
    // The share of another sender is as it was, and so is the server's own.
    let others = (0..10_000).filter(|_| queue.push_signal(TWO, signal(1000))).count();
    assert_eq!(others, kept);
    queue.push(signal(1000));
    assert_eq!(reader.closed().now_or_never(), None);
    assert_eq!(reader.rest().count(), 2 * kept + 1);
    assert!(queue.push_signal(ONE, signal(2 * MAX_SIGNAL_BYTES)), "one message always fits");
    assert!(!queue.push_signal(ONE, signal(0)));
}

#[test]
fn the_members_of_a_large_room_of_matchbox_all_signal_at_once() {
    let (queue, _reader) = send_queue(BOUNDS);
    assert!((0..63).all(|sender| queue.push_signal(SenderId(sender), signal(6 * 1024))));
}

#[test]
fn the_oldest_datagrams_of_a_sender_give_way_to_its_own() {
    let (queue, mut reader) = send_queue(BOUNDS);
    assert_eq!(queue.push_datagram(TWO, frame(100)), 0);
    let dropped: u64 = (0..10).map(|number| queue.push_datagram(ONE, frame(number))).sum();
    assert_eq!(dropped, 6);
    // The two take turns.
    assert_eq!(numbers(&mut reader), [100, 6, 7, 8, 9]);
    assert_eq!(reader.closed().now_or_never(), None);
}

#[test]
fn datagrams_of_all_senders_have_their_turn_between_two_messages() {
    let (queue, mut reader) = send_queue(BOUNDS);
    for number in [1, 2, 3] {
        assert!(queue.push_reliable(THREE, frame(200 + number)));
    }
    for number in [11, 12] {
        queue.push_datagram(ONE, frame(number));
    }
    queue.push_datagram(TWO, frame(21));
    assert_eq!(reader.try_next().unwrap().into_data()[0], 201);
    assert_eq!(reader.try_next().unwrap().into_data()[0], 11);
    // One that never stops sending delays nothing for ever.
    queue.push_datagram(TWO, frame(22));
    assert_eq!(numbers(&mut reader), [21, 12, 202, 22, 203]);
}

#[test]
fn messages_and_reliable_packets_keep_their_order() {
    let (queue, mut reader) = send_queue(BOUNDS);
    queue.push(Message::text("1"));
    assert!(queue.push_reliable(ONE, Bytes::from_static(b"2")));
    assert!(queue.push_signal(TWO, Message::text("3")));
    queue.push_notice(ONE, Message::text("4"));
    queue.push(Message::text("5"));
    assert_eq!(numbers(&mut reader), *b"12345");
}

#[test]
fn reliable_packets_beyond_the_share_of_their_sender_are_dropped_and_nobody_waits() {
    let (queue, mut reader) = send_queue(BOUNDS);
    let packet = |bytes| Bytes::from(vec![0; bytes]);
    assert!(queue.push_reliable(ONE, packet(600)));
    assert!(!queue.push_reliable(ONE, packet(600)));
    assert!(queue.push_reliable(ONE, packet(400)));
    assert!(queue.push_reliable(TWO, packet(600)));
    assert_eq!(reader.rest().count(), 3);
    assert!(queue.push_reliable(ONE, packet(5000)), "one packet always fits");
    assert!(!queue.push_reliable(ONE, packet(1)));
}

#[test]
fn the_notices_of_a_sender_are_bounded_and_the_last_one_always_arrives() {
    let (queue, mut reader) = send_queue(BOUNDS);
    queue.push_notice(ONE, Message::text("open"));
    queue.push_notice(ONE, Message::text("closed"));
    assert_eq!(reader.rest().collect::<Vec<_>>(), [Message::text("open"), Message::text("closed")]);
    queue.push_notice(TWO, Message::text("of another"));
    for number in 0..10_000 {
        queue.push_notice(ONE, Message::text(number.to_string()));
    }
    let left: Vec<_> = reader.rest().collect();
    assert_eq!(left[0], Message::text("of another"));
    assert_eq!(left.last(), Some(&Message::text("9999")));
    assert!(left.len() <= 1 + MAX_NOTICES, "{}", left.len());
    queue.push_notice(ONE, Message::text("open"));
    assert_eq!(reader.rest().count(), 1);
}

#[test]
fn members_that_come_and_go_cannot_fill_the_memory() {
    let (queue, mut reader) = send_queue(BOUNDS);
    for sender in 0..10_000 {
        let _ = queue.push_signal(SenderId(sender), signal(MAX_SIGNAL_BYTES));
        queue.push_notice(SenderId(sender), Message::text("open"));
        let _ = queue.push_reliable(SenderId(sender), Bytes::from(vec![0; 1000]));
        for _ in 0..4 {
            queue.push_datagram(SenderId(sender), frame(0));
        }
    }
    let (mut notices, mut signals, mut reliable, mut datagrams) = (0, 0, 0, 0);
    for message in reader.rest() {
        match message {
            Message::Text(text) if text.as_str() == "open" => notices += 1,
            Message::Text(_) => signals += 1,
            Message::Binary(bytes) if bytes.len() > 1 => reliable += 1,
            _ => datagrams += 1,
        }
    }
    assert_eq!((signals, reliable), (MAX_SIGNAL_SHARES, MAX_RELAY_SHARES));
    assert_eq!(notices, MAX_RELAY_SHARES * MAX_NOTICES);
    assert_eq!(datagrams, MAX_RELAY_SHARES * BOUNDS.datagrams);
}

#[tokio::test]
async fn what_waits_for_all_connections_of_an_address_is_bounded() {
    let most = 20_000;
    let config = LimitsConfig { waiting_bytes_per_address: most, ..Default::default() };
    let limits = Limits::new(&config);
    let connect = |last| {
        let permit = limits.connect(ClientAddress::V4([192, 0, 2, last].into())).unwrap();
        let memory = Some(permit.waiting_bytes());
        send_queue(RelayBounds { datagrams: 64, reliable_bytes: 10_000, memory })
    };
    let deaf: Vec<_> = (0..20).map(|_| connect(1)).collect();
    let bytes = || Bytes::from(vec![0; 1000]);
    for (queue, _) in &deaf {
        for _ in 0..64 {
            queue.push_datagram(ONE, bytes());
            let _ = queue.push_reliable(ONE, bytes());
            let _ = queue.push_signal(ONE, signal(1000));
        }
    }
    let waits = |queue: &SendQueue| queue.shared.lock().shares.bytes();
    let sum: usize = deaf.iter().map(|(queue, _)| waits(queue)).sum();
    // One signal, one packet and one datagram of each sender for each receiver are beyond it.
    assert!((most..most + 20 * 3 * 1100).contains(&sum), "{sum}");
    assert!(deaf.iter().all(|(queue, _)| waits(queue) > 3_000 - 1), "one of each waits");
    // Another address has its own, and what was read makes room.
    let (other, _other_reader) = connect(2);
    assert!((0..9).all(|_| other.push_reliable(ONE, bytes())));
    drop(deaf);
    let (queue, _reader) = connect(1);
    assert!((0..9).all(|_| queue.push_reliable(ONE, bytes())));
}

#[test]
fn a_queue_without_a_reader_takes_nothing() {
    let (queue, reader) = send_queue(BOUNDS);
    drop(reader);
    queue.push(Message::text("unread"));
    assert!(queue.push_signal(ONE, signal(1)) && queue.push_reliable(ONE, frame(1)));
    assert_eq!(queue.push_datagram(ONE, frame(1)), 0);
    let shared = queue.shared.lock();
    assert!(shared.ordered.is_empty() && shared.shares.datagrams() == 0);
}

#[test]
fn the_first_reason_to_close_counts() {
    let (queue, reader) = send_queue(BOUNDS);
    queue.close(Refusal::Superseded);
    queue.close(Refusal::TooSlow);
    assert_eq!(reader.closed().now_or_never(), Some(Refusal::Superseded));
}

/// One step of a sender, or of the reader.
#[derive(Clone, Copy, Debug)]
enum Step {
    Signal(u8),
    Reliable(u8),
    Datagram(u8),
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4u8).prop_map(Step::Signal),
        (0..4u8).prop_map(Step::Reliable),
        (0..4u8).prop_map(Step::Datagram),
        Just(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// For every sequence of steps: what a sender gets queued depends on what waits of it and on nothing of the others,
    /// and everything that is queued is read, that of each sender in order.
    #[test]
    fn a_sender_fares_as_if_it_were_alone(steps in proptest::collection::vec(step(), 1..300)) {
        let (queue, mut reader) = send_queue(BOUNDS);
        // Of each sender, what waits: the number and the size of each signal, packet and datagram.
        let mut waiting = BTreeMap::<(u8, u8), VecDeque<(usize, usize)>>::new();
        let size = |waiting: &VecDeque<(usize, usize)>| waiting.iter().map(|(_, size)| size).sum::<usize>();
        for (number, step) in steps.into_iter().enumerate() {
            let text = |bytes: usize| format!("{number:0bytes$}");
            match step {
                Step::Signal(from) => {
                    let mine = waiting.entry((from, 0)).or_default();
                    let bytes = 10_000;
                    let fits = mine.is_empty() || size(mine) + bytes + MESSAGE_OVERHEAD <= MAX_SIGNAL_BYTES;
                    let message = Message::text(format!("{from}0{}", text(bytes - 2)));
                    prop_assert_eq!(queue.push_signal(SenderId(from.into()), message), fits);
                    if fits { mine.push_back((number, bytes + MESSAGE_OVERHEAD)); }
                }
                Step::Reliable(from) => {
                    let mine = waiting.entry((from, 1)).or_default();
                    let fits = mine.is_empty() || size(mine) + 300 <= BOUNDS.reliable_bytes;
                    let packet = Bytes::from(format!("{from}1{}", text(298)));
                    prop_assert_eq!(queue.push_reliable(SenderId(from.into()), packet), fits);
                    if fits { mine.push_back((number, 300)); }
                }
                Step::Datagram(from) => {
                    let mine = waiting.entry((from, 2)).or_default();
                    let full = mine.len() == BOUNDS.datagrams;
                    let datagram = Bytes::from(format!("{from}2{}", text(8)));
                    prop_assert_eq!(queue.push_datagram(SenderId(from.into()), datagram), u64::from(full));
                    if full { mine.pop_front(); }
                    mine.push_back((number, 0));
                }
                Step::Read => {
                    let Some(message) = reader.try_next() else {
                        prop_assert!(waiting.values().all(VecDeque::is_empty));
                        continue;
                    };
                    let data = message.into_data();
                    let (from, kind) = (data[0] - b'0', data[1] - b'0');
                    let number = std::str::from_utf8(&data[2..]).unwrap().parse::<usize>().unwrap();
                    let first = waiting.get_mut(&(from, kind)).and_then(VecDeque::pop_front);
                    prop_assert_eq!(first.map(|(number, _)| number), Some(number));
                }
            }
        }
    }
}
