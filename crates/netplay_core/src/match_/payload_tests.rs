//! Payloads as they are sent, and what no peer may send.

use super::super::payload_checksums::ChecksumRun;
use netplay_protocol::statement::StatementSignature;
use netplay_protocol::{InputDigest, InputStatement};

use super::*;
use crate::match_::payload_statements::StatementSummary;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const BOUNDS: Bounds =
    Bounds { players: 2, input_bytes: 1, latest_start: 100, local_frame: 100, last_input: 102 };

fn encoded(start_frame: i32, inputs: &[u8]) -> EncodedInputs {
    let inputs: Vec<Vec<u8>> = inputs.iter().map(|input| vec![*input]).collect();
    EncodedInputs::encode(start_frame, &[0], &inputs)
}

fn payload() -> Payload {
    let inputs = encoded(98, &[5, 5, 5, 5]);
    Payload {
        ack_frame: 97,
        waits: true,
        inputs: Some(PayloadInputs { last_frames: vec![101, 97], inputs, follows: false }),
        report: Some(PaceReport { eighths_behind: -30, lost_percent: 30, fitting_delay: 2 }),
        checksums: PayloadChecksums {
            ack: Some(75),
            run: Some(ChecksumRun { previous: 75, checksums: vec![(90, u64::MAX), (105, 1)] }),
        },
        statements: PayloadStatements {
            ack: Some(59),
            statement: Some(InputStatement {
                frame: 119,
                digest: InputDigest([7; 32]),
                signature: StatementSignature([8; 64]),
            }),
            summary: Some(StatementSummary { frame: 59, players: 3, hash: u64::MAX }),
        },
    }
}

fn run(payload: &mut Payload) -> &mut ChecksumRun {
    payload.checksums.run.as_mut().unwrap()
}

#[test]
fn a_payload_is_decoded_as_it_was_encoded_and_is_small() {
    let bytes = payload().encode(1);
    assert_eq!(Payload::decode(&bytes, &BOUNDS), Ok(payload()));
    let checksums = PayloadChecksums::default();
    let statements = PayloadStatements::default();
    let usual = Payload { report: None, checksums, statements, ..payload() }.encode(1);
    assert!(usual.len() <= 20, "{} bytes", usual.len());
    let ack = Payload { ack_frame: 7, ..Payload::default() };
    assert_eq!(Payload::decode(&ack.encode(1), &BOUNDS), Ok(ack));
}

