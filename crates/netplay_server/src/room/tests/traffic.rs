//! Signals and relays.

use super::super::traffic::Route;
use super::*;

#[test]
fn a_signal_reaches_its_receiver_with_the_key_of_its_sender() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    let delivery = message(&[1], signaled(3, "v=0"));
    assert_eq!(test.signal(3, 1, "v=0"), Ok(SignalOutcome::Sent));
    assert_eq!(test.sent(), [delivery]);
}

#[test]
fn a_signal_to_no_member_or_to_its_sender_is_dropped_and_one_from_outside_is_out_of_order() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    assert_eq!(test.signal(1, 1, "v=0"), Ok(SignalOutcome::NoReceiver));
    assert_eq!(test.signal(1, 9, "v=0"), Ok(SignalOutcome::NoReceiver));
    assert_eq!(test.signal(9, 1, "v=0"), Err(Refusal::OutOfOrder));
    test.disconnect(2);
    assert_eq!(test.signal(2, 1, "v=0"), Err(Refusal::OutOfOrder));
    test.pass(GRACE);
    test.time_out();
    assert_eq!(test.signal(1, 2, "v=0"), Ok(SignalOutcome::NoReceiver));
}

#[test]
fn a_relay_carries_packets_only_while_it_is_open() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    assert_eq!(test.room.relay_route(SocketId(1), key(2)), None);
    let sent = test.relay(1, 2, true).unwrap();
    let open = |from, open| ServerMessage::Relay { from: key(from), open };
    assert_eq!(sent, [message(&[2], open(1, true))]);
    let route = Route { from: key(1), to: SocketId(2) };
    assert_eq!(test.room.relay_route(SocketId(1), key(2)), Some(route));
    assert_eq!(
        test.room.relay_route(SocketId(2), key(1)),
        None,
        "each direction is opened on its own"
    );
    assert_eq!(test.room.relay_route(SocketId(1), key(3)), None);
    let sent = test.relay(1, 2, false).unwrap();
    assert_eq!(sent, [message(&[2], open(1, false))]);
    assert_eq!(test.room.relay_route(SocketId(1), key(2)), None);
    for no_member in [1, 9] {
        assert_eq!(test.relay(1, no_member, true), Ok(vec![]));
        assert_eq!(test.room.relay_route(SocketId(1), key(no_member)), None);
    }
    assert_eq!(test.relay(9, 1, true), Err(Refusal::OutOfOrder));
}

#[test]
fn a_relay_outlives_a_lost_socket_and_ends_with_the_membership() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    test.relay(1, 2, true).unwrap();
    test.disconnect(2);
    assert_eq!(test.room.relay_route(SocketId(1), key(2)), None);
    let received = test.resume(2, 22).unwrap();
    let opened = ServerMessage::Relay { from: key(1), open: true };
    assert_eq!(received.last(), Some(&message(&[22], opened)));
    assert!(test.room.relay_route(SocketId(1), key(2)).is_some());
    test.leave(22);
    test.join(2).unwrap();
    assert_eq!(test.room.relay_route(SocketId(1), key(2)), None);
}
