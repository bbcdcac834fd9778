//! The program reads files that are bundles, and says a sentence of others.
#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

use std::path::Path;
use std::process::Command;

use netplay_report::desync::{
    DesyncBundle, DesyncSide, FrameParts, FrameState, MatchInfo, TypeState, ValueState,
};

fn side(value: u64) -> DesyncSide {
    let bits = value.to_le_bytes();
    let fields = format!("x\t{value}\n");
    DesyncSide {
        frame: 30,
        last_equal_frame: Some(15),
        types: vec!["Score".into()],
        checksums: vec![FrameParts { frame: 30, total: bits, parts: vec![bits] }],
        states: vec![FrameState {
            frame: 30,
            types: vec![TypeState {
                name: "Score".into(),
                values: vec![ValueState { entity: None, hash: bits, fields }],
                left_out: 0,
            }],
            ..FrameState::default()
        }],
        ..DesyncSide::default()
    }
}

fn bundle(local_peer: u8, ours: u64, theirs: Option<u64>) -> DesyncBundle {
    DesyncBundle {
        this_match: MatchInfo {
            local_peer,
            remote_peer: 1 - local_peer,
            frame_rate: 60,
            checksum_interval: 15,
            ..MatchInfo::default()
        },
        ours: side(ours),
        theirs: theirs.map(side),
        ..DesyncBundle::default()
    }
}

/// The exit code, and what was said.
fn run(files: &[&Path]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netplay-tools"));
    let output = command.arg("desync").args(files).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn bundles_are_compared_and_other_files_are_told_as_such() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let bytes = bundle(0, 1, None).to_bytes().unwrap();
    let a = write("a", &bytes);
    let b = write("b", &bundle(1, 2, Some(1)).to_bytes().unwrap());
    let (code, said) = run(&[&a, &b]);
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "frame     30",
        "type      Score",
        "field     x",
        "value     on peer 1: 1",
        "value     on peer 2: 2",
        "found     Score.x is 1 on peer 1 and 2 on peer 2",
    ] {
        assert!(said.lines().any(|it| it == line), "{line}: {said}");
    }
    let (code, said) = run(&[&b]);
    assert!(code == Some(0) && said.contains("Score.x is 2 on peer 2 and 1 on peer 1"), "{said}");
    let (code, said) = run(&[&a]);
    assert!(code == Some(1) && said.contains("the side of one peer only"), "{said}");

    let cut = write("cut", &bytes[..bytes.len() - 9]);
    let other = write("other", b"{}");
    let mut newer = bytes.clone();
    newer[8] = 77;
    let newer = write("newer", &newer);
    let missing = directory.path().join("missing");
    for (file, sentence) in [
        (&cut, "is cut off"),
        (&other, "is no desync bundle"),
        (&newer, "has format 77"),
        (&missing, "cannot be read"),
    ] {
        let (code, said) = run(&[file, &b]);
        assert!(code == Some(1) && said.contains(sentence), "{sentence}: {said}");
    }
}