#[test]
fn truncated_payloads_and_trailing_bytes_are_refused() {
    let bytes = payload().encode(1);
    for length in 0..bytes.len() {
        assert!(Payload::decode(&bytes[..length], &BOUNDS).is_err(), "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Payload::decode(&longer, &BOUNDS), Err(PayloadError::Layout));
}

#[test]
fn impossible_frames_are_refused() {
    let refused = |change: fn(&mut Payload, &mut PayloadInputs)| {
        let mut payload = payload();
        let mut inputs = payload.inputs.take().unwrap();
        change(&mut payload, &mut inputs);
        payload.inputs = Some(inputs);
        assert_eq!(Payload::decode(&payload.encode(1), &BOUNDS), Err(PayloadError::Frame));
    };
    refused(|payload, _| payload.ack_frame = 200);
    refused(|payload, _| payload.ack_frame = -2);
    refused(|_, part| part.inputs.start_frame = 101);
    refused(|_, part| part.inputs.start_frame = -1);
    refused(|_, part| part.last_frames[0] = 100_000);
    refused(|_, part| part.inputs.bytes = encoded(98, &[1; 100]).bytes);
    refused(|payload, _| run(payload).checksums[0].0 = i32::MIN);
    refused(|payload, _| run(payload).checksums[0].0 = 1000);
    refused(|payload, _| run(payload).checksums[1].0 = i32::MAX);
    refused(|payload, _| run(payload).checksums[1].0 = 90);
    refused(|payload, _| run(payload).previous = 90);
    refused(|payload, _| run(payload).previous = -2);
    refused(|payload, _| payload.checksums.ack = Some(101));
    refused(|payload, _| payload.checksums.ack = Some(-2));
    refused(|_, part| part.inputs.bytes = vec![]);
}

#[test]
fn the_first_inputs_of_a_match_begin_within_the_longest_delay() {
    let bounds = Bounds { latest_start: MAX_INPUT_DELAY as i32, local_frame: 0, ..BOUNDS };
    let first = |start_frame| {
        let inputs = encoded(start_frame, &[1]);
        let inputs = PayloadInputs { last_frames: vec![-1, start_frame], inputs, follows: false };
        Payload { ack_frame: -1, inputs: Some(inputs), ..Payload::default() }.encode(1)
    };
    assert!(Payload::decode(&first(16), &bounds).is_ok());
    assert_eq!(Payload::decode(&first(17), &bounds), Err(PayloadError::Frame));
}

#[test]
fn inputs_of_the_wrong_size_are_refused() {
    let wider = Bounds { input_bytes: 2, ..BOUNDS };
    let bytes = payload().encode(1);
    assert_eq!(Payload::decode(&bytes, &wider), Err(PayloadError::Input));
    let mut wrong = payload();
    wrong.inputs.as_mut().unwrap().inputs.bytes = bitfield_rle::encode([2, 0, 5]);
    assert_eq!(Payload::decode(&wrong.encode(1), &BOUNDS), Err(PayloadError::Input));
}

#[test]
fn random_bytes_never_panic() {
    let mut state = 1u64;
    for length in 0..2000 {
        let bytes: Vec<u8> = (0..length % 64)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        let _ = Payload::decode(&bytes, &BOUNDS);
    }
}

/// Inputs of so many bytes that run-length encoding makes half as long again.
fn incompressible(start_frame: i32, frames: usize, input_bytes: usize) -> EncodedInputs {
    let input =
        |at: usize| (0..input_bytes).map(|byte| (byte % 2 * (at + byte + 1)) as u8).collect();
    let inputs: Vec<Vec<u8>> = (0..frames).map(input).collect();
    EncodedInputs::encode(start_frame, &vec![0; input_bytes], &inputs)
}

fn with_inputs(inputs: EncodedInputs, follows: bool) -> Payload {
    let inputs = Some(PayloadInputs { last_frames: vec![101, 97], inputs, follows });
    Payload { ack_frame: 97, inputs, ..Payload::default() }
}

#[test]
fn inputs_that_are_too_long_run_length_encoded_travel_raw() {
    let bounds = Bounds { input_bytes: 100, ..BOUNDS };
    let payload = with_inputs(incompressible(98, 11, 100), false);
    assert!(payload.encode_with(None).len() > Link::MAX_PAYLOAD);
    let bytes = payload.encode(100);
    assert!(bytes.len() <= Link::MAX_PAYLOAD && bytes[0] & RAW != 0, "{} bytes", bytes.len());
    assert_eq!(Payload::decode(&bytes, &bounds), Ok(payload));
    let fits = with_inputs(incompressible(98, 2, 100), false).encode(100);
    assert_eq!(fits[0] & RAW, 0);
    for length in 0..bytes.len() {
        assert!(Payload::decode(&bytes[..length], &bounds).is_err(), "{length}");
    }
    let wider = Bounds { input_bytes: 101, ..BOUNDS };
    assert_eq!(Payload::decode(&bytes, &wider), Err(PayloadError::Input));
    let narrow = Bounds { input_bytes: 1, ..BOUNDS };
    assert_eq!(Payload::decode(&bytes, &narrow), Err(PayloadError::Input), "too many");
}

#[test]
fn the_largest_input_fits_beside_the_longest_of_everything_else() {
    let inputs = incompressible(i32::MAX / 2, 1, MAX_INPUT_BYTES);
    let last_frames = vec![-1; MAX_PLAYERS.into()];
    let payload = Payload {
        ack_frame: -1,
        waits: true,
        inputs: Some(PayloadInputs { last_frames, inputs, follows: true }),
        report: Some(PaceReport {
            eighths_behind: i8::MIN,
            lost_percent: u8::MAX,
            fitting_delay: u8::MAX,
        }),
        checksums: PayloadChecksums::default(),
        statements: PayloadStatements::default(),
    };
    let bytes = payload.encode(MAX_INPUT_BYTES).len();
    // The acknowledgement could have four bytes more, and a length one.
    assert_eq!(bytes, Link::MAX_PAYLOAD - 5);
}

#[test]
fn inputs_that_follow_others_may_overtake_them_within_the_window() {
    let decode = |start_frame, follows| {
        Payload::decode(&with_inputs(encoded(start_frame, &[1, 2]), follows).encode(1), &BOUNDS)
    };
    assert!(decode(101, true).is_ok() && decode(179, true).is_ok());
    for refused in [decode(180, true), decode(i32::MAX - 1, true), decode(-1, true)] {
        assert_eq!(refused, Err(PayloadError::Frame));
    }
    assert_eq!(decode(101, false), Err(PayloadError::Frame));
    for flags in [FOLLOWS, RAW] {
        let mut bytes = payload().encode(1);
        bytes[0] = bytes[0] & !HAS_INPUTS | flags;
        assert_eq!(Payload::decode(&bytes, &BOUNDS), Err(PayloadError::Layout), "{flags:x}");
    }
}

#[test]
fn each_part_about_statements_travels_alone_as_well_and_an_empty_one_is_malformed() {
    let PayloadStatements { ack, statement, summary } = payload().statements;
    for (statements, bytes) in [
        (PayloadStatements { ack, ..Default::default() }, 1),
        (PayloadStatements { statement, ..Default::default() }, 1 + 32 + 64),
        (PayloadStatements { summary, ..Default::default() }, 1 + 1 + 8),
    ] {
        let payload = Payload { ack_frame: 97, statements, ..Payload::default() };
        let encoded = payload.encode(1);
        assert_eq!(encoded.len(), 1 + 2 + 1 + bytes, "{statements:?}");
        assert_eq!(Payload::decode(&encoded, &BOUNDS), Ok(payload));
        for length in 0..encoded.len() {
            assert!(Payload::decode(&encoded[..length], &BOUNDS).is_err(), "{length}");
        }
        for has in [0, 8, 0xff] {
            let mut malformed = encoded.clone();
            malformed[3] = has;
            assert_eq!(Payload::decode(&malformed, &BOUNDS), Err(PayloadError::Layout), "{has}");
        }
    }
    let impossible = |part: PayloadStatements| {
        let payload = Payload { ack_frame: 97, statements: part, ..Payload::default() };
        Payload::decode(&payload.encode(1), &BOUNDS)
    };
    let frame = BOUNDS.latest_frame() + 1;
    let summary = Some(StatementSummary { frame, players: 1, hash: 1 });
    let statement = statement.map(|statement| InputStatement { frame, ..statement });
    let ack = Some(BOUNDS.last_input + 1);
    for part in [
        PayloadStatements { ack, ..Default::default() },
        PayloadStatements { statement, ..Default::default() },
        PayloadStatements { summary, ..Default::default() },
    ] {
        assert_eq!(impossible(part), Err(PayloadError::Frame), "{part:?}");
    }
}

#[test]
fn what_was_given_may_be_acknowledged() {
    let ack = |ack_frame| {
        let bounds = Bounds { last_input: 140, ..BOUNDS };
        Payload::decode(&Payload { ack_frame, ..Payload::default() }.encode(1), &bounds)
    };
    assert!(ack(140).is_ok());
    assert_eq!(ack(141), Err(PayloadError::Frame));
}
