//! Payloads of match datagrams.

use netplay_core::match_::fuzzing::{Receiver, encode_inputs, reencoded_payload};
use netplay_core::match_::{MAX_INPUT_BYTES, MAX_INPUT_DELAY};
use netplay_protocol::InputStatement;
use netplay_protocol::limits::MAX_PLAYERS;
use rand::RngExt;

use crate::{Random, Target, examples};

pub const PAYLOAD: Target =
    Target { name: "payload", check, example, words: &[], test_runs: 500_000 };

/// How many bytes of an input say what the receiver knows.
const HEAD: usize = 6;

/// What decodes encodes to the same meaning, and is no longer than what came.
fn check(input: &[u8]) {
    let Some((head, payload)) = input.split_first_chunk::<HEAD>() else { return };
    let receiver = receiver(*head);
    let Some(encoded) = reencoded_payload(payload, &receiver) else { return };
    let again = reencoded_payload(&encoded, &receiver);
    assert_eq!(again.as_ref(), Some(&encoded), "what was encoded is refused or read otherwise");
}

/// What a receiver in some match knows.
pub fn receiver([players, input_bytes, high, frame, start, own]: [u8; HEAD]) -> Receiver {
    let local_frame = i32::from(frame) * 3 - 1;
    let input_bytes = 1 + usize::from(u16::from_le_bytes([input_bytes, high & 3]));
    Receiver {
        players: 2 + usize::from(players) % (usize::from(MAX_PLAYERS) - 1),
        input_bytes: input_bytes.min(MAX_INPUT_BYTES),
        latest_start: match start {
            0 => MAX_INPUT_DELAY as i32,
            start => (local_frame + i32::from(start) - 40).max(0),
        },
        local_frame: local_frame.max(0),
        last_input: local_frame + i32::from(own % 18),
    }
}

fn example(random: &mut Random) -> Vec<u8> {
    let mut head: [u8; HEAD] = random.random();
    // Inputs are small, mostly.
    if random.random_bool(0.8) {
        (head[1], head[2]) = (head[1] % 4, 0);
    }
    let mut input = head.to_vec();
    let statement = examples::statement(random);
    input.extend(self::payload(random, &receiver(head), &statement));
    input
}

/// A payload that such a receiver mostly accepts. If it has a statement, it is this one.
pub fn payload(random: &mut Random, receiver: &Receiver, statement: &InputStatement) -> Vec<u8> {
    let flags: u8 = random.random();
    let raw = flags & 0b10_0000 != 0;
    let ack = receiver.last_input - random.random_range(0..4);
    let mut payload = vec![flags];
    let put = |payload: &mut Vec<u8>, number: i64| {
        payload.extend(postcard::to_stdvec(&number).unwrap_or_default());
    };
    put(&mut payload, ack.into());
    if flags & 1 != 0 {
        let start = receiver.latest_start - random.random_range(0..3);
        put(&mut payload, (start - ack).into());
        let frames: usize = random.random_range(0..12);
        for _ in 0..receiver.players {
            put(&mut payload, random.random_range(-3..10));
        }
        let inputs: Vec<Vec<u8>> = (0..frames)
            .map(|_| (0..receiver.input_bytes).map(|_| random.random_range(0..3)).collect())
            .collect();
        let bytes = match raw {
            true => inputs.concat(),
            false => encode_inputs(start, &vec![0; receiver.input_bytes], &inputs).bytes,
        };
        payload.extend(postcard::to_stdvec(&(bytes.len() as u16)).unwrap_or_default());
        payload.extend(bytes);
    }
    if flags & 2 != 0 {
        put(&mut payload, examples::number(random));
    }
    if flags & 8 != 0 {
        put(&mut payload, i64::from(random.random_range(-1..=receiver.local_frame) - ack));
    }
    if flags & 4 != 0 {
        let count = random.random_range(0..9);
        payload.push(count);
        put(&mut payload, (receiver.local_frame - 60 - ack).into());
        for _ in 0..count {
            put(&mut payload, random.random_range(0..20));
            payload.extend(random.random::<[u8; 8]>());
        }
    }
    if flags & 1 << 7 != 0 {
        let has: u8 = random.random_range(1..8);
        payload.push(has);
        if has & 1 != 0 {
            put(
                &mut payload,
                i64::from(random.random_range(-1..=receiver.last_input)) - i64::from(ack),
            );
        }
        if has & 2 != 0 {
            put(&mut payload, i64::from(statement.frame) - i64::from(ack));
            payload.extend(statement.digest.0);
            payload.extend(statement.signature.0);
        }
        if has & 4 != 0 {
            put(
                &mut payload,
                i64::from(random.random_range(-1..=receiver.local_frame)) - i64::from(ack),
            );
            payload.push(random.random_range(0..8));
            payload.extend(random.random::<[u8; 8]>());
        }
    }
    payload
}
