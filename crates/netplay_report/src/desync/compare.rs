//! Comparing what two peers had.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::Field;
use super::{
    DesyncBundle, DesyncSide, Difference, Explanation, FrameParts, FrameState, ValueState,
};

/// How many differences are told after the first.
const MAX_OTHERS: usize = 32;
/// How many entities are named that have each other's values.
const MAX_ENTITIES: usize = 64;

impl DesyncBundle {
    /// What differs between the two peers of the bundle. None if the other peer's side is missing, or nothing differs in
    /// what both have.
    pub fn explain(&self) -> Option<Explanation> {
        explain(&self.ours, self.theirs.as_ref()?)
    }
}

/// What differs between two bundles of one match: between the peers that wrote them. Where both were written by the same
/// peer, between the sides of the first.
pub fn explain_bundles(a: &DesyncBundle, b: &DesyncBundle) -> Option<Explanation> {
    explain(&a.ours, &b.ours).or_else(|| a.explain()).or_else(|| b.explain())
}

/// What differs between two sides, at the first frame at which anything does.
pub fn explain(ours: &DesyncSide, theirs: &DesyncSide) -> Option<Explanation> {
    let differs = |frame: &i32| {
        ours.parts(*frame).map(|parts| &parts.total)
            != theirs.parts(*frame).map(|parts| &parts.total)
    };
    let both = |frame: &i32| theirs.parts(*frame).is_some();
    let frames: BTreeSet<i32> =
        ours.checksums.iter().map(|parts| parts.frame).filter(both).collect();
    let first = frames.iter().copied().find(differs);
    let last_equal_frame = frames
        .iter()
        .copied()
        .take_while(|frame| !differs(frame))
        .last()
        .or(ours.last_equal_frame.filter(|equal| theirs.last_equal_frame == Some(*equal)));
    let told = (ours.frame == theirs.frame).then_some(ours.frame);
    let state_frames: BTreeSet<i32> = ours
        .states
        .iter()
        .map(|state| state.frame)
        .filter(|frame| theirs.state(*frame).is_some())
        .filter(|frame| first.is_none_or(|first| *frame >= first))
        .collect();
    for frame in state_frames {
        let (Some(a), Some(b)) = (ours.state(frame), theirs.state(frame)) else { continue };
        let mut differences = compare_states(a, b).into_iter();
        if let Some(difference) = differences.next() {
            let mut others: Vec<Difference> = differences.collect();
            let left_out = others.len().saturating_sub(MAX_OTHERS);
            others.truncate(MAX_OTHERS);
            return Some(Explanation { frame, last_equal_frame, difference, others, left_out });
        }
    }
    let frame = first.or(told)?;
    let types = match (ours.parts(frame), theirs.parts(frame)) {
        (Some(a), Some(b)) => different_types(ours, a, theirs, b),
        _ => Vec::new(),
    };
    let mut types = types.into_iter().map(|type_name| Difference::Type { type_name });
    let difference = types.next().unwrap_or(Difference::Unknown);
    let others = types.take(MAX_OTHERS).collect();
    Some(Explanation { frame, last_equal_frame, difference, others, left_out: 0 })
}

/// The types whose checksums differ in a frame.
fn different_types(
    ours: &DesyncSide,
    a: &FrameParts,
    theirs: &DesyncSide,
    b: &FrameParts,
) -> Vec<String> {
    let of = |side: &DesyncSide, parts: &FrameParts| -> BTreeMap<String, [u8; 8]> {
        side.types.iter().cloned().zip(parts.parts.iter().copied()).collect()
    };
    let (a, b) = (of(ours, a), of(theirs, b));
    a.into_iter().filter(|(name, part)| b.get(name) != Some(part)).map(|(name, _)| name).collect()
}

