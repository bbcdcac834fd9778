//! Members that others remove: in the lobby by the word of the server, in a match by that of the players.

use netplay_protocol::signaling::{KickRule, Refusal, RoomState};
use netplay_protocol::{ControlMessage, Kick};

use super::network::{Network, key, peer};
use super::ready::end_after;
use crate::room::{EndReason, RoomEvent};
use crate::transport::{LeaveReason, TransportEvent, TransportRequest};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn kick(network: &mut Network, by: usize, target: usize, ban: bool) {
    let now = network.now;
    network.nodes.get_mut(&by).unwrap().room.kick(now, key(target), ban);
}

/// The server takes a member out of the room and tells the others so. It does not close what is between the peers.
fn server_kicks(network: &mut Network, target: usize, others: &[usize]) {
    network.leave_silently(target);
    for other in others {
        let kicked = TransportEvent::Kicked { peer: key(target), banned: false };
        network.deliver(*other, kicked);
    }
}

/// A match of these many players in a room whose members vote.
fn voting(seed: u64, players: usize) -> Network {
    let mut network = Network::new(seed, players as u8);
    (0..players).for_each(|peer| network.join(peer));
    for peer in 0..players {
        let state = RoomState { kick: KickRule::Vote, ..RoomState::default() };
        network.deliver(peer, TransportEvent::RoomState(state));
    }
    network.run_until("a match runs", |network| network.confirmed(network.all()) >= 150);
    network
}

fn is_dropped(network: &Network, target: usize, by: &[usize]) -> bool {
    by.iter().all(|peer| network.dropped(*peer).keys().eq(&[target]))
}

fn nobody_is_dropped(network: &Network) -> bool {
    network.all().all(|peer| network.dropped(peer).is_empty() && network.ended(peer).is_none())
}

fn kicked(banned: bool) -> EndReason {
    EndReason::Transport(LeaveReason::Refused(Refusal::Kicked { banned }))
}

#[test]
fn the_first_player_removes_a_player_from_a_match_without_the_server() {
    for players in [3, 5, 8] {
        let mut network = Network::playing(500 + players as u64, players);
        network.loss = 0.02;
        let target = players - 1;
        kick(&mut network, 0, target, true);
        let others: Vec<usize> = (0..target).collect();
        network.run_until("it is dropped", |network| is_dropped(network, target, &others));
        assert_eq!(network.ended(target), Some(&kicked(true)));
        network.play_on(&others);
    }
}

#[test]
fn in_a_match_of_two_it_ends_the_match_and_both_read_why() {
    let mut network = Network::playing(510, 2);
    kick(&mut network, 0, 1, false);
    network.run_until("it is over", |network| network.all().all(|it| network.ended(it).is_some()));
    assert_eq!(network.ended(1), Some(&kicked(false)));
    let reason = network.ended(0).unwrap().to_string();
    assert_eq!(reason, "player 2 left: it was removed from the room");
}

#[test]
fn a_player_who_does_not_listen_is_dropped_and_told_by_the_others() {
    let mut network = Network::playing(511, 4);
    // It does not hear the first player, and the third one does not either.
    network.cut.extend([(0, 3), (0, 2)]);
    kick(&mut network, 0, 3, false);
    network.run_until("it is dropped", |network| {
        [0, 1].iter().all(|peer| network.dropped(*peer).contains_key(&3))
    });
    network.run_until("it has ended", |network| network.ended(3).is_some());
}

#[test]
fn nobody_else_removes_a_player_by_saying_so() {
    let mut network = Network::playing(512, 4);
    kick(&mut network, 1, 3, true);
    kick(&mut network, 2, 1, true);
    let now = network.now;
    let room = &mut network.nodes.get_mut(&3).unwrap().room;
    for (epoch, player) in [(1, 0), (1, 3), (1, 200), (2, 1), (0, 1)] {
        let kick = ControlMessage::Kick(Kick { epoch, player, ban: true });
        for to in 0..3 {
            room.send_control(now, key(to), &kick);
        }
    }
    network.run(60 * 12);
    assert!(nobody_is_dropped(&network), "{network}");
    network.play_on(&[0, 1, 2, 3]);
    // Once the first one is gone, the next one is the first, and what it said counts.
    network.leave(0);
    network.run_until("it is dropped", |network| {
        [1, 2].iter().all(|peer| network.dropped(*peer).contains_key(&0))
    });
    kick(&mut network, 1, 3, true);
    network.run_until("so is the other", |network| {
        [1, 2].iter().all(|peer| network.dropped(*peer).contains_key(&3))
    });
    network.play_on(&[1, 2]);
}

#[test]
fn more_than_half_of_the_others_vote_a_player_out_of_a_match() {
    let mut network = voting(513, 5);
    kick(&mut network, 0, 4, true);
    kick(&mut network, 1, 4, true);
    network.run(60 * 12);
    assert!(nobody_is_dropped(&network), "two of four: {network}");
    // That is not the server's to change.
    for peer in 0..5 {
        network.deliver(peer, TransportEvent::RoomState(RoomState::default()));
    }
    network.run(60);
    assert!(nobody_is_dropped(&network), "{network}");
    kick(&mut network, 2, 4, false);
    network.run_until("it is dropped", |network| is_dropped(network, 4, &[0, 1, 2, 3]));
    assert_eq!(network.ended(4), Some(&kicked(false)), "two of four want it banned");
    network.play_on(&[0, 1, 2, 3]);
}

