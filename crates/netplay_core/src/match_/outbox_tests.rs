//! When an outbox sends, and what.

use super::super::encoded::{EncodedInputs, MAX_FRAMES};
use super::super::payload::MAX_INPUT_BYTES;
use super::super::payload_checksums::ChecksumRun;
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const FRAME: Duration = Duration::from_micros(16_667);
const PACE: Pace = Pace {
    steady: Duration::from_millis(25),
    repeat: Duration::from_millis(50),
    idle: IDLE_REPEAT,
};
const REPORT: PaceReport = PaceReport { eighths_behind: 4, lost_percent: 1, fitting_delay: 1 };

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
    play_with(3, frames, changes, acked)
}

/// The same, with another redundancy.
fn play_with(redundancy: u8, frames: i32, changes: &[i32], acked: bool) -> Vec<i32> {
    let mut outbox = Outbox::new(1, redundancy);
    let mut sends = vec![];
    for frame in 0..frames {
        outbox.push(inputs(frame, frame - 2, changes.contains(&frame)));
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
fn the_redundancy_says_in_how_many_datagrams_in_a_row_a_changed_input_is_sent() {
    for redundancy in 1..=8 {
        let sends = play_with(redundancy, 60, &[21], true);
        let in_a_row = (21..).take_while(|frame| sends.contains(frame)).count();
        assert_eq!(in_a_row, usize::from(redundancy), "{sends:?}");
    }
}

#[test]
fn acknowledgements_between_two_frames_wait_for_the_next() {
    let mut outbox = Outbox::new(1, 3);
    outbox.push(inputs(0, -1, true));
    outbox.handle_ack(0);
    assert!(outbox.poll_transmit(FRAME, PACE).is_some());
    for poll in 1..4 {
        outbox.push(SessionMessage::InputAck { ack_frame: poll });
        assert_eq!(outbox.poll_transmit(FRAME + FRAME / 4 * poll as u32, PACE), None);
    }
    outbox.push(inputs(1, 0, false));
    assert!(outbox.poll_transmit(FRAME * 2, PACE).is_some());
}

#[test]
fn at_the_start_every_frame_is_sent_until_the_peer_acknowledges() {
    assert_eq!(play(20, &[], false).len(), 20);
}

#[test]
fn what_is_not_acknowledged_is_repeated_and_what_is_acknowledged_is_not() {
    let mut outbox = Outbox::new(1, 3);
    outbox.push(inputs(0, -1, true));
    let first = outbox.poll_transmit(FRAME, PACE).unwrap();
    assert_eq!(outbox.poll_transmit(FRAME * 2, PACE), None);
    assert_eq!(outbox.poll_transmit(FRAME * 9, PACE), Some(first));
    outbox.handle_ack(0);
    assert_eq!(outbox.poll_transmit(FRAME * 18, PACE), None);
}

#[test]
fn checksums_are_sent_without_an_input_too_and_only_once() {
    let mut outbox = Outbox::new(1, 3);
    let checksums = PayloadChecksums { ack: Some(3), run: None };
    outbox.set_checksums(checksums.clone());
    assert!(outbox.poll_transmit(FRAME, PACE).is_some() && outbox.took_checksums());
    outbox.set_checksums(PayloadChecksums::default());
    assert_eq!(outbox.poll_transmit(FRAME * 9, PACE), None);
    outbox.set_checksums(checksums);
    let sent = outbox.poll_transmit(FRAME * 10, PACE).unwrap();
    outbox.set_checksums(PayloadChecksums::default());
    outbox.push(SessionMessage::InputAck { ack_frame: -1 });
    let next = outbox.poll_transmit(FRAME * 12, PACE).unwrap();
    assert!(next.payload.len() < sent.payload.len());
}

#[test]
fn checksums_have_the_room_that_inputs_leave_and_otherwise_a_payload_of_their_own() {
    let run = |checksums| ChecksumRun { previous: -1, checksums };
    let checksums: Vec<(i32, u64)> = (0..7).map(|frame| (frame, u64::MAX)).collect();
    for (bytes, room) in [(0, 7), (990, 7), (1050, 2), (1080, 7), (MAX_INPUT_BYTES, 7)] {
        let mut outbox = Outbox::new(bytes.max(1), 3);
        let inputs: Vec<u8> = (0..bytes).map(|byte| byte as u8 | 1).collect();
        outbox.push(SessionMessage::Inputs {
            ack_frame: -1,
            last_frames: vec![0; 8],
            inputs: EncodedInputs::encode(0, &vec![0; bytes], &[inputs]),
        });
        assert_eq!(outbox.room_for_checksums(), room, "{bytes}");
        let run = Some(run(checksums[..room].to_vec()));
        outbox.set_checksums(PayloadChecksums { ack: None, run });
        let sent: Vec<Transmit> =
            std::iter::from_fn(|| outbox.poll_transmit(FRAME, PACE)).collect();
        assert!(outbox.took_checksums(), "{bytes}");
        assert!(sent.iter().all(|sent| sent.payload.len() <= Link::MAX_PAYLOAD), "{bytes}");
    }
}

#[test]
fn a_simulation_that_does_not_go_on_says_before_each_keepalive_whether_it_waits() {
    for (activity, waits) in [(Activity::Waiting, true), (Activity::Standing, false)] {
        let mut outbox = Outbox::new(1, 3);
        outbox.push(inputs(0, -1, true));
        assert!(outbox.poll_transmit(FRAME, PACE).is_some());
        outbox.handle_ack(0);
        outbox.handle_activity(activity);
        let sends = (2..62).filter(|frame| outbox.poll_transmit(FRAME * *frame, PACE).is_some());
        assert_eq!((sends.count(), outbox.payload.waits), (10, waits), "in a second");
        outbox.handle_activity(Activity::Advancing);
        assert_eq!(outbox.poll_transmit(FRAME * 80, PACE), None);
        assert!(!outbox.payload.waits);
    }
}

#[test]
fn messages_of_a_frame_travel_in_one_payload_and_the_newest_wins() {
    let mut outbox = Outbox::new(1, 3);
    outbox.push(SessionMessage::InputAck { ack_frame: 9 });
    outbox.push(inputs(8, 6, false));
    outbox.set_report(REPORT);
    let checksums = PayloadChecksums { ack: Some(3), run: None };
    outbox.set_checksums(checksums.clone());
    outbox.push(inputs(9, 6, false));
    let payload = &outbox.payload;
    assert_eq!((payload.ack_frame, payload.report), (9, Some(REPORT)));
    let part = payload.inputs.as_ref().unwrap();
    assert_eq!(part.inputs.frames(1, MAX_FRAMES), Some(3), "frames 7 to 9");
    assert_eq!(payload.checksums, checksums);
}

#[test]
fn what_the_session_repeats_is_not_sent_again_for_that_and_a_report_neither() {
    let mut outbox = Outbox::new(1, 3);
    outbox.push(inputs(0, -1, true));
    let first = outbox.poll_transmit(FRAME, PACE).unwrap();
    outbox.push(inputs(0, -1, true));
    outbox.set_report(REPORT);
    assert_eq!(outbox.poll_transmit(FRAME * 2, PACE), None);
    // It comes with what is repeated since it is not acknowledged.
    let next = outbox.poll_transmit(FRAME * 9, PACE).unwrap();
    assert!(next.payload.len() > first.payload.len());
    assert_eq!(outbox.payload.report, None);
}

#[test]
fn the_pace_follows_the_round_trip_time_within_its_bounds() {
    let repeat = |ms: u64| Pace::new(FRAME, Some(Duration::from_millis(ms)), false).repeat;
    assert_eq!(repeat(0), MIN_REPEAT);
    assert_eq!(repeat(100), Duration::from_millis(100) + FRAME * 2);
    assert_eq!(repeat(5000), MAX_REPEAT);
    assert_eq!(Pace::new(FRAME, None, false).repeat, MAX_REPEAT);
    assert_eq!(Pace::new(FRAME, None, false).idle, IDLE_REPEAT);
    assert_eq!(Pace::new(FRAME * 6, None, false).idle, FRAME * 18, "never between two frames");
}
