//! Messages of a game over real data channels and through a real server.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use netplay_core::messages::{EncodedMessage, MessageEvent};
use netplay_protocol::{MessageDelivery, MessageType, MessageTypes, PeerKey};
use netplay_transport::rtc::RtcTransport;
use netplay_transport::{Channel, PathId, SendError, Transport, TransportEvent, TransportRequest};

use crate::game::Game;
use crate::proxy::Proxy;
use crate::support::{key, request, server, wait_until};

fn types() -> MessageTypes {
    let delivery = MessageDelivery::Reliable;
    let file = MessageType { name: "file".into(), version: 1, delivery, max_bytes: 16_000_000 };
    MessageTypes::new(vec![file]).unwrap()
}

/// Bytes that cannot be compressed.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(byte).take(bytes).collect()
}

/// What a test does to the network of a game.
#[derive(Default)]
struct Faults {
    /// One of ten datagrams is lost.
    loses: AtomicBool,
    /// No connection is attempted.
    no_attempts: AtomicBool,
    /// Every connection is closed, once.
    closes: AtomicBool,
}

/// A transport with faults.
struct Faulty {
    below: RtcTransport,
    faults: Arc<Faults>,
    connections: VecDeque<(PeerKey, PathId)>,
    sent: u64,
}

impl Transport for Faulty {
    fn poll(&mut self, now: Duration) {
        if self.faults.closes.swap(false, Ordering::Relaxed) {
            while let Some((peer, path)) = self.connections.pop_front() {
                self.below.request(TransportRequest::Close(peer, path));
            }
        }
        self.below.poll(now);
    }

    fn poll_event(&mut self) -> Option<TransportEvent> {
        let event = self.below.poll_event()?;
        if let TransportEvent::PathUp { peer, path, .. } = &event
            && *path != PathId::RELAY
        {
            self.connections.push_back((*peer, *path));
        }
        Some(event)
    }

    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError> {
        self.sent += 1;
        let random = self.sent.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let is_lost = random.is_multiple_of(10);
        if is_lost && channel == Channel::Datagram && self.faults.loses.load(Ordering::Relaxed) {
            return Ok(0);
        }
        self.below.send(now, to, path, channel, packet)
    }

    fn buffered(&self, to: PeerKey, path: PathId) -> Option<usize> {
        self.below.buffered(to, path)
    }

    fn request(&mut self, request: TransportRequest) {
        let is_attempt = matches!(request, TransportRequest::Attempt(_));
        if !is_attempt || !self.faults.no_attempts.load(Ordering::Relaxed) {
            self.below.request(request);
        }
    }

    fn leave(&mut self) {
        self.below.leave();
    }

    fn runs_on_real_time(&self) -> bool {
        true
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.below.poll_ready(context)
    }
}

/// A game whose network has faults, and what became of messages in it.
struct Faulted {
    game: Game,
    faults: Arc<Faults>,
    events: Vec<MessageEvent>,
}

impl Faulted {
    fn join(server: &str, n: u8, faults: Faults) -> Self {
        let faults = Arc::new(faults);
        let below = RtcTransport::join(request(server, n, 2));
        let (shared, connections) = (faults.clone(), VecDeque::new());
        let transport = Faulty { below, faults: shared, connections, sent: n.into() };
        Self { game: Game::with(n, Box::new(transport), types()), faults, events: Vec::new() }
    }

    fn update(&mut self) {
        self.game.update();
        let mut driver = self.game.room.lock();
        let events = std::iter::from_fn(|| Some(driver.poll_message_event()?.1));
        self.events.extend(events);
    }

    /// Sends a message. False if the other player is not in the room yet.
    fn send(&self, to: u8, id: u64, message: &[u8]) -> bool {
        let it = types().get(0).unwrap().clone();
        let message = EncodedMessage::new(&it, message.to_vec()).unwrap();
        let mut driver = self.game.room.lock();
        let now = self.game.started.elapsed();
        driver.room_at(now).0.send_message(key(to), 0, id, &message).is_ok()
    }

    /// How many bytes of a message have come.
    fn received(&self) -> usize {
        let driver = self.game.room.lock();
        let incoming = driver.room().peers().flat_map(|peer| peer.link().messages().incoming());
        incoming.map(|it| it.received).sum()
    }

    /// How often another path has become the primary one.
    fn switches(&self) -> usize {
        let driver = self.game.room.lock();
        driver.room().peers().map(|peer| peer.path_changes().len()).sum()
    }

    /// Whether the server relays to the other player, where there is a path at all.
    fn is_relayed(&self) -> Option<bool> {
        let driver = self.game.room.lock();
        let path = driver.room().peers().find_map(|peer| peer.link().primary_path())?;
        Some(path == PathId::RELAY)
    }
}

#[test]
fn ten_megabytes_over_ten_percent_loss_arrive_once_and_whole_though_the_connection_closes_meanwhile()
 {
    let server = server();
    let mut games = [1, 2].map(|n| Faulted::join(&server.url(), n, Faults::default()));
    let update = |games: &mut [Faulted; 2]| games.iter_mut().for_each(Faulted::update);
    wait_until(|| {
        update(&mut games);
        games.iter().all(|it| it.game.plays() && it.is_relayed() == Some(false))
    });
    games.iter().for_each(|it| it.faults.loses.store(true, Ordering::Relaxed));
    let file = noise(10_000_000);
    assert!(games[0].send(2, 7, &file));
    wait_until(|| {
        update(&mut games);
        games[1].received() > 3_000_000
    });
    let before = games[0].switches();
    games[1].faults.closes.store(true, Ordering::Relaxed);
    wait_until(|| {
        update(&mut games);
        games[0].events.contains(&MessageEvent::Delivered { id: 7 })
    });
    assert!(games[0].switches() > before, "it was delivered before the path changed");
    assert_eq!(games[0].events.len(), 1);
    let [MessageEvent::Received { message, .. }] = &games[1].events[..] else {
        panic!("{} events", games[1].events.len());
    };
    assert!(*message == file, "it is another one");
}

#[test]
fn what_is_said_in_the_lobby_before_there_is_a_connection_goes_through_the_server_which_cannot_read_it()
 {
    const WORDS: &[u8] = b"nobody but the two of us can read what is written here";
    let server = server();
    let proxy = Proxy::new(server.addr());
    let unconnected = || Faults { no_attempts: true.into(), ..Faults::default() };
    let mut games = [1, 2].map(|n| Faulted::join(&proxy.url(), n, unconnected()));
    let update = |games: &mut [Faulted; 2]| games.iter_mut().for_each(Faulted::update);
    wait_until(|| {
        update(&mut games);
        games[0].send(2, 1, WORDS)
    });
    let before = proxy.bytes_seen();
    wait_until(|| {
        update(&mut games);
        games[0].events.contains(&MessageEvent::Delivered { id: 1 })
    });
    let message = WORDS.to_vec();
    assert_eq!(games[1].events, [MessageEvent::Received { message_type: 0, message }]);
    assert_eq!(games[1].is_relayed(), Some(true));
    assert!(proxy.bytes_seen() > before + WORDS.len());
    assert!(proxy.has_seen(b"TEST"), "what the server says itself can be read");
    assert!(!proxy.has_seen(&WORDS[..16]));
}
