//! [`FrameState`]: the state of a frame as text.

use serde::{Deserialize, Serialize};

use super::Bits;

/// The state before a frame was simulated, as far as peers compare it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameState {
    /// The frame.
    pub frame: i32,
    /// The places in spawn order of the entities, in ascending order.
    pub entities: Vec<u32>,
    /// The place that the next entity is given: how many were spawned.
    pub next: u32,
    /// The registered types that are compared, in the order of their names.
    pub types: Vec<TypeState>,
    /// What is missing because it was too much, as a sentence.
    pub truncated: Option<String>,
}

/// The values of a type in a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeState {
    /// What peers call the type.
    pub name: String,
    /// The values, in ascending order of their entities.
    pub values: Vec<ValueState>,
    /// How many more there were that are missing here.
    pub left_out: u32,
}

/// A value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueState {
    /// The place in spawn order of the entity that has it. None for resources and states.
    pub entity: Option<u32>,
    /// The hash by which it is compared, little-endian.
    pub hash: Bits,
    /// Its parts, a line for each: see [`push_field`](super::push_field). Empty where there was too much.
    pub fields: String,
}

impl FrameState {
    /// The values of a type.
    pub(super) fn values(&self, type_name: &str) -> &[ValueState] {
        let found = self.types.iter().find(|it| it.name == type_name);
        found.map_or(&[], |it| &it.values)
    }
}
