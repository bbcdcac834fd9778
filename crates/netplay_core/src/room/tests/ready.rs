//! Rooms with a lobby: ready, the countdown, the start with those who are there, values, and the end of a match.

use std::time::Duration;

use netplay_protocol::signaling::RoomState;
use netplay_protocol::{ControlMessage, LobbyStart};

use super::network::{Network, key};
use crate::room::{CancelReason, Room, RoomEvent, StartRefused};
use crate::transport::TransportEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A room for up to so many players, two at least, in which a countdown lasts a second.
fn lobby(seed: u64, size: u8) -> Network {
    let mut network = Network::configured(seed, size, |_, config| {
        config.countdown = Duration::from_secs(1);
    });
    network.least = Some(2);
    network
}

/// The same with these peers, who are connected.
fn connected(seed: u64, size: u8, peers: usize) -> Network {
    let mut network = lobby(seed, size);
    (0..peers).for_each(|peer| network.join(peer));
    network.run(30);
    network
}

fn room(network: &mut Network, peer: usize) -> &mut Room {
    &mut network.nodes.get_mut(&peer).unwrap().room
}

pub(super) fn ready(network: &mut Network, peer: usize, ready: bool) {
    let now = network.now;
    room(network, peer).set_ready(now, ready);
}

fn epochs(network: &Network) -> Vec<Option<u16>> {
    network.all().map(|peer| Some(network.started(peer)?.epoch)).collect()
}

fn players(network: &Network, peer: usize) -> usize {
    network.started(peer).map_or(0, |start| start.players.len())
}

fn cancelled(network: &Network, peer: usize) -> Vec<CancelReason> {
    let said = network.nodes[&peer].said.iter().filter_map(|event| match event {
        RoomEvent::CountdownCancelled { reason } => Some(*reason),
        _ => None,
    });
    said.collect()
}

/// Ends the match of these peers with a frame, as their simulations do.
pub(super) fn end_after(network: &mut Network, peers: &[usize], frame: i32) {
    for peer in peers {
        network.nodes.get_mut(peer).unwrap().ends_after = Some(frame);
    }
}

fn results(network: &Network, peer: usize) -> Vec<(u16, Option<i32>)> {
    let said = network.nodes[&peer].said.iter().filter_map(|event| match event {
        RoomEvent::MatchEnded { epoch, frame } => Some((*epoch, *frame)),
        _ => None,
    });
    said.collect()
}

#[test]
fn a_match_starts_with_fewer_than_the_room_is_for_once_all_are_ready() {
    let mut network = connected(400, 4, 3);
    network.run(120);
    assert_eq!(epochs(&network), [None; 3], "{network}");
    ready(&mut network, 0, true);
    ready(&mut network, 2, true);
    network.run(120);
    assert_eq!(epochs(&network), [None; 3], "{network}");
    ready(&mut network, 1, true);
    network.run(30);
    assert_eq!(epochs(&network), [None; 3], "the countdown: {network}");
    for peer in 0..3 {
        let left = network.nodes[&peer].room.time_to_start(network.now).unwrap();
        assert!(left < Duration::from_millis(600) && left > Duration::from_millis(400), "{left:?}");
    }
    network.play_on(&[0, 1, 2]);
    assert_eq!(players(&network, 0), 3);
}

#[test]
fn one_alone_does_not_start_however_ready_it_is() {
    let mut network = connected(401, 4, 1);
    ready(&mut network, 0, true);
    network.run(200);
    assert_eq!(epochs(&network), [None], "{network}");
    let now = network.now;
    let refused = room(&mut network, 0).ask_to_start(now);
    assert_eq!(refused, Err(StartRefused::TooFew { there: 1, least: 2 }));
}

#[test]
fn whatever_changes_cancels_the_countdown_and_takes_ready_back() {
    for (change, expected) in [
        (0, CancelReason::NotReady(key(1))),
        (1, CancelReason::Changed(key(1))),
        (2, CancelReason::Changed(key(0))),
        (3, CancelReason::Joined(key(3))),
        (4, CancelReason::Left(key(2))),
    ] {
        let mut network = connected(402 + change, 4, 3);
        (0..3).for_each(|peer| ready(&mut network, peer, true));
        network.run(30);
        match change {
            0 => ready(&mut network, 1, false),
            1 => room(&mut network, 1).set_lobby_player(vec![1]).unwrap(),
            2 => room(&mut network, 0).set_lobby_room(vec![1]).unwrap(),
            3 => network.join(3),
            _ => network.leave(2),
        }
        network.run(120);
        let all: Vec<usize> = network.all().collect();
        for peer in all.iter().copied().filter(|peer| *peer != 3) {
            assert_eq!(cancelled(&network, peer), [expected], "{change}: {network}");
            assert!(network.started(peer).is_none(), "{change}: {network}");
            let ready: Vec<bool> =
                network.nodes[&peer].room.lobby().members.iter().map(|it| it.ready).collect();
            let still = if change == 0 { vec![true, false, true] } else { vec![false; all.len()] };
            assert_eq!(ready, still, "{change}: {network}");
        }
        all.iter().for_each(|peer| ready(&mut network, *peer, true));
        network.play_on(&all);
    }
}

