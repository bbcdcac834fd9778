//! When an outbox sends, and what.

use super::super::encoded::EncodedInputs;
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const FRAME: Duration = Duration::from_micros(16_667);
const PACE: Pace = Pace { steady: Duration::from_millis(25), repeat: Duration::from_millis(50) };

/// One frame of a session: all inputs since `acked`, of which the last may differ.
fn inputs(frame: i32, acked: i32, changed: bool) -> SessionMessage {
    let inputs: Vec<Vec<u8>> =
        (acked + 1..=frame).map(|at| vec![u8::from(changed && at == frame)]).collect();
    SessionMessage::Inputs {
        ack_frame: acked,
        last_frames: vec![frame; 2],
        inputs: EncodedInputs::encode(acked + 1, &[0], &inputs),
    }
}

/// Plays `frames` frames in which nothing but the frames in `changes` changes; everything arrives if `acked`.
/// Returns the frames in which a datagram was sent.
fn play(frames: i32, changes: &[i32], acked: bool) -> Vec<i32> {
    let mut outbox = Outbox::new();
    let mut sends = vec![];
    for frame in 0..frames {
        outbox.push(inputs(frame, frame - 2, changes.contains(&frame)), 1);
        if acked {
            outbox.handle_ack(frame);
        }
        if outbox.poll_transmit(FRAME * frame as u32, PACE).is_some() {
            sends.push(frame);
        }
    }
    sends
}

#[test]
fn an_unchanged_input_is_sent_every_second_frame() {
    let sends = play(100, &[], true);
    assert!((50..=52).contains(&sends.len()), "{sends:?}");
}

#[test]
fn a_changed_input_is_sent_at_once_and_in_three_datagrams_in_a_row() {
    let sends = play(40, &[21], true);
    assert!([21, 22, 23].iter().all(|frame| sends.contains(frame)), "{sends:?}");
    assert!(!sends.contains(&24), "{sends:?}");
}

#[test]
fn acknowledgements_between_two_frames_wait_for_the_next() {
    let mut outbox = Outbox::new();
    outbox.push(inputs(0, -1, true), 1);
    outbox.handle_ack(0);
    assert!(outbox.poll_transmit(FRAME, PACE).is_some());
    for poll in 1..4 {
        outbox.push(SessionMessage::InputAck { ack_frame: poll }, 1);
        assert_eq!(outbox.poll_transmit(FRAME + FRAME / 4 * poll as u32, PACE), None);
    }
    outbox.push(inputs(1, 0, false), 1);
    assert!(outbox.poll_transmit(FRAME * 2, PACE).is_some());
}

#[test]
fn at_the_start_every_frame_is_sent_until_the_peer_acknowledges() {
    assert_eq!(play(20, &[], false).len(), 20);
}

#[test]
fn what_is_not_acknowledged_is_repeated_and_what_is_acknowledged_is_not() {
    let mut outbox = Outbox::new();
    outbox.push(inputs(0, -1, true), 1);
    let first = outbox.poll_transmit(FRAME, PACE).unwrap();
    assert_eq!(outbox.poll_transmit(FRAME * 2, PACE), None);
    assert_eq!(outbox.poll_transmit(FRAME * 9, PACE), Some(first));
    outbox.handle_ack(0);
    assert_eq!(outbox.poll_transmit(FRAME * 18, PACE), None);
}

#[test]
fn a_checksum_travels_in_three_datagrams() {
    let mut outbox = Outbox::new();
    outbox.push(SessionMessage::Checksum { frame: 3, checksum: 5 }, 1);
    for sends in 1..=3 {
        outbox.push(SessionMessage::Checksum { frame: 3 + sends, checksum: 5 }, 1);
        assert_eq!(outbox.payload.checksums[0].0, 3);
        assert!(outbox.poll_transmit(FRAME * 2 * sends as u32, PACE).is_some());
    }
    assert_eq!(outbox.payload.checksums, [(5, 5), (6, 5)]);
}

#[test]
fn messages_of_a_frame_travel_in_one_payload_and_the_newest_wins() {
    let mut outbox = Outbox::new();
    outbox.push(SessionMessage::InputAck { ack_frame: 9 }, 1);
    outbox.push(inputs(8, 6, false), 1);
    outbox.push(SessionMessage::FrameAdvantage(4), 1);
    outbox.push(SessionMessage::Checksum { frame: 3, checksum: 5 }, 1);
    outbox.push(inputs(9, 6, false), 1);
    let payload = &outbox.payload;
    assert_eq!((payload.ack_frame, payload.frame_advantage), (9, Some(4)));
    let part = payload.inputs.as_ref().unwrap();
    assert_eq!(part.inputs.frames(1), Some(3), "frames 7 to 9");
    assert_eq!(payload.checksums, [(3, 5)]);
}

#[test]
fn the_pace_follows_the_round_trip_time_within_its_bounds() {
    let repeat = |ms: u64| Pace::new(FRAME, Some(Duration::from_millis(ms))).repeat;
    assert_eq!(repeat(0), MIN_REPEAT);
    assert_eq!(repeat(100), Duration::from_millis(100) + FRAME * 2);
    assert_eq!(repeat(5000), MAX_REPEAT);
    assert_eq!(Pace::new(FRAME, None).repeat, MAX_REPEAT);
}
