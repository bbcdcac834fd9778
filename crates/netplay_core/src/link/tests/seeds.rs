//! Troubles of the direct path by seed.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::network::*;
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A minute of troubles of the direct path that follow from a seed, while the relay works.
fn minute(seed: u64) {
    let mut random = Pcg32::seed_from_u64(seed);
    let mut pair = Pair::connected(PathPolicy::Any);
    pair.forget();
    let mut next_path = 8;
    let mut path = DIRECT;
    let mut expected = Vec::new();
    let mut troubles = 0;
    for second in 0..60u8 {
        let now = pair.now;
        pair.ends[0].send_reliable(now, vec![second]).unwrap();
        expected.push(vec![second]);
        let wire = |random: &mut Pcg32| match random.random_range(0..6) {
            0 | 1 => DOWN,
            2 => Wire { delay: MS * random.random_range(0..400), percent: 100, ..FAST },
            3 => Wire { delay: MS * 10, percent: random.random_range(0..100), ..FAST },
            _ => FAST,
        };
        match random.random_range(0..8) {
            0 | 1 => {
                let (there, back) = (wire(&mut random), wire(&mut random));
                pair.set(path, [there, back]);
                troubles += 1;
            }
            2 => pair.set(path, [FAST; 2]),
            3 => {
                pair.close(path);
                path = PathId(next_path);
                next_path += 1;
                pair.run(random.random_range(0..600));
                pair.open(path, FAST);
                troubles += 1;
            }
            _ => {}
        }
        pair.run(1000);
    }
    pair.set(path, [FAST; 2]);
    pair.run(30_000);
    assert_eq!(pair.messages, expected, "seed {seed}");
    // Half a second until it is noticed, a round trip of at most 800 ms more where nothing comes back to
    // tell, and what it takes to the relay.
    let gap = pair.longest_gap;
    assert!(gap <= MS * 1500, "seed {seed}: nothing came for {gap:?}");
    for changes in &pair.changes {
        assert!(changes.len() <= 3 * troubles + 2, "seed {seed}: {troubles} troubles, {changes:?}");
    }
    assert_eq!(pair.primary(), ON_DIRECT, "seed {seed}: {:?}", pair.changes);
}

#[test]
fn whatever_a_direct_path_does_inputs_and_messages_arrive() {
    (0..200).for_each(minute);
}
