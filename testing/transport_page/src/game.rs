//! [`Game`]: a room in which nothing is simulated, to measure messages between pages.

use std::sync::Arc;
use std::time::Duration;

use netplay_core::link::LinkConfig;
use netplay_core::match_::DelayBounds;
use netplay_core::messages::{EncodedMessage, MessageEvent};
use netplay_core::room::{Entropy, Room, RoomConfig, RoomEvent};
use netplay_protocol::signaling::Entry;
use netplay_protocol::{Identity, MessageDelivery, MessageType, MessageTypes};
use netplay_transport::rtc::RtcTransport;
use netplay_transport::{DrivenRoom, JoinRequest, PathPolicy};
use wasm_bindgen::prelude::*;

/// The number of the only type of messages, and the most bytes of one.
const FILE: u8 = 0;
const MAX_BYTES: u32 = 16_000_000;

/// A room for two, and what came of messages in it. Times are in milliseconds, on the clock that updates bring.
#[wasm_bindgen]
pub struct Game {
    room: DrivenRoom,
    types: Arc<MessageTypes>,
    to_send: Vec<EncodedMessage>,
    /// Whether one has been sent that has not arrived.
    is_sending: bool,
    sent_at: Vec<f64>,
    received_at: Vec<f64>,
    round_trips: Vec<f64>,
    ended: Option<String>,
}

#[wasm_bindgen]
impl Game {
    /// Joins.
    ///
    /// # Errors
    ///
    /// Types of messages that are none.
    #[wasm_bindgen(constructor)]
    pub fn new(server: String, number: u8, now: f64) -> Result<Self, JsError> {
        let identity = Identity::from_secret(&[number; 32]);
        let delivery = MessageDelivery::Reliable;
        let file = MessageType { name: "file".into(), version: 1, delivery, max_bytes: MAX_BYTES };
        let types = Arc::new(MessageTypes::new(vec![file])?);
        let timeout = Duration::from_secs(10);
        let config = RoomConfig {
            local_peer: identity.peer_key(),
            identity: identity.clone(),
            incarnation: number.into(),
            entropy: Entropy([number; 32]),
            game: "messages".into(),
            registered: 0,
            frame_rate: 60,
            default_input: vec![0],
            input_delay: DelayBounds::fixed(2),
            max_prediction: 8,
            input_redundancy: 3,
            stall_timeout: None,
            min_frame_rate: 0,
            away_timeout: timeout,
            disconnect_timeout: timeout,
            link: LinkConfig::default(),
            policy: PathPolicy::Direct,
            countdown: Duration::ZERO,
            host: None,
            resumes: false,
            names: vec![String::new()],
            messages: types.clone(),
        };
        let transport = RtcTransport::join(JoinRequest {
            servers: vec![server],
            seed: number.into(),
            policy: PathPolicy::Direct,
            ..JoinRequest::new(Entry::Room("PAGES".into()), 2, identity)
        });
        let at = time(now);
        Ok(Self {
            room: DrivenRoom::new(Room::new(config, at), Box::new(transport), at),
            types,
            to_send: Vec::new(),
            is_sending: false,
            sent_at: Vec::new(),
            received_at: Vec::new(),
            round_trips: Vec::new(),
            ended: None,
        })
    }

    /// An update of the game: takes what has come, sends what is to be sent, and notes the round trip time.
    ///
    /// # Errors
    ///
    /// A message cannot be sent.
    pub fn update(&mut self, now: f64) -> Result<(), JsError> {
        let at = time(now);
        let mut driver = self.room.lock();
        driver.begin_update(at);
        while let Some(event) = driver.poll_event() {
            if let RoomEvent::Ended(reason) = event {
                self.ended = Some(reason.to_string());
            }
        }
        while let Some((_, event)) = driver.poll_message_event() {
            match event {
                MessageEvent::Received { .. } => self.received_at.push(now),
                MessageEvent::Delivered { .. } => self.is_sending = false,
                _ => {}
            }
        }
        let peer = driver.room().peers().next().map(|peer| (peer.key(), peer.link().stats(at).rtt));
        if let Some((peer, rtt)) = peer {
            self.round_trips.extend(rtt.map(|rtt| rtt.as_secs_f64() * 1000.0));
            if !self.is_sending
                && let Some(message) = self.to_send.pop()
            {
                self.is_sending = true;
                self.sent_at.push(now);
                driver.room_at(at).0.send_message(peer, FILE, 0, &message)?;
            }
        }
        driver.end_update(at, Some((0, -1)));
        Ok(())
    }

    /// Why the room has ended, if it has.
    pub fn ended(&self) -> Option<String> {
        self.ended.clone()
    }

    /// Whether there is a match.
    pub fn plays(&self) -> bool {
        self.room.lock().room().traffic().is_some()
    }

    /// Sends messages of so many bytes that cannot be compressed, each when the one before has arrived.
    ///
    /// # Errors
    ///
    /// They are too long.
    pub fn send(&mut self, count: usize, bytes: usize) -> Result<(), JsError> {
        let message_type = self.types.get(FILE).ok_or(JsError::new("no such type"))?;
        let message = EncodedMessage::new(message_type, noise(bytes))?;
        self.to_send = vec![message; count];
        Ok(())
    }

    /// When each message was sent.
    #[wasm_bindgen(js_name = sentAt)]
    pub fn sent_at(&self) -> Vec<f64> {
        self.sent_at.clone()
    }

    /// When each message came.
    #[wasm_bindgen(js_name = receivedAt)]
    pub fn received_at(&self) -> Vec<f64> {
        self.received_at.clone()
    }

    /// The round trip times of the updates since the last call.
    #[wasm_bindgen(js_name = takeRoundTrips)]
    pub fn take_round_trips(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.round_trips)
    }
}

fn time(milliseconds: f64) -> Duration {
    Duration::from_secs_f64(milliseconds / 1000.0)
}

/// Random bytes, the same each time.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(byte).take(bytes).collect()
}