/// What differs between two states of a frame: entities first, then values, type by type.
fn compare_states(ours: &FrameState, theirs: &FrameState) -> Vec<Difference> {
    let mut differences = Vec::new();
    let [a, b]: [BTreeSet<u32>; 2] =
        [ours, theirs].map(|state| state.entities.iter().copied().collect());
    for entity in a.symmetric_difference(&b).copied() {
        let missing_in_ours = !a.contains(&entity);
        let side = if missing_in_ours { theirs } else { ours };
        let has = |values: &[ValueState]| values.iter().any(|it| it.entity == Some(entity));
        let with = side.types.iter().filter(|it| has(&it.values));
        let types = with.map(|it| it.name.clone()).take(16).collect();
        differences.push(Difference::MissingEntity { entity, missing_in_ours, types });
        if differences.len() > MAX_OTHERS {
            break;
        }
    }
    let alive = |value: &&ValueState| {
        value.entity.is_none_or(|entity| a.contains(&entity) && b.contains(&entity))
    };
    let names: BTreeSet<&str> =
        ours.types.iter().chain(&theirs.types).map(|it| &it.name[..]).collect();
    for name in names {
        let values = |state: &'_ FrameState| -> BTreeMap<Option<u32>, ValueState> {
            let alive = state.values(name).iter().filter(alive);
            alive.map(|value| (value.entity, value.clone())).collect()
        };
        compare_values(name, &values(ours), &values(theirs), &mut differences);
    }
    if differences.is_empty() && ours.next != theirs.next {
        differences.push(Difference::Spawned { ours: ours.next, theirs: theirs.next });
    }
    differences
}

fn compare_values(
    type_name: &str,
    ours: &BTreeMap<Option<u32>, ValueState>,
    theirs: &BTreeMap<Option<u32>, ValueState>,
    differences: &mut Vec<Difference>,
) {
    let keys: BTreeSet<Option<u32>> = ours.keys().chain(theirs.keys()).copied().collect();
    let differing: Vec<Option<u32>> = keys
        .into_iter()
        .filter(|key| ours.get(key).map(|it| it.hash) != theirs.get(key).map(|it| it.hash))
        .collect();
    // The hash has the place of the entity in it, the text has not.
    let texts = |values: &BTreeMap<Option<u32>, ValueState>| {
        let of = |key: &Option<u32>| values.get(key).map(|it| it.fields.clone());
        let mut texts: Vec<Option<String>> = differing.iter().map(of).collect();
        texts.sort_unstable();
        texts
    };
    let all: Option<Vec<u32>> = differing.iter().copied().collect();
    let (a, b) = (texts(ours), texts(theirs));
    let has_text = |texts: &[Option<String>]| {
        texts.iter().all(|text| text.as_ref().is_some_and(|text| !text.is_empty()))
    };
    if let Some(mut entities) = all
        && entities.len() > 1
        && a == b
        && has_text(&a)
    {
        entities.truncate(MAX_ENTITIES);
        differences.push(Difference::Order { type_name: type_name.to_owned(), entities });
        return;
    }
    for entity in differing {
        let type_name = type_name.to_owned();
        differences.push(match (ours.get(&entity), theirs.get(&entity)) {
            (Some(a), Some(b)) => {
                let (field, ours, theirs) = first_field(&a.fields, &b.fields);
                Difference::Value { type_name, entity, field, ours, theirs }
            }
            (a, _) => Difference::MissingValue { type_name, entity, missing_in_ours: a.is_none() },
        });
    }
}

/// The first part that differs, and what it is on both sides.
fn first_field(ours: &str, theirs: &str) -> (String, Option<String>, Option<String>) {
    let of = |text| Field::all(text).map(|field| (field.path, field)).collect::<BTreeMap<_, _>>();
    let (by_path, their_path) = (of(ours), of(theirs));
    let differs = |field: &Field<'_>| match (by_path.get(field.path), their_path.get(field.path)) {
        (Some(a), Some(b)) => !a.is_same(b),
        _ => true,
    };
    // In the order of the fields of the type.
    let first = Field::all(ours).find(differs).or_else(|| Field::all(theirs).find(differs));
    match first {
        Some(Field { path, .. }) => {
            let shown = |fields: &BTreeMap<&str, Field<'_>>| fields.get(path).map(Field::shown);
            (path.to_owned(), shown(&by_path), shown(&their_path))
        }
        // The text is missing, or says the same of different values.
        None => (String::new(), Some("one value".into()), Some("another one".into())),
    }
}
