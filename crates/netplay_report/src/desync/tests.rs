//! Bundles are compared, and files that are none are told as such.

use super::*;

fn value(entity: Option<u32>, fields: &[(&str, &str, Option<&str>)]) -> ValueState {
    let mut text = String::new();
    fields.iter().for_each(|(path, value, bits)| push_field(&mut text, path, value, *bits));
    let hash = seahash::hash(format!("{entity:?}{text}").as_bytes()).to_le_bytes();
    ValueState { entity, hash, fields: text }
}

fn side(entities: &[u32], types: &[(&str, &[ValueState])]) -> DesyncSide {
    let state = FrameState {
        frame: 30,
        entities: entities.to_vec(),
        next: 9,
        types: types
            .iter()
            .map(|(name, values)| TypeState {
                name: (*name).to_owned(),
                values: values.to_vec(),
                left_out: 0,
            })
            .collect(),
        truncated: None,
    };
    let parts = |frame, seed: u64| FrameParts {
        frame,
        total: seed.to_le_bytes(),
        parts: vec![seed.to_le_bytes(); types.len()],
    };
    let total = seahash::hash(format!("{state:?}").as_bytes());
    DesyncSide {
        epoch: 1,
        frame: 30,
        last_equal_frame: Some(15),
        types: types.iter().map(|(name, _)| (*name).to_owned()).collect(),
        checksums: vec![parts(15, 1), parts(30, total)],
        states: vec![state],
        ..DesyncSide::default()
    }
}

fn ship(entity: u32, x: f32) -> ValueState {
    let bits = format!("{:08x}", x.to_bits());
    value(Some(entity), &[("place.x", &format!("{x:?}"), Some(&bits)), ("hull", "3", None)])
}

fn bundle() -> DesyncBundle {
    let peer = PlayerInputs {
        start: 2,
        input_bytes: 2,
        default_input: vec![0, 0],
        inputs: vec![1, 0, 2, 0, 3, 0],
        dropped_after: None,
    };
    DesyncBundle {
        this_match: MatchInfo {
            player_counts: vec![1, 1],
            frame_rate: 60,
            checksum_interval: 15,
            ..MatchInfo::default()
        },
        ours: side(&[3], &[("Ship", &[ship(3, 1.5)])]),
        theirs: Some(side(&[3], &[("Ship", &[ship(3, 2.5)])])),
        inputs: vec![peer.clone(), peer],
        ..DesyncBundle::default()
    }
}

fn sentence(ours: &DesyncSide, theirs: &DesyncSide) -> String {
    explain(ours, theirs).unwrap().describe(Sides::HERE_AND_THERE)
}

#[test]
fn a_value_is_named_to_the_field_with_its_bits() {
    let bundle = bundle();
    let explanation = bundle.explain().unwrap();
    assert_eq!(
        explanation.describe(Sides::HERE_AND_THERE),
        "at frame 30 (equal at frame 15) Ship.place.x of the entity #3 is 1.5 (0x3fc00000) here and 2.5 (0x40200000) \
         there"
    );
    assert_eq!(explanation.difference.type_name(), Some("Ship"));
}

#[test]
fn a_zero_and_a_nan_are_the_same_as_checksums_see_them() {
    let one = |x: f32, hull| {
        let bits = format!("{:08x}", x.to_bits());
        let fields = [("x", "x", Some(&bits[..])), ("hull", hull, None)];
        side(&[], &[("Ship", &[value(None, &fields)])])
    };
    for (a, b) in [(0.0, -0.0), (f32::NAN, -f32::NAN)] {
        let said = sentence(&one(a, "3"), &one(b, "4"));
        assert!(said.contains("Ship.hull is 3 here and 4 there"), "{said}");
    }
}

#[test]
fn entities_and_values_that_are_missing_are_told_as_such() {
    let both = side(&[3, 4], &[("Ship", &[ship(3, 1.0), ship(4, 1.0)])]);
    let said = sentence(&side(&[3], &[("Ship", &[ship(3, 1.0)])]), &both);
    assert!(said.contains("the entity #4 with Ship exists there and is missing here"), "{said}");
    let without = side(&[3, 4], &[("Ship", &[ship(3, 1.0)])]);
    let said = sentence(&both, &without);
    assert!(said.contains("Ship of the entity #4 exists here and is missing there"), "{said}");
    let score = side(&[], &[("Score", &[value(None, &[("", "3", None)])])]);
    let said = sentence(&side(&[], &[("Score", &[])]), &score);
    assert!(said.contains("Score exists there and is missing here"), "{said}");
}

