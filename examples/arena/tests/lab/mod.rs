//! Matches between hosts behind NATs, over real WebRTC, a real server and real coturn: which path they find,
//! and what happens to the match when that path breaks.

mod fixture;

use netplay_testkit::lab::Nat;

use crate::support::connected_late;
use fixture::{Help, LabMatch, assert_no_long_wait, inputs};

/// Frames of a match that is only to show its path: five seconds.
const SHORT: u32 = 300;

/// Plays a short match, which must end on this path.
#[track_caller]
fn ends_on(name: &str, nats: [Nat; 2], help: Help, path: &str) {
    let mut lab = LabMatch::new(name, &nats, help);
    lab.start_bots(SHORT, "any");
    for report in lab.reports() {
        let link = &report["links"][0];
        assert_eq!(link["path"], path, "{nats:?}: {link:#}");
        if path == "direct" && !connected_late(&report) {
            assert_eq!(inputs(&report, "relay"), 0, "the server relayed inputs: {link:#}");
        }
        // It takes seconds to find a path through a TURN server; until then the server relays.
        let changes = link["path_changes"].as_array().unwrap();
        assert!(changes.iter().all(|change| change["to"] == path), "{link:#}");
    }
}

#[test]
fn hosts_without_a_nat_play_directly() {
    ends_on("open", [Nat::Open, Nat::Open], Help::StunAndTurn, "direct");
}

#[test]
fn hosts_behind_cones_punch_holes() {
    ends_on("cones", [Nat::PortRestricted, Nat::PortRestricted], Help::StunAndTurn, "direct");
    ends_on("full", [Nat::FullCone, Nat::PortRestricted], Help::StunAndTurn, "direct");
    ends_on("half", [Nat::Open, Nat::PortRestricted], Help::Stun, "direct");
}

#[test]
fn a_host_behind_a_symmetric_nat_reaches_one_behind_a_full_cone() {
    ends_on("lets-in", [Nat::Symmetric, Nat::FullCone], Help::StunAndTurn, "direct");
}

#[test]
fn symmetric_nats_play_through_turn() {
    ends_on("symmetric", [Nat::Symmetric, Nat::Symmetric], Help::StunAndTurn, "turn");
    ends_on("one-symmetric", [Nat::Symmetric, Nat::PortRestricted], Help::StunAndTurn, "turn");
}

#[test]
fn where_udp_is_blocked_the_server_relays() {
    ends_on("blocked", [Nat::UdpBlocked, Nat::PortRestricted], Help::StunAndTurn, "relay");
}

#[test]
fn without_stun_or_turn_the_server_relays() {
    ends_on("no-stun", [Nat::PortRestricted, Nat::PortRestricted], Help::Nothing, "relay");
    ends_on("no-turn", [Nat::Symmetric, Nat::Symmetric], Help::Stun, "relay");
}

#[test]
fn a_policy_is_kept_even_where_another_path_would_work() {
    for (policy, path) in [("turn", "turn"), ("relay", "relay"), ("direct", "direct")] {
        let name = format!("policy-{policy}");
        let mut lab = LabMatch::new(&name, &[Nat::Open, Nat::Open], Help::StunAndTurn);
        lab.start_bots(SHORT, policy);
        for report in lab.reports() {
            let link = &report["links"][0];
            assert_eq!(link["path"], path, "{link:#}");
            for other in ["direct", "turn", "relay"] {
                assert_eq!(inputs(&report, other) > 0, other == path, "{other}: {link:#}");
            }
        }
    }
    let nats = [Nat::PortRestricted, Nat::PortRestricted];
    let mut lab = LabMatch::new("policy-impossible", &nats, Help::Nothing);
    lab.start_bots(SHORT, "direct");
    let ends = lab.ends();
    // The bot that gives up first leaves the other one alone in the room.
    assert!(ends.iter().any(|(_, output)| output.contains("could not connect to player")));
    assert!(ends.iter().all(|(status, _)| status.code() == Some(1)), "{ends:?}");
}

#[test]
fn a_match_survives_twenty_seconds_without_udp() {
    let mut lab = LabMatch::new("no-udp", &[Nat::Open, Nat::Open], Help::StunAndTurn);
    lab.start_bots(2700, "any");
    lab.wait_for(300);
    let host = lab.hosts[1].clone();
    host.block_udp(true).unwrap();
    lab.wait_for(1500);
    host.block_udp(false).unwrap();
    let reports = lab.reports();
    for report in &reports {
        let link = &report["links"][0];
        assert_eq!(link["path"], "direct", "it came back: {link:#}");
        assert!(inputs(report, "relay") > 500, "{link:#}");
        let changes = link["path_changes"].as_array().unwrap();
        assert_eq!((&changes[0]["from"], &changes[0]["to"]), (&"direct".into(), &"relay".into()));
    }
    assert_no_long_wait(&reports);
}

#[test]
fn a_match_survives_another_address() {
    let mut lab = LabMatch::new("address", &[Nat::Open, Nat::Open], Help::StunAndTurn);
    lab.start_bots(1800, "any");
    lab.wait_for(300);
    lab.hosts[1].change_address(99).unwrap();
    for report in lab.reports() {
        let link = &report["links"][0];
        assert_eq!(link["path"], "direct", "a path from the new address: {link:#}");
        assert!(link["attempts"].as_u64().unwrap() >= 2, "{link:#}");
    }
}

#[test]
fn a_match_survives_its_server_and_can_attempt_again_when_it_is_back() {
    let mut lab = LabMatch::new("server", &[Nat::Open, Nat::Open], Help::StunAndTurn);
    lab.start_bots(2400, "any");
    lab.wait_for(300);
    lab.kill_server();
    lab.wait_for(600);
    lab.start_server();
    lab.wait_for(900);
    // They need the server to find each other again.
    lab.hosts[1].change_address(98).unwrap();
    for report in lab.reports() {
        let link = &report["links"][0];
        assert_eq!(link["path"], "direct", "{link:#}");
        assert!(link["attempts"].as_u64().unwrap() >= 2, "{link:#}");
    }
}

#[test]
fn a_match_survives_its_turn_server() {
    let mut lab = LabMatch::new("coturn", &[Nat::Symmetric, Nat::Symmetric], Help::StunAndTurn);
    lab.start_bots(1200, "any");
    lab.wait_for(300);
    lab.kill_coturn();
    let reports = lab.reports();
    for report in &reports {
        let link = &report["links"][0];
        assert_eq!(link["path"], "relay", "{link:#}");
        assert!(inputs(report, "turn") > 50, "{link:#}");
    }
    assert_no_long_wait(&reports);
}
