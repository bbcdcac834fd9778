//! Attempts that cross, come twice, are forged, late or too many.

use netplay_protocol::identity::{SignalContext, Signed};
use netplay_protocol::signaling::IceServer;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::sdp::tests::HOST;
use super::*;
use crate::path::PathId;

#[test]
fn an_attempt_opens_one_connection_for_both() {
    for (from, to) in [(0, 1), (1, 0)] {
        let mut world = World::new(2, PathPolicy::Any);
        world.attempt(from, to);
        world.run(500 * MS);
        assert_eq!(world.connections(0, 1).len(), 1);
        let peer = world.key(from);
        let begun = |event: &TransportEvent| *event == TransportEvent::PeerAttempts { peer };
        assert_eq!((world.count(to, begun), world.failures(0), world.failures(1)), (1, 0, 0));
    }
}

#[test]
fn attempts_that_cross_in_any_way_end_in_one_connection_and_without_a_failure() {
    // From offers that cross by far to one that comes when everything is over.
    for offset in 0..200 {
        for (first, second) in [(0, 1), (1, 0)] {
            let mut world = World::new(2, PathPolicy::Any);
            world.attempt(first, second);
            world.run(offset * MS);
            if world.connections(0, 1).is_empty() {
                world.attempt(second, first);
            }
            world.run(2 * ATTEMPT_TIMEOUT);
            let connections = world.connections(0, 1);
            assert_eq!(connections.len(), 1, "{first} first, by {offset} ms");
            for peer in [0, 1] {
                assert_eq!(world.failures(peer), 0, "{first} first, by {offset} ms");
                assert_eq!(world.peers[peer].stacks.len(), 1, "nothing is left of the other");
                assert_eq!(world.malformed(peer), [""; 0]);
            }
            if offset * MS < LATENCY {
                let role = world.peers[0].stacks[&connections[0]];
                assert_eq!(role, Role::Offerer, "of two that cross, the impolite peer's goes on");
            }
        }
    }
}

#[test]
fn an_attempt_has_the_ice_servers_of_the_game_besides_those_of_the_server() {
    let server = |url: &str| {
        let urls = vec![url.to_owned()];
        IceServer { urls, username: None, credential: None }
    };
    let mut world = World::new(2, PathPolicy::Any);
    let to = world.key(1);
    let negotiator = &mut world.peers[0].negotiator;
    negotiator.options.ice_servers = vec![server("stun:game.example")];
    let told = ServerMessage::IceServers { ice_servers: vec![server("stun:server.example")] };
    let told = Frame::Text(serde_json::to_string(&told).unwrap());
    negotiator.handle_socket(world.now, SocketEvent::Received(told));
    negotiator.handle_request(world.now, TransportRequest::Attempt(to));
    let Some(AttemptCommand::Start { ice_servers, .. }) = negotiator.poll_attempt() else {
        panic!("no attempt began");
    };
    let expected = ["stun:game.example", "stun:server.example"].map(server);
    assert_eq!(ice_servers, expected);
}

#[test]
fn only_one_attempt_is_under_way_with_each_peer() {
    let mut world = World::new(3, PathPolicy::Any);
    world.attempt(0, 1);
    world.attempt(0, 1);
    world.attempt(0, 2);
    assert_eq!(world.peers[0].stacks.len(), 2);
    world.run(500 * MS);
    world.attempt(0, 1);
    world.run(500 * MS);
    assert_eq!(world.connections(0, 1).len(), 2, "another one beside a connection");
}

#[test]
fn an_attempt_with_nobody_fails() {
    let mut world = World::new(2, PathPolicy::Any);
    world.request(0, TransportRequest::Attempt(PeerKey::from_bytes([9; 16])));
    assert_eq!((world.failures(0), world.peers[0].stacks.len()), (1, 0));
}

#[test]
fn signals_of_attempts_that_are_not_under_way_are_dropped() {
    let mut world = World::new(2, PathPolicy::Any);
    world.attempt(0, 1);
    world.run(500 * MS);
    let open = world.connections(0, 1)[0];
    for connection in [open, ConnectionId(99)] {
        let candidate = AttemptSignal::Candidate(HOST.into());
        let answer = AttemptSignal::Answer(description());
        for signal in [candidate, answer] {
            let to = world.key(1);
            world.peers[0].negotiator.handle_local_signal(to, connection, signal);
        }
    }
    world.run(500 * MS);
    assert_eq!(world.malformed(1), [""; 0]);
    assert_eq!(world.peers[1].stacks.len(), 1);
}

#[test]
fn an_offer_that_is_sent_again_is_refused() {
    let mut world = World::new(2, PathPolicy::Any);
    world.attempt(0, 1);
    world.run(500 * MS);
    let open = world.connections(0, 1)[0];
    let to = world.key(1);
    let offer = AttemptSignal::Offer(description());
    world.peers[0].negotiator.handle_local_signal(to, open, offer);
    world.run(500 * MS);
    assert_eq!(world.malformed(1), ["an offer too many, or one that came before"]);
    assert_eq!(world.connections(0, 1), [open]);
}

