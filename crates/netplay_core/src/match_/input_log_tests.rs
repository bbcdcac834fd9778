//! Logs that are merged, sent in chunks and synthesized.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn log(start: i32, inputs: &[u8]) -> InputLog {
    let mut log = InputLog::new(&[0, 0]);
    let inputs: Vec<Vec<u8>> = inputs.iter().map(|input| vec![*input, 0]).collect();
    log.append(&EncodedInputs::encode(start, &[0, 0], &inputs)).unwrap();
    log
}

#[test]
fn a_survivor_merges_what_it_lacks_and_nothing_twice() {
    let ahead = log(2, &[1, 2, 3, 4, 5]);
    let mut behind = log(2, &[1, 2]);
    let missing = behind.merge(6, &ahead.recent_inputs(6)).unwrap().unwrap();
    assert_eq!((missing.start_frame, missing.decode(&[2, 0], 9).unwrap().len()), (4, 3));
    assert_eq!(behind, ahead);
    assert_eq!((behind.last_frame(), behind.recent_inputs(6)), (Some(6), ahead.recent_inputs(6)));
    assert_eq!(behind.merge(6, &ahead.recent_inputs(6)), Ok(None));
    assert_eq!(behind.merge(3, &log(2, &[1, 2]).recent_inputs(3)), Ok(None));
    assert_eq!(ahead.recent_inputs(4), [1, 0, 2, 0, 3, 0], "frames 2 to 4");
    assert_eq!((ahead.recent_inputs(1), ahead.recent_inputs(-1)), (vec![], vec![]));
    let mut empty = InputLog::new(&[0, 0]);
    assert!(empty.merge(6, &ahead.recent_inputs(6)).unwrap().is_some());
    assert_eq!(empty.last_frame(), Some(6));
}

#[test]
fn recent_inputs_that_cannot_be_are_refused() {
    let mut behind = log(2, &[1, 2]);
    assert_eq!(behind.merge(9, &[0; 3]), Err(PayloadError::Layout));
    assert_eq!(behind.merge(9, &[0; 2 * RECENT_FRAMES + 2]), Err(PayloadError::Layout));
    assert_eq!(behind.merge(9, &[0; 4]), Err(PayloadError::Frame), "a gap");
    assert_eq!(behind.merge(1, &[0; 8]), Ok(None));
    let mut empty = InputLog::new(&[0, 0]);
    assert_eq!(empty.merge(40, &[0; 4]), Err(PayloadError::Frame));
    assert_eq!(empty.merge(0, &[0; 8]), Err(PayloadError::Frame), "before the first");
    assert_eq!(empty.merge(i32::MIN, &[0; 8]), Err(PayloadError::Frame));
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
        merged.merge_chunk(start_frame, &bytes).unwrap();
        merged.merge_chunk(start_frame, &bytes).unwrap();
    }
    assert_eq!((merged.start_frame(), merged.last_frame()), (Some(2), Some(5001)));
    assert_eq!(merged, known);
    assert_eq!(merged.get(2 + 700), Some(&[inputs[700], 0][..]));

    let mut nearly = log(2, &inputs[..100]);
    let known = log(2, &inputs[..120]);
    let recent = known.recent_chunks().next().unwrap();
    nearly.merge_chunk(recent.start_frame, &recent.bytes).unwrap();
    assert_eq!(nearly, known);

    for start in [i32::MIN, -1, 5003, i32::MAX] {
        assert_eq!(merged.merge_chunk(start, &[]), Err(PayloadError::Frame), "{start}");
    }
    assert_eq!(merged.merge_chunk(5002, &[0xff; 9]), Err(PayloadError::Input));
    assert_eq!(merged.last_frame(), Some(5001));

    merged.truncate(121);
    assert_eq!((merged.last_frame(), merged.get(121)), (Some(121), Some(&[inputs[119], 0][..])));
    assert_eq!(merged.merge_chunk(recent.start_frame, &recent.bytes), Ok(121));
    merged.truncate(1);
    assert_eq!(merged, InputLog { start: 2, ..InputLog::new(&[0, 0]) });
}

#[test]
fn synthesized_inputs_say_that_the_player_is_disconnected() {
    let mut left = log(2, &[1, 2]);
    let missing = left.synthesize(6).unwrap();
    assert_eq!(missing.start_frame, 4);
    assert_eq!(missing.decode(&[2, 0], 9).unwrap(), [[0, 1], [0, 1], [0, 1]]);
    assert_eq!(left.synthesize(6), None);
    assert_eq!((left.last_frame(), left.last_own_frame()), (Some(6), 3));
    let mut empty = InputLog::new(&[0, 0]);
    assert_eq!(empty.synthesize(0).unwrap().start_frame, 0);
    assert_eq!(empty.last_own_frame(), -1);
}
