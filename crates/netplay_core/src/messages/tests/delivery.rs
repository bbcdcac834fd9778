//! Every message arrives once, whole and in order, whatever the network does.

use super::ends::*;
use crate::messages::{MessageError, MessageEvent};
use crate::path::PathId;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn ten_megabytes_over_ten_percent_loss_with_a_path_switch_arrive_once_and_whole() {
    let mut ends = Ends::ready();
    (ends.loss, ends.jitter) = (0.1, MS * 4);
    let file = noise(1, 10_000_000);
    ends.send(FILE, 1, file.clone()).unwrap();
    let progress = |ends: &Ends| ends.ends[1].incoming().next().map_or(0, |it| it.received);
    ends.run_until("a third has come", |ends| progress(ends) > 3_000_000);
    ends.path = PathId(8);
    // What is said meanwhile does not wait for the file.
    ends.send(CHAT, 2, b"hello".to_vec()).unwrap();
    ends.run_until("the word has come", |ends| !ends.received().is_empty());
    assert!(progress(&ends) < 4_000_000);
    ends.run_until("it has arrived", |ends| ends.delivered().contains(&1));
    assert_eq!(ends.received(), [(CHAT, &b"hello"[..]), (FILE, &file[..])]);
    assert_eq!((ends.delivered(), ends.failed()), (vec![2, 1], vec![]));
    // Nothing follows.
    ends.run(5000);
    assert_eq!(ends.received().len(), 2);
    assert!(!ends.ends[0].is_active(ends.now) && !ends.ends[1].is_active(ends.now));
}

#[test]
fn both_sides_see_the_progress() {
    let mut ends = Ends::ready();
    ends.send(FILE, 5, noise(1, 1_000_000)).unwrap();
    let (mut acknowledged, mut received) = (vec![0], vec![0]);
    while ends.delivered().is_empty() {
        ends.run(10);
        if let Some(it) = ends.ends[0].outgoing().next() {
            assert_eq!((it.id, it.message_type, it.total), (5, FILE, 1_000_008));
            acknowledged.push(it.acknowledged);
        }
        if let Some(it) = ends.ends[1].incoming().next() {
            assert_eq!((it.message_type, it.total), (FILE, 1_000_000));
            received.push(it.received);
        }
    }
    for progress in [acknowledged.iter().map(|it| *it as usize).collect(), received] {
        let steps: Vec<usize> = progress;
        assert!(
            steps.is_sorted() && steps.len() > 10 && steps[steps.len() - 1] > 500_000,
            "{steps:?}"
        );
    }
    assert_eq!((ends.ends[0].outgoing().count(), ends.ends[1].incoming().count()), (0, 0));
}

#[test]
fn messages_of_a_type_arrive_in_order_over_a_network_that_loses_and_reorders() {
    let mut ends = Ends::ready();
    (ends.loss, ends.jitter) = (0.2, MS * 40);
    let message = |number: u64| noise(number, (number * 37 % 1000) as usize);
    for number in 0..500 {
        ends.send(CHAT, number, message(number)).unwrap();
        if number % 10 == 0 {
            ends.run(7);
        }
    }
    ends.run_until("all have arrived", |ends| ends.delivered().len() == 500);
    assert_eq!(ends.delivered(), (0..500).collect::<Vec<_>>());
    let received = ends.received();
    assert_eq!(received.len(), 500);
    for (number, (message_type, bytes)) in received.into_iter().enumerate() {
        assert_eq!((message_type, bytes), (CHAT, &message(number as u64)[..]), "{number}");
    }
    assert!(ends.ends[0].counters().bytes_resent > 0);
}

#[test]
fn a_short_message_is_sent_at_once() {
    let mut ends = Ends::ready();
    ends.send(CHAT, 1, vec![1; 100]).unwrap();
    ends.run(21);
    assert_eq!(ends.received().len(), 1);
    ends.run(20);
    assert_eq!(ends.delivered(), [1]);
}

#[test]
fn what_can_be_compressed_travels_compressed() {
    let mut ends = Ends::ready();
    let text = "all work and no play ".repeat(50_000).into_bytes();
    ends.send(FILE, 1, text.clone()).unwrap();
    ends.run_until("it has arrived", |ends| ends.delivered() == [1]);
    assert_eq!(ends.received(), [(FILE, &text[..])]);
    assert!(ends.ends[0].counters().bytes_sent < 50_000, "{:?}", ends.ends[0].counters());
}

#[test]
fn a_sender_of_what_takes_much_to_decompress_is_held_up() {
    let mut ends = Ends::ready();
    let zeros = vec![0; FILE_BYTES as usize];
    (0..8).for_each(|id| ends.send(FILE, id, zeros.clone()).unwrap());
    ends.run_until("all have arrived", |ends| ends.delivered().len() == 8);
    // 64 MiB at once, one more, and 64 MiB per second.
    assert!((MS * 700..MS * 3000).contains(&ends.now), "{:?}", ends.now);
    assert!(ends.received().iter().all(|(_, message)| *message == zeros));
    assert_eq!(ends.received().len(), 8);
}

#[test]
fn of_a_latest_only_type_the_latest_arrives_and_none_after_a_newer_one() {
    let mut ends = Ends::ready();
    (ends.loss, ends.jitter) = (0.3, MS * 50);
    for number in 0..200u32 {
        ends.send(POSITION, 0, number.to_le_bytes().to_vec()).unwrap();
        ends.run(4);
    }
    ends.run(3000);
    let received: Vec<u32> = ends
        .received()
        .into_iter()
        .map(|(_, bytes)| u32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert!(received.is_sorted_by(|a, b| a < b), "{received:?}");
    assert!((20..200).contains(&received.len()), "{received:?}");
    assert_eq!(received.last(), Some(&199));
    assert!(ends.events[0].is_empty(), "nothing is told of them");
}

#[test]
fn a_restart_ends_what_was_on_its_way_with_an_error_and_what_follows_arrives() {
    let mut ends = Ends::ready();
    ends.send(CHAT, 1, b"before".to_vec()).unwrap();
    ends.run(100);
    ends.send(FILE, 2, noise(1, 1_000_000)).unwrap();
    ends.send(CHAT, 3, b"between".to_vec()).unwrap();
    ends.run(10);
    ends.restart();
    let failed = [2, 3].map(|id| (id, MessageError::PeerRestarted));
    ends.run(1);
    assert_eq!(ends.failed().len(), 2);
    assert!(failed.iter().all(|it| ends.failed().contains(it)), "{:?}", ends.failed());
    ends.tell_types();
    ends.send(CHAT, 4, b"after".to_vec()).unwrap();
    ends.run_until("it has arrived", |ends| ends.delivered() == [1, 4]);
    let received = ends.received();
    assert_eq!(received, [(CHAT, &b"before"[..]), (CHAT, b"after")]);
}

#[test]
fn what_waits_for_the_types_of_the_peer_is_sent_when_they_are_told() {
    let mut ends = Ends::new([types(), types()]);
    ends.send(CHAT, 1, b"early".to_vec()).unwrap();
    ends.run(100);
    assert_eq!(ends.ends[0].counters().bytes_sent, 0);
    assert!(ends.ends[0].waits());
    ends.tell_types();
    ends.run_until("it has arrived", |ends| ends.delivered() == [1]);
    assert!(matches!(ends.events[1][..], [MessageEvent::Received { .. }]));
}
