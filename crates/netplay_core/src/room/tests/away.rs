//! Peers that leave, and peers whose page is closed, loaded again or left for another one.

use std::time::Duration;

use netplay_protocol::ControlMessage;
use netplay_protocol::signaling::Presence;

use super::network::{Network, TICK, key};
use super::node::Clock;
use crate::room::{EndReason, RoomConfig, RoomEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: Duration = Duration::from_secs(1);

/// What a peer was told of whether another one is there, oldest first.
fn told(network: &Network, peer: usize, other: usize) -> Vec<&'static str> {
    let said = network.nodes[&peer].said.iter();
    let word = |event: &RoomEvent| match event {
        RoomEvent::PeerAway { player, .. } if *player == other => Some("away"),
        RoomEvent::PeerBack { player, .. } if *player == other => Some("back"),
        RoomEvent::PeerInterrupted { player, .. } if *player == other => Some("interrupted"),
        RoomEvent::PeerResumed { player, .. } if *player == other => Some("resumed"),
        RoomEvent::PeerJoined { peer } if *peer == key(other) => Some("joined"),
        RoomEvent::PeerLeft { peer, .. } if *peer == key(other) => Some("left"),
        _ => None,
    };
    said.filter_map(word).collect()
}

/// How long it takes until something is so.
#[track_caller]
fn takes(network: &mut Network, what: &str, is_so: impl Fn(&Network) -> bool) -> Duration {
    let since = network.now;
    network.run_until(what, is_so);
    network.now - since
}

/// A peer was told that another one went away and came back, once, and of each interruption that it ended.
#[track_caller]
fn assert_was_away(network: &Network, peer: usize, other: usize) {
    let told = told(network, peer, other);
    let (silences, rest): (Vec<_>, Vec<_>) =
        told.iter().copied().partition(|word| ["interrupted", "resumed"].contains(word));
    assert_eq!(rest, ["joined", "away", "back"], "{told:?}: {network}");
    assert!(
        silences.chunks(2).all(|pair| pair == ["interrupted", "resumed"]),
        "{told:?}: {network}"
    );
    assert!(network.dropped(peer).is_empty(), "{network}");
}

fn say(network: &mut Network, from: usize, message: &ControlMessage) {
    let now = network.now;
    network.nodes.get_mut(&from).unwrap().room.send_control_to_all(now, message);
}

/// Pages are waited for longer than silent players.
fn patient(_: usize, config: &mut RoomConfig) {
    config.disconnect_timeout = 3 * SECOND;
    config.away_timeout = 12 * SECOND;
}

#[test]
fn a_page_that_is_closed_is_reported_at_once_and_its_player_dropped_after_the_away_timeout() {
    let cases = [(2, 10, 10), (2, 10, 3), (2, 3, 12), (3, 3, 12), (4, 10, 3), (8, 10, 10)];
    for (seed, (players, disconnect, away)) in (700..).zip(cases) {
        let mut network = Network::playing(seed, players);
        // All peers have the same settings.
        for node in network.nodes.values_mut() {
            node.room.config.disconnect_timeout = disconnect * SECOND;
            node.room.config.away_timeout = away * SECOND;
        }
        network.loss = 0.1;
        network.close_page(1);
        let others: Vec<usize> = (0..players).filter(|peer| *peer != 1).collect();
        let is_told =
            |network: &Network| others.iter().all(|it| told(network, *it, 1).contains(&"away"));
        let reported = takes(&mut network, "it is reported", is_told);
        assert!(reported <= SECOND / 10, "{reported:?}: {network}");
        let is_dropped =
            |network: &Network| others.iter().all(|it| network.dropped(*it).contains_key(&1));
        let dropped = reported + takes(&mut network, "it is dropped", is_dropped);
        let expected = away * SECOND;
        assert!(
            dropped >= expected - TICK && dropped <= expected + SECOND,
            "{dropped:?}: {network}"
        );
        for other in &others {
            assert_eq!(told(&network, *other, 1), ["joined", "away", "left"], "{network}");
        }
        match players {
            2 => {
                let reason = network.ended(0);
                let left = matches!(reason, Some(EndReason::PeerLeft { player: 1, .. }));
                assert!(left, "{reason:?}: {network}");
            }
            _ => network.play_on(&others),
        }
    }
}

#[test]
fn a_page_that_is_loaded_again_in_time_is_back_in_its_match() {
    for (seed, players) in (710..).zip([2, 3, 4]) {
        for away in [0, 20, 120, 600] {
            let mut network = Network::playing_with(seed, players, patient);
            network.close_page(1);
            network.run(away);
            network.load_page(1);
            let all: Vec<usize> = (0..players).collect();
            network.run_until("all play", |network| network.confirmed(0..players) >= 0);
            network.play_on(&all);
            for other in all.iter().copied().filter(|peer| *peer != 1) {
                assert_eq!(told(&network, other, 1), ["joined", "away", "back"], "{network}");
                assert!(network.dropped(other).is_empty(), "{network}");
            }
        }
    }
}

