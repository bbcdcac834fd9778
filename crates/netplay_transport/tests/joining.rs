//! Joining rooms: by code, by password, from the queue.

use netplay_protocol::signaling::{Entry, GameInfo, Refusal};
use netplay_server::{AuthConfig, AuthMode, ServerConfig};
use netplay_transport::{JoinRequest, LeaveReason, Transport, TransportEvent, TransportRequest};

use crate::support::{Peer, ends, patient, request, server, server_with, until};

fn code(peer: &Peer) -> Option<String> {
    peer.events.iter().find_map(|event| match event {
        TransportEvent::Joined { room, .. } => Some(room.to_string()),
        _ => None,
    })
}

#[test]
fn a_room_that_the_server_named_is_found_by_its_name() {
    let server = server();
    let mut first = Peer::join(JoinRequest { entry: Entry::New, ..request(&server.url(), 1, 2) });
    until(&mut [&mut first], |peers| code(peers[0]).is_some());
    let entry = Entry::Existing(code(&first).unwrap());
    let mut second = Peer::join(JoinRequest { entry, ..request(&server.url(), 2, 2) });
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    let entry = Entry::Existing("NOSUCH".into());
    let nowhere = ends(JoinRequest { entry, ..request(&server.url(), 3, 2) });
    assert_eq!(nowhere, LeaveReason::Refused(Refusal::NoSuchRoom));
}

#[test]
fn a_guest_without_a_size_is_told_the_size_of_the_room() {
    let server = server();
    let mut host = Peer::join(request(&server.url(), 1, 4));
    until(&mut [&mut host], |peers| peers[0].roster().is_some());
    let mut guest = Peer::join(JoinRequest { size: None, ..request(&server.url(), 2, 4) });
    until(&mut [&mut host, &mut guest], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    let told = |event: &TransportEvent| matches!(event, TransportEvent::Joined { size: 4, .. });
    assert!(guest.events.iter().any(told), "{:?}", guest.events);
}

#[test]
fn a_password_admits_those_who_know_it_and_nobody_learns_that_there_is_a_room() {
    let server = server();
    let with = |n, password: &str| JoinRequest {
        password: (!password.is_empty()).then(|| password.into()),
        ..request(&server.url(), n, 2)
    };
    let mut first = Peer::join(with(1, "hunter2"));
    until(&mut [&mut first], |peers| peers[0].roster().is_some());
    for wrong in ["", "hunter3"] {
        assert_eq!(ends(with(2, wrong)), LeaveReason::Refused(Refusal::NoSuchRoom));
    }
    let mut second = Peer::join(with(2, "hunter2"));
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
}

#[test]
fn a_server_that_wants_passwords_or_tokens_says_so() {
    let auth = AuthConfig { mode: AuthMode::Password, ..Default::default() };
    let server = server_with(ServerConfig { auth, ..patient() });
    let reason = ends(request(&server.url(), 1, 2));
    assert_eq!(reason, LeaveReason::Refused(Refusal::PasswordRequired));
    let auth = AuthConfig {
        mode: AuthMode::Token,
        token_secret: Some("a secret of sixteen letters".into()),
        ..Default::default()
    };
    let server = server_with(ServerConfig { auth, ..patient() });
    for token in [None, Some("nonsense".into())] {
        let reason = ends(JoinRequest { token, ..request(&server.url(), 1, 2) });
        assert!(matches!(reason, LeaveReason::Refused(Refusal::Unauthorized { .. })), "{reason}");
    }
}

#[test]
fn those_who_wait_for_the_same_are_brought_together() {
    let server = server();
    let waiting = |n, mode: &str| {
        let game = GameInfo { mode: mode.into(), ..Default::default() };
        let entry = Entry::Queue { skill: Some(1000) };
        Peer::join(JoinRequest { entry, game, ..request(&server.url(), n, 2) })
    };
    let mut other = waiting(3, "ranked");
    let mut first = waiting(1, "casual");
    let queued =
        |peer: &Peer| peer.count(|event| *event == TransportEvent::Queued { waiting: 1 }) == 1;
    until(&mut [&mut other, &mut first], |peers| queued(peers[0]) && queued(peers[1]));
    let mut second = waiting(2, "casual");
    until(&mut [&mut first, &mut second, &mut other], |peers| {
        peers[0].is_up(2) && peers[1].is_up(1)
    });
    assert_eq!(code(&first), code(&second));
    assert_eq!(code(&other), None);
    other.transport.leave();
    until(&mut [&mut other], |peers| peers[0].left().is_some());
}

#[test]
fn nobody_comes_into_a_running_match_or_into_another_game() {
    let server = server();
    let mut first = Peer::join(request(&server.url(), 1, 2));
    until(&mut [&mut first], |peers| peers[0].roster().is_some());
    let game = GameInfo { game: "chess".into(), ..Default::default() };
    let other = ends(JoinRequest { game, ..request(&server.url(), 2, 2) });
    assert!(matches!(other, LeaveReason::Refused(Refusal::GameDiffers { .. })), "{other}");
    first.transport.request(TransportRequest::Playing(true));
    // Only the server knows when it has received that. Until then it admits others.
    for _ in 0..1000 {
        let mut second = Peer::join(request(&server.url(), 2, 2));
        until(&mut [&mut first, &mut second], |peers| {
            peers[1].left().is_some() || peers[1].roster().is_some()
        });
        if let Some(reason) = second.left() {
            assert_eq!(*reason, LeaveReason::Refused(Refusal::Locked));
            return;
        }
        second.transport.leave();
        until(&mut [&mut first, &mut second], |peers| peers[1].left().is_some());
    }
    panic!("a thousand players joined a room whose match runs");
}
