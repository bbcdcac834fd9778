use super::*;

#[test]
fn everybody_in_a_room_is_told_the_roster_in_the_order_they_joined() {
    let mut rooms = Rooms::default();
    assert_eq!(join(&mut rooms, 30, "a", 3), Ok(roster(3, &[30])));
    assert_eq!(join(&mut rooms, 10, "A", 3), Ok(roster(3, &[30, 10])));
    assert_eq!(join(&mut rooms, 20, "a", 3), Ok(roster(3, &[30, 10, 20])));
}

#[test]
fn the_order_is_stable_when_somebody_leaves_and_another_joins() {
    let mut rooms = filled(3, &[1, 2, 3]);
    assert_eq!(rooms.leave(SocketId(2)), Some(roster(3, &[1, 3])));
    assert_eq!(join(&mut rooms, 4, "room", 3), Ok(roster(3, &[1, 3, 4])));
    assert_eq!(rooms.leave(SocketId(1)), Some(roster(3, &[3, 4])));
    assert_eq!(join(&mut rooms, 2, "room", 3), Ok(roster(3, &[3, 4, 2])));
}

#[test]
fn a_full_room_refuses_and_takes_somebody_again_when_a_seat_is_free() {
    let mut rooms = filled(2, &[1, 2]);
    assert_eq!(join(&mut rooms, 3, "room", 2), Err(Refusal::RoomFull { size: 2 }));
    assert_eq!(rooms.leave(SocketId(3)), None);
    rooms.leave(SocketId(1));
    assert_eq!(join(&mut rooms, 3, "room", 2), Ok(roster(2, &[2, 3])));
}

#[test]
fn a_join_with_another_size_is_refused_with_the_size_of_the_room() {
    let mut rooms = filled(3, &[1]);
    assert_eq!(join(&mut rooms, 2, "room", 2), Err(Refusal::RoomSizeDiffers { size: 3 }));
}

#[test]
fn a_key_sits_in_a_room_once_and_hears_so_even_when_the_room_is_full() {
    let mut rooms = filled(2, &[1, 2]);
    let again = rooms.join(SocketId(9), "room", 2, key(1));
    assert_eq!(again, Err(Refusal::AlreadyJoined));
    // Another room knows nothing of it.
    assert!(rooms.join(SocketId(9), "other", 2, key(1)).is_ok());
}

#[test]
fn bad_codes_and_sizes_are_refused_and_leave_nothing_behind() {
    let mut rooms = Rooms::default();
    for code in ["", "a b", "ä", &"x".repeat(33)] {
        assert_eq!(join(&mut rooms, 1, code, 2), Err(Refusal::BadRoomCode), "{code}");
    }
    for size in [0, 1, 9, 255] {
        assert_eq!(join(&mut rooms, 1, "room", size), Err(Refusal::BadRoomSize { size }));
    }
    assert!(rooms.rooms.is_empty() && rooms.seats.is_empty());
}

#[test]
fn a_socket_joins_once() {
    let mut rooms = filled(2, &[1]);
    for room in ["room", "other"] {
        let again = rooms.join(SocketId(1), room, 2, key(7));
        assert_eq!(again, Err(Refusal::OutOfOrder));
    }
}

#[test]
fn a_signal_reaches_its_receiver_under_the_name_of_its_sender() {
    let rooms = filled(3, &[1, 2, 3]);
    let delivery = rooms.signal(SocketId(3), key(1), ConnectionId(5), offer());
    let message =
        ServerMessage::Signal { from: key(3), connection: ConnectionId(5), signal: offer() };
    assert_eq!(delivery, Ok(Some(Delivery { to: vec![SocketId(1)], message })));
}

#[test]
fn a_signal_never_leaves_its_room() {
    let mut rooms = filled(2, &[1, 2]);
    join(&mut rooms, 3, "other", 2).unwrap();
    assert_eq!(rooms.signal(SocketId(3), key(1), ConnectionId(5), offer()), Ok(None));
    assert_eq!(rooms.signal(SocketId(1), key(3), ConnectionId(5), offer()), Ok(None));
    // The same key in two rooms: each room reaches its own.
    rooms.join(SocketId(4), "other", 2, key(1)).unwrap();
    let delivery = rooms.signal(SocketId(3), key(1), ConnectionId(5), offer()).unwrap().unwrap();
    assert_eq!(delivery.to, [SocketId(4)]);
}

#[test]
fn a_signal_to_somebody_who_left_or_to_oneself_is_dropped() {
    let mut rooms = filled(2, &[1, 2]);
    rooms.leave(SocketId(2));
    for to in [1, 2, 9] {
        assert_eq!(rooms.signal(SocketId(1), key(to), ConnectionId(5), offer()), Ok(None));
    }
}

#[test]
fn a_signal_of_somebody_who_is_in_no_room_is_out_of_order() {
    let mut rooms = filled(2, &[1, 2]);
    rooms.leave(SocketId(2));
    for socket in [2, 9] {
        let refused = rooms.signal(SocketId(socket), key(1), ConnectionId(5), offer());
        assert_eq!(refused, Err(Refusal::OutOfOrder));
    }
}

#[test]
fn an_empty_room_is_freed_and_its_code_can_have_another_size() {
    let mut rooms = filled(2, &[1, 2]);
    rooms.leave(SocketId(1));
    assert_eq!(rooms.leave(SocketId(2)), None);
    assert_eq!(rooms.leave(SocketId(2)), None, "leaving twice changes nothing");
    assert!(rooms.rooms.is_empty() && rooms.seats.is_empty());
    assert_eq!(join(&mut rooms, 3, "room", 4), Ok(roster(4, &[3])));
}

/// The peer behind a socket, named alike.
fn key(number: u64) -> PeerKey {
    PeerKey::from_bytes(u128::from(number).to_be_bytes())
}

fn join(rooms: &mut Rooms, number: u64, room: &str, size: u8) -> Result<Delivery, Refusal> {
    rooms.join(SocketId(number), room, size, key(number))
}

fn filled(size: u8, peers: &[u64]) -> Rooms {
    let mut rooms = Rooms::default();
    for peer in peers {
        join(&mut rooms, *peer, "room", size).unwrap();
    }
    rooms
}

fn roster(size: u8, peers: &[u64]) -> Delivery {
    let members = peers.iter().copied().map(key).collect();
    Delivery {
        to: peers.iter().copied().map(SocketId).collect(),
        message: ServerMessage::Roster(Roster { size, members }),
    }
}

fn offer() -> Signal {
    Signal::Offer("v=0".into())
}
