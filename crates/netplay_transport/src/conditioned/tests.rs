//! Emulated networks in front of the memory transport, on virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use netplay_core::path::PathKind;
use netplay_protocol::Identity;
use netplay_protocol::signaling::Entry;

use super::*;
use crate::JoinRequest;
use crate::memory::MemoryHub;

const MS: Duration = Duration::from_millis(1);
/// The first path that is made.
const PATH: PathId = PathId(1);

fn identity(n: u8) -> Identity {
    Identity::from_secret(&[n; 32])
}

fn key(n: u8) -> PeerKey {
    identity(n).peer_key()
}

/// Peers behind emulated networks, and the time.
struct Peers {
    hub: MemoryHub,
    peers: Vec<ConditionedTransport>,
    now: Duration,
    /// What each received: when it arrived, and its bytes.
    received: Vec<Vec<(Duration, Vec<u8>)>>,
    /// What happened otherwise.
    events: Vec<Vec<TransportEvent>>,
}

impl Peers {
    /// Peers with a path from the first to each of the others.
    fn connected(number: u8) -> Self {
        let hub = MemoryHub::new(NetworkConditions::perfect(), 1);
        let join = |n| {
            let request = JoinRequest::new(Entry::Room("ABC".into()), number, identity(n));
            ConditionedTransport::new(Box::new(hub.join(&request)), n.into())
        };
        let peers: Vec<_> = (1..=number).map(join).collect();
        let mut all = Self {
            hub,
            received: vec![Vec::new(); peers.len()],
            events: vec![Vec::new(); peers.len()],
            peers,
            now: Duration::ZERO,
        };
        all.run_to(1);
        for other in 2..=number {
            all.peers[0].request(TransportRequest::Attempt(key(other)));
        }
        all.run_to(2);
        all.events.iter_mut().for_each(Vec::clear);
        all
    }

    /// Polls everyone every millisecond.
    fn run_to(&mut self, ms: u32) {
        while self.now < MS * ms {
            self.now += MS;
            for (index, peer) in self.peers.iter_mut().enumerate() {
                peer.poll(self.now);
                while let Some(event) = peer.poll_event() {
                    match event {
                        TransportEvent::Received { at, packet, .. } => {
                            self.received[index].push((at, packet));
                        }
                        event => self.events[index].push(event),
                    }
                }
            }
        }
    }

    fn emulate(&mut self, index: usize, text: &str) {
        self.peers[index].set_emulation(self.now, &text.parse().unwrap());
    }

    /// Sends from one to another on the path between them.
    fn send(&mut self, from: usize, to: u8, channel: Channel, packet: &[u8]) {
        let path = PathId((to.max(from as u8 + 1) - 1).into());
        self.peers[from].send(self.now, key(to), path, channel, packet).unwrap();
    }

    /// When and what a peer received since it was asked last, in milliseconds.
    fn take(&mut self, index: usize) -> Vec<(u128, Vec<u8>)> {
        let taken = std::mem::take(&mut self.received[index]);
        taken.into_iter().map(|(at, packet)| (at.as_millis(), packet)).collect()
    }
}

#[test]
fn each_direction_takes_what_is_set_for_it_and_the_arrival_is_the_emulated_one() {
    let mut peers = Peers::connected(2);
    peers.emulate(0, "latency_ms=40;in:latency_ms=25");
    peers.run_to(100);
    for channel in [Channel::Datagram, Channel::Reliable] {
        peers.send(0, 2, channel, b"there");
        peers.send(1, 1, channel, b"back");
    }
    // The second one looks in time, the first one only much later.
    peers.run_to(200);
    assert_eq!(peers.take(0), [(125, b"back".to_vec()), (125, b"back".to_vec())]);
    assert_eq!(peers.take(1), [(140, b"there".to_vec()), (140, b"there".to_vec())]);
    peers.send(1, 1, Channel::Datagram, b"late");
    peers.peers[0].poll_due(290 * MS, &mut Context::from_waker(std::task::Waker::noop()));
    peers.now = 300 * MS;
    peers.run_to(301);
    assert_eq!(peers.take(0), [(225, b"late".to_vec())], "it came long before it was taken");
}

