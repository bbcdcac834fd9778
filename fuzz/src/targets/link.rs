//! A link that receives any packets.

use std::time::Duration;

use netplay_core::link::{Link, LinkConfig};
use netplay_core::path::{Channel, PathId, PathKind, PathPolicy};
use netplay_core::transport::TransportEvent;
use netplay_protocol::{DatagramHeader, DatagramKind, PathStamp, ReliableHeader};
use rand::RngExt;

use super::control;
use crate::{Random, Target, examples, packets};

pub const LINK: Target = Target { name: "link", check, example, words: &[], test_runs: 60_000 };

const PATHS: [PathId; 2] = [PathId(1), PathId(2)];

/// What a link sends, asks for and reports is in proportion to what it receives.
fn check(input: &[u8]) {
    let [local, peer] = [0, 1].map(|number| examples::identity(number).peer_key());
    let (config, mut now) = (LinkConfig::default(), Duration::ZERO);
    let mut link = Link::new(config, PathPolicy::Any, local, peer, 7, now);
    for path in PATHS {
        link.handle_event(now, &TransportEvent::PathUp { peer, path, kind: PathKind::Direct });
    }
    let _ = link.send_reliable(now, b"hello".to_vec());
    drain(&mut link);
    for packet in packets::split(input) {
        let path = PATHS[usize::from(packet.kind & 1)];
        let received = link.stats(now).counters.bytes_received;
        if packet.kind & 2 == 0 {
            if let Ok(datagram) = link.handle_datagram(now, path, packet.bytes) {
                assert!(
                    datagram.payload.len()
                        <= Link::MAX_PAYLOAD + netplay_protocol::limits::SEAL_BYTES
                );
                if datagram.kind == DatagramKind::Reliable {
                    let _ = link.handle_message(now, path, datagram.payload);
                }
            }
        } else {
            let _ = link.handle_reliable(now, path, packet.bytes);
        }
        let counted = link.stats(now).counters.bytes_received - received;
        assert_eq!(counted, packet.bytes.len() as u64);
        drain(&mut link);
        now += Duration::from_millis(u64::from(packet.kind >> 2));
        link.handle_timeout(now);
        drain(&mut link);
        let stats = link.stats(now);
        assert!((0.0..=1.0).contains(&stats.loss), "{stats:?}");
    }
}

/// Takes everything out. One packet makes few answers.
fn drain(link: &mut Link) {
    let transmits = std::iter::from_fn(|| link.poll_transmit());
    let sent: Vec<_> = transmits.collect();
    for transmit in &sent {
        let most = match transmit.channel {
            Channel::Datagram => Channel::Datagram.max_packet_bytes(),
            Channel::Reliable => Channel::Reliable.max_packet_bytes(),
        };
        assert!(transmit.packet.len() <= most);
    }
    let requests = std::iter::from_fn(|| link.poll_request()).count();
    let events = std::iter::from_fn(|| link.poll_event()).count();
    let messages = std::iter::from_fn(|| link.poll_message()).count();
    assert!(sent.len() + requests + events <= 64, "{} {requests} {events}", sent.len());
    // Those that came before the one that they follow are at most 256.
    assert!(messages <= 257);
}

fn example(random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    let (mut sequence, mut message) = (random.random::<u16>(), 0);
    let incarnation = random.random_range(1..4);
    for _ in 0..random.random_range(1..30) {
        let kind: u8 = random.random();
        sequence = sequence.wrapping_add(random.random_range(0..3));
        let packet = if kind & 2 == 0 {
            let ack =
                examples::option(random, |random| (random.random_range(0..5), random.random()));
            let stamp = PathStamp { sequence, sent: random.random(), ack };
            let kinds = [DatagramKind::Match, DatagramKind::KeepAlive, DatagramKind::Reliable];
            let kind = kinds[random.random_range(0..3)];
            let header = DatagramHeader::new(kind, 1, sequence, incarnation as u16, stamp);
            let payload = match kind {
                DatagramKind::Reliable => {
                    message += 1;
                    let header =
                        ReliableHeader { sequence: message, ack: 0, from: incarnation, to: 0 };
                    header.packet(&examples::bytes(random, 100))
                }
                DatagramKind::Match | DatagramKind::KeepAlive => examples::bytes(random, 100),
            };
            [bytemuck::bytes_of(&header), &payload[..]].concat()
        } else {
            message += random.random_range(0..3);
            let (ack, to) = (random.random_range(0..3), random.random_range(0..9));
            let header = ReliableHeader { sequence: message, ack, from: incarnation, to };
            let message = control::message(random).encode().unwrap_or_default();
            header.packet(&message[..message.len().min(400)])
        };
        packets::push(&mut input, kind, &packet);
    }
    input
}
