//! The relay: keys, opening, packets, and what becomes of it when the server or a peer restarts.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::path::{Channel, PathId, PathKind};

impl World {
    /// Both ask for the relay to the other.
    fn want_relay(&mut self) {
        for (from, to) in [(0, 1), (1, 0)] {
            let to = self.key(to);
            self.request(from, TransportRequest::OpenRelay(to));
        }
    }

    fn relay_is_up(&self, peer: usize) -> bool {
        let mut up = false;
        for event in &self.peers[peer].events {
            match event {
                TransportEvent::PathUp { path: PathId::RELAY, kind, .. } => {
                    assert_eq!((up, *kind), (false, PathKind::Relay));
                    up = true;
                }
                TransportEvent::PathDown { path: PathId::RELAY, .. } => up = false,
                _ => {}
            }
        }
        up
    }

    /// Sends a packet over the relay and returns what arrived of it.
    fn exchange(&mut self, from: usize, to: usize, packet: &[u8]) -> Vec<Vec<u8>> {
        self.peers[to].events.clear();
        let key = self.key(to);
        self.peers[from].negotiator.send_relayed(key, Channel::Reliable, packet);
        self.run(100 * MS);
        let packets = self.peers[to].events.iter().filter_map(|event| match event {
            TransportEvent::Received { path: PathId::RELAY, packet, .. } => Some(packet.clone()),
            _ => None,
        });
        packets.collect()
    }

    fn works(&mut self) -> bool {
        [(0, 1), (1, 0)]
            .iter()
            .all(|(from, to)| self.exchange(*from, *to, b"packet") == [b"packet"])
    }
}

#[test]
fn the_relay_opens_when_the_peers_have_agreed_on_keys() {
    let mut world = World::new(2, PathPolicy::Any);
    assert!(!world.relay_is_up(0) && !world.relay_is_up(1), "nobody wants it");
    world.want_relay();
    assert!(world.relay_is_up(0) && world.relay_is_up(1), "the keys were there");
    world.want_relay();
    assert!(world.works());
    let to = world.key(1);
    world.request(0, TransportRequest::Close(to, PathId::RELAY));
    assert_eq!(world.exchange(0, 1, b"x"), Vec::<Vec<u8>>::new());
    assert_eq!(world.exchange(1, 0, b"x"), [b"x"], "each side opens its own direction");
}

#[test]
fn a_handshake_of_which_any_message_is_lost_begins_again() {
    for lost in 1..=3 {
        let mut world = World::new(2, PathPolicy::Any);
        world.restart(1);
        let mut seen = 0;
        world.forwards = Box::new(move |signal| {
            seen += usize::from(matches!(signal, Signal::Handshake(_)));
            seen != lost
        });
        world.run(200 * MS);
        let mut works = false;
        for _ in 0..20 {
            // As a link does that wants the relay.
            world.want_relay();
            world.run(500 * MS);
            works = works || world.works();
        }
        assert!(works, "message {lost}");
    }
}

#[test]
fn the_relay_goes_down_with_the_server_and_can_be_opened_again() {
    let mut world = World::new(2, PathPolicy::Relay);
    world.want_relay();
    world.kill_server();
    assert!(!world.relay_is_up(0) && !world.relay_is_up(1));
    world.want_relay();
    assert!(!world.relay_is_up(0), "not without a server");
    world.run(100 * MS);
    world.server = true;
    world.run(10_000 * MS);
    let restored = |event: &TransportEvent| *event == TransportEvent::SignalingRestored;
    assert_eq!((world.count(0, restored), world.count(1, restored)), (1, 1));
    world.want_relay();
    assert!(world.works());
}

#[test]
fn a_peer_that_restarted_agrees_on_new_keys() {
    for peer in [0, 1] {
        let mut world = World::new(2, PathPolicy::Any);
        world.want_relay();
        world.restart(peer);
        world.run(300 * MS);
        world.want_relay();
        assert!(world.works(), "{peer}");
    }
}

#[test]
fn packets_of_a_forgotten_peer_or_without_keys_are_dropped() {
    let mut world = World::new(2, PathPolicy::Any);
    world.want_relay();
    let [first, second] = [0, 1].map(|peer| world.key(peer));
    assert!(world.peers[1].negotiator.accepts_relayed(first));
    world.request(1, TransportRequest::Forget(first));
    assert!(!world.peers[1].negotiator.accepts_relayed(first));
    assert_eq!(world.exchange(0, 1, b"x"), Vec::<Vec<u8>>::new());
    let frame = RelayHeader::new(netplay_protocol::RelayChannel::Reliable, second).frame(&[7; 40]);
    let forged = SocketEvent::Received(Frame::Binary(frame));
    world.peers[0].negotiator.handle_socket(world.now, forged);
    world.run(200 * MS);
    assert_eq!(world.malformed(0), [""; 0]);
}

#[test]
fn a_policy_without_the_relay_agrees_on_nothing() {
    let mut world = World::new(2, PathPolicy::Direct);
    world.want_relay();
    world.run(10_000 * MS);
    assert!(!world.relay_is_up(0) && !world.relay_is_up(1));
    assert!(!world.peers[0].negotiator.accepts_relayed(world.key(1)));
}
