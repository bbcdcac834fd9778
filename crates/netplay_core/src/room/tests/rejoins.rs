//! Processes that restart, and come back to their match.

use netplay_protocol::{
    ControlMessage, Hello, InputDigest, MatchId, RejoinState, ReliableHeader, Roster,
};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::network::{Network, identity, key};
use crate::match_::{DelayBounds, MAX_INPUT_DELAY};
use crate::path::{Channel, PathId};
use crate::room::{RoomConfig, RoomEvent};
use crate::transport::TransportEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Waits until these play the first match again, and checks that all have the same inputs.
#[track_caller]
pub(super) fn rejoin_and_play_on(network: &mut Network, peers: &[usize]) {
    network.run_until("they play again", |network| {
        peers.iter().all(|peer| network.started(*peer).is_some_and(|start| start.epoch == 1))
    });
    network.play_on(peers);
}

#[test]
fn a_player_whose_process_restarts_rejoins_the_match_with_its_inputs() {
    for players in [2, 3, 4] {
        for peer in 0..players {
            let mut network = Network::playing(100, players);
            let all: Vec<usize> = (0..players).collect();
            let start = network.started(peer).unwrap().clone();
            network.restart(peer);
            rejoin_and_play_on(&mut network, &all);
            assert_eq!(network.started(peer), Some(&start));
            for other in all.iter().filter(|other| **other != peer) {
                let left = |event: &RoomEvent| matches!(event, RoomEvent::PeerLeft { .. });
                assert!(!network.nodes[other].said.iter().any(left), "{network}");
            }
        }
    }
}

#[test]
fn a_player_rejoins_with_other_inputs_and_in_lockstep() {
    let stick = Network::playing_with(101, 3, |_, config| config.default_input = vec![128, 0]);
    let large = Network::playing_with(102, 3, |_, config| config.default_input = vec![0; 400]);
    let lockstep = Network::playing_with(103, 3, |_, config| config.max_prediction = 0);
    let undelayed = Network::playing_with(104, 3, |_, config| {
        (config.max_prediction, config.input_delay) = (0, DelayBounds::fixed(0));
    });
    for mut network in [stick, large, lockstep, undelayed] {
        network.restart(1);
        rejoin_and_play_on(&mut network, &[0, 1, 2]);
        network.restart(2);
        network.run(3);
        network.restart(0);
        rejoin_and_play_on(&mut network, &[0, 1, 2]);
    }
}

#[test]
fn a_player_rejoins_after_its_input_delay_has_changed() {
    for delay in [0, 1, 4, MAX_INPUT_DELAY] {
        let mut network = Network::playing(105, 3);
        network
            .nodes
            .get_mut(&1)
            .unwrap()
            .room
            .handle_input_delay_changed(DelayBounds::fixed(delay));
        network.run(120);
        let delay_of =
            |network: &Network| network.nodes[&1].room.traffic().unwrap().lock().input_delay();
        assert_eq!(delay_of(&network), delay);
        // The process after it is configured with another one, which it takes over once it has caught up.
        network.configure = |_, config| config.input_delay = DelayBounds::fixed(3);
        network.restart(1);
        rejoin_and_play_on(&mut network, &[0, 1, 2]);
        assert_eq!(network.started(1).unwrap().input_delay, 2, "that of its first input");
        network.play_on(&[0, 1, 2]);
        assert_eq!(delay_of(&network), 3);
        network.restart(1);
        rejoin_and_play_on(&mut network, &[0, 1, 2]);
    }
}

#[test]
fn two_players_restart_at_once_and_a_third_has_kept_the_match() {
    for apart in [0, 1, 2, 5, 20] {
        let mut network = Network::playing(110, 3);
        network.restart(0);
        network.run(apart);
        network.restart(2);
        rejoin_and_play_on(&mut network, &[0, 1, 2]);
    }
}

#[test]
fn a_player_who_rejoins_tells_what_it_knows_to_one_who_restarts_meanwhile() {
    let mut network = Network::playing(115, 4);
    // Player 0 hears that player 2 is there, and never receives its log.
    network.restart(0);
    network.run_until("player 2 sends its log", |network| network.messages(2, 0) > 1);
    network.lose_after(2, 0, 1);
    network.run(20);
    // When player 0 starts, player 2 is still without the log of player 3.
    network.cut.clear();
    network.cut.insert((3, 2));
    network.restart(2);
    network.run_until("player 0 starts", |network| network.started(0).is_some());
    network.run(10);
    network.cut.clear();
    rejoin_and_play_on(&mut network, &[0, 1, 2, 3]);
}

#[test]
fn a_player_is_dropped_while_another_rejoins() {
    for apart in [0, 1, 3, 6, 10, 40] {
        let mut network = Network::playing(120, 4);
        network.restart(1);
        network.run(apart);
        network.crash(3);
        network.run_until("it is dropped", |network| {
            [0, 1, 2].iter().all(|peer| network.dropped(*peer).contains_key(&3))
        });
        rejoin_and_play_on(&mut network, &[0, 1, 2]);
        let frames: Vec<i32> = [0, 1, 2].iter().map(|peer| network.dropped(*peer)[&3]).collect();
        assert!(frames.windows(2).all(|two| two[0] == two[1]), "{frames:?}: {network}");
    }
}