#[test]
fn a_description_that_is_forged_changed_or_malformed_begins_nothing() {
    let mut world = World::new(3, PathPolicy::Any);
    let [from, to] = [0, 1].map(|peer| world.key(peer));
    let connection = ConnectionId(7);
    let context = SignalContext { what: Signed::Offer, connection, from, to, room: scope() };
    let sign =
        |peer: usize, sdp: &str| world.peers[peer].negotiator.identity.sign_signal(&context, sdp);
    let signed = sign(0, &description());
    let offers = [
        (description(), "not signed"),
        (sign(2, &description()), "somebody else"),
        (signed.replace("00:11", "66:11"), "signature is wrong"),
        (sign(0, "v=0\r\n"), "session description"),
    ];
    for (known, (offer, expected)) in offers.into_iter().enumerate() {
        let signal = Signal::Offer(offer);
        world.tell(1, &ServerMessage::Signal { from, connection, signal });
        world.run(100 * MS);
        let refused = world.malformed(1);
        assert_eq!(refused.len(), known + 1);
        let reason = refused[known];
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn a_flood_of_offers_and_signals_is_cut_off() {
    let mut world = World::new(2, PathPolicy::Any);
    let to = world.key(1);
    for n in 0..300 {
        let offer = AttemptSignal::Offer(description());
        world.peers[0].negotiator.handle_local_signal(to, ConnectionId(1000 + n), offer);
    }
    world.run(100 * MS);
    let refused = world.malformed(1);
    let many = refused.iter().filter(|reason| reason.contains("too many signals")).count();
    assert!((30..100).contains(&many), "{many}");
    assert!(refused.len() - many > 200, "{}", refused.len());
    assert_eq!(world.peers[1].stacks.len(), 1, "each offer takes the place of the one before");
}

#[test]
fn a_peer_that_is_forgotten_is_not_heard_until_it_is_wanted_again() {
    let mut world = World::new(2, PathPolicy::Any);
    world.attempt(0, 1);
    world.run(500 * MS);
    let [first, second] = [0, 1].map(|peer| world.key(peer));
    world.request(0, TransportRequest::Forget(second));
    assert_eq!(world.connections(0, 1), []);
    world.run(100 * MS);
    let down = |event: &TransportEvent| matches!(event, TransportEvent::PathDown { peer, .. } if *peer == first);
    assert_eq!(world.count(1, down), 1);
    world.attempt(1, 0);
    world.run(500 * MS);
    assert_eq!(world.peers[0].stacks.len(), 0);
    world.attempt(0, 1);
    world.run(500 * MS);
    assert_eq!(world.connections(0, 1).len(), 1);
}

#[test]
fn the_attempt_with_a_peer_that_restarts_fails_at_once() {
    let mut world = World::new(2, PathPolicy::Any);
    world.attempt(0, 1);
    world.run(5 * MS);
    world.restart(1);
    world.run(100 * MS);
    assert_eq!((world.failures(0), world.peers[0].stacks.len()), (1, 0));
    world.attempt(0, 1);
    world.run(500 * MS);
    assert_eq!(world.connections(0, 1).len(), 1);
}

#[test]
fn a_policy_without_connections_answers_no_offer() {
    let mut world = World::new(2, PathPolicy::Relay);
    let to = world.key(1);
    let offer = AttemptSignal::Offer(description());
    world.peers[0].negotiator.handle_local_signal(to, ConnectionId(7), offer);
    world.run(500 * MS);
    assert_eq!((world.peers[1].stacks.len(), world.malformed(1)), (0, vec![]));
}

#[test]
fn a_candidate_that_the_other_peer_did_not_sign_never_reaches_a_stack() {
    let mut world = World::new(3, PathPolicy::Any);
    // The attempt stays under way.
    world.forwards = Box::new(|signal| !matches!(signal, Signal::Answer(_)));
    world.attempt(0, 1);
    world.run(GATHERING + LATENCY + MS);
    let [from, to] = [0, 1].map(|peer| world.key(peer));
    let connection = *world.peers[1].stacks.keys().next().unwrap();
    let context = SignalContext { what: Signed::Candidate, connection, from, to, room: scope() };
    let sign = |peer: usize, context: &SignalContext, json: &str| {
        world.peers[peer].negotiator.identity.sign_signal(context, json)
    };
    let moved = SignalContext { connection: ConnectionId(99), ..context };
    let signed = sign(0, &context, HOST);
    let candidates = [
        (HOST.to_owned(), "not signed"),
        (sign(2, &context, HOST), "somebody else"),
        (signed.replace("192.168.0.7", "192.0.2.66"), "signature is wrong"),
        (sign(0, &moved, HOST), "signature is wrong"),
    ];
    world.peers[1].handed.clear();
    for (candidate, expected) in candidates {
        let signal = Signal::Candidate(candidate);
        world.tell(1, &ServerMessage::Signal { from, connection, signal });
        world.run(LATENCY + MS);
        let reason = world.malformed(1).last().copied().unwrap_or_default();
        assert!(reason.contains(expected), "{reason}");
    }
    assert_eq!(world.peers[1].handed, []);
    let signal = Signal::Candidate(signed);
    world.tell(1, &ServerMessage::Signal { from, connection, signal });
    world.run(LATENCY + MS);
    assert_eq!(world.peers[1].handed, [AttemptSignal::Candidate(HOST.into())]);
}

#[test]
fn the_number_of_the_relay_is_refused_and_never_drawn() {
    let mut world = World::new(2, PathPolicy::Any);
    let from = world.key(0);
    let connection = ConnectionId(PathId::RELAY.0);
    for signal in [Signal::Offer(description()), Signal::Handshake("00".into())] {
        world.tell(1, &ServerMessage::Signal { from, connection, signal });
        world.run(100 * MS);
        assert!(world.malformed(1).last().is_some_and(|reason| reason.contains("relay")));
    }
    assert_eq!(world.peers[1].stacks.len(), 0);
    // A seed whose first number would be the relay's.
    let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_neg();
    let join = JoinRequest::new(Entry::New, None, Identity::from_secret(&[1; 32]));
    let mut negotiator =
        Negotiator::new(JoinRequest { seed, ..join }, [1; 32], true, Duration::ZERO);
    assert_ne!(PathId(negotiator.new_connection().0), PathId::RELAY);
}
