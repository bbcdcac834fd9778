//! Joining, leaving and refusals.

use super::*;

#[test]
fn each_peer_is_welcomed_and_all_receive_the_roster_in_the_order_of_joining() {
    let mut test = TestRoom::new(3);
    assert_eq!(test.join(30), Ok(vec![test.welcome(30), test.roster(1, &[30], &[30])]));
    assert_eq!(test.join(10), Ok(vec![test.welcome(10), test.roster(2, &[30, 10], &[30, 10])]));
    let all = [30, 10, 20];
    assert_eq!(test.join(20), Ok(vec![test.welcome(20), test.roster(3, &all, &all)]));
}

#[test]
fn the_order_is_stable_when_a_member_leaves_and_another_joins() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    let left = test.leave(2);
    assert_eq!(left, [presence(2, Presence::Left, &[1, 3]), test.roster(4, &[1, 3], &[1, 3])]);
    test.join(4).unwrap();
    test.leave(1);
    test.join(2).unwrap();
    assert_eq!(test.members(), [3, 4, 2]);
}

#[test]
fn a_full_room_refuses_peers_until_a_member_leaves() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    assert_eq!(test.join(3), Err(Refusal::RoomFull { size: 2 }));
    assert_eq!(test.leave(3), []);
    test.leave(1);
    assert!(test.join(3).is_ok());
}

#[test]
fn a_peer_with_another_size_or_game_is_refused() {
    let mut test = TestRoom::filled(3, &[1]);
    let other_size = JoinRequest { size: Some(2), ..join_request(2, 3) };
    assert_eq!(test.enter(other_size), Err(Refusal::RoomSizeDiffers { size: 3, asked: 2 }));
    for game in [
        GameInfo { game: "other".into(), ..GameInfo::default() },
        GameInfo { version: "2".into(), ..GameInfo::default() },
        GameInfo { mode: "ranked".into(), ..GameInfo::default() },
    ] {
        let refused = test.enter(JoinRequest { game, ..join_request(2, 3) });
        assert_eq!(refused, Err(Refusal::GameDiffers { game: GameInfo::default() }));
    }
}

#[test]
fn a_peer_that_asks_for_another_least_number_is_refused() {
    let room = new_room(4, RoomOptions::default());
    let mut test = TestRoom { room: room.starting_with(Some(2)), ..TestRoom::new(4) };
    let with = |number, least| JoinRequest { least, ..join_request(number, 4) };
    assert!(test.enter(with(1, Some(2))).is_ok());
    for asked in [None, Some(3)] {
        let refused = Refusal::RoomStartDiffers { least: Some(2), asked };
        assert_eq!(test.enter(with(2, asked)), Err(refused));
    }
    assert!(test.enter(JoinRequest { size: None, ..with(2, None) }).is_ok());
}

#[test]
fn a_peer_without_a_size_takes_the_room_as_it_is() {
    let mut test = TestRoom::filled(3, &[1]);
    let welcomed = test.enter(JoinRequest { size: None, ..join_request(2, 3) }).unwrap();
    assert_eq!(welcomed[0], test.welcome(2));
    assert_eq!(test.members(), [1, 2]);
}

#[test]
fn a_wrong_password_is_refused_as_an_unknown_room_whatever_else_is_wrong() {
    let digest = |byte| Some(PasswordDigest::for_tests(byte));
    let mut test = TestRoom {
        room: Room { password: digest(1), ..new_room(2, RoomOptions::default()) },
        ..TestRoom::new(2)
    };
    let with = |number, password| JoinRequest { password, ..join_request(number, 2) };
    assert!(test.enter(with(1, digest(1))).is_ok());
    for password in [None, digest(2)] {
        assert_eq!(test.enter(with(2, password)), Err(Refusal::NoSuchRoom));
        let wrong = JoinRequest { size: Some(5), ..with(1, password) };
        assert_eq!(test.enter(wrong), Err(Refusal::NoSuchRoom));
    }
    assert!(test.enter(with(2, digest(1))).is_ok());
    assert_eq!(test.enter(with(3, digest(2))), Err(Refusal::NoSuchRoom));
    assert_eq!(test.enter(with(3, digest(1))), Err(Refusal::RoomFull { size: 2 }));

    let mut open = TestRoom::filled(2, &[1]);
    assert_eq!(open.enter(with(2, digest(1))), Err(Refusal::NoSuchRoom));
}

#[test]
fn a_key_is_in_a_room_once_even_while_it_is_away() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    let again = JoinRequest { socket: SocketId(9), ..join_request(1, 2) };
    assert_eq!(test.enter(again.clone()), Err(Refusal::AlreadyJoined));
    test.disconnect(1);
    assert_eq!(test.enter(again), Err(Refusal::AlreadyJoined));
}

#[test]
fn no_new_peer_is_admitted_while_a_member_is_playing() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    test.room.handle_playing(SocketId(1), true).unwrap();
    test.room.handle_playing(SocketId(2), true).unwrap();
    test.leave(3);
    assert_eq!(test.join(4), Err(Refusal::Locked));
    test.room.handle_playing(SocketId(1), false).unwrap();
    assert_eq!(test.join(4), Err(Refusal::Locked));
    // A disconnected member is still in its match. One that left is not.
    test.disconnect(2);
    assert_eq!(test.join(4), Err(Refusal::Locked));
    test.pass(GRACE);
    test.time_out();
    assert!(test.join(4).is_ok());
    assert_eq!(test.room.handle_playing(SocketId(9), true), Err(Refusal::OutOfOrder));
}

#[test]
fn the_players_that_a_peer_brings_have_places() {
    let mut test = TestRoom::new(4);
    let with = |number, players| JoinRequest { players, ..join_request(number, 4) };
    for players in [0, 4, 5] {
        let refused = Err(Refusal::BadLocalPlayers { players, size: 4 });
        assert_eq!(test.enter(with(1, players)), refused);
    }
    assert!(test.enter(with(1, 2)).is_ok());
    assert_eq!(test.enter(with(2, 3)), Err(Refusal::RoomFull { size: 4 }));
    assert!(test.enter(with(3, 1)).is_ok());
    let deliveries = test.enter(with(4, 1)).unwrap();
    let roster = Roster { players: vec![2, 1, 1], ..Roster::new(4, [1, 3, 4].map(key).to_vec()) };
    let is_roster = |it: &Delivery| matches!(&it.outgoing, Outgoing::Message(ServerMessage::Roster { roster: it, .. }) if *it == roster);
    assert!(deliveries.iter().any(is_roster), "{deliveries:?}");
    assert_eq!(test.enter(with(5, 1)), Err(Refusal::RoomFull { size: 4 }));
}
