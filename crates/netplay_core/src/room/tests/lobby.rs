//! From a roster to the first match, and what can be in the way.

use netplay_protocol::signaling::Refusal;
use netplay_protocol::{ControlMessage, DropProposal, Hello, ReliableHeader, Roster};

use super::network::{Network, identity, key};
use crate::match_::{DelayBounds, MAX_INPUT_BYTES, MAX_INPUT_DELAY};
use crate::path::Channel;
use crate::room::{EndReason, RoomEvent};
use crate::transport::{LeaveReason, TransportEvent, TransportRequest};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What the game sees of a peer's phases.
fn phases(network: &Network, peer: usize) -> Vec<&'static str> {
    let said = network.nodes[&peer].said.iter();
    let phase = |event: &RoomEvent| match event {
        RoomEvent::Queued { .. } => Some("queued"),
        RoomEvent::Lobby => Some("lobby"),
        RoomEvent::Synchronizing => Some("synchronizing"),
        RoomEvent::StartMatch(_) => Some("match"),
        RoomEvent::Ended(_) => Some("ended"),
        _ => None,
    };
    said.filter_map(phase).collect()
}

#[test]
fn a_complete_room_starts_the_same_match_for_all_in_the_order_of_joining() {
    for players in [2, 3, 8] {
        let mut network = Network::playing(1, players);
        let first = network.started(0).unwrap().clone();
        assert_eq!((first.epoch, first.input_delay), (1, 2));
        for peer in 0..players {
            assert_eq!(phases(&network, peer), ["lobby", "synchronizing", "match"], "{network}");
            let start = network.started(peer).unwrap();
            assert_eq!((start.local_player, start.seed), (peer, first.seed));
            assert_eq!(start.players, (0..players).map(key).collect::<Vec<_>>());
        }
        network.play_on(&(0..players).collect::<Vec<_>>());
    }
}

#[test]
fn a_queue_leads_into_the_lobby() {
    let mut network = Network::new(2, 2);
    network.join(0);
    let mut room = network.nodes.remove(&0).unwrap().room;
    room.handle_event(network.now, TransportEvent::Queued { waiting: 1 });
    let joined = TransportEvent::Joined {
        room: "ABC".parse().unwrap(),
        size: 2,
        least: None,
        resume_token: None,
    };
    room.handle_event(network.now, joined);
    let said: Vec<_> = std::iter::from_fn(|| room.poll_event()).collect();
    assert!(
        matches!(
            &said[..],
            [RoomEvent::Queued { waiting: 1 }, RoomEvent::Joined { .. }, RoomEvent::Lobby]
        ),
        "{said:?}"
    );
}

#[test]
fn a_room_that_is_not_complete_waits_in_the_lobby() {
    let mut network = Network::new(3, 3);
    network.join(0);
    network.join(1);
    network.run(300);
    assert_eq!(phases(&network, 0), ["lobby"], "{network}");
    network.join(2);
    network.play_on(&[0, 1, 2]);
}

#[test]
fn a_peer_that_leaves_after_it_voted_puts_the_others_back_into_the_lobby() {
    let mut network = Network::new(4, 3);
    (0..3).for_each(|peer| network.join(peer));
    // Peer 1 hears nothing of peer 2, so the match cannot start.
    network.cut.insert((2, 1));
    network.run_until("peer 0 has voted", |it| phases(it, 0) == ["lobby", "synchronizing"]);
    network.leave(2);
    network.run_until("it is in the lobby", |it| phases(it, 0).last() == Some(&"lobby"));
    network.cut.clear();
    network.join(3);
    network.play_on(&[0, 1, 3]);
}

#[test]
fn a_peer_that_left_the_lobby_does_not_speak_for_the_one_that_took_its_place() {
    let mut network = Network::new(5, 2);
    network.join(0);
    network.join(1);
    network.cut.insert((1, 0));
    network.run(10);
    // Its path stays up for longer than the next player needs to join.
    network.leave_silently(1);
    network.cut.clear();
    network.join(2);
    network.run_until("the match runs", |network| network.confirmed([0, 2]) >= 10);
    network.close(1, 0, None);
    network.play_on(&[0, 2]);
    assert!(network.dropped(0).is_empty(), "{network}");
}

