//! The room of a game, whose updates a test makes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use netplay_core::link::LinkConfig;
use netplay_core::match_::DelayBounds;
use netplay_core::room::{Entropy, Room, RoomConfig, RoomEvent};
use netplay_protocol::MessageTypes;
use netplay_transport::rtc::RtcTransport;
use netplay_transport::{DrivenRoom, PathPolicy, Transport};

use crate::support::{identity, key, now, request};

/// Longer than any test.
pub const NEVER: Duration = Duration::from_secs(60 * 60);

/// The room of a game, whose updates a test makes.
pub struct Game {
    pub room: DrivenRoom,
    pub started: Instant,
}

impl Game {
    /// Joins, in the first update of the game.
    pub fn join(server: &str, n: u8) -> Self {
        let transport = Box::new(RtcTransport::join(request(server, n, 2)));
        Self::with(n, transport, MessageTypes::default())
    }

    /// The same with a transport of the test's, in a game with these types of messages.
    pub fn with(n: u8, transport: Box<dyn Transport>, messages: MessageTypes) -> Self {
        let config = RoomConfig {
            local_peer: key(n),
            identity: identity(n),
            incarnation: n.into(),
            entropy: Entropy([n; 32]),
            game: "game 1".into(),
            registered: 1,
            frame_rate: 60,
            default_input: vec![0, 0],
            input_delay: DelayBounds::fixed(2),
            max_prediction: 8,
            input_redundancy: 3,
            stall_timeout: None,
            min_frame_rate: 0,
            away_timeout: Duration::from_secs(10),
            disconnect_timeout: NEVER,
            link: LinkConfig::default(),
            policy: PathPolicy::Any,
            countdown: Duration::ZERO,
            host: None,
            resumes: false,
            names: vec![format!("player {n}")],
            messages: Arc::new(messages),
        };
        let (started, at) = (now(), Duration::ZERO);
        let room = Room::new(config, at);
        let game =
            Self { room: DrivenRoom::with_longest_hitch(room, transport, at, NEVER), started };
        game.update();
        game
    }

    pub fn update(&self) -> Vec<RoomEvent> {
        let now = self.started.elapsed();
        let mut driver = self.room.lock();
        driver.begin_update(now);
        let told = std::iter::from_fn(|| driver.poll_event()).collect();
        driver.end_update(now, Some((0, -1)));
        told
    }

    pub fn plays(&self) -> bool {
        self.room.lock().room().traffic().is_some()
    }

    /// How many datagrams came from the other player.
    pub fn heard(&self) -> u64 {
        let driver = self.room.lock();
        let links = driver.room().peers().map(|peer| peer.link().stats(NEVER));
        links.map(|stats| stats.counters.datagrams_received).sum()
    }
}