#[test]
fn only_the_first_player_starts_a_match_with_those_who_are_there() {
    let mut network = connected(410, 4, 3);
    let now = network.now;
    assert_eq!(room(&mut network, 1).ask_to_start(now), Err(StartRefused::NotFirst));
    ready(&mut network, 2, true);
    room(&mut network, 0).ask_to_start(now).unwrap();
    network.run(30);
    assert_eq!(epochs(&network), [None; 3], "{network}");
    network.play_on(&[0, 1, 2]);
    // What another one says of a start counts for nothing.
    let mut network = connected(411, 4, 3);
    network.tamper = Some(|(from, _), message| match message {
        ControlMessage::Lobby(mut entry) if from == 1 => {
            let view = entry.ready.unwrap_or([0; 32]);
            entry.start = Some(LobbyStart { members: 0b11, view });
            ControlMessage::Lobby(entry)
        }
        other => other,
    });
    ready(&mut network, 1, true);
    network.run(200);
    assert_eq!(epochs(&network), [None; 3], "{network}");
}

#[test]
fn a_start_is_taken_back() {
    let mut network = connected(412, 4, 2);
    let now = network.now;
    room(&mut network, 0).ask_to_start(now).unwrap();
    network.run(20);
    let now = network.now;
    room(&mut network, 0).take_start_back(now);
    network.run(120);
    for peer in 0..2 {
        assert_eq!(cancelled(&network, peer), [CancelReason::Withdrawn], "{network}");
    }
    assert_eq!(epochs(&network), [None; 2], "{network}");
}

#[test]
fn who_is_not_connected_is_left_out_of_a_start_and_plays_the_next_match() {
    let mut network = lobby(413, 3);
    for (from, to) in [(0, 2), (2, 0), (1, 2), (2, 1)] {
        network.cut.insert((from, to));
    }
    (0..3).for_each(|peer| network.join(peer));
    network.run(60);
    let now = network.now;
    room(&mut network, 0).ask_to_start(now).unwrap();
    network.play_on(&[0, 1]);
    assert_eq!(players(&network, 0), 2, "{network}");
    assert!(network.started(2).is_none(), "{network}");
    network.cut.clear();
    network.run_until("it sees who plays", |network| {
        let lobby = network.nodes[&2].room.lobby();
        let playing: Vec<bool> = lobby.members.iter().map(|member| member.playing).collect();
        playing == [true, true, false]
    });
    let frame = network.confirmed([0, 1]) + 60;
    end_after(&mut network, &[0, 1], frame);
    network.run_until("the end", |it| (0..2).all(|peer| !results(it, peer).is_empty()));
    (0..3).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("the next match", |it| epochs(it) == [Some(2); 3]);
    network.play_on(&[0, 1, 2]);
}

#[test]
fn who_joins_while_a_match_is_played_waits_and_disturbs_nobody() {
    let mut network = connected(414, 4, 2);
    (0..2).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("a match runs", |it| it.confirmed([0, 1]) >= 60);
    network.join(2);
    network.run(60);
    network.restart(2);
    network.run(60);
    network.leave(2);
    network.join(2);
    network.run(60);
    network.play_on(&[0, 1]);
    assert!(network.dropped(0).is_empty(), "{network}");
    assert_eq!(players(&network, 0), 2);
    assert!(network.nodes[&2].room.lobby().members[0].playing, "{network}");
    let frame = network.confirmed([0, 1]) + 60;
    end_after(&mut network, &[0, 1], frame);
    network.run_until("the end", |it| (0..2).all(|peer| !results(it, peer).is_empty()));
    network.run(30);
    for peer in 0..2 {
        assert_eq!(results(&network, peer), [(1, Some(frame))], "{network}");
        assert!(network.nodes[&peer].room.lobby().members.iter().all(|it| !it.ready));
    }
    (0..3).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("the next match", |it| epochs(it) == [Some(2); 3]);
    network.play_on(&[0, 1, 2]);
}

