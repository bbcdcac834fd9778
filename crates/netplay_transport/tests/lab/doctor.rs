//! What the doctor finds on hosts behind NATs: each cause is made, exactly its finding is expected, and none where all is
//! well.

use nat_lab::{Nat, SERVER};

use super::fixture::{Network, turn};
use super::host::is_host;

/// The port of coturn, and one where nothing listens.
const TURN: u16 = 3478;
const NOBODY: u16 = 3999;
/// The ports of two more, which have no allocation left.
const QUOTA: u16 = 3480;
const CAPACITY: u16 = 3481;
/// The credential that coturn takes.
const GOOD: &str = "good";
/// Hosts, by the NAT that they are behind.
const CONE: usize = 0;
const SYMMETRIC: usize = 1;
const NO_UDP: usize = 2;

#[test]
fn each_cause_on_the_network_has_its_finding() {
    if is_host() {
        return;
    }
    // The name of a test has no module in front of it for processes on hosts.
    let name = "doctor::each_cause_on_the_network_has_its_finding";
    let mut network = Network::new(name, [Nat::PortRestricted, Nat::Symmetric]);
    let no_udp = network.lab.host(Nat::UdpBlocked).unwrap();
    network.hosts.push(no_udp);
    let other = network.lab.host(Nat::Open).unwrap();
    network.start_coturn(TURN, GOOD);
    network.start_coturn_on(&other, TURN, GOOD);
    network.start_full_coturn(QUOTA, GOOD, &["--user-quota=1"]);
    network.start_full_coturn(CAPACITY, GOOD, &["--min-port=50000", "--max-port=50000"]);
    let stun = format!("stun:{SERVER}:{TURN}");
    let stuns = format!("{stun} stun:{}:{TURN}", other.address());
    let ice_servers = [
        format!("{stuns} {}", turn(TURN, GOOD)),
        stuns.clone(),
        format!("{stun} {}", turn(TURN, "wrong")),
        format!("{stun} stun:{SERVER}:{NOBODY}"),
        format!("{stun} {}", turn(NOBODY, GOOD)),
        stun.clone(),
        String::new(),
        format!("{stun} {}", turn(QUOTA, GOOD)),
        format!("{stun} {}", turn(CAPACITY, GOOD)),
    ];
    let ports = [3536, 3537, 3538, 3539, 3540, 3541, 3542, 3543, 3544];
    for (port, ice_servers) in ports.iter().zip(&ice_servers) {
        network.serve_at(*port, ice_servers);
    }
    let [all, stun_only, refusing, silent_stun, silent_turn, one_stun, nothing, quota, capacity] =
        ports;
    let cases = [
        (CONE, all, "found [] EndpointIndependent"),
        (CONE, stun_only, "found [] EndpointIndependent"),
        (SYMMETRIC, all, "found [] Symmetric"),
        (SYMMETRIC, stun_only, "found [symmetric_nat] Symmetric"),
        (SYMMETRIC, one_stun, "found [] Unknown"),
        (CONE, refusing, "found [turn_credentials]"),
        (CONE, quota, "found [turn_quota]"),
        (CONE, capacity, "found [turn_capacity]"),
        (CONE, silent_stun, "found [stun_unreachable]"),
        (CONE, silent_turn, "found [turn_unreachable]"),
        // Two hosts are silent, and one that accepts TCP.
        (NO_UDP, stun_only, "found [udp_blocked]"),
        (NO_UDP, one_stun, "found [udp_blocked]"),
        (NO_UDP, nothing, "found [] Unknown"),
    ];
    for (host, port, _) in cases {
        network.examine(host, port);
    }
    for (number, (_, _, found)) in cases.iter().enumerate() {
        let line = network.wait_for(number, "found [");
        assert!(line.starts_with(found), "{found} expected, and not {line}");
    }
}

#[test]
fn an_attempt_that_fails_says_what_is_wrong_with_which_network() {
    if is_host() {
        return;
    }
    let name = "doctor::an_attempt_that_fails_says_what_is_wrong_with_which_network";
    let stun = format!("stun:{SERVER}:{TURN}");
    let refused = format!("{stun} {}", turn(TURN, "wrong"));
    // What the player with the first NAT is told, who begins the attempts.
    let cases = [
        ([Nat::Symmetric, Nat::Symmetric], stun.as_str(), "SymmetricNats"),
        ([Nat::PortRestricted, Nat::Symmetric], &stun, "SymmetricNats"),
        ([Nat::UdpBlocked, Nat::PortRestricted], &stun, "NoPublicAddress"),
        ([Nat::PortRestricted, Nat::UdpBlocked], &stun, "PeerWithoutPublicAddress"),
        ([Nat::PortRestricted, Nat::PortRestricted], "", "NoIceServers"),
        ([Nat::Symmetric, Nat::Symmetric], &refused, "NoTurnAddress"),
    ];
    let mut networks: Vec<Network> = Vec::new();
    for (nats, ice_servers, _) in &cases {
        let mut network = Network::new(name, *nats);
        network.start_coturn(TURN, GOOD);
        network.serve(ice_servers);
        for player in [1, 2] {
            network.play(player, "any");
        }
        networks.push(network);
    }
    for (network, (nats, _, finding)) in networks.iter_mut().zip(&cases) {
        let failed = network.wait_for(0, "AttemptFailed");
        let expected = format!("finding: Some({finding}");
        assert!(failed.contains(&expected), "{nats:?}: {expected}, and not {failed}");
    }
}

#[test]
fn a_connection_that_comes_about_has_no_finding() {
    if is_host() {
        return;
    }
    let name = "doctor::a_connection_that_comes_about_has_no_finding";
    let mut network = Network::new(name, [Nat::PortRestricted; 2]);
    network.start_coturn(TURN, GOOD);
    network.serve(&format!("stun:{SERVER}:{TURN}"));
    for player in [1, 2] {
        network.play(player, "any");
    }
    network.wait_for_all("exchanged Direct");
    for player in 0..2 {
        let failed = |line: &String| line.contains("AttemptFailed");
        assert!(!network.output(player).iter().any(failed));
    }
}
