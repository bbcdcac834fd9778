//! Every reason for not being admitted to a room is a sentence.

use std::io::Read;
use std::net::TcpListener;

use netplay_protocol::signaling::Refusal;
use netplay_transport::{LeaveReason, Transport};

use crate::support::{Peer, ends, nowhere, request, server, until};

#[test]
fn a_server_that_is_not_there_is_named() {
    let address = nowhere();
    let reason = ends(request(&address, 1, 2));
    assert!(matches!(&reason, LeaveReason::Unreachable { server, .. } if *server == address));
    assert!(reason.to_string().contains("check the address"), "{reason}");
}

#[test]
fn a_server_that_speaks_something_else_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    let closes = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        // Reads the request, answers nothing and closes.
        let _ = socket.read(&mut [0; 64]);
    });
    assert!(matches!(ends(request(&address, 1, 2)), LeaveReason::Unreachable { .. }));
    closes.join().unwrap();
}

#[test]
fn what_is_no_address_is_refused_without_a_connection() {
    assert_eq!(ends(request("localhost", 1, 2)), LeaveReason::BadAddress("localhost".into()));
}

#[test]
fn a_full_room_refuses_the_next_and_keeps_the_others() {
    let server = server();
    let mut pair = [1, 2].map(|n| Peer::join(request(&server.url(), n, 2)));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    let refused = LeaveReason::Refused(Refusal::RoomFull { size: 2 });
    assert_eq!(ends(request(&server.url(), 3, 2)), refused);
    first.poll();
    assert_eq!(first.left(), None);
}

#[test]
fn the_same_key_twice_and_another_size_are_refused() {
    let server = server();
    let mut first = Peer::join(request(&server.url(), 1, 3));
    until(&mut [&mut first], |peers| peers[0].roster().is_some());
    assert_eq!(ends(request(&server.url(), 1, 3)), LeaveReason::Refused(Refusal::AlreadyJoined));
    let differs = LeaveReason::Refused(Refusal::RoomSizeDiffers { size: 3, asked: 2 });
    assert_eq!(ends(request(&server.url(), 2, 2)), differs);
    let size = LeaveReason::Refused(Refusal::BadRoomSize { size: 9 });
    assert_eq!(ends(request(&server.url(), 2, 9)), size);
}

#[test]
fn leaving_is_told_to_the_others_and_ends_with_the_event() {
    let server = server();
    let mut first = Peer::join(request(&server.url(), 1, 2));
    until(&mut [&mut first], |peers| peers[0].roster().is_some());
    let mut second = Peer::join(request(&server.url(), 2, 2));
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    second.transport.leave();
    until(&mut [&mut first, &mut second], |peers| {
        let alone = peers[0].roster().is_some_and(|roster| roster.members.len() == 1);
        alone && peers[1].left() == Some(&LeaveReason::Requested)
    });
}
