//! Payloads as they are sent, and what no peer may send.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const BOUNDS: Bounds = Bounds { players: 2, input_bytes: 1, latest_start: 100, local_frame: 100 };

fn encoded(start_frame: i32, inputs: &[u8]) -> EncodedInputs {
    let inputs: Vec<Vec<u8>> = inputs.iter().map(|input| vec![*input]).collect();
    EncodedInputs::encode(start_frame, &[0], &inputs)
}

fn payload() -> Payload {
    let inputs = encoded(98, &[5, 5, 5, 5]);
    Payload {
        ack_frame: 97,
        inputs: Some(PayloadInputs { last_frames: vec![101, 97], inputs }),
        frame_advantage: Some(-3),
        checksums: vec![(90, u64::MAX)],
    }
}

#[test]
fn a_payload_is_decoded_as_it_was_encoded_and_is_small() {
    let bytes = payload().encode();
    assert_eq!(Payload::decode(&bytes, &BOUNDS), Ok(payload()));
    let usual = Payload { frame_advantage: None, checksums: vec![], ..payload() }.encode();
    assert!(usual.len() <= 20, "{} bytes", usual.len());
    let ack = Payload { ack_frame: 7, ..Payload::default() };
    assert_eq!(Payload::decode(&ack.encode(), &BOUNDS), Ok(ack));
}

#[test]
fn truncated_payloads_and_trailing_bytes_are_refused() {
    let bytes = payload().encode();
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
        assert_eq!(Payload::decode(&payload.encode(), &BOUNDS), Err(PayloadError::Frame));
    };
    refused(|payload, _| payload.ack_frame = 200);
    refused(|payload, _| payload.ack_frame = -2);
    refused(|_, part| part.inputs.start_frame = 101);
    refused(|_, part| part.inputs.start_frame = -1);
    refused(|_, part| part.last_frames[0] = 100_000);
    refused(|_, part| part.inputs.bytes = encoded(98, &[1; 100]).bytes);
    refused(|payload, _| payload.checksums[0].0 = i32::MIN);
    refused(|_, part| part.inputs.bytes = vec![]);
}

#[test]
fn the_first_inputs_of_a_match_begin_within_the_longest_delay() {
    let bounds = Bounds { latest_start: MAX_INPUT_DELAY as i32, local_frame: 0, ..BOUNDS };
    let first = |start_frame| {
        let inputs = encoded(start_frame, &[1]);
        let inputs = PayloadInputs { last_frames: vec![-1, start_frame], inputs };
        Payload { ack_frame: -1, inputs: Some(inputs), ..Payload::default() }.encode()
    };
    assert!(Payload::decode(&first(16), &bounds).is_ok());
    assert_eq!(Payload::decode(&first(17), &bounds), Err(PayloadError::Frame));
}

#[test]
fn inputs_of_the_wrong_size_are_refused() {
    let wider = Bounds { input_bytes: 2, ..BOUNDS };
    let bytes = payload().encode();
    assert_eq!(Payload::decode(&bytes, &wider), Err(PayloadError::Input));
    let mut wrong = payload();
    wrong.inputs.as_mut().unwrap().inputs.bytes = bitfield_rle::encode([2, 0, 5]);
    assert_eq!(Payload::decode(&wrong.encode(), &BOUNDS), Err(PayloadError::Input));
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

#[test]
fn the_messages_of_a_payload_are_the_inputs_or_an_acknowledgement_and_the_rest() {
    let inputs = encoded(98, &[5, 5, 5, 5]);
    let messages: Vec<SessionMessage> = payload().into_messages().collect();
    assert_eq!(
        messages,
        [
            SessionMessage::Inputs { ack_frame: 97, last_frames: vec![101, 97], inputs },
            SessionMessage::FrameAdvantage(-3),
            SessionMessage::Checksum { frame: 90, checksum: u64::MAX },
        ]
    );
    let ack = Payload { ack_frame: 7, ..Payload::default() };
    let messages: Vec<SessionMessage> = ack.into_messages().collect();
    assert_eq!(messages, [SessionMessage::InputAck { ack_frame: 7 }]);
}
