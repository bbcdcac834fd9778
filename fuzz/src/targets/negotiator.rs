//! A client that receives anything from its server: messages, signals of peers, relayed packets.

use std::time::Duration;

use netplay_core::negotiation::Negotiator;
use netplay_core::signaling::{Frame, SocketCommand, SocketEvent};
use netplay_core::transport::{JoinRequest, TransportRequest};
use netplay_protocol::signaling::{Entry, ServerMessage, VERSION};
use netplay_protocol::{RelayChannel, RelayHeader, Roster};
use rand::RngExt;

use super::signaling;
use crate::{Random, Target, examples, packets};

pub const NEGOTIATOR: Target = Target {
    name: "negotiator",
    check,
    example,
    words: &["\"type\":", "\"offer\":", "\"handshake\":", "ws://", "null"],
    test_runs: 15_000,
};

/// What the client does, sends and reports is in proportion to what it receives.
fn check(input: &[u8]) {
    let entry = Entry::Room(examples::room().0.to_string());
    let mut request = JoinRequest::new(entry, 3, examples::identity(0));
    request.servers = vec!["ws://one.example.org".into(), "ws://two.example.org".into()];
    let mut now = Duration::ZERO;
    let mut negotiator = Negotiator::new(request, [9; 32], true, now);
    drain(&mut negotiator, now);
    for packet in packets::split(input) {
        now += Duration::from_millis(u64::from(packet.kind >> 3) * 50);
        let peer = examples::identity(1 + (packet.kind >> 7)).peer_key();
        match packet.kind & 7 {
            0 => negotiator.handle_socket(now, SocketEvent::Disconnected(None)),
            1 => {
                let frame = Frame::Binary(packet.bytes.to_vec());
                negotiator.handle_socket(now, SocketEvent::Received(frame));
            }
            2 => negotiator.handle_request(now, TransportRequest::Attempt(peer)),
            3 => negotiator.handle_request(now, TransportRequest::OpenRelay(peer)),
            _ => {
                let text = String::from_utf8_lossy(packet.bytes).into_owned();
                negotiator.handle_socket(now, SocketEvent::Received(Frame::Text(text)));
            }
        }
        drain(&mut negotiator, now);
        negotiator.handle_timeout(now);
        drain(&mut negotiator, now);
    }
}

/// Takes everything out, and connects where it is asked to. One message makes few answers.
fn drain(negotiator: &mut Negotiator, now: Duration) {
    let mut taken = 0;
    loop {
        let before = taken;
        while let Some(command) = negotiator.poll_socket() {
            taken += 1;
            if let SocketCommand::Dial { url } = command {
                assert!(url.starts_with("ws://") || url.starts_with("wss://"), "{url}");
                negotiator.handle_socket(now, SocketEvent::Connected);
            }
        }
        taken += std::iter::from_fn(|| negotiator.poll_transmit()).count();
        taken += std::iter::from_fn(|| negotiator.poll_attempt()).count();
        taken += std::iter::from_fn(|| negotiator.poll_event()).count();
        if taken == before {
            break;
        }
    }
    assert!(taken <= 4096, "{taken} answers");
}

fn example(random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    let challenge = ServerMessage::Challenge {
        version: VERSION,
        challenge: examples::CHALLENGE,
        issuer: "issuer".into(),
    };
    let (room, nonce) = examples::room();
    let welcome = ServerMessage::Welcome {
        version: VERSION,
        room,
        nonce,
        size: 3,
        least: None,
        resume: "issuer.token".into(),
        grace_ms: 10_000,
        ice_servers: Vec::new(),
        state: Default::default(),
    };
    let members = (0..3).map(|number| examples::identity(number).peer_key()).collect();
    let roster = Roster::new(3, members);
    let roster = ServerMessage::Roster { revision: 1, roster, issued: 1, signature: String::new() };
    let text = |message: &ServerMessage| serde_json::to_vec(message).unwrap_or_default();
    packets::push(&mut input, 4, &text(&challenge));
    packets::push(&mut input, 4, &text(&welcome));
    packets::push(&mut input, 4, &text(&roster));
    for _ in 0..random.random_range(0..12) {
        let time = random.random_range(0..32_u8) << 3;
        match random.random_range(0..9) {
            0 => {
                let header = RelayHeader::new(RelayChannel::Datagram, examples::peer(random));
                let frame = header.frame(&examples::bytes(random, 200));
                packets::push(&mut input, 1 | time, &frame);
            }
            1 => packets::push(&mut input, random.random_range(0..4) | time, &[]),
            2..=4 => {
                let (from, connection) = (examples::peer(random), examples::connection(random));
                let signal = signaling::signal(random);
                let message = ServerMessage::Signal { from, connection, signal };
                packets::push(&mut input, 4 | time, &text(&message));
            }
            5 => packets::push(&mut input, 4 | time, &text(&challenge)),
            _ => packets::push(&mut input, 4 | time, &text(&signaling::server_message(random))),
        }
    }
    input
}
