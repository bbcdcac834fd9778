//! What rooms log: little at info, each decision with its reason, and nothing again and again.

use std::time::Duration;

use log::Level;

use super::network::{Network, key};
use crate::doctor::Finding;
use crate::log_capture::captured;
use crate::path::{PathId, PathKind};
use crate::room::{EndReason, RoomEvent};
use crate::transport::{SendError, TransportEvent};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The same lines, as they are sorted by the text.
fn texts(lines: &[(Level, String)]) -> Vec<&str> {
    lines.iter().map(|(_, line)| line.as_str()).collect()
}

#[test]
fn a_quiet_match_logs_a_few_lines_at_info_and_none_in_its_frames() {
    let mut network = Network::new(900, 2);
    let start = captured(|| {
        (0..2).for_each(|peer| network.join(peer));
        network.run_until("a match runs", |network| network.confirmed(network.all()) >= 150);
    });
    assert!(start.iter().all(|(level, _)| *level == Level::Info), "{start:?}");
    let mut expected = vec![
        "1 of 2 players are in the room",
        "2 of 2 players are in the room",
        "2 of 2 players are in the room",
        "in room ABC",
        "in room ABC",
        "match 1 starts with 2 players",
        "match 1 starts with 2 players",
        "packets to player 1 travel on a path: memory",
        "packets to player 2 travel on a path: memory",
    ];
    expected.push("attempting a connection to player 2: there is none");
    let mut lines = texts(&start);
    lines.sort_unstable();
    expected.sort_unstable();
    assert_eq!(lines, expected);
    assert_eq!(captured(|| network.run(60 * 60)), [], "a minute of frames");
}

#[test]
fn silences_and_lost_players_are_logged_with_the_reason() {
    let mut network = Network::playing(901, 3);
    let lines = captured(|| {
        network.cut.extend([(0, 2), (2, 0), (1, 2), (2, 1)]);
        network.run(3 * 60);
        network.cut.clear();
        network.run(2 * 60);
    });
    let lines = texts(&lines);
    assert!(lines.contains(&"nothing is heard of player 3"), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("heard again of player 3 after ")));
    let lines = captured(|| {
        network.cut.extend([(0, 2), (2, 0), (1, 2), (2, 1)]);
        network.run(12 * 60);
    });
    let lines = texts(&lines);
    for expected in [
        "player 3 is lost here: nothing was heard for 10 s",
        "player 3 is lost for more than half of the others",
    ] {
        assert!(lines.contains(&expected), "{lines:?}");
    }
    let is_drop = |line: &&str| line.starts_with("player 3 is dropped after frame ");
    assert_eq!(lines.iter().filter(|line| is_drop(line)).count(), 2, "{lines:?}");
}

#[test]
fn a_flood_of_signals_is_two_lines_for_each_peer() {
    let mut network = Network::playing(902, 3);
    let lines = captured(|| {
        for _ in 0..60 * 5 {
            for from in [1, 2] {
                let reason = "nonsense".to_owned();
                let peer = key(from);
                network.deliver(0, TransportEvent::MalformedSignal { peer, reason });
            }
            network.run(1);
        }
        network.run(60 * 20);
    });
    let dropped = |peer: usize| format!("dropped a signal of {:?}: nonsense", key(peer));
    let again = |peer: usize| {
        format!("dropped a signal of {}: 299 more times in the last 10 s", key(peer).short())
    };
    let (mut first, mut repeated) = ([dropped(1), dropped(2)], [again(1), again(2)]);
    first.sort_unstable();
    repeated.sort_unstable();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.iter().all(|(level, _)| *level == Level::Warn));
    let mut texts = texts(&lines);
    texts[..2].sort_unstable();
    texts[2..].sort_unstable();
    assert_eq!(texts, [&first[0], &first[1], &repeated[0], &repeated[1]]);
}

#[test]
fn what_was_counted_is_told_at_the_end_of_the_room() {
    let mut network = Network::playing(903, 2);
    let lines = captured(|| {
        let room = &mut network.nodes.get_mut(&0).unwrap().room;
        let path = PathId(1);
        for ms in 0..100 {
            let now = network.now + Duration::from_millis(ms);
            room.handle_sent(now, key(1), path, Err(SendError::TooLarge(9000)));
        }
        room.end(network.now + Duration::from_secs(1), EndReason::HostMissing);
    });
    let lines = texts(&lines);
    let expected = [
        "a packet could not be sent: a packet of 9000 bytes is larger than the channel carries",
        "the room ended: the player who invited you is not in this room",
        "a packet could not be sent: 99 more times in the last 1 s",
    ];
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.iter().zip(expected).all(|(line, start)| line.starts_with(start)), "{lines:?}");
}

#[test]
fn what_an_attempt_shows_of_the_networks_is_told_once_until_there_is_a_connection() {
    let mut network = Network::playing(904, 2);
    let findings = [Finding::SymmetricNats, Finding::NoPublicAddress];
    let lines = captured(|| {
        for finding in [&findings[0], &findings[0], &findings[0], &findings[1]] {
            let (peer, reason, finding) = (key(1), "no pair".to_owned(), Some(finding.clone()));
            network.deliver(0, TransportEvent::AttemptFailed { peer, reason, finding });
        }
        network.run(10);
    });
    let warned: Vec<_> = lines.iter().filter(|(level, _)| *level == Level::Warn).collect();
    let expected = findings.each_ref().map(|finding| {
        (Level::Warn, format!("there is no direct connection to player 2: {finding}"))
    });
    assert_eq!(warned, expected.iter().collect::<Vec<_>>());
    let told = network.nodes[&0].said.iter().filter_map(|event| match event {
        RoomEvent::LinkDiagnosed { finding, .. } => Some(finding),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), findings.iter().collect::<Vec<_>>());
    let known = |network: &Network| {
        let peers = &mut network.nodes[&0].room.peers();
        peers.find(|peer| peer.key() == key(1)).unwrap().finding().cloned()
    };
    assert_eq!(known(&network), Some(Finding::NoPublicAddress));
    let (peer, path, kind) = (key(1), PathId(900), PathKind::Direct);
    network.deliver(0, TransportEvent::PathUp { peer, path, kind });
    network.run(10);
    assert_eq!(known(&network), None);
}
