//! A match that several peers send any payloads to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use netplay_core::link::Link;
use netplay_core::match_::fuzzing::{Receiver, encode_inputs};
use netplay_core::match_::{
    DEFAULT_INPUT_REDUNDANCY, DelayBounds, MatchConfig, MatchTraffic, SessionMessage, Signatures,
};
use netplay_protocol::{
    InputDigest, InputLogChunk, InputResponse, InputStatement, MatchId, PeerKey, Roster,
};
use rand::RngExt;

use super::payload;
use crate::{Random, Target, examples, packets};

pub const TRAFFIC: Target =
    Target { name: "traffic", check, example, words: &[], test_runs: 80_000 };

const PLAYERS: usize = 3;
const INPUT_BYTES: usize = 2;
/// How far ahead of the local frame an input of a peer may be: ggrs keeps 128.
const MAX_AHEAD: i32 = 80;
const FRAME: Duration = Duration::from_millis(16);

/// The match of the three identities, of which the first one is local.
static SIGNATURES: LazyLock<Signatures> = LazyLock::new(|| {
    let players = [0, 1, 2].map(|number| examples::identity(number).public());
    let members = players.iter().map(|key| key.peer_key()).collect();
    let id = MatchId::new(1, 7, &Roster::new(PLAYERS as u8, members));
    Signatures { id, identity: examples::identity(0), players: players.to_vec() }
});

/// What each of the two peers has signed of its inputs before the first frame: the digest of none, which is right, and one
/// that contradicts its inputs.
static STATEMENTS: LazyLock<[[InputStatement; 2]; 2]> = LazyLock::new(|| {
    let digests = [InputDigest::first(), InputDigest([0; 32])];
    [1, 2].map(|peer| {
        digests.map(|digest| examples::identity(peer).sign_inputs(&SIGNATURES.id, -1, digest))
    })
});

/// The session receives every input of a peer once and in order, and none that it has no room for.
fn check(input: &[u8]) {
    let peers = [1, 2].map(|number: usize| SIGNATURES.players[number].peer_key());
    let config = MatchConfig {
        players: PLAYERS,
        default_input: vec![0; INPUT_BYTES],
        input_delay: 2,
        delay_bounds: DelayBounds::fixed(2),
        frame: Duration::from_millis(16),
        max_prediction: 8,
        input_redundancy: DEFAULT_INPUT_REDUNDANCY,
    };
    let mut traffic = MatchTraffic::new(config, SIGNATURES.clone());
    let (mut frame, mut received, mut violators) = (0, BTreeMap::new(), BTreeSet::new());
    for (packet, step) in packets::split(input).zip(0_u32..) {
        let from = peers[usize::from(packet.kind & 1)];
        if packet.kind & 2 == 0 {
            frame += i32::from(packet.kind >> 6);
            traffic.handle_frame(frame);
            traffic.handle_checksum(frame, frame as u64);
        }
        let before = (traffic.last_frame(from), traffic.statement(from));
        let accepted = match packet.kind & 4 {
            0 => traffic.handle_payload(from, packet.bytes).is_ok(),
            _ => {
                // What another peer passes on.
                let [start, statement, inputs @ ..] = packet.bytes else { continue };
                let start_frame = before.0 + i32::from((*start).cast_signed() / 16);
                let inputs =
                    InputLogChunk { epoch: 1, player: 1, start_frame, inputs: inputs.into() };
                let statements = match statement % 4 {
                    place @ (0 | 1) => {
                        vec![STATEMENTS[usize::from(packet.kind & 1)][usize::from(place)]]
                    }
                    _ => Vec::new(),
                };
                let response = InputResponse { inputs, statements };
                traffic.handle_input_response(from, &response).is_ok()
            }
        };
        let after = (traffic.last_frame(from), traffic.statement(from));
        assert!(accepted || after == before);
        if let Some(statement) = after.1.filter(|_| after.1 != before.1) {
            assert!(traffic.has_signed(from, &statement), "nobody has signed {statement:?}");
        }
        while let Some((violator, _)) = traffic.poll_violation() {
            assert_eq!(violator, from, "of a peer that has sent nothing");
            assert!(violators.insert(violator), "a violation twice");
        }
        let differences = std::iter::from_fn(|| traffic.poll_difference());
        assert!(differences.count() <= peers.len());
        while let Some((from, message)) = traffic.poll_message() {
            check_message(from, &message, frame, &mut received);
        }
        while traffic.poll_desync().is_some() {}
        for peer in peers {
            while let Some(transmit) = traffic.poll_transmit(FRAME * step, peer, FRAME) {
                assert!(transmit.payload.len() <= Link::MAX_PAYLOAD);
            }
            assert!(traffic.last_frame(peer) <= frame + MAX_AHEAD);
        }
    }
}

fn check_message(
    from: PeerKey,
    message: &SessionMessage,
    frame: i32,
    received: &mut BTreeMap<PeerKey, i32>,
) {
    let (ack_frame, inputs) = match message {
        SessionMessage::Inputs { ack_frame, last_frames, inputs } => {
            assert_eq!(last_frames.len(), PLAYERS);
            assert!(last_frames.iter().all(|last| (-1..=frame + MAX_AHEAD).contains(last)));
            (*ack_frame, Some(inputs))
        }
        SessionMessage::InputAck { ack_frame } => (*ack_frame, None),
    };
    assert!((-1..=frame + MAX_AHEAD).contains(&ack_frame));
    let Some(inputs) = inputs else { return };
    let decoded = bitfield_rle::decode(&inputs.bytes).expect("ggrs reads them");
    let frames = decoded.chunks_exact(2 + INPUT_BYTES);
    assert!(frames.remainder().is_empty() && (1..=128).contains(&frames.len()));
    let last = inputs.start_frame + frames.len() as i32 - 1;
    assert!(last <= frame + MAX_AHEAD);
    match received.insert(from, last) {
        Some(before) => assert_eq!(inputs.start_frame, before + 1, "a gap, or an input twice"),
        None => assert!((0..=16).contains(&inputs.start_frame)),
    }
}

fn example(random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    let (mut frame, mut starts) = (0, [16, 16]);
    for _ in 0..random.random_range(1..20) {
        let kind: u8 = random.random();
        if kind & 2 == 0 {
            frame += i32::from(kind >> 6);
        }
        let from = usize::from(kind & 1);
        let receiver = Receiver {
            players: PLAYERS,
            input_bytes: INPUT_BYTES,
            latest_start: starts[from],
            local_frame: frame,
            last_input: frame,
        };
        let statement = match random.random_range(0..8) {
            0 => examples::statement(random),
            1 => STATEMENTS[from][1],
            _ => STATEMENTS[from][0],
        };
        let bytes = match kind & 4 {
            0 => payload::payload(random, &receiver, &statement),
            _ => {
                let inputs = [random.random(), 0].repeat(random.random_range(1..9));
                let inputs: Vec<_> = inputs.chunks(INPUT_BYTES).map(<[u8]>::to_vec).collect();
                let chunk = encode_inputs(starts[from], &[0; INPUT_BYTES], &inputs);
                [&[0, random.random_range(0..3)], &chunk.bytes[..]].concat()
            }
        };
        packets::push(&mut input, kind, &bytes);
        // Roughly where the next inputs begin.
        starts[from] += random.random_range(0..6);
    }
    input
}
