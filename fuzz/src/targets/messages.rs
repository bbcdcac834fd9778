//! Packets with messages of a game, as a peer sends them.

use netplay_core::messages::fuzzing::MessageEnd;
use netplay_protocol::{
    AckRange, MessageAck, MessageChunk, MessageDelivery, MessageFrame, MessageLatest,
    MessagePacket, MessageType, MessageTypes,
};
use rand::RngExt;

use crate::{Random, Target, examples, packets};

pub const MESSAGES: Target =
    Target { name: "messages", check, example, words: &[], test_runs: 100_000 };

/// The longest message of the reliable types.
const MAX_BYTES: u32 = 64 * 1024;

fn types() -> MessageTypes {
    let of = |name: &str, delivery, max_bytes| MessageType {
        name: name.into(),
        version: 1,
        delivery,
        max_bytes,
    };
    let types = vec![
        of("a", MessageDelivery::Reliable, 1000),
        of("b", MessageDelivery::Reliable, MAX_BYTES),
        of("c", MessageDelivery::Latest, 100),
    ];
    MessageTypes::new(types).expect("they are types")
}

/// What is whole is no longer than its type allows, what is sent is in proportion to what is received, and what decodes
/// encodes to the same.
fn check(input: &[u8]) {
    let types = types();
    let mut end = MessageEnd::new(&types, &types);
    end.send(&types, 0, vec![7; 900]);
    end.send(&types, 1, vec![7; 9000]);
    for packet in packets::split(input) {
        check_frames(packet.bytes);
        let sent = end.handle(packet.bytes);
        assert!(sent.len() <= 64, "{}", sent.len());
        let fits = |packet: &Vec<u8>| packet.len() <= netplay_protocol::limits::MAX_DATAGRAM_BYTES;
        assert!(sent.iter().all(fits));
        for (number, message) in end.received() {
            let most = types.get(number).map_or(0, |it| it.max_bytes);
            assert!(message.len() <= most as usize);
        }
    }
}

fn check_frames(packet: &[u8]) {
    let Ok((header, mut frames)) = MessagePacket::split(packet) else { return };
    assert_eq!(header.header(), packet[..MessagePacket::BYTES]);
    while let Ok(Some(frame)) = MessageFrame::take(&mut frames) {
        if let MessageFrame::Ack(ack) = &frame {
            assert!(ack.ranges().all(|(first, last)| first <= last && last <= ack.largest));
        }
        let encoded = frame.push(Vec::new());
        assert_eq!(MessageFrame::take(&mut &encoded[..]), Ok(Some(frame)));
    }
}

fn example(random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    let mut offsets = [0; 2];
    for number in 0..random.random_range(1..20) {
        let header = MessagePacket { from: 1, to: 1, number, sent: random.random() };
        let mut packet = header.header();
        for _ in 0..random.random_range(1..4) {
            packet = frame(random, &mut offsets, packet);
        }
        packets::push(&mut input, 0, &packet);
    }
    input
}

/// Appends a frame: mostly one that goes on where the last one ended.
fn frame(random: &mut Random, offsets: &mut [u64; 2], packet: Vec<u8>) -> Vec<u8> {
    match random.random_range(0..6) {
        0 => MessageFrame::Ack(ack(random)).push(packet),
        1 => {
            let (sequence, bytes) = (examples::number(random) as u64, examples::bytes(random, 120));
            let message_type = random.random_range(0..4);
            MessageFrame::Latest(MessageLatest { message_type, sequence, bytes: &bytes })
                .push(packet)
        }
        _ => {
            let message_type = random.random_range(0..2u8);
            let next = &mut offsets[usize::from(message_type)];
            let mut bytes = examples::bytes(random, 300);
            if random.random() {
                let length = examples::bytes(random, 200);
                let compressed =
                    if random.random_ratio(1, 4) { examples::number(random) as u32 } else { 0 };
                let header =
                    [(length.len() as u32).to_le_bytes(), compressed.to_le_bytes()].concat();
                bytes = [header, length].concat();
            }
            let offset = match random.random_range(0..6) {
                0 => examples::number(random) as u64,
                _ => *next,
            };
            *next += bytes.len() as u64;
            let chunk = MessageChunk { message_type, offset, bytes: &bytes };
            MessageFrame::Chunk(chunk).push(packet)
        }
    }
}

fn ack(random: &mut Random) -> MessageAck {
    let ranges = (0..random.random_range(1..5)).map(|place| AckRange {
        gap: if place == 0 { 0 } else { random.random_range(0..3) },
        length: random.random_range(0..4),
    });
    let ranges = ranges.collect();
    let largest = examples::number(random) as u64;
    MessageAck { largest, delay: random.random(), ready: random.random(), ranges }
}
