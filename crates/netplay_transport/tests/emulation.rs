//! Emulated networks over real data channels, on real time: what is measured is what was set, in each direction.
//!
//! A machine that is busy delays packets further, and lets fewer through. The tests therefore wait until what was set
//! is measured: the least round trip, and the throughput of a second.

use std::time::{Duration, Instant};

use netplay_core::messages::EncodedMessage;
use netplay_protocol::{MessageDelivery, MessageType, MessageTypes};
use netplay_transport::Transport as _;
use netplay_transport::conditioned::ConditionedTransport;
use netplay_transport::rtc::RtcTransport;

use crate::game::Game;
use crate::support::{key, now, request, server, wait_until};

/// How long a frame of the games takes.
const FRAME: Duration = Duration::from_millis(33);

/// Two games that play, the first one behind an emulated network.
struct Emulated {
    games: [Game; 2],
    updated: Instant,
}

impl Emulated {
    fn start(server: &str, emulation: &str) -> Self {
        let [first, second] = [1, 2].map(|n| {
            let below = Box::new(RtcTransport::join(request(server, n, 2)));
            let mut transport = ConditionedTransport::new(below, n.into());
            if n == 1 {
                transport.set_emulation(Duration::ZERO, &emulation.parse().unwrap());
            }
            Game::with(n, Box::new(transport), types())
        });
        let mut emulated = Self { games: [first, second], updated: now() };
        wait_until(|| {
            emulated.update();
            emulated.games.iter().all(Game::plays)
        });
        emulated
    }

    /// Updates the games, once in each frame.
    fn update(&mut self) {
        if self.updated.elapsed() >= FRAME {
            self.updated = now();
            self.games.iter().for_each(|game| drop(game.update()));
        }
    }

    fn emulate(&self, emulation: &str) {
        let emulation = emulation.parse().unwrap();
        let game = &self.games[0];
        game.room.lock().set_emulation(game.started.elapsed(), &emulation);
    }

    /// The least round trip that a game has measured in the last ten seconds, in milliseconds.
    fn least_rtt(&self, game: usize) -> Option<f64> {
        let Game { room, started } = &self.games[game];
        let driver = room.lock();
        let stats = driver.room().peers().next()?.link().stats(started.elapsed());
        Some(stats.rtt_min?.as_secs_f64() * 1000.0)
    }

    /// How many bytes of datagrams a game has received.
    fn bytes(&self, game: usize) -> u64 {
        let Game { room, started } = &self.games[game];
        let driver = room.lock();
        let links = driver.room().peers().map(|it| it.link().stats(started.elapsed()));
        links.map(|stats| stats.counters.bytes_received).sum()
    }

    /// Sends a file from one game to the other.
    fn send_file(&self, from: usize, bytes: usize) {
        let Game { room, started } = &self.games[from];
        let types = types();
        let file = EncodedMessage::new(types.get(0).unwrap(), noise(bytes)).unwrap();
        let mut driver = room.lock();
        let (room, _) = driver.room_at(started.elapsed());
        room.send_message(key(2 - from as u8), 0, 1, &file).unwrap();
    }
}

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

#[test]
fn a_round_trip_takes_what_is_set_for_each_direction_and_changes_while_a_match_is_played() {
    let server = server();
    let mut emulated = Emulated::start(&server.url(), "latency_ms=80");
    for (emulation, set) in [
        ("latency_ms=80", 80.0),
        ("in:latency_ms=120", 120.0),
        ("latency_ms=150;in:latency_ms=50", 200.0),
    ] {
        emulated.emulate(emulation);
        // The least round trips of the networks before are forgotten after ten seconds.
        wait_until(|| {
            emulated.update();
            let measured = [0, 1].map(|game| emulated.least_rtt(game));
            measured.iter().all(|rtt| rtt.is_some_and(|rtt| (set..set * 1.1).contains(&rtt)))
        });
    }
}

#[test]
fn as_much_gets_through_in_each_direction_as_is_set() {
    const SET: f64 = 4_000_000.0;
    for (emulation, from) in
        [("rate_kbit=4000,latency_ms=10", 0), ("in:rate_kbit=4000,latency_ms=10", 1)]
    {
        let server = server();
        let mut emulated = Emulated::start(&server.url(), emulation);
        emulated.send_file(from, 16_000_000);
        let mut best: f64 = 0.0;
        let (mut began, mut before) = (now(), emulated.bytes(1 - from));
        wait_until(|| {
            emulated.update();
            let passed = began.elapsed();
            if passed >= Duration::from_secs(1) {
                let bytes = emulated.bytes(1 - from);
                let rate = (bytes - before) as f64 * 8.0 / passed.as_secs_f64();
                best = best.max(rate);
                (began, before) = (now(), bytes);
            }
            best >= SET * 0.9
        });
        assert!(best <= SET * 1.1, "{best} bit/s of {SET}");
    }
}
