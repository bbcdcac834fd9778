//! Logs that are merged, sent in chunks and synthesized.

use netplay_protocol::limits::MAX_FRAGMENTED_BYTES;

use super::*;
use crate::match_::MAX_INPUT_BYTES;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Later than anything.
const LATE: i32 = 1 << 20;

fn log(start: i32, inputs: &[u8]) -> InputLog {
    let mut log = InputLog::new(&[0, 0]);
    let inputs: Vec<Vec<u8>> = inputs.iter().map(|input| vec![*input, 0]).collect();
    log.append(&EncodedInputs::encode(start, &[0, 0], &inputs)).unwrap();
    log
}

#[test]
fn the_log_of_a_survivor_is_made_of_its_recent_inputs_and_of_what_was_before() {
    let ahead = log(2, &[1, 2, 3, 4, 5]);
    let behind = log(2, &[1, 2]);
    assert_eq!(behind.with_recent(6, &ahead.recent_inputs(6)), Ok((ahead.clone(), 2)));
    assert_eq!(ahead.with_recent(3, &behind.recent_inputs(3)), Ok((behind.clone(), 2)));
    assert_eq!(behind.with_recent(6, &ahead.recent_inputs(6)[4..]), Ok((ahead.clone(), 4)));
    assert_eq!(ahead.recent_inputs(4), [1, 0, 2, 0, 3, 0], "frames 2 to 4");
    assert_eq!((ahead.recent_inputs(1), ahead.recent_inputs(-1)), (vec![], vec![]));
    let empty = InputLog::new(&[0, 0]);
    assert_eq!(empty.with_recent(6, &ahead.recent_inputs(6)), Ok((ahead.clone(), 2)));
    // Who has no input claims none, whatever it says of the last frame.
    let (nothing, first) = ahead.with_recent(99, &[]).unwrap();
    assert_eq!((nothing.last_frame(), first), (None, 0));
}

#[test]
fn logs_are_equal_until_the_first_difference() {
    let ours = log(2, &[1, 2, 3, 4]);
    for (theirs, expected) in [
        (log(2, &[1, 2, 3, 4]), 5),
        (log(2, &[1, 2]), 3),
        (log(2, &[1, 2, 9, 4]), 3),
        (log(2, &[9]), -1),
        (log(3, &[1, 2, 3]), 1),
        (InputLog::new(&[0, 0]), 1),
    ] {
        assert_eq!(ours.equal_until(&theirs), expected, "{theirs:?}");
        assert_eq!(theirs.equal_until(&ours), expected, "{theirs:?}");
    }
}

#[test]
fn recent_inputs_that_cannot_be_are_refused() {
    let behind = log(2, &[1, 2]);
    assert_eq!(behind.with_recent(9, &[0; 3]), Err(PayloadError::Layout));
    let most = RECENT_FRAMES + DISPUTED_FRAMES;
    assert_eq!(behind.with_recent(9, &vec![0; 2 * most + 2]), Err(PayloadError::Layout));
    assert_eq!(behind.with_recent(9, &[0; 4]), Err(PayloadError::Frame), "a gap");
    assert_eq!(behind.with_recent(1, &[0; 8]), Err(PayloadError::Frame), "before the first frame");
    let empty = InputLog::new(&[0, 0]);
    assert_eq!(empty.with_recent(40, &[0; 4]), Err(PayloadError::Frame));
    assert_eq!(empty.with_recent(i32::MIN, &[0; 8]), Err(PayloadError::Frame));
    let large = InputLog::new(&[0; 1000]);
    assert_eq!(large.recent_frames(), RECENT_FRAMES);
    const { assert!(RECENT_FRAMES * MAX_INPUT_BYTES < MAX_FRAGMENTED_BYTES) };
}

#[test]
fn a_player_who_rejoins_merges_every_chunk_and_nothing_twice() {
    let inputs: Vec<u8> = (0..5000u16).map(|at| (at / 9) as u8).collect();
    let mut known = log(2, &inputs[..100]);
    for at in (100..5000).step_by(100) {
        let next: Vec<Vec<u8>> = inputs[at..at + 100].iter().map(|input| vec![*input, 0]).collect();
        let encoded = EncodedInputs::encode(2 + at as i32, &[inputs[at - 1], 0], &next);
        known.append(&encoded).unwrap();
    }
    let mut merged = InputLog::new(&[0, 0]);
    for EncodedInputs { start_frame, bytes } in known.chunks() {
        merged.merge_chunk(start_frame, &bytes, LATE).unwrap();
        merged.merge_chunk(start_frame, &bytes, LATE).unwrap();
    }
    assert_eq!((merged.start_frame(), merged.last_frame()), (Some(2), Some(5001)));
    assert_eq!(merged, known);
    assert_eq!(merged.get(2 + 700), Some(&[inputs[700], 0][..]));

    let mut nearly = log(2, &inputs[..100]);
    let known = log(2, &inputs[..120]);
    let recent = known.recent_chunks().next().unwrap();
    nearly.merge_chunk(recent.start_frame, &recent.bytes, 110).unwrap();
    assert_eq!(nearly.last_frame(), Some(110));
    nearly.merge_chunk(recent.start_frame, &recent.bytes, LATE).unwrap();
    assert_eq!(nearly, known);

    for start in [i32::MIN, -1, 5003, i32::MAX] {
        assert_eq!(merged.merge_chunk(start, &[], LATE), Err(PayloadError::Frame), "{start}");
    }
    assert_eq!(merged.merge_chunk(5002, &[0xff; 9], LATE), Err(PayloadError::Input));
    assert_eq!(merged.last_frame(), Some(5001));

    merged.truncate(121);
    assert_eq!((merged.last_frame(), merged.get(121)), (Some(121), Some(&[inputs[119], 0][..])));
    assert_eq!(merged.merge_chunk(recent.start_frame, &recent.bytes, LATE), Ok(121));
    merged.truncate(1);
    assert_eq!(merged, InputLog { start: 2, ..InputLog::new(&[0, 0]) });
}

#[test]
fn synthesized_inputs_say_that_the_player_is_disconnected() {
    let mut left = log(2, &[1, 2]);
    left.synthesize(6);
    assert_eq!((4..7).map(|frame| left.get(frame).unwrap()).collect::<Vec<_>>(), [[0, 1]; 3]);
    left.synthesize(6);
    assert_eq!((left.last_frame(), left.last_own_frame()), (Some(6), 3));
    let mut empty = InputLog::new(&[0, 0]);
    empty.synthesize(0);
    assert_eq!(empty.start_frame(), Some(0));
    assert_eq!(empty.last_own_frame(), -1);
}