#[test]
fn a_straggler_comes_to_the_end_although_the_others_have_left_the_match() {
    for seed in 0..20 {
        let mut network = connected(420 + seed, 3, 3);
        (0..3).for_each(|peer| ready(&mut network, peer, true));
        network.run_until("a match runs", |it| it.confirmed(0..3) >= 60);
        let frame = network.confirmed(0..3) + 30 + seed as i32;
        end_after(&mut network, &[0, 1, 2], frame);
        network.run(15 + seed as u32);
        // It hears nothing for a while, in which the others come to the end if they can.
        network.cut.extend([(0, 2), (1, 2)]);
        network.run(60);
        network.cut.clear();
        network.run_until("all ended", |it| {
            let has_ended = |peer| !results(it, peer).is_empty();
            let members = it.nodes[&0].room.lobby().members;
            // The match is over for who has ended it.
            assert!(!has_ended(0) || members.iter().all(|member| !member.playing), "{it}");
            (0..3).all(has_ended)
        });
        for peer in 0..3 {
            assert_eq!(results(&network, peer), [(1, Some(frame))], "{network}");
        }
        network.run(60);
        assert!((0..3).all(|peer| network.nodes[&peer].room.lobby.finished.is_none()));
        (0..3).for_each(|peer| ready(&mut network, peer, true));
        network.run_until("the next match", |it| epochs(it) == [Some(2); 3]);
        network.play_on(&[0, 1, 2]);
    }
}

#[test]
fn a_match_that_does_not_end_here_is_left_when_most_of_the_others_have_ended_it() {
    let mut network = connected(440, 3, 3);
    (0..3).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("a match runs", |it| it.confirmed(0..3) >= 60);
    let frame = network.confirmed(0..3) + 30;
    end_after(&mut network, &[0, 1], frame);
    network.run_until("it is left", |it| !results(it, 2).is_empty());
    assert_eq!(results(&network, 2), [(1, None)], "{network}");
    assert_eq!(results(&network, 0), [(1, Some(frame))], "{network}");
    (0..3).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("the next match", |it| epochs(it) == [Some(2); 3]);
    network.play_on(&[0, 1, 2]);
}

#[test]
fn the_last_player_of_a_match_is_in_the_lobby_again() {
    let mut network = connected(441, 3, 2);
    (0..2).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("a match runs", |it| it.confirmed([0, 1]) >= 60);
    network.leave(1);
    network.run_until("it is over", |it| !results(it, 0).is_empty());
    assert_eq!(results(&network, 0), [(1, None)], "{network}");
    network.join(2);
    network.run(30);
    [0, 2].iter().for_each(|peer| ready(&mut network, *peer, true));
    network.run_until("the next match", |it| epochs(it) == [Some(2); 2]);
    network.play_on(&[0, 2]);
}

#[test]
fn in_a_room_that_starts_when_it_is_full_a_rematch_follows_the_end_of_a_match() {
    for leaves in [false, true] {
        let mut network = Network::playing(442, 3);
        let frame = network.confirmed(0..3) + 30;
        end_after(&mut network, &[0, 1, 2], frame);
        network.run_until("all ended", |it| (0..3).all(|peer| !results(it, peer).is_empty()));
        network.run(60);
        assert_eq!(epochs(&network), [None; 3], "{network}");
        let rest: Vec<usize> = (0..if leaves { 2 } else { 3 }).collect();
        if leaves {
            network.leave(2);
            network.run(30);
        }
        for peer in &rest {
            assert!(rest.iter().all(|peer| network.started(*peer).is_none()), "{network}");
            let now = network.now;
            room(&mut network, *peer).vote_rematch(now);
            network.run(30);
        }
        network.play_on(&rest);
        assert_eq!(network.started(0).unwrap().epoch, 2);
        // In a match, a rematch is what it was.
        let now = network.now;
        rest.iter().for_each(|peer| room(&mut network, *peer).vote_rematch(now));
        network.run_until("a rematch", |it| it.started(0).is_some_and(|start| start.epoch == 3));
        network.play_on(&rest);
    }
}