#[test]
fn while_nothing_is_emulated_packets_pass_at_once_and_paths_are_checked_below() {
    let mut peers = Peers::connected(2);
    peers.emulate(0, "perfect");
    peers.send(0, 2, Channel::Datagram, b"now");
    peers.run_to(3);
    assert_eq!(peers.take(1), [(2, b"now".to_vec())]);
    let nowhere = peers.peers[0].send(peers.now, key(9), PATH, Channel::Datagram, b"x");
    assert_eq!(nowhere, Err(SendError::NoPath));
    peers.emulate(0, "wifi");
    let nowhere = peers.peers[0].send(peers.now, key(9), PATH, Channel::Datagram, b"x");
    assert_eq!(nowhere, Err(SendError::NoPath));
}

#[test]
fn what_is_set_for_one_peer_concerns_no_other() {
    let mut peers = Peers::connected(3);
    peers.emulate(0, &format!("out@{}:latency_ms=30;in@{}:latency_ms=50", key(2), key(3)));
    for (from, to) in [(0, 2), (0, 3), (1, 1), (2, 1)] {
        peers.send(from, to, Channel::Datagram, &[from as u8]);
    }
    peers.run_to(100);
    assert_eq!(peers.take(1), [(32, vec![0])]);
    assert_eq!(peers.take(2), [(2, vec![0])]);
    assert_eq!(peers.take(0), [(2, vec![1]), (52, vec![2])]);
}

#[test]
fn peers_share_the_bandwidth_of_the_machine_in_each_direction() {
    let mut peers = Peers::connected(3);
    peers.emulate(0, "rate_kbit=800,queue_ms=1000;in:rate_kbit=400,queue_ms=1000");
    // 1000 bytes take 10 ms out and 20 ms in.
    for _ in 0..20 {
        for (from, to) in [(0, 2), (0, 3), (1, 1), (2, 1)] {
            peers.send(from, to, Channel::Datagram, &[0; 1000]);
        }
    }
    peers.run_to(2000);
    let [incoming, second, third] = [0, 1, 2].map(|index| peers.take(index));
    assert_eq!((incoming.len(), second.len(), third.len()), (40, 20, 20));
    let last = |of: &[(u128, Vec<u8>)]| of.last().unwrap().0;
    assert_eq!(last(&incoming), 2 + 40 * 20);
    assert_eq!(last(&second).max(last(&third)), 2 + 40 * 10);
}

#[test]
fn a_path_goes_down_after_what_came_on_it_and_one_with_its_id_comes_up_after_that() {
    let mut peers = Peers::connected(2);
    peers.emulate(0, "in:latency_ms=50");
    peers.send(1, 1, Channel::Reliable, b"goodbye");
    peers.run_to(3);
    peers.peers[1].request(TransportRequest::Close(key(1), PATH));
    peers.run_to(40);
    assert_eq!(peers.events[0], [], "it is not known yet");
    assert!(peers.peers[0].send(peers.now, key(2), PATH, Channel::Datagram, b"lost").is_ok());
    peers.run_to(100);
    assert_eq!(peers.take(0), [(52, b"goodbye".to_vec())]);
    let [TransportEvent::PathDown { path: PATH, .. }] = &peers.events[0][..] else {
        panic!("{:?}", peers.events[0]);
    };

    // The relay always has the same id.
    let relay = |peers: &mut Peers| {
        for (index, other) in [(0, 2), (1, 1)] {
            peers.peers[index].request(TransportRequest::OpenRelay(key(other)));
        }
    };
    relay(&mut peers);
    peers.run_to(110);
    let send = |peers: &mut Peers, packet: &[u8]| {
        let now = peers.now;
        peers.peers[1].send(now, key(1), PathId::RELAY, Channel::Reliable, packet).unwrap();
    };
    send(&mut peers, b"before");
    peers.run_to(115);
    peers.events[0].clear();
    peers.hub.set_server(false);
    peers.hub.set_server(true);
    relay(&mut peers);
    peers.run_to(116);
    let is_relay = |event: &&TransportEvent| {
        matches!(
            event,
            TransportEvent::PathDown { path: PathId::RELAY, .. }
                | TransportEvent::PathUp { kind: PathKind::Relay, .. }
        )
    };
    let relayed: Vec<_> = peers.events[0].iter().filter(is_relay).collect();
    assert!(
        matches!(relayed[..], [TransportEvent::PathDown { .. }, TransportEvent::PathUp { .. }]),
        "{relayed:?}"
    );
    assert_eq!(peers.take(0), [(116, b"before".to_vec())]);
    send(&mut peers, b"after");
    peers.run_to(200);
    assert_eq!(peers.take(0).len(), 1);
}