#[test]
fn the_word_of_the_server_drops_nobody_from_a_match() {
    let mut network = Network::playing(514, 3);
    server_kicks(&mut network, 2, &[0, 1]);
    network.run(60 * 25);
    assert!(nobody_is_dropped(&network), "{network}");
    network.play_on(&[0, 1, 2]);
    let told = RoomEvent::PeerKicked { peer: key(2), banned: false };
    assert!(network.nodes[&0].said.contains(&told));
}

#[test]
fn in_the_lobby_nothing_is_taken_from_a_member_that_was_removed() {
    let mut network = Network::new(515, 4);
    (0..3).for_each(|peer| network.join(peer));
    network.run(60);
    kick(&mut network, 0, 2, false);
    let others = [0, 1];
    server_kicks(&mut network, 2, &others);
    // It goes on sending on its paths, as a modified game does.
    network.run(30);
    for other in others {
        let room = &network.nodes[&other].room;
        assert!(room.peers().all(|it| it.key() != key(2)), "{network}");
        let said = &network.nodes[&other].said;
        let left =
            RoomEvent::PeerLeft { peer: key(2), reason: "it was removed from the room".to_owned() };
        assert!(said.contains(&left), "{said:?}");
        assert!(said.contains(&RoomEvent::PeerKicked { peer: key(2), banned: false }));
    }
    // Others fill the place.
    network.join(4);
    network.join(5);
    network.run_until("a match runs", |network| {
        [0, 1, 4, 5].iter().all(|peer| network.started(*peer).is_some())
    });
    let players: Vec<usize> =
        network.started(0).unwrap().players.iter().map(|it| peer(*it)).collect();
    assert_eq!((players, network.started(2)), (vec![0, 1, 4, 5], None));
}

#[test]
fn the_place_of_a_player_who_was_removed_from_a_match_is_filled_for_the_next_one() {
    let mut network = Network::playing(518, 3);
    kick(&mut network, 0, 2, false);
    server_kicks(&mut network, 2, &[0, 1]);
    network.run_until("it is dropped", |network| is_dropped(network, 2, &[0, 1]));
    network.play_on(&[0, 1]);
    let frame = network.confirmed([0, 1]) + 30;
    end_after(&mut network, &[0, 1], frame);
    network.run_until("the end", |it| (0..2).all(|peer| it.started(peer).is_none()));
    network.run(60);
    network.join(3);
    // The players take their time, and change their minds.
    network.run(60 * 15);
    for value in [1, 2] {
        let room = &mut network.nodes.get_mut(&1).unwrap().room;
        room.set_lobby_player(vec![value]).unwrap();
        network.run(30);
    }
    let all = [0, 1, 3];
    assert!(all.iter().all(|peer| network.started(*peer).is_none()), "{network}");
    let now = network.now;
    for peer in [0, 1] {
        network.nodes.get_mut(&peer).unwrap().room.vote_rematch(now);
    }
    network.run_until("the next match", |it| all.iter().all(|peer| it.started(*peer).is_some()));
    network.play_on(&all);
    assert!(network.nodes[&3].said.iter().all(|it| !matches!(it, RoomEvent::Ended(_))));
    let players: Vec<usize> =
        network.started(0).unwrap().players.iter().map(|it| peer(*it)).collect();
    assert_eq!(players, all);
}

#[test]
fn a_server_that_contradicts_itself_removes_nobody() {
    let mut network = Network::new(516, 3);
    (0..2).for_each(|peer| network.join(peer));
    network.run(60);
    network.deliver(0, TransportEvent::Kicked { peer: key(1), banned: true });
    network.deliver(0, TransportEvent::KickVotes { peer: key(1), votes: 9, needed: 2 });
    network.deliver(0, TransportEvent::KickVotes { peer: key(7), votes: 1, needed: 2 });
    network.run(30);
    let said = &network.nodes[&0].said;
    let is_about_kicks = |event: &RoomEvent| {
        matches!(event, RoomEvent::PeerKicked { .. } | RoomEvent::KickVotes { .. })
    };
    assert!(!said.iter().any(is_about_kicks), "{said:?}");
    network.join(2);
    network.run_until("a match runs", |network| (0..3).all(|peer| network.started(peer).is_some()));
}

#[test]
fn what_the_game_asks_for_is_asked_of_the_server() {
    let mut network = Network::new(517, 3);
    (0..2).for_each(|peer| network.join(peer));
    network.run(60);
    let now = network.now;
    let room = &mut network.nodes.get_mut(&0).unwrap().room;
    while room.poll_request().is_some() {}
    for nobody in [0, 7] {
        room.kick(now, key(nobody), true);
    }
    assert_eq!(room.poll_request(), None);
    room.kick(now, key(1), true);
    assert_eq!(room.poll_request(), Some(TransportRequest::Kick { peer: key(1), ban: true }));
    room.set_open(false);
    assert_eq!(room.poll_request(), Some(TransportRequest::Open(false)));
}