#[test]
fn another_order_of_spawning_is_told_as_such() {
    let ours = side(&[3, 4], &[("Ship", &[ship(3, 1.0), ship(4, 2.0)])]);
    let theirs = side(&[3, 4], &[("Ship", &[ship(3, 2.0), ship(4, 1.0)])]);
    let said = sentence(&ours, &theirs);
    assert!(said.contains("the order differs: the entities #3, #4 have the same values"), "{said}");
}

#[test]
fn without_a_state_the_type_is_named_and_without_parts_the_frame() {
    let mut ours = bundle().ours;
    let theirs = bundle().theirs.unwrap();
    ours.states.clear();
    let said = sentence(&ours, &theirs);
    assert!(
        said.contains("at frame 30") && said.contains("Ship differs, and its values"),
        "{said}"
    );
    ours.checksums.clear();
    let said = sentence(&ours, &theirs);
    assert!(said.contains("at frame 30") && said.contains("no state"), "{said}");
}

#[test]
fn a_bundle_is_read_as_it_was_written() {
    let bytes = bundle().to_bytes().unwrap();
    assert_eq!(DesyncBundle::from_bytes(&bytes).unwrap(), bundle());
    let message = bundle().ours.to_message();
    assert_eq!(DesyncSide::from_message(&message).unwrap(), bundle().ours);
}

#[test]
fn what_is_no_bundle_is_told_in_a_sentence() {
    let bytes = bundle().to_bytes().unwrap();
    let read = DesyncBundle::from_bytes;
    assert_eq!(read(b""), Err(BundleError::NoBundle));
    assert_eq!(read(b"{\"frames\": 3}"), Err(BundleError::NoBundle));
    for len in 1..bytes.len() {
        let error = read(&bytes[..len]).unwrap_err();
        assert!(matches!(error, BundleError::Truncated | BundleError::Damaged), "{len}: {error}");
    }
    let mut other = bytes.clone();
    other[8] = 2;
    assert_eq!(read(&other), Err(BundleError::Version(2)));
    let mut damaged = bytes.clone();
    let middle = damaged.len() - 12;
    damaged[middle] ^= 0xff;
    assert!(matches!(read(&damaged), Err(BundleError::Damaged | BundleError::Truncated)));
    let mut huge = bytes.clone();
    huge[10..14].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(read(&huge), Err(BundleError::TooLarge(u32::MAX as usize)));
    let mut odd = bundle();
    odd.inputs[1].inputs.pop();
    let error = read(&odd.to_bytes().unwrap()).unwrap_err();
    assert!(matches!(error, BundleError::Malformed(_)), "{error}");
}

#[test]
fn a_side_that_is_too_large_is_sent_without_states_and_says_so() {
    let mut ours = bundle().ours;
    ours.states[0].types[0].values[0].fields = "x".repeat(MAX_SIDE_BYTES);
    let message = ours.to_message();
    assert!(message.len() <= MAX_SIDE_BYTES);
    let sent = DesyncSide::from_message(&message).unwrap();
    assert!(sent.states.is_empty() && sent.truncated.is_some());
    assert_eq!(sent.checksums, ours.checksums);
    assert_eq!(DesyncSide::from_message(&[9]), Err(BundleError::Version(9)));
    assert_eq!(DesyncSide::from_message(&[]), Err(BundleError::Truncated));
}

#[test]
fn inputs_are_cut_and_neutralized_by_frame() {
    let mut peer = bundle().inputs[0].clone();
    assert_eq!((peer.get(1), peer.get(3), peer.end()), (Some(&[0, 0][..]), Some(&[2, 0][..]), 5));
    peer.neutralize(3..4);
    assert_eq!(peer.inputs, [1, 0, 0, 0, 3, 0]);
    assert!(peer.is_neutral(3) && !peer.is_neutral(4));
    peer.truncate(3);
    assert_eq!((peer.end(), peer.get(3)), (3, None));
}