#[test]
fn a_page_whose_last_words_are_lost_is_away_all_the_same() {
    for (seed, players) in (730..).zip([2, 3, 8]) {
        let mut network = Network::playing_with(seed, players, patient);
        network.end_page(1);
        let others: Vec<usize> = (0..players).filter(|peer| *peer != 1).collect();
        let is_told =
            |network: &Network| others.iter().all(|it| told(network, *it, 1).contains(&"away"));
        let reported = takes(&mut network, "it is reported", is_told);
        assert!(reported <= SECOND / 2, "{reported:?}: {network}");
        network.run(4 * 60);
        network.load_page(1);
        network.run_until("all play", |network| network.confirmed(0..players) >= 0);
        network.play_on(&(0..players).collect::<Vec<_>>());
        for other in others {
            assert_was_away(&network, other, 1);
        }
    }
}

#[test]
fn a_server_that_says_so_of_a_player_who_is_there_changes_nothing() {
    let mut network = Network::playing_with(740, 3, patient);
    for _ in 0..20 {
        network.tell_presence(1, Presence::PageClosed);
        network.run(30);
    }
    assert_eq!(told(&network, 0, 1), ["joined"], "{network}");
    // The player is not heard for a second. Then it is.
    network.tell_presence(1, Presence::PageClosed);
    network.run(1);
    network.cut.extend([(1, 0), (1, 2)]);
    network.run(60);
    assert_eq!(told(&network, 0, 1)[..2], ["joined", "away"], "{network}");
    network.cut.clear();
    network.run(30);
    assert_eq!(told(&network, 0, 1).last(), Some(&"back"), "{network}");
    network.play_on(&[0, 1, 2]);
}

#[test]
fn a_page_that_the_browser_freezes_is_back_once_it_is_heard() {
    // The server may tell before its silence is noticed, and after. It may be frozen for so short that what it sends after
    // that could be from before.
    for (seed, [silent, closed]) in (750..).zip([[0, 30], [0, 5 * 60], [40, 20], [40, 5 * 60]]) {
        let mut network = Network::playing_with(seed, 3, patient);
        network.nodes.get_mut(&1).unwrap().clock = Clock::ProcessStopped;
        network.run(silent);
        network.tell_presence(1, Presence::PageClosed);
        network.run(closed);
        assert!(told(&network, 0, 1).contains(&"away"), "{network}");
        network.nodes.get_mut(&1).unwrap().clock = Clock::Runs;
        network.tell_presence(1, Presence::Online);
        network.play_on(&[0, 1, 2]);
        network.run(20 * 60);
        [0, 2].into_iter().for_each(|other| assert_was_away(&network, other, 1));
    }
}

#[test]
fn a_page_that_is_kept_by_the_browser_goes_on_where_it_was() {
    for (seed, players) in (720..).zip([2, 3]) {
        let mut network = Network::playing_with(seed, players, patient);
        let now = network.now;
        network.nodes.get_mut(&1).unwrap().room.go_away(now);
        network.run(1);
        // The browser closes the connections of a page that it keeps.
        for other in (0..players).filter(|peer| *peer != 1) {
            network.close(1, other, None);
            network.close(other, 1, None);
        }
        network.nodes.get_mut(&1).unwrap().clock = Clock::ProcessStopped;
        network.run(6 * 60);
        let now = network.now;
        let node = network.nodes.get_mut(&1).unwrap();
        node.clock = Clock::Runs;
        node.room.come_back(now);
        network.play_on(&(0..players).collect::<Vec<_>>());
        assert_eq!(told(&network, 0, 1), ["joined", "away", "back"], "{network}");
        // It concludes nothing from the time in which it did not run.
        assert_eq!(told(&network, 1, 0), ["joined"], "{network}");
    }
}

#[test]
fn two_pages_are_loaded_again_at_once() {
    let mut network = Network::playing_with(730, 3, patient);
    network.close_page(0);
    network.run(3);
    network.close_page(2);
    network.run(60);
    network.load_page(2);
    network.run(30);
    network.load_page(0);
    network.run_until("all play", |network| network.confirmed(0..3) >= 0);
    network.play_on(&[0, 1, 2]);
    assert_eq!(told(&network, 1, 0), ["joined", "away", "back"], "{network}");
    assert_eq!(told(&network, 1, 2), ["joined", "away", "back"], "{network}");
}