#[test]
fn what_is_closed_or_forgotten_is_heard_no_more() {
    for request in [TransportRequest::Close(key(2), PATH), TransportRequest::Forget(key(2))] {
        let mut peers = Peers::connected(2);
        peers.emulate(0, "both:latency_ms=50");
        peers.send(0, 2, Channel::Reliable, b"x");
        peers.send(1, 1, Channel::Reliable, b"x");
        peers.run_to(10);
        peers.peers[0].request(request);
        peers.run_to(200);
        assert_eq!([peers.take(0), peers.take(1)], [vec![], vec![]]);
        let closed = peers.peers[0].send(peers.now, key(2), PATH, Channel::Datagram, b"x");
        assert_eq!(closed, Err(SendError::NoPath));
    }
}

#[test]
fn who_leaves_is_not_held_back() {
    let mut peers = Peers::connected(2);
    peers.emulate(0, "latency_ms=5000,rate_kbit=1");
    peers.send(0, 2, Channel::Reliable, b"goodbye");
    peers.peers[0].leave();
    peers.run_to(10);
    assert_eq!(peers.take(1), [(2, b"goodbye".to_vec())]);
    assert!(matches!(peers.events[0].last(), Some(TransportEvent::Left(_))));
}

#[test]
fn changes_at_random_lose_no_reliable_packet_and_hold_nothing_back() {
    const NETWORKS: [&str; 8] = [
        "perfect",
        "wifi",
        "both:mobile",
        "in:intercontinental",
        "both:terrible",
        "latency_ms=300;in:loss=1",
        "rate_kbit=16,queue_ms=100",
        "loss=0.5;in:rate_kbit=100",
    ];
    for seed in 0..10_u64 {
        let mut state = seed;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as usize % below
        };
        let mut peers = Peers::connected(2);
        let mut sent = 0_u32;
        for round in 0..300 {
            let [who, network] = [2, NETWORKS.len()].map(&mut random);
            peers.emulate(who, NETWORKS[network]);
            for _ in 0..3 {
                for (from, to) in [(0, 2), (1, 1)] {
                    peers.send(from, to, Channel::Reliable, &sent.to_le_bytes());
                    peers.send(from, to, Channel::Datagram, b"input");
                }
                sent += 1;
            }
            peers.run_to(2 + 20 * (round + 1));
        }
        peers.emulate(0, "perfect");
        peers.emulate(1, "perfect");
        // A second after all networks are perfect again, nothing is on its way.
        peers.run_to(8000);
        for index in [0, 1] {
            let received = peers.take(index).into_iter().map(|(_, packet)| packet);
            let reliable = received.filter(|packet| packet != b"input");
            assert!(reliable.eq((0..sent).map(|number| number.to_le_bytes().to_vec())), "{seed}");
        }
        peers.send(0, 2, Channel::Reliable, b"at once");
        peers.run_to(8001);
        assert_eq!(peers.take(1).len(), 1);
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_task_that_would_sleep_too_long_is_woken() {
    let mut peers = Peers::connected(2);
    let wakes = Arc::new(Wakes::default());
    let (waker, woken) = (wakes.clone().into(), || wakes.0.swap(0, Ordering::Relaxed));
    let mut context = Context::from_waker(&waker);
    // Never on its own in this test: no timer runs out.
    peers.emulate(0, "latency_ms=60000");
    peers.peers[0].poll_due(peers.now, &mut context);
    peers.send(0, 2, Channel::Datagram, b"first");
    assert_eq!(woken(), 1);
    peers.peers[0].poll_due(peers.now, &mut context);
    peers.run_to(10);
    peers.send(0, 2, Channel::Datagram, b"second");
    assert_eq!(woken(), 0, "the first one comes before it");
    peers.emulate(0, "latency_ms=59000");
    peers.send(0, 2, Channel::Datagram, b"third");
    assert_eq!(woken(), 1);
    peers.peers[0].poll_due(60_010 * MS, &mut context);
    peers.run_to(11);
    assert_eq!(peers.take(1).len(), 3, "what is due was sent without a poll");
}