#[test]
fn a_player_restarts_while_another_is_dropped() {
    for apart in [0, 1, 2, 3, 5] {
        let mut network = Network::playing(130, 4);
        network.cut.insert((3, 0));
        network.run(5);
        network.crash(3);
        network.run(apart);
        network.restart(1);
        rejoin_and_play_on(&mut network, &[0, 1, 2]);
    }
}

#[test]
fn a_player_who_rejoins_learns_who_was_dropped_before() {
    let mut network = Network::playing(140, 3);
    network.leave(2);
    network.run_until("it is dropped", |network| {
        [0, 1].iter().all(|peer| network.dropped(*peer).len() == 1)
    });
    network.run(60);
    network.restart(0);
    rejoin_and_play_on(&mut network, &[0, 1]);
    assert_eq!(network.dropped(0), network.dropped(1), "{network}");
}

#[test]
fn when_every_process_restarts_a_new_match_begins() {
    for apart in [0, 2, 4, 6] {
        let mut network = Network::playing(150, 2);
        network.restart(0);
        network.run(apart);
        network.restart(1);
        network.run_until("both play", |network| network.confirmed([0, 1]) >= 0);
        network.play_on(&[0, 1]);
        assert!(network.simulation(0).unwrap().frame < 1000, "{network}");
    }
}

/// A reliable packet of a process of a peer, as it arrives.
fn say(
    network: &mut Network,
    (from, to): (usize, usize),
    process: u32,
    messages: &[ControlMessage],
) {
    for (sequence, message) in (1..).zip(messages) {
        let header = ReliableHeader { sequence, ack: 0, from: process, to: 0 };
        let packet = header.packet(&message.encode().unwrap());
        let (peer, path, at) = (key(from), PathId(0), network.now);
        let channel = Channel::Reliable;
        let room = &mut network.nodes.get_mut(&to).unwrap().room;
        room.handle_event(at, TransportEvent::Received { peer, path, at, channel, packet });
        room.handle_timeout(at);
    }
}

/// What a process of peer 1 says that plays as all do in these tests.
fn hello() -> ControlMessage {
    let registered = seahash::hash(&[&1u64.to_le_bytes()[..], &[0, 0]].concat());
    let (game, names) = ("game 1".into(), Vec::new());
    let key = identity(1).public().to_bytes();
    ControlMessage::Hello(Hello { game, registered, roster: 0, frame_rate: 60, names, key })
}

/// Tells of a match of these players, which peer 0 has signed.
fn state(players: &[usize], disconnected: &[u8], last_frame: i32) -> ControlMessage {
    let members: Vec<_> = players.iter().map(|player| key(*player)).collect();
    let keys = players.iter().map(|player| identity(*player).public().to_bytes()).collect();
    let roster = Roster::new(members.len() as u8, members);
    let id = MatchId::new(1, 1, &roster);
    let signed = |player: &usize| {
        (*player == 0).then(|| identity(0).sign_inputs(&id, -1, InputDigest::first()))
    };
    ControlMessage::RejoinState(RejoinState {
        lobby: Default::default(),
        epoch: 1,
        last_frames: vec![last_frame; players.len()],
        roster,
        disconnected: disconnected.to_vec(),
        seed: 1,
        keys,
        statements: players.iter().map(signed).collect(),
    })
}

/// Two of three players: the first resumes an earlier place, or not.
fn lobby(seed: u64, resumes: bool) -> Network {
    let resume: fn(usize, &mut RoomConfig) = |peer, config| config.resumes = peer == 0;
    let mut network = match resumes {
        true => Network::configured(seed, 3, resume),
        false => Network::new(seed, 3),
    };
    network.join(0);
    network.join(1);
    let connected = RoomEvent::PeerJoined { peer: key(1) };
    network.run_until("there is a path", |network| network.nodes[&0].said.contains(&connected));
    network
}

fn phases(network: &Network) -> Vec<RoomEvent> {
    let phase = |event: &&RoomEvent| matches!(event, RoomEvent::Synchronizing | RoomEvent::Lobby);
    network.nodes[&0].said.iter().filter(phase).cloned().collect()
}

#[test]
fn when_nobody_is_left_who_knows_the_match_the_room_is_in_the_lobby() {
    let mut network = lobby(155, true);
    // A process of peer 1 that plays a match, of which the local peer does not hear everything; then another one.
    let bye = ControlMessage::Bye { reason: String::new() };
    say(&mut network, (1, 0), 77, &[hello(), state(&[0, 1, 2], &[2], 9)]);
    say(&mut network, (1, 0), 78, &[bye]);
    network.run(1);
    let expected = [RoomEvent::Lobby, RoomEvent::Synchronizing, RoomEvent::Lobby];
    assert_eq!(phases(&network), expected, "{network}");
}