#[test]
fn who_says_that_it_goes_away_and_stays_is_dropped_however_often_it_repeats_that() {
    let mut network = Network::playing(740, 3);
    for _ in 0..9 {
        assert!(network.dropped(0).is_empty(), "{network}");
        say(&mut network, 2, &ControlMessage::GoingAway);
        network.run(60);
    }
    network.run_until("it is dropped", |network| {
        [0, 1].iter().all(|peer| network.dropped(*peer).contains_key(&2))
    });
    assert_eq!(told(&network, 0, 2), ["joined", "away", "left"], "{network}");
    network.play_on(&[0, 1]);
}

#[test]
fn who_goes_away_and_comes_back_again_and_again_is_dropped() {
    let mut network = Network::playing(750, 3);
    for _ in 0..20 {
        say(&mut network, 2, &ControlMessage::GoingAway);
        network.run(6);
        say(&mut network, 2, &ControlMessage::Back);
        network.run(6);
    }
    for peer in [0, 1] {
        assert_eq!(network.dropped(peer).len(), 1, "{network}");
        let aways = told(&network, peer, 2).into_iter().filter(|word| *word == "away").count();
        assert_eq!(aways, 8, "{network}");
    }
    network.play_on(&[0, 1]);
}

#[test]
fn in_the_lobby_it_is_reported_a_limited_number_of_times_and_drops_nobody() {
    let mut network = Network::new(760, 3);
    [0, 1].into_iter().for_each(|peer| network.join(peer));
    network.run(60);
    // It is not there, and back for nobody.
    say(&mut network, 1, &ControlMessage::Back);
    for _ in 0..200 {
        say(&mut network, 1, &ControlMessage::GoingAway);
        network.run(1);
        say(&mut network, 1, &ControlMessage::Back);
        network.run(1);
    }
    let said = told(&network, 0, 1);
    assert_eq!(said.len(), 1 + 2 * 8, "{said:?}");
    network.close_page(1);
    network.run(60);
    network.load_page(1);
    network.join(2);
    network.play_on(&[0, 1, 2]);
}

#[test]
fn who_leaves_the_lobby_is_dropped_at_once_whatever_the_server_says() {
    let mut network = Network::new(770, 3);
    [0, 1].into_iter().for_each(|peer| network.join(peer));
    network.run(60);
    // The server keeps its place.
    let now = network.now;
    network.nodes.get_mut(&1).unwrap().room.leave(now, "they left the room");
    let took = takes(&mut network, "it left", |network| told(network, 0, 1) == ["joined", "left"]);
    assert!(took <= SECOND / 10, "{took:?}");
    let reason = network.nodes[&0].said.iter().find_map(|event| match event {
        RoomEvent::PeerLeft { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason.as_deref(), Some("they left the room"));
    network.crash(1);
    network.run(120);
    assert_eq!(told(&network, 0, 1), ["joined", "left"], "{network}");
    network.join(1);
    network.join(2);
    network.play_on(&[0, 1, 2]);
    assert_eq!(told(&network, 0, 1), ["joined", "left", "joined"], "{network}");
}

#[test]
fn who_leaves_the_lobby_and_joins_again_before_the_server_knows_is_there_again() {
    let mut network = Network::new(780, 2);
    [0, 1].into_iter().for_each(|peer| network.join(peer));
    network.run(2);
    let now = network.now;
    network.nodes.get_mut(&1).unwrap().room.leave(now, "they left the room");
    network.run(4);
    network.restart(1);
    network.play_on(&[0, 1]);
    assert!(network.dropped(0).is_empty(), "{network}");
}

#[test]
fn who_leaves_when_everything_for_a_match_is_agreed_is_dropped_from_it_at_once() {
    for frames in 0..24 {
        let mut network = Network::new(790, 3);
        (0..3).for_each(|peer| network.join(peer));
        network.run(frames);
        let now = network.now;
        // The server and the paths do not show it.
        let Some(node) = network.nodes.get_mut(&2) else { continue };
        node.room.leave(now, "they left the room");
        network.run(60);
        for peer in [0, 1] {
            if network.started(peer).is_some() {
                assert!(network.dropped(peer).contains_key(&2), "{frames}: {network}");
            }
        }
    }
}

#[test]
fn a_goodbye_arrives_although_the_reliable_channel_loses_it() {
    for (seed, leaves) in [(800, true), (801, false)] {
        let mut network = Network::playing(seed, 3);
        let now = network.now;
        let room = &mut network.nodes.get_mut(&1).unwrap().room;
        match leaves {
            true => room.leave(now, "they left the room"),
            false => room.go_away(now),
        }
        network.run(1);
        // The process ends before the channel can repeat anything.
        network.lose_messages(1);
        network.nodes.remove(&1);
        network.run(30);
        match leaves {
            true => assert!(network.dropped(0).contains_key(&1), "{network}"),
            false => assert_eq!(told(&network, 0, 1), ["joined", "away"], "{network}"),
        }
    }
}
