//! Encoded inputs, and the run-length encoding in them.

use netplay_core::match_::fuzzing::{
    decode_inputs, decode_rle, encode_inputs, inputs_after, inputs_through_raw,
};
use netplay_core::match_::{EncodedInputs, InputLog};
use rand::RngExt;

use crate::{Random, Target};

pub const INPUTS: Target =
    Target { name: "inputs", check, example, words: &[], test_runs: 200_000 };

/// How much the decoder may be asked for.
const MAX_DECODED: usize = 64 * 1024;

/// The bounded decoder reads what ggrs' encoder writes, and inputs mean the same however they are cut.
fn check(input: &[u8]) {
    let Some((&[bytes, start, cut], code)) = input.split_first_chunk() else { return };
    if let Some(decoded) = decode_rle(code, MAX_DECODED) {
        assert!(decoded.len() <= MAX_DECODED);
        // ggrs has another decoder: it must not read more or something else, or panic.
        assert_eq!(bitfield_rle::decode(code).ok().as_ref(), Some(&decoded), "the decoder of ggrs");
        let again = bitfield_rle::encode(&decoded);
        assert_eq!(decode_rle(&again, decoded.len()), Some(decoded));
    }
    let input_bytes = 1 + usize::from(bytes % 32);
    let start_frame = i32::from(start);
    let encoded = EncodedInputs { start_frame, bytes: code.to_vec() };
    let zero = vec![0; input_bytes];
    let Some(inputs) = decode_inputs(&encoded, &zero) else { return };
    assert!(inputs.len() <= 128 && inputs.iter().all(|input| input.len() == input_bytes));
    let plain = encode_inputs(start_frame, &zero, &inputs);
    assert_eq!(decode_inputs(&plain, &zero).as_ref(), Some(&inputs));
    let raw = inputs_through_raw(&encoded, input_bytes).expect("they are inputs");
    assert_eq!(decode_inputs(&raw, &zero).as_ref(), Some(&inputs));
    let known = usize::from(cut) % (inputs.len() + 1);
    let rest = inputs_after(&encoded, start_frame + known as i32 - 1, input_bytes);
    assert_eq!(rest.is_none(), known == inputs.len() && known > 0);
    if let Some(rest) = rest {
        let before = known.checked_sub(1).map_or(&zero, |place| &inputs[place]);
        assert_eq!(decode_inputs(&rest, before).as_deref(), Some(&inputs[known..]));
    }
    check_log(&encoded, &inputs, known);
}

/// A log merges a chunk once, whole or first only `known` of its inputs, and gives the same inputs out.
fn check_log(chunk: &EncodedInputs, inputs: &[Vec<u8>], known: usize) {
    let Some(first) = inputs.first() else { return };
    let mut log = InputLog::new(&vec![0; first.len()]);
    if log.merge_chunk(chunk.start_frame, &chunk.bytes, i32::MAX).is_err() {
        return;
    }
    let last = chunk.start_frame + inputs.len() as i32 - 1;
    assert_eq!((log.start_frame(), log.last_frame()), (Some(chunk.start_frame), Some(last)));
    for (frame, input) in (chunk.start_frame..).zip(inputs) {
        assert_eq!(log.get(frame), Some(&input[..]));
    }
    let before = log.clone();
    assert_eq!(log.merge_chunk(chunk.start_frame, &chunk.bytes, i32::MAX), Ok(last));
    assert_eq!(log, before);
    let mut copy = InputLog::new(&vec![0; first.len()]);
    for chunk in log.chunks() {
        copy.merge_chunk(chunk.start_frame, &chunk.bytes, i32::MAX)
            .expect("its own chunks are merged");
    }
    assert_eq!(copy, log);
    // In two steps: the first inputs, then the others.
    let until = chunk.start_frame + known as i32 - 1;
    let mut parts = InputLog::new(&vec![0; first.len()]);
    assert_eq!(parts.merge_chunk(chunk.start_frame, &chunk.bytes, until), Ok(last));
    assert_eq!(parts.last_frame(), (known > 0).then_some(until));
    assert_eq!(parts.merge_chunk(chunk.start_frame, &chunk.bytes, i32::MAX), Ok(last));
    assert_eq!(parts, log);
}

fn example(random: &mut Random) -> Vec<u8> {
    let input_bytes = random.random_range(1..8);
    let frames = if random.random_ratio(1, 10) { 128 } else { random.random_range(0..20) };
    let mut input = |_| (0..input_bytes).map(|_| random.random_range(0..3)).collect();
    let inputs: Vec<Vec<u8>> = (0..frames).map(&mut input).collect();
    let encoded = encode_inputs(0, &vec![0; input_bytes], &inputs);
    let head = [input_bytes as u8 - 1, random.random_range(0..18), random.random()];
    [&head, &encoded.bytes[..]].concat()
}