#[test]
fn a_process_that_resumes_no_place_believes_nobody_who_tells_of_a_match() {
    for last_frame in [5000, -1] {
        for players in [[0, 1, 2], [1, 0, 7]] {
            let mut network = lobby(156, false);
            say(&mut network, (1, 0), 77, &[hello(), state(&players, &[2], last_frame)]);
            network.run(60);
            assert_eq!(phases(&network), [RoomEvent::Lobby], "{network}");
            assert!(network.started(0).is_none(), "{network}");
            // What it said was forged: its own process says something else.
            network.restart(1);
            network.join(2);
            network.play_on(&[0, 1, 2]);
        }
    }
}

#[test]
fn a_process_that_resumes_a_place_rejoins_no_match_of_strangers_and_none_that_never_begins() {
    for (players, disconnected, last_frame) in [
        // Without a hello, and then with one: a stranger, twice the same, without the local peer, of another size.
        ([0, 1, 2].as_slice(), [2].as_slice(), -1),
        (&[0, 1, 7], &[], -1),
        (&[0, 1, 1], &[], -1),
        (&[1, 2, 7], &[2, 7], -1),
        (&[0, 1], &[], -1),
        (&[0, 1, 2], &[0, 2], -1),
        // The inputs never come.
        (&[0, 1, 2], &[2], 5000),
    ] {
        let mut network = lobby(157, true);
        let state = state(players, disconnected, last_frame);
        if disconnected == [2] && last_frame == -1 {
            say(&mut network, (1, 0), 77, &[state]);
        } else {
            say(&mut network, (1, 0), 77, &[hello(), state]);
        }
        network.run(25 * 60);
        assert_eq!(phases(&network).last(), Some(&RoomEvent::Lobby), "{network}");
        assert!(network.started(0).is_none() && network.ended(0).is_none(), "{network}");
        network.restart(1);
        network.join(2);
        network.play_on(&[0, 1, 2]);
    }
}

/// Says another seed than the match has.
fn lie((from, _): (usize, usize), mut message: ControlMessage) -> ControlMessage {
    if from == 1
        && let ControlMessage::RejoinState(state) = &mut message
    {
        state.seed ^= 1;
    }
    message
}

/// Says that everybody else was dropped.
fn accuse((from, _): (usize, usize), mut message: ControlMessage) -> ControlMessage {
    if from == 1
        && let ControlMessage::RejoinState(state) = &mut message
    {
        state.disconnected = vec![0, 2];
    }
    message
}

#[test]
fn a_single_liar_among_three_does_not_decide_which_match_is_rejoined() {
    for tamper in [lie, accuse] {
        let mut network = Network::playing(158, 4);
        network.tamper = Some(tamper);
        let start = network.started(3).unwrap().clone();
        network.restart(3);
        rejoin_and_play_on(&mut network, &[0, 1, 2, 3]);
        assert_eq!(network.started(3), Some(&start));
        assert!(network.all().all(|peer| network.dropped(peer).is_empty()), "{network}");
    }
}

#[test]
fn the_logs_of_eight_players_of_a_long_match_all_arrive() {
    let mut network = Network::playing_with(159, 8, |_, config| {
        // Chunks of a few frames: more messages than a link keeps.
        config.default_input = vec![0; 700];
    });
    network.run_until("it is long", |network| network.confirmed(0..8) > 2000);
    network.restart(3);
    rejoin_and_play_on(&mut network, &(0..8).collect::<Vec<_>>());
    assert!(network.all().all(|peer| network.dropped(peer).is_empty()), "{network}");
}

#[test]
fn a_vote_for_a_rematch_is_remembered_for_a_player_who_rejoins() {
    let mut network = Network::playing(160, 2);
    let now = network.now;
    network.nodes.get_mut(&0).unwrap().room.vote_rematch(now);
    network.run(10);
    network.restart(1);
    rejoin_and_play_on(&mut network, &[0, 1]);
    let now = network.now;
    network.nodes.get_mut(&1).unwrap().room.vote_rematch(now);
    let second = |network: &Network| {
        network.all().all(|peer| network.started(peer).is_some_and(|start| start.epoch == 2))
    };
    network.run_until("the rematch", second);
    network.play_on(&[0, 1]);
}

#[test]
fn a_process_that_restarts_in_the_lobby_plays_the_first_match() {
    for frames in 0..30 {
        let mut network = Network::new(170 + u64::from(frames), 2);
        network.join(0);
        network.join(1);
        network.run(frames);
        network.restart(1);
        network.run_until("both play", |network| network.confirmed([0, 1]) >= 0);
        network.play_on(&[0, 1]);
    }
}

#[test]
fn restarts_by_seed_lose_no_input() {
    for seed in 0..200 {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut network = Network::playing(seed, random.random_range(2..=4));
        network.loss = [0.0, 0.05, 0.2][random.random_range(0..3)];
        for _ in 0..random.random_range(1..=5) {
            let playing: Vec<usize> =
                network.all().filter(|peer| network.simulation(*peer).is_some()).collect();
            // Somebody must have kept the match.
            if let Some(peer) = playing.choose(&mut random).filter(|_| playing.len() > 1) {
                network.restart(*peer);
            }
            network.run(random.random_range(0..60));
        }
        let all: Vec<usize> = network.all().collect();
        rejoin_and_play_on(&mut network, &all);
    }
}
