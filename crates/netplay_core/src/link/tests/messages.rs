//! Messages of the game on links: beside inputs, over paths that change, and before there is a connection.

use netplay_protocol::{MessageDelivery, MessageType, MessageTypes};

use super::network::{DIRECT, DOWN, FAST, ON_DIRECT, Outcome, Pair, Wire};
use super::*;
use crate::messages::tests::noise;
use crate::messages::{EncodedMessage, MessageEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn file() -> MessageType {
    let delivery = MessageDelivery::Reliable;
    MessageType { name: "file".into(), version: 1, delivery, max_bytes: 32 * 1024 * 1024 }
}

fn types() -> MessageTypes {
    MessageTypes::new(vec![file()]).unwrap()
}

/// Two ends that have told each other their types. What they say first makes their incarnations known.
fn introduced(mut pair: Pair) -> Pair {
    let types = types();
    for end in 0..2 {
        let link = std::mem::replace(&mut pair.ends[end], link());
        pair.ends[end] = link.with_message_types(Arc::new(types.clone()), pair.now);
        assert!(pair.ends[end].handle_message_types(&types).is_empty());
        let now = pair.now;
        pair.ends[end].send_reliable(now, b"hello".to_vec()).unwrap();
    }
    pair
}

fn send(pair: &mut Pair, from: usize, id: u64, bytes: &[u8]) {
    let message = EncodedMessage::new(&file(), bytes.to_vec()).unwrap();
    pair.ends[from].send_message(0, id, &message).unwrap();
}

fn is_delivered(pair: &Pair, from: usize, id: u64) -> bool {
    pair.message_events[from].contains(&MessageEvent::Delivered { id })
}

/// How long a message takes, in milliseconds.
#[track_caller]
fn until_delivered(pair: &mut Pair, from: usize, id: u64) -> u32 {
    for ms in 0..300_000 {
        if is_delivered(pair, from, id) {
            return ms;
        }
        pair.run(1);
    }
    panic!("not delivered after five minutes: {:?}", pair.ends[from].messages().counters());
}

/// A connection that takes 10 Mbit/s, and 20 ms each way.
const NARROW: Wire = Wire { delay: Duration::from_millis(20), rate: 1250, ..FAST };

/// Of a hundred datagrams, the one that only five take longer than.
fn p95(delays: &[Duration]) -> Duration {
    let mut sorted = delays.to_vec();
    sorted.sort();
    sorted[sorted.len() * 95 / 100]
}

/// By how much a transfer of so many bytes lengthens the round trips of inputs at the 95th percentile, and how many
/// bytes it takes per second.
fn beside_inputs(by_frames: bool, both: bool, bytes: usize) -> (Duration, u64) {
    let mut pair = Pair::new(PathPolicy::Any);
    pair.open(DIRECT, NARROW);
    let mut pair = introduced(pair);
    pair.by_frames = by_frames;
    pair.run(5000);
    let before: Duration = pair.delays.iter().map(|delays| p95(delays)).sum();
    pair.delays = Default::default();
    let message = noise(1, bytes);
    send(&mut pair, 0, 1, &message);
    if both {
        send(&mut pair, 1, 1, &message);
    }
    let took = until_delivered(&mut pair, 0, 1);
    let during: Duration = pair.delays.iter().map(|delays| p95(delays)).sum();
    (during.saturating_sub(before), bytes as u64 * 1000 / u64::from(took))
}

#[test]
fn a_transfer_through_a_bottleneck_lengthens_the_round_trips_of_inputs_by_at_most_20_ms() {
    for (by_frames, both, bytes, least) in [
        (false, false, 1_000_000, 500_000),
        (false, false, 20_000_000, 1_000_000),
        (false, true, 5_000_000, 500_000),
        (true, false, 1_000_000, 200_000),
        (true, false, 10_000_000, 300_000),
        (true, true, 5_000_000, 250_000),
    ] {
        let (longer, per_second) = beside_inputs(by_frames, both, bytes);
        let what = format!("by frames: {by_frames}, both ways: {both}, {bytes} bytes");
        assert!(longer <= MS * 20, "{what}: {longer:?} longer, {per_second} bytes/s");
        assert!(per_second >= least, "{what}: {longer:?} longer, {per_second} bytes/s");
    }
}

#[test]
fn ten_megabytes_arrive_whole_while_the_connection_fails_and_another_one_opens() {
    let lossy = Wire { percent: 90, ..FAST };
    let mut pair = Pair::new(PathPolicy::Any);
    pair.outcome = Some(Outcome::Opens(PathKind::Direct, lossy));
    pair.open(DIRECT, lossy);
    let mut pair = introduced(pair);
    pair.run(1000);
    let message = noise(1, 10_000_000);
    send(&mut pair, 0, 1, &message);
    pair.run(5000);
    assert!(pair.ends[1].messages().incoming().next().unwrap().received > 500_000);
    pair.set(DIRECT, [DOWN; 2]);
    pair.forget();
    until_delivered(&mut pair, 0, 1);
    assert!(!pair.changes[0].is_empty() && pair.primary() == ON_DIRECT, "{:?}", pair.changes);
    let received = MessageEvent::Received { message_type: 0, message };
    assert_eq!(pair.message_events[1].iter().filter(|event| **event == received).count(), 1);
    assert_eq!(pair.message_events[1].len(), 1);
    // Inputs have gone on.
    assert!(pair.longest_gap < MS * 1500, "{:?}", pair.longest_gap);
}

#[test]
fn before_there_is_a_connection_messages_have_the_relay_opened_and_no_longer_than_they_need_it() {
    let mut pair = introduced(Pair::new(PathPolicy::Any));
    pair.run(1000);
    assert_eq!(pair.primary(), [None; 2], "nothing needs it yet");
    send(&mut pair, 0, 1, &noise(1, 100_000));
    let took = until_delivered(&mut pair, 0, 1);
    // 64 KiB per second, and what is sent at once.
    assert!((1000..2500).contains(&took), "{took} ms");
    pair.open(DIRECT, FAST);
    pair.run(20_000);
    assert_eq!(pair.primary(), ON_DIRECT);
    assert!(pair.ends.iter().all(|end| end.messages().counters().bytes_sent < 130_000));
}

#[test]
fn a_policy_without_the_relay_has_messages_wait_for_a_connection() {
    let mut pair = introduced(Pair::new(PathPolicy::Direct));
    send(&mut pair, 0, 1, b"hello");
    pair.run(2000);
    assert_eq!(pair.primary(), [None; 2]);
    pair.open(DIRECT, FAST);
    assert!(until_delivered(&mut pair, 0, 1) < 1000);
}

#[test]
fn control_messages_and_inputs_overtake_a_transfer() {
    let mut pair = introduced(Pair::connected(PathPolicy::Any));
    pair.run(100);
    send(&mut pair, 0, 1, &noise(1, 1_000_000));
    let now = pair.now;
    pair.ends[0].send(now, 1, b"input", true).unwrap();
    let first = pair.ends[0].poll_transmit().unwrap();
    assert!(first.packet.ends_with(b"input"), "messages are not among what goes first");
    assert!(pair.ends[0].poll_message_packet(now).is_some());
}

#[test]
fn a_transport_that_is_full_is_given_no_message_and_is_filled_when_it_is_not() {
    let mut pair = introduced(Pair::connected(PathPolicy::Any));
    pair.run(100);
    send(&mut pair, 0, 1, &noise(1, 1_000_000));
    pair.set(DIRECT, [Wire { waiting: 100_000, ..FAST }; 2]);
    pair.run(200);
    let sent = pair.ends[0].messages().counters().bytes_sent;
    assert_eq!(sent, 0, "inputs would wait behind it");
    pair.set(DIRECT, [FAST; 2]);
    assert!(until_delivered(&mut pair, 0, 1) < 1000);
}
