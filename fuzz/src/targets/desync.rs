//! Desync bundles, which are files of anybody, and what a peer sends after a desync.

use netplay_report::desync::{
    DesyncBundle, DesyncSide, FrameParts, FrameState, MatchInfo, PlayerInputs, Sides, TypeState,
    ValueState, overview,
};
use rand::RngExt;

use crate::{Random, Target, examples};

pub const DESYNC_BUNDLE: Target = Target {
    name: "desync_bundle",
    check: bundle,
    example: bundle_example,
    words: &[],
    test_runs: 200_000,
};

pub const DESYNC_SIDE: Target = Target {
    name: "desync_side",
    check: side,
    example: side_example,
    words: &[],
    test_runs: 200_000,
};

/// What is read is written again as the same, and compared with itself in lines for a terminal.
fn bundle(input: &[u8]) {
    let Ok(bundle) = DesyncBundle::from_bytes(input) else { return };
    let again = bundle.to_bytes().expect("what was read is not too large");
    assert_eq!(DesyncBundle::from_bytes(&again).as_ref(), Ok(&bundle));
    let (lines, _) = overview(&bundle, Some(&bundle));
    assert!(lines.iter().all(|line| line.chars().all(|letter| !letter.is_control())), "{lines:?}");
    for peer in &bundle.inputs {
        let mut peer = peer.clone();
        assert!(peer.get(peer.end()).is_none());
        peer.neutralize(0..i32::MAX);
        peer.truncate(3);
    }
}

fn side(input: &[u8]) {
    let Ok(side) = DesyncSide::from_message(input) else { return };
    assert_eq!(DesyncSide::from_message(&side.to_message()).as_ref(), Ok(&side));
    let other = DesyncSide { states: Vec::new(), ..side.clone() };
    for (ours, theirs) in [(&side, &side), (&side, &other), (&other, &side)] {
        if let Some(found) = netplay_report::desync::explain(ours, theirs) {
            let line = found.describe(Sides::HERE_AND_THERE);
            assert!(line.chars().all(|letter| !letter.is_control()), "{line:?}");
        }
    }
}

fn bundle_example(random: &mut Random) -> Vec<u8> {
    let len = random.random_range(1..4);
    let peer = |random: &mut Random| PlayerInputs {
        start: random.random_range(0..4),
        input_bytes: len as u32,
        default_input: vec![0; len],
        inputs: vec![random.random(); len * random.random_range(0..30)],
        dropped_after: random.random_bool(0.2).then_some(7),
    };
    let bundle = DesyncBundle {
        this_match: MatchInfo {
            player_counts: vec![1, 1],
            frame_rate: 60,
            checksum_interval: 15,
            ..MatchInfo::default()
        },
        ours: random_side(random),
        theirs: random.random_bool(0.7).then(|| random_side(random)),
        inputs: vec![peer(random), peer(random)],
        note: examples::text(random, 20),
        ..DesyncBundle::default()
    };
    bundle.to_bytes().unwrap_or_default()
}

fn side_example(random: &mut Random) -> Vec<u8> {
    random_side(random).to_message()
}

fn random_side(random: &mut Random) -> DesyncSide {
    let value = |random: &mut Random| ValueState {
        entity: random.random_bool(0.7).then(|| random.random_range(0..5)),
        hash: random.random_range(0..3u64).to_le_bytes(),
        fields: format!("x\t{}\t3f80000{}\n", examples::text(random, 8), random.random_range(0..9)),
    };
    let types = |random: &mut Random| {
        let values = (0..random.random_range(0..4)).map(|_| value(random)).collect();
        TypeState { name: examples::text(random, 8), values, left_out: 0 }
    };
    let state = |random: &mut Random| FrameState {
        frame: random.random_range(0..3) * 15,
        entities: (0..random.random_range(0..5)).collect(),
        next: random.random_range(0..5),
        types: (0..random.random_range(0..3)).map(|_| types(random)).collect(),
        truncated: None,
    };
    let parts = |random: &mut Random, frame| FrameParts {
        frame,
        total: random.random_range(0..2u64).to_le_bytes(),
        parts: vec![random.random_range(0..2u64).to_le_bytes(); 2],
    };
    DesyncSide {
        epoch: 1,
        frame: random.random_range(0..3) * 15,
        last_equal_frame: random.random_bool(0.5).then_some(0),
        types: vec!["A".into(), examples::text(random, 8)],
        checksums: (0..3).map(|frame| parts(random, frame * 15)).collect(),
        states: (0..random.random_range(0..3)).map(|_| state(random)).collect(),
        ..DesyncSide::default()
    }
}
