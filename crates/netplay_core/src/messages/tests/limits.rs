//! What is not sent, and what waits.

use netplay_protocol::{MessageDelivery, MessageType, MessageTypes};

use super::ends::*;
use crate::messages::{MessageError, TypeMismatch};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn types_that_only_one_knows_or_in_another_version_are_not_sent_and_the_others_are() {
    let reliable = |name| message_type(name, MessageDelivery::Reliable, 100);
    let local = vec![reliable("a"), reliable("b"), reliable("c"), reliable("d")];
    let theirs = vec![
        MessageType { delivery: MessageDelivery::Latest, ..reliable("d") },
        MessageType { version: 2, ..reliable("b") },
        reliable("a"),
        reliable("e"),
    ];
    let mut ends = Ends::new([local, theirs].map(|it| MessageTypes::new(it).unwrap()));
    let ids = 0..4;
    for number in ids.clone() {
        ends.send(number, number.into(), b"early".to_vec()).unwrap();
    }
    let [mismatches, _] = ends.tell_types();
    let kind = MessageDelivery::Reliable;
    let mismatch = |name: &str, peer| TypeMismatch { name: name.into(), local: (1, kind), peer };
    let expected = [
        mismatch("b", Some((2, kind))),
        mismatch("c", None),
        mismatch("d", Some((1, MessageDelivery::Latest))),
    ];
    assert_eq!(mismatches, expected);
    ends.run_until("the one that both know has arrived", |ends| ends.delivered() == [0]);
    assert_eq!(ends.failed(), [1, 2, 3].map(|id| (id, MessageError::NotKnown)));
    for number in ids.skip(1) {
        assert_eq!(ends.send(number, 9, vec![]), Err(MessageError::NotKnown));
    }
    assert_eq!(ends.received().len(), 1);
    assert!(!ends.ends[1].is_muted());
}

#[test]
fn the_order_of_registration_makes_no_difference() {
    let reliable = |name| message_type(name, MessageDelivery::Reliable, 100);
    let names = ["x", "y", "z"];
    let there = names.map(reliable).to_vec();
    let back = there.iter().rev().cloned().collect();
    let mut ends = Ends::new([there, back].map(|it| MessageTypes::new(it).unwrap()));
    assert_eq!(ends.tell_types(), [vec![], vec![]]);
    for (number, name) in (0..).zip(names) {
        ends.send(number, number.into(), name.into()).unwrap();
    }
    ends.run_until("all have arrived", |ends| ends.delivered().len() == 3);
    let names: Vec<_> =
        ends.received().into_iter().map(|(number, it)| (number, it.to_vec())).collect();
    for (number, name) in names {
        assert_eq!(ends.types[1].get(number).unwrap().name.as_bytes(), name);
    }
}

#[test]
fn a_message_is_as_long_as_both_allow() {
    let file = |max_bytes| message_type("file", MessageDelivery::Reliable, max_bytes);
    let mut ends = Ends::new([2000, 1000].map(|most| MessageTypes::new(vec![file(most)]).unwrap()));
    assert_eq!(
        ends.send(0, 1, noise(1, 2001)),
        Err(MessageError::TooLong { bytes: 2001, most: 2000 })
    );
    ends.send(0, 1, noise(1, 2000)).unwrap();
    ends.send(0, 2, noise(2, 1000)).unwrap();
    ends.tell_types();
    ends.run_until("the shorter one has arrived", |ends| ends.delivered() == [2]);
    assert_eq!(ends.failed(), [(1, MessageError::TooLong { bytes: 2000, most: 1000 })]);
    let refused = Err(MessageError::TooLong { bytes: 1001, most: 1000 });
    assert_eq!(ends.send(0, 3, noise(1, 1001)), refused);
}

#[test]
fn what_waits_for_an_acknowledgement_is_bounded() {
    let mut ends = Ends::new([types(), types()]);
    let taken = (0..10_000).take_while(|id| ends.send(CHAT, *id, vec![]).is_ok()).count();
    assert_eq!(taken, 4096);
    assert_eq!(ends.send(CHAT, 0, vec![]), Err(MessageError::QueueFull));
    let mut ends = Ends::new([types(), types()]);
    let file = noise(1, FILE_BYTES as usize);
    let taken = (0..10).take_while(|id| ends.send(FILE, *id, file.clone()).is_ok()).count();
    assert_eq!(taken, 3);
}

#[test]
fn a_game_that_takes_no_messages_holds_up_the_sender_and_goes_on_later() {
    let mut ends = Ends::ready();
    (ends.takes, ends.delay) = (false, MS);
    let file = noise(1, 3_000_000);
    (0..12).for_each(|id| ends.send(FILE, id, file.clone()).unwrap());
    ends.run(30_000);
    let memory = ends.ends[1].incoming.memory();
    // One message more than are allowed to wait, and what was on its way.
    assert!((16_000_000..24_000_000).contains(&memory), "{memory}");
    assert!(ends.delivered().len() < 9, "{:?}", ends.delivered());
    ends.takes = true;
    ends.run_until("all have arrived", |ends| ends.delivered().len() == 12);
    assert!(ends.received().iter().all(|it| *it == (FILE, &file[..])));
}

#[test]
fn through_the_relay_little_is_sent() {
    let mut ends = Ends::ready();
    ends.path = crate::path::PathId::RELAY;
    ends.send(FILE, 1, noise(1, 1_000_000)).unwrap();
    ends.run(10_000);
    let sent = ends.ends[0].counters().bytes_sent;
    assert!((600_000..680_000).contains(&sent), "{sent}");
    // A connection opens.
    ends.path = crate::path::PathId(8);
    ends.run(1000);
    assert_eq!(ends.delivered(), [1]);
}

#[test]
fn while_the_transport_has_much_to_send_nothing_is_added() {
    use crate::messages::MessagePath;
    let mut ends = Ends::ready();
    ends.send(CHAT, 1, b"hello".to_vec()).unwrap();
    let path = |buffered| MessagePath { id: ends.path, buffered, incarnations: (1, 1) };
    let [full, free] = [path(100_000), path(0)];
    assert!(ends.ends[0].poll_packet(MS, full).is_none());
    assert!(ends.ends[0].poll_packet(MS, free).is_some());
}
