//! Peers on hosts behind NATs, with a real coturn: what leaves their networks under each policy, and which TURN servers
//! are used.

mod doctor;
mod fixture;
mod host;

use std::net::SocketAddr;

use nat_lab::{Nat, SERVER};

use fixture::{Network, SIGNALING, turn};
use host::is_host;

/// The port of coturn.
const TURN: u16 = 3478;
/// The credential that coturn takes.
const GOOD: &str = "good";

#[test]
fn nothing_leaves_but_what_the_policy_allows() {
    if is_host() {
        return;
    }
    // A control: where host candidates are sent, the local addresses are seen in what was captured.
    for (policy, kind, tells_local) in [
        ("any", "Direct", true),
        ("direct", "Direct", true),
        ("turn", "Turn", false),
        ("relay", "Relay", false),
    ] {
        let name = format!("nothing_leaves_but_what_the_policy_allows ({policy})");
        let mut network = Network::new(&name, [Nat::PortRestricted; 2]);
        network.start_coturn(TURN, GOOD);
        network.serve(&format!("stun:{SERVER}:{TURN} {}", turn(TURN, GOOD)));
        network.start_capture();
        for player in [1, 2] {
            network.play(player, policy);
        }
        network.wait_for_all(&format!("exchanged {kind}"));
        network.stop();

        let packets = network.captured();
        let hosts = network.hosts.clone();
        let told = packets.iter().any(|it| hosts.iter().any(|host| it.names(host.address())));
        assert_eq!(told, tells_local, "{policy}: a local address on the internet");
        for host in &hosts {
            let left = packets.iter().filter(|it| it.from.ip() == host.outside());
            let others = hosts.iter().filter(|it| it.outside() != host.outside());
            for packet in left {
                let signaling =
                    !packet.is_udp && packet.to == SocketAddr::from((SERVER, SIGNALING));
                let turn = packet.is_udp && packet.to == SocketAddr::from((SERVER, TURN));
                let direct =
                    packet.is_udp && others.clone().any(|other| packet.to.ip() == other.outside());
                let allowed = signaling
                    || match policy {
                        "any" => packet.is_udp && packet.to.ip() == SERVER || direct,
                        "direct" => turn || direct,
                        "turn" => turn,
                        _ => false,
                    };
                assert!(allowed, "{policy}: a packet for {}", packet.to);
            }
        }
    }
}

#[test]
fn a_peer_that_calls_its_own_address_a_relay_is_never_sent_to() {
    if is_host() {
        return;
    }
    let name = "a_peer_that_calls_its_own_address_a_relay_is_never_sent_to";
    for (policy, is_sent_to) in [("turn", false), ("any", true)] {
        let mut network = Network::new(name, [Nat::PortRestricted, Nat::Open]);
        network.start_coturn(TURN, GOOD);
        network.serve(&turn(TURN, GOOD));
        network.start_capture();
        network.lie(2);
        network.play(1, policy);
        network.wait_for(0, "AttemptFailed");
        network.stop();
        let (victim, liar) = (network.hosts[0].outside(), network.hosts[1].outside());
        let packets = network.captured();
        let to_liar = |it: &&nat_lab::Captured| it.from.ip() == victim && it.to.ip() == liar;
        assert_eq!(packets.iter().any(|it| to_liar(&it)), is_sent_to, "{policy}");
        if policy == "turn" {
            let asked = packets.iter().any(|it| it.from.ip() == victim && it.is_udp);
            assert!(asked, "the attempt has not even begun");
            assert!(!packets.iter().any(|it| it.names(network.hosts[0].address())));
        }
    }
}

#[test]
fn every_turn_server_of_the_list_is_used() {
    if is_host() {
        return;
    }
    let name = "every_turn_server_of_the_list_is_used";
    let (refuses, silent, accepts) = (TURN, TURN + 1, TURN + 2);
    for policy in ["turn", "any"] {
        let mut network = Network::new(name, [Nat::Symmetric, Nat::Symmetric]);
        network.start_coturn(refuses, "another");
        network.start_coturn(accepts, GOOD);
        network.serve(&format!(
            "{} {} turn:{SERVER}:{accepts}?transport=tcp,{GOOD},{GOOD} turns:{SERVER}:5349,{GOOD},{GOOD} {}",
            turn(refuses, "refused"),
            turn(silent, "unheard"),
            turn(accepts, GOOD),
        ));
        for player in [1, 2] {
            network.play(player, policy);
        }
        network.wait_for_all("exchanged Turn");
        let skipped = |line: &String| line.contains("not using the TURN server");
        for player in 0..2 {
            assert_eq!(network.output(player).iter().filter(|it| skipped(it)).count(), 1);
        }
    }
}

#[test]
fn an_attempt_that_fails_says_what_the_turn_servers_answered() {
    if is_host() {
        return;
    }
    let name = "an_attempt_that_fails_says_what_the_turn_servers_answered";
    let mut network = Network::new(name, [Nat::Open, Nat::Open]);
    network.start_coturn(TURN, "another");
    network.serve(&format!("{} {}", turn(TURN, GOOD), turn(TURN + 1, GOOD)));
    for player in [1, 2] {
        network.play(player, "turn");
    }
    let failed = network.wait_for(0, "AttemptFailed");
    assert!(failed.contains(&format!("turn:{SERVER}:{TURN}?transport=udp: ")), "{failed}");
    assert!(failed.contains("401"), "{failed}");
    // The other one does not answer; whether that is known by then depends on the deadline.
}
