//! What a peer sends that means harm: memory stays bounded, and it is muted.

use netplay_protocol::{
    AckRange, MessageAck, MessageChunk, MessageFrame, MessageLatest, MessagePacket,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::ends::*;
use crate::messages::{MessageError, Violation};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The first end is hostile.
struct Hostile {
    ends: Ends,
    number: u64,
}

impl Hostile {
    fn new() -> Self {
        Self { ends: Ends::ready(), number: 0 }
    }

    /// Sends a frame to the second end.
    fn say(&mut self, frame: &MessageFrame<'_>) -> Result<(), Violation> {
        let header = MessagePacket { from: 1, to: 1, number: self.number, sent: 0 };
        self.number += 1;
        let frames = frame.push(Vec::new());
        self.ends.now += MS;
        self.ends.ends[1].handle_packet(self.ends.now, header, &frames)
    }

    fn chunk(&mut self, message_type: u8, offset: u64, bytes: &[u8]) -> Result<(), Violation> {
        self.say(&MessageFrame::Chunk(MessageChunk { message_type, offset, bytes }))
    }

    fn memory(&self) -> usize {
        self.ends.ends[1].incoming.memory()
    }
}

/// What stands before a message in its stream.
fn header(length: u32, compressed_from: u32) -> Vec<u8> {
    [length.to_le_bytes(), compressed_from.to_le_bytes()].concat()
}

#[test]
fn a_message_that_claims_more_than_its_type_allows_mutes_its_sender() {
    for claims in [
        header(CHAT_BYTES + 1, 0),
        header(10, CHAT_BYTES + 1),
        header(10, 9),
        header(u32::MAX, u32::MAX),
    ] {
        let mut hostile = Hostile::new();
        assert_eq!(hostile.chunk(CHAT, 0, &claims), Err(Violation::Oversized));
        assert_eq!(hostile.ends.ends[1].counters().oversized, 1);
        assert!(hostile.ends.ends[1].is_muted());
        // Nothing more is read, and nothing is said to it.
        assert_eq!(hostile.chunk(CHAT, 0, b"x"), Ok(()));
        assert_eq!((hostile.memory(), hostile.ends.ends[1].counters().muted), (0, 1));
    }
}

#[test]
fn a_message_that_never_ends_takes_what_has_come_and_no_more() {
    let mut hostile = Hostile::new();
    hostile.chunk(FILE, 0, &header(FILE_BYTES, 0)).unwrap();
    assert!(hostile.memory() < 1000);
    for offset in 0..1000 {
        hostile.chunk(FILE, 8 + offset * 1000, &[7; 1000]).unwrap();
    }
    assert_eq!(hostile.memory(), 1_000_000);
    hostile.ends.take(1);
    assert!(hostile.ends.received().is_empty());
}

#[test]
fn what_comes_early_is_bounded_and_what_overlaps_counts_once() {
    let mut hostile = Hostile::new();
    let mut random = Pcg32::seed_from_u64(1);
    for _ in 0..30_000 {
        let offset = random.random_range(1..100_000_000);
        let bytes = vec![7; random.random_range(1..1150)];
        hostile.chunk(FILE, offset, &bytes).unwrap();
        hostile.chunk(CHAT, offset, &bytes).unwrap();
        assert!(hostile.memory() <= 4 * 1024 * 1024);
    }
    let mut hostile = Hostile::new();
    for _ in 0..10_000 {
        let offset = random.random_range(1..100_000);
        hostile.chunk(FILE, offset, &vec![7; random.random_range(1..1150)]).unwrap();
    }
    assert!(hostile.memory() <= 101_150, "{}", hostile.memory());
    // Pieces that do not touch, each of which takes more memory than its byte.
    let mut hostile = Hostile::new();
    for offset in (1..12_000).step_by(2) {
        hostile.chunk(FILE, offset, &[7]).unwrap();
    }
    assert_eq!(hostile.memory(), 2048);
}

#[test]
fn pieces_that_have_grown_together_are_one() {
    let mut hostile = Hostile::new();
    let pieces = |hostile: &Hostile| hostile.ends.ends[1].incoming.early_pieces();
    for offset in (100..1200).step_by(2) {
        hostile.chunk(FILE, offset, &[7]).unwrap();
    }
    assert_eq!(pieces(&hostile), 550);
    hostile.chunk(FILE, 100, &[7; 1100]).unwrap();
    assert_eq!((pieces(&hostile), hostile.memory()), (1, 1100));
    // An end that comes first, from the last byte to the first.
    let mut hostile = Hostile::new();
    for offset in (1..6000).rev() {
        hostile.chunk(FILE, offset, &[7]).unwrap();
    }
    assert_eq!(hostile.memory(), 5999);
    assert!(pieces(&hostile) <= 6, "{}", pieces(&hostile));
}

#[test]
fn overlapping_chunks_of_a_message_make_it_whole_once() {
    let mut hostile = Hostile::new();
    let file = noise(1, 50_000);
    let stream = [header(50_000, 0), file.clone(), header(1, 0), vec![9]].concat();
    let mut random = Pcg32::seed_from_u64(2);
    for _ in 0..5000 {
        let start = random.random_range(0..stream.len());
        let end = (start + random.random_range(1..1150)).min(stream.len());
        hostile.chunk(FILE, start as u64, &stream[start..end]).unwrap();
    }
    for start in [0, stream.len() - 1000] {
        hostile.chunk(FILE, start as u64, &stream[start..start + 1000]).unwrap();
    }
    hostile.ends.take(1);
    assert_eq!(hostile.ends.received(), [(FILE, &file[..]), (FILE, &[9][..])]);
    assert_eq!(hostile.memory(), 0);
}

#[test]
fn messages_that_the_game_does_not_take_are_bounded() {
    let mut hostile = Hostile::new();
    let message = [header(1000, 0), vec![7; 1000]].concat();
    for place in 0..60_000 {
        hostile.chunk(CHAT, place * 1008, &message).unwrap();
    }
    assert!(hostile.memory() <= 33 * 1024 * 1024, "{}", hostile.memory());
    // Empty ones have no bytes, and take memory all the same.
    let mut hostile = Hostile::new();
    (0..60_000).for_each(|place| hostile.chunk(CHAT, place * 8, &header(0, 0)).unwrap());
    hostile.ends.take(1);
    assert!(hostile.ends.received().len() <= 8192 + 150, "{}", hostile.ends.received().len());
}

#[test]
fn what_does_not_decompress_to_what_it_claims_mutes_its_sender() {
    let mut hostile = Hostile::new();
    let bomb = lz4_flex::block::compress(&vec![0; 10_000_000]);
    let claims = header(bomb.len() as u32, FILE_BYTES);
    let stream = [claims, bomb].concat();
    for (place, bytes) in stream.chunks(1100).enumerate() {
        hostile.chunk(FILE, place as u64 * 1100, bytes).unwrap();
    }
    hostile.ends.take(1);
    assert!(hostile.ends.received().is_empty());
    assert_eq!(hostile.ends.ends[1].counters().malformed, 1);
    assert!(hostile.ends.ends[1].is_muted());
}

/// A message of so many zeros as it stands in its stream.
fn compressed(zeros: usize) -> Vec<u8> {
    let bytes = lz4_flex::block::compress(&vec![0; zeros]);
    [header(bytes.len() as u32, zeros as u32), bytes].concat()
}

#[test]
fn compressed_messages_that_wait_for_the_game_count_as_what_they_become() {
    let mut hostile = Hostile::new();
    let stream = compressed(1024 * 1024).repeat(200);
    for (place, bytes) in stream.chunks(1100).enumerate() {
        hostile.chunk(FILE, place as u64 * 1100, bytes).unwrap();
    }
    hostile.ends.take(1);
    let received: usize = hostile.ends.received().iter().map(|(_, message)| message.len()).sum();
    assert!(received <= 33 * 1024 * 1024, "{received}");
    assert!(received >= 16 * 1024 * 1024, "{received}");
}

#[test]
fn what_is_decompressed_is_bounded_per_second() {
    let mut hostile = Hostile::new();
    let message = compressed(256 * 1024);
    let (mut place, mut received) = (0, 0);
    // One in each millisecond; what is not taken comes again.
    while hostile.ends.now < MS * 2000 {
        hostile.chunk(FILE, place, &message).unwrap();
        hostile.ends.take(1);
        let messages = hostile.ends.events[1].drain(..).count();
        place += (messages * message.len()) as u64;
        received += messages * 256 * 1024;
    }
    // What may come at once, and two seconds.
    let most = 3 * 64 * 1024 * 1024;
    assert!((most * 9 / 10..=most + 256 * 1024).contains(&received), "{received}");
}

#[test]
fn a_packet_of_many_frames_costs_as_much_as_many_packets() {
    let mut ends = Ends::ready();
    let latest = MessageLatest { message_type: POSITION, sequence: 1, bytes: &[] };
    let frame = MessageFrame::Latest(latest).push(Vec::new());
    for number in 0..10_000 {
        let header = MessagePacket { from: 1, to: 1, number, sent: 0 };
        ends.ends[1].handle_packet(MS, header, &frame.repeat(280)).unwrap();
    }
    // Each takes what 71 packets take.
    assert_eq!(ends.ends[1].counters().muted, 10_000 - 60_000_u64.div_ceil(71));
    assert!(!ends.ends[1].is_muted());
}

#[test]
fn what_cannot_be_is_counted_and_mutes_its_sender() {
    let ack = |largest, gap, length| {
        let ranges = vec![AckRange { gap, length }];
        MessageFrame::Ack(MessageAck { largest, delay: 0, ready: true, ranges })
    };
    let chunk = |message_type, offset| {
        MessageFrame::Chunk(MessageChunk { message_type, offset, bytes: b"x" })
    };
    let latest = |message_type, bytes| {
        MessageFrame::Latest(MessageLatest { message_type, sequence: 1, bytes })
    };
    for (frame, violation) in [
        // Nothing was sent.
        (ack(0, 0, 1), Violation::Malformed),
        (ack(u64::MAX, 0, u64::MAX), Violation::Malformed),
        (ack(1, 0, 3), Violation::Malformed),
        (chunk(99, 0), Violation::Unknown),
        (chunk(POSITION, 0), Violation::Unknown),
        (chunk(CHAT, u64::MAX), Violation::Malformed),
        (latest(CHAT, b"x"), Violation::Unknown),
        (latest(99, b"x"), Violation::Unknown),
        (latest(POSITION, &[0; 101]), Violation::Oversized),
    ] {
        let mut hostile = Hostile::new();
        assert_eq!(hostile.say(&frame), Err(violation), "{frame:?}");
        let counters = hostile.ends.ends[1].counters();
        assert_eq!(counters.malformed + counters.unknown + counters.oversized, 1, "{frame:?}");
        assert!(hostile.ends.ends[1].is_muted());
    }
    let mut hostile = Hostile::new();
    hostile.number = u64::MAX;
    let header = MessagePacket { from: 1, to: 1, number: u64::MAX, sent: 0 };
    assert_eq!(hostile.ends.ends[1].handle_packet(MS, header, &[]), Err(Violation::Malformed));
}

#[test]
fn what_was_to_be_sent_to_a_muted_peer_has_failed() {
    let mut ends = Ends::ready();
    ends.send(FILE, 1, noise(1, 100_000)).unwrap();
    let header = MessagePacket { from: 1, to: 1, number: 0, sent: 0 };
    assert!(ends.ends[0].handle_packet(MS, header, &[99]).is_err());
    ends.take(0);
    assert_eq!(ends.failed(), [(1, MessageError::PeerMuted)]);
    assert_eq!(ends.send(CHAT, 2, vec![]), Err(MessageError::PeerMuted));
    assert!(!ends.ends[0].waits());
}

#[test]
fn a_peer_that_sends_too_many_packets_is_not_read_for_a_while() {
    let mut ends = Ends::ready();
    for number in 0..100_000 {
        let header = MessagePacket { from: 1, to: 1, number, sent: 0 };
        ends.ends[1].handle_packet(MS, header, &[]).unwrap();
    }
    assert_eq!(ends.ends[1].counters().muted, 40_000);
    assert!(!ends.ends[1].is_muted());
}
