//! What follows from the candidates of a failed attempt.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const STUN: &str = "stun:stun.example:3478";
const TURN: &str = "turn:turn.example:3478";
/// A host in a local network, and what a STUN server calls it.
const HOME: [&str; 2] = ["192.168.0.7 5000 typ host", "198.51.100.7 6000 typ srflx"];
const OTHER_HOME: [&str; 2] = ["10.0.0.9 5000 typ host", "203.0.113.9 7000 typ srflx"];

fn candidate(fields: &str) -> AttemptSignal {
    let json = format!(r#"{{"candidate":"candidate:1 1 udp 1 {fields}","sdpMid":"0"}}"#);
    AttemptSignal::Candidate(json)
}

fn diagnose(
    urls: &[&str],
    policy: PathPolicy,
    local: &[&str],
    remote: &[&str],
    troubles: &[&str],
) -> Option<&'static str> {
    let urls = urls.iter().map(|url| (*url).to_owned()).collect();
    let servers = [IceServer { urls, username: None, credential: None }];
    let mut evidence = AttemptEvidence::new(policy, &servers);
    local.iter().for_each(|fields| evidence.note_local(&candidate(fields)));
    remote.iter().for_each(|fields| evidence.note_remote(&candidate(fields)));
    let troubles: Vec<_> = troubles.iter().map(|trouble| (*trouble).to_owned()).collect();
    evidence.diagnose(&troubles).map(|finding| finding.code())
}

/// With a STUN server and every path allowed.
fn with_stun(local: &[&str], remote: &[&str]) -> Option<&'static str> {
    diagnose(&[STUN], PathPolicy::Any, local, remote, &[])
}

#[test]
fn two_nats_that_let_nothing_through_are_symmetric() {
    assert_eq!(with_stun(&HOME, &OTHER_HOME), Some("symmetric_nats"));
    let direct = diagnose(&[STUN, TURN], PathPolicy::Direct, &HOME, &OTHER_HOME, &[]);
    assert_eq!(direct, Some("symmetric_nats"), "TURN is not allowed");
}

#[test]
fn one_nat_around_both_is_the_same_network() {
    let neighbor = ["192.168.0.8 5000 typ host", "198.51.100.7 6001 typ srflx"];
    assert_eq!(with_stun(&HOME, &neighbor), Some("same_network"));
}

#[test]
fn a_side_without_a_public_address_is_named() {
    assert_eq!(with_stun(&HOME[..1], &OTHER_HOME), Some("no_public_address"));
    assert_eq!(with_stun(&HOME, &OTHER_HOME[..1]), Some("peer_without_public_address"));
    let hidden = ["a1b2.local 5000 typ host"];
    assert_eq!(with_stun(&HOME, &hidden), Some("peer_without_public_address"));
    for local in
        ["100.64.0.1", "169.254.0.1", "172.16.0.1", "127.0.0.1", "fd00::1", "fe80::1", "::"]
    {
        let local = format!("{local} 5000 typ host");
        assert_eq!(with_stun(&[&local], &OTHER_HOME), Some("no_public_address"), "{local}");
    }
    let none = diagnose(&[], PathPolicy::Any, &HOME[..1], &OTHER_HOME[..1], &[]);
    assert_eq!(none, Some("no_ice_servers"));
}

#[test]
fn a_side_without_a_nat_shows_nothing() {
    let public = ["198.51.100.20 5000 typ host", "198.51.100.20 5000 typ srflx"];
    for count in [1, 2] {
        assert_eq!(with_stun(&public[..count], &OTHER_HOME), None);
        assert_eq!(with_stun(&HOME, &public[..count]), None);
    }
    assert_eq!(with_stun(&["2001:db8::1 5000 typ host"], &OTHER_HOME), None);
}

#[test]
fn a_turn_server_that_gives_no_address_is_named_with_what_it_said() {
    let troubles = ["stun:stun.example:3478: no answer", "turn:turn.example:3478: 401"];
    for policy in [PathPolicy::Any, PathPolicy::Turn] {
        let code = diagnose(&[STUN, TURN], policy, &HOME, &OTHER_HOME, &troubles);
        assert_eq!(code, Some("no_turn_address"));
    }
    let mut evidence = AttemptEvidence::new(PathPolicy::Any, &[]);
    evidence.has_turn = true;
    evidence.note_remote(&candidate(HOME[0]));
    let said = |troubles: &[&str]| {
        let troubles: Vec<_> = troubles.iter().map(|it| (*it).to_owned()).collect();
        evidence.diagnose(&troubles).unwrap().to_string()
    };
    assert!(said(&troubles).contains("(turn:turn.example:3478: 401)"));
    assert!(said(&[]).contains("(nobody has said why)"));
}

#[test]
fn what_no_candidate_shows_is_not_said() {
    let relayed = ["203.0.113.1 49152 typ relay"];
    assert_eq!(with_stun(&HOME, &[]), None, "the other side has not answered");
    assert_eq!(with_stun(&HOME, &relayed), None, "its TURN server should have carried it");
    let turn = diagnose(&[TURN], PathPolicy::Turn, &relayed, &OTHER_HOME, &[]);
    assert_eq!(turn, None);
}

#[test]
fn candidates_in_a_description_count() {
    let servers = [IceServer { urls: vec![STUN.to_owned()], username: None, credential: None }];
    let mut evidence = AttemptEvidence::new(PathPolicy::Any, &servers);
    let description = super::sdp::tests::description();
    let lines = |side: [&str; 2]| side.map(|fields| format!("candidate:1 1 udp 1 {fields}"));
    let with = |side| {
        let lines = lines(side);
        sdp::with_candidates(&description, lines.iter().map(String::as_str))
    };
    evidence.note_local(&AttemptSignal::Offer(with(HOME)));
    evidence.note_remote(&AttemptSignal::Answer(with(OTHER_HOME)));
    assert_eq!(evidence.diagnose(&[]), Some(Finding::SymmetricNats));
}