#[test]
fn another_game_or_build_ends_the_room_for_both() {
    let game = Network::configured(6, 2, |peer, config| config.game = format!("game {peer}"));
    let build = Network::configured(7, 2, |peer, config| config.registered = peer as u64);
    let rate = Network::configured(8, 2, |peer, config| config.frame_rate = 30 + peer);
    for (mut network, is_game) in [(game, true), (build, false), (rate, false)] {
        network.join(0);
        network.join(1);
        network.run_until("both have ended", |it| (0..2).all(|peer| it.ended(peer).is_some()));
        for (peer, other) in [(0, 1), (1, 0)] {
            let expected = match is_game {
                true => EndReason::GameDiffers {
                    player: other,
                    ours: format!("game {peer}"),
                    theirs: format!("game {other}"),
                },
                false => EndReason::BuildDiffers { player: other },
            };
            assert_eq!(network.ended(peer), Some(&expected), "{network}");
        }
    }
}

#[test]
fn in_a_larger_room_one_packet_of_a_peer_leaves_that_peer_out_and_ends_nobody() {
    let hello = |game: &str| {
        ControlMessage::Hello(Hello {
            game: game.into(),
            registered: 0,
            roster: 0,
            frame_rate: 60,
            names: Vec::new(),
            key: identity(1).public().to_bytes(),
        })
    };
    let proposal = |player| {
        ControlMessage::DropProposal(DropProposal {
            epoch: 1,
            player,
            last_frame: 99,
            inputs: Vec::new(),
            accusations: vec![],
            reason: "go".into(),
            statement: None,
        })
    };
    for (message, refused) in [
        (hello("game 2"), true),
        (hello("game 1"), true),
        (proposal(0), false),
        (proposal(2), false),
        (ControlMessage::Bye { reason: "x".into() }, false),
    ] {
        let mut network = Network::new(15, 3);
        network.join(0);
        network.join(1);
        network.run(30);
        let now = network.now;
        network.nodes.get_mut(&1).unwrap().room.send_control(now, key(0), &message);
        network.run(30);
        assert!(network.ended(0).is_none(), "{network}");
        let said = network.nodes[&0].said.iter();
        let refusals = said.filter(|event| {
            matches!(event, RoomEvent::PeerRefused { peer, player: 1, .. } if *peer == key(1))
        });
        assert_eq!(refusals.count(), usize::from(refused), "{network}");
        if refused {
            // Nothing is taken from it any more, also with others there.
            network.join(2);
            network.run(120);
            assert!(network.started(0).is_none(), "{network}");
            // Its next process is heard.
            network.restart(1);
        } else {
            network.leave(1);
            network.join(2);
            network.join(3);
        }
        let all: Vec<usize> = network.all().collect();
        network.play_on(&all);
    }
}

#[test]
fn a_host_who_plays_something_else_ends_the_room() {
    let mut network = Network::configured(16, 3, |peer, config| {
        config.host = Some(key(0));
        config.game = format!("game {}", peer.min(1));
    });
    network.join(0);
    network.join(1);
    network.run_until("it has ended", |network| network.ended(1).is_some());
    assert!(matches!(network.ended(1), Some(EndReason::GameDiffers { player: 0, .. })));
    assert!(network.ended(0).is_none(), "{network}");
}

#[test]
fn another_default_input_ends_the_room_for_both() {
    let mut network =
        Network::configured(6, 2, |peer, config| config.default_input = vec![peer as u8, 0]);
    network.join(0);
    network.join(1);
    network.run_until("both have ended", |it| (0..2).all(|peer| it.ended(peer).is_some()));
    for (peer, player) in [(0, 1), (1, 0)] {
        assert_eq!(network.ended(peer), Some(&EndReason::BuildDiffers { player }), "{network}");
    }
}

#[test]
fn inputs_that_no_datagram_can_carry_end_the_room_before_the_match() {
    let ended = |configure| {
        let mut network = Network::configured(13, 2, configure);
        network.join(0);
        network.run(1);
        network.ended(0).unwrap().to_string()
    };
    assert_eq!(
        ended(|_, config| config.default_input = vec![0; MAX_INPUT_BYTES + 1]),
        "the match could not start: an input has 1103 bytes, and at most 1102 fit into a datagram"
    );
    let none = ended(|_, config| config.default_input = vec![]);
    assert!(none.contains("no byte that says whether the player is disconnected"), "{none}");
}