#[test]
fn who_takes_a_free_place_goes_on_with_the_next_match_though_only_one_has_played_the_last() {
    let mut network = Network::playing(443, 4);
    let frame = network.confirmed(0..4) + 30;
    end_after(&mut network, &[0, 1, 2, 3], frame);
    network.run_until("all ended", |it| (0..4).all(|peer| !results(it, peer).is_empty()));
    [1, 2, 3].iter().for_each(|peer| network.leave(*peer));
    network.run(30);
    for peer in [4, 5, 6] {
        network.join(peer);
        let state = RoomState { has_played: true, ..RoomState::default() };
        network.deliver(peer, TransportEvent::RoomState(state));
    }
    network.run(120);
    let now = network.now;
    room(&mut network, 0).vote_rematch(now);
    network.run_until("the next match", |it| epochs(it) == [Some(2); 4]);
    network.play_on(&[0, 4, 5, 6]);
}

#[test]
fn the_values_at_the_start_are_the_same_for_all_and_for_who_rejoins() {
    let mut network = connected(450, 4, 3);
    for peer in 0..3 {
        room(&mut network, peer).set_lobby_player(vec![peer as u8; 5]).unwrap();
    }
    room(&mut network, 0).set_lobby_room(vec![9]).unwrap();
    // It is not up to this one.
    room(&mut network, 1).set_lobby_room(vec![8]).unwrap();
    network.run(30);
    (0..3).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("a match runs", |it| it.confirmed(0..3) >= 200);
    let values = network.started(0).unwrap().lobby.clone();
    assert_eq!(values.room, [9]);
    assert_eq!(values.players, [vec![0; 5], vec![1; 5], vec![2; 5]]);
    network.restart(2);
    network.run_until("it plays again", |it| it.started(2).is_some());
    network.play_on(&[0, 1, 2]);
    for peer in 0..3 {
        assert_eq!(network.started(peer).unwrap().lobby, values, "{network}");
    }
    assert!(room(&mut network, 0).set_lobby_player(vec![0; 1025]).is_err());
}

#[test]
fn who_tells_others_different_values_starts_no_match_with_them() {
    let mut network = connected(451, 3, 3);
    network.hostile.insert(2);
    network.tamper = Some(|ends, message| match message {
        ControlMessage::Lobby(mut entry) if ends == (2, 1) => {
            entry.player = vec![7];
            ControlMessage::Lobby(entry)
        }
        other => other,
    });
    room(&mut network, 2).set_lobby_player(vec![1]).unwrap();
    network.run(30);
    (0..3).for_each(|peer| ready(&mut network, peer, true));
    network.run(600);
    assert_eq!(epochs(&network), [None; 3], "{network}");
    // The others play without it once it is gone.
    network.leave(2);
    network.run(30);
    (0..2).for_each(|peer| ready(&mut network, peer, true));
    network.play_on(&[0, 1]);
}

#[test]
fn who_keeps_back_its_part_of_the_seed_is_left_out_and_the_others_play() {
    let mut network = connected(452, 3, 3);
    network.hostile.insert(2);
    network.tamper = Some(|ends, message| match message {
        ControlMessage::SeedReveal(_) | ControlMessage::SeedReveals(_)
            if ends.0 == 2 || ends.1 == 2 =>
        {
            ControlMessage::Bye { reason: String::new() }
        }
        other => other,
    });
    (0..3).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("it is refused", |it| {
        (0..2).all(|peer| {
            let said = &it.nodes[&peer].said;
            said.iter().any(|event| matches!(event, RoomEvent::PeerRefused { player: 2, .. }))
        })
    });
    network.run(30);
    (0..2).for_each(|peer| ready(&mut network, peer, true));
    network.run_until("they play", |it| it.confirmed([0, 1]) >= 60);
    assert_eq!(players(&network, 0), 2, "{network}");
}

#[test]
fn players_are_counted_and_not_peers() {
    let mut network = lobby(1, 4);
    network.least = Some(3);
    network.brings.insert(1, 2);
    network.join(1);
    network.run(30);
    let now = network.now;
    let refused = room(&mut network, 1).ask_to_start(now);
    assert_eq!(refused, Err(StartRefused::TooFew { there: 2, least: 3 }));
    network.join(0);
    network.run(30);
    [0, 1].into_iter().for_each(|peer| ready(&mut network, peer, true));
    network.run(120);
    assert_eq!(epochs(&network), [Some(1), Some(1)]);
    for peer in [0, 1] {
        assert_eq!(network.started(peer).unwrap().player_counts, [2, 1]);
    }
    network.play_on(&[0, 1]);
}

#[test]
fn the_players_of_one_peer_are_no_match() {
    let mut network = lobby(1, 4);
    network.brings.insert(0, 2);
    network.join(0);
    ready(&mut network, 0, true);
    network.run(120);
    assert_eq!(epochs(&network), [None]);
}
