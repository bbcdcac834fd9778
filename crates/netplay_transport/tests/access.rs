//! Who is in: members that others remove, and the list of public rooms.

use netplay_protocol::signaling::{
    Entry, KickRule, ListRooms, Listing, Refusal, RoomOptions, RoomPage, RoomState,
};
use netplay_transport::rtc::RoomListTask;
use netplay_transport::{JoinRequest, LeaveReason, Transport, TransportEvent, TransportRequest};

use crate::support::{Peer, ends, key, nowhere, request, server, until, wait_until};

fn list(servers: &[String], before: Option<u64>) -> Result<RoomPage, LeaveReason> {
    let request = ListRooms {
        version: 0,
        game: String::new(),
        game_version: String::new(),
        mode: None,
        before,
    };
    let mut task = RoomListTask::start(servers.to_vec(), request);
    let mut outcome = None;
    wait_until(|| {
        outcome = outcome.take().or_else(|| task.poll());
        outcome.is_some()
    });
    assert_eq!(task.poll(), None, "it was told once");
    outcome.unwrap()
}

#[test]
fn a_member_that_was_removed_is_out_although_it_has_a_connection() {
    let server = server();
    let mut host = Peer::join(request(&server.url(), 1, 3));
    until(&mut [&mut host], |peers| peers[0].roster().is_some());
    let mut guest = Peer::join(request(&server.url(), 2, 3));
    until(&mut [&mut host, &mut guest], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    // A guest removes nobody.
    guest.transport.request(TransportRequest::Kick { peer: key(1), ban: true });
    host.transport.request(TransportRequest::Kick { peer: key(2), ban: false });
    let kicked = LeaveReason::Refused(Refusal::Kicked { banned: false });
    until(&mut [&mut host, &mut guest], |peers| peers[1].left() == Some(&kicked));
    let told = TransportEvent::Kicked { peer: key(2), banned: false };
    until(&mut [&mut host], |peers| peers[0].events.contains(&told));
    assert_eq!(host.left(), None);
}

#[test]
fn who_was_forgotten_and_joins_again_is_heard_when_it_attempts_first() {
    let server = server();
    let mut host = Peer::join_quietly(request(&server.url(), 1, 3));
    until(&mut [&mut host], |peers| peers[0].roster().is_some());
    let mut guest = Peer::join_quietly(request(&server.url(), 2, 3));
    until(&mut [&mut host, &mut guest], |peers| {
        peers.iter().all(|peer| peer.roster().is_some_and(|roster| roster.members.len() == 2))
    });
    guest.transport.leave();
    until(&mut [&mut host, &mut guest], |peers| {
        peers[0].roster().is_some_and(|roster| roster.members.len() == 1)
    });
    host.transport.request(TransportRequest::Forget(key(2)));
    let mut again = Peer::join_quietly(request(&server.url(), 2, 3));
    until(&mut [&mut host, &mut again], |peers| {
        peers.iter().all(|peer| peer.roster().is_some_and(|roster| roster.members.len() == 2))
    });
    again.transport.request(TransportRequest::Attempt(key(1)));
    until(&mut [&mut host, &mut again], |peers| peers[0].is_up(2) && peers[1].is_up(1));
}

#[test]
fn a_closed_room_is_told_to_all_and_admits_nobody() {
    let server = server();
    let options = RoomOptions { kick: KickRule::Vote, public: None };
    let mut host =
        Peer::join(JoinRequest { room_options: options, ..request(&server.url(), 1, 3) });
    until(&mut [&mut host], |peers| peers[0].roster().is_some());
    let mut guest = Peer::join(request(&server.url(), 2, 3));
    let state = |open| {
        let state = RoomState { open, kick: KickRule::Vote, ..RoomState::default() };
        TransportEvent::RoomState(state)
    };
    until(&mut [&mut host, &mut guest], |peers| {
        peers.iter().all(|peer| peer.events.contains(&state(true)))
    });
    host.transport.request(TransportRequest::Open(false));
    until(&mut [&mut host, &mut guest], |peers| {
        peers.iter().all(|peer| peer.events.contains(&state(false)))
    });
    let refused = LeaveReason::Refused(Refusal::RoomClosed);
    assert_eq!(ends(request(&server.url(), 3, 3)), refused);
}

#[test]
fn the_list_is_read_from_the_first_server_that_is_there() {
    let server = server();
    assert_eq!(list(&[nowhere(), server.url()], None), Ok(RoomPage::default()));
    let listing = Listing { name: "Fri\u{202e}day".into(), info: "map 3".into() };
    let room_options = RoomOptions { public: Some(listing), ..RoomOptions::default() };
    let mut host = Peer::join(JoinRequest { room_options, ..request(&server.url(), 1, 3) });
    until(&mut [&mut host], |peers| peers[0].roster().is_some());
    let page = list(&[server.url()], None).unwrap();
    let room = &page.rooms[0];
    assert_eq!((page.rooms.len(), room.listing.name.as_str(), room.players), (1, "Friday", 1));
    let entry = Entry::Existing(room.room.to_string());
    let mut guest = Peer::join(JoinRequest { entry, size: None, ..request(&server.url(), 2, 3) });
    until(&mut [&mut host, &mut guest], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    let unreachable = list(&[nowhere()], None);
    assert!(matches!(unreachable, Err(LeaveReason::Unreachable { .. })), "{unreachable:?}");
}