#[test]
fn an_input_delay_that_changes_holds_for_the_next_match() {
    let mut network = Network::playing(14, 2);
    network.nodes.get_mut(&1).unwrap().room.handle_input_delay_changed(DelayBounds::fixed(99));
    let now = network.now;
    (0..2).for_each(|peer| network.nodes.get_mut(&peer).unwrap().room.vote_rematch(now));
    let delay = |network: &Network| {
        let start = network.started(1).filter(|start| start.epoch == 2)?;
        Some(start.input_delay)
    };
    network.run_until("the rematch", |network| delay(network).is_some());
    assert_eq!(delay(&network), Some(MAX_INPUT_DELAY));
    network.play_on(&[0, 1]);
}

#[test]
fn another_protocol_version_ends_the_room_after_a_hello() {
    let mut network = Network::new(9, 2);
    network.join(0);
    network.join(1);
    network.run_until("there is a path", |it| {
        it.nodes[&0].room.peers().any(|it| it.link().has_path())
    });
    let bye = ControlMessage::Bye { reason: "x".into() }.encode().unwrap();
    let mut packet = ReliableHeader { sequence: 1, ack: 0, from: 5, to: 0 }.packet(&bye);
    packet[..2].copy_from_slice(&9u16.to_le_bytes());
    let room = &mut network.nodes.get_mut(&0).unwrap().room;
    let (peer, path, at) = (key(1), crate::path::PathId(0), network.now);
    let channel = Channel::Reliable;
    room.handle_event(at, TransportEvent::Received { peer, path, at, channel, packet });
    network.run(1);
    let reason = network.ended(0).unwrap();
    assert!(matches!(reason, EndReason::ProtocolDiffers { player: 1, .. }), "{reason}");
}

#[test]
fn a_room_without_the_host_is_left() {
    let mut network = Network::configured(10, 2, |_, config| config.host = Some(key(5)));
    network.join(0);
    network.run(5);
    assert_eq!(network.ended(0), Some(&EndReason::HostMissing));
}

#[test]
fn a_lobby_outlives_the_server_for_as_long_as_a_player_may_be_silent() {
    for (seconds, ends) in [(8, false), (11, true)] {
        let mut network = Network::new(11, 2);
        network.join(0);
        network.run(5);
        network.deliver(0, TransportEvent::SignalingLost { reason: "no power".into() });
        network.run(seconds * 60);
        let gone = EndReason::Transport(LeaveReason::ServerGone("no power".into()));
        assert_eq!(network.ended(0), ends.then_some(&gone), "{network}");
        network.deliver(0, TransportEvent::SignalingRestored);
        network.run(600);
        assert_eq!(network.ended(0).is_some(), ends, "{network}");
    }
}

#[test]
fn nothing_happens_after_the_end() {
    let mut network = Network::playing(12, 3);
    let now = network.now;
    let room = &mut network.nodes.get_mut(&0).unwrap().room;
    let refused = LeaveReason::Refused(Refusal::Superseded);
    room.handle_event(now, TransportEvent::Left(refused.clone()));
    assert_eq!(room.poll_event(), Some(RoomEvent::Ended(EndReason::Transport(refused))));
    assert!(room.poll_transmit().is_some(), "a goodbye");
    while room.poll_transmit().is_some() {}
    room.handle_event(now, TransportEvent::Queued { waiting: 1 });
    room.handle_event(now, TransportEvent::Roster(Roster::new(2, vec![key(0)])));
    room.vote_rematch(now);
    room.handle_timeout(now);
    room.handle_frame(now, 1000, 1000);
    room.leave(now, "again");
    assert_eq!(room.poll_event(), None);
    assert_eq!(room.poll_transmit(), None);
    assert_ne!(room.poll_request(), Some(TransportRequest::Playing(true)));
}

#[test]
fn a_room_is_full_with_the_players_that_its_members_bring() {
    let mut network = Network::configured(1, 4, |_, _| {});
    network.brings.insert(1, 2);
    [0, 1].into_iter().for_each(|peer| network.join(peer));
    network.run(60);
    assert!(network.all().all(|peer| network.started(peer).is_none()), "{network}");
    network.join(2);
    network.run_until("a match runs", |network| network.confirmed(network.all()) >= 60);
    for peer in 0..3 {
        let start = network.started(peer).unwrap();
        assert_eq!((start.players.len(), &start.player_counts[..]), (3, &[1, 2, 1][..]));
    }
    network.restart(1);
    network.run_until("1 is back", |network| network.confirmed(network.all()) >= 200);
    assert_eq!(network.started(1).unwrap().player_counts, [1, 2, 1]);
    network.play_on(&[0, 1, 2]);
}
