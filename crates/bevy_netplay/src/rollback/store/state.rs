//! The history of a state.

use bevy::prelude::*;
use bevy::reflect::TypeRegistry;
use bevy::state::state::FreelyMutableState;
use netplay_report::desync::push_field;

use super::history::{DecodeError, History};
use super::references::{Decoding, Places, Restored};
use super::rows::Rows;
use crate::SpawnOrder;
use crate::rollback::codec::{Codec, CodecError, Write};

/// The value of a state in the kept frames, and the one that it is about to have.
pub(in crate::rollback) struct StateHistory<S: FreelyMutableState> {
    codec: Codec<S>,
    slots: Vec<Option<(S, NextState<S>)>>,
}

impl<S: FreelyMutableState> StateHistory<S> {
    pub(in crate::rollback) fn new(codec: Codec<S>) -> Self {
        Self { codec, slots: Vec::new() }
    }
}

impl<S: FreelyMutableState> History for StateHistory<S> {
    fn set_depth(&mut self, slots: usize) {
        self.slots.resize_with(slots, || None);
    }

    fn save(&mut self, world: &mut World, slot: usize, _frame: &Rows) {
        let state = world.get_resource::<State<S>>().map(|state| state.get().clone());
        let next = world.get_resource::<NextState<S>>().cloned().unwrap_or_default();
        self.slots[slot] = state.map(|state| (state, next));
    }

    fn load(&mut self, world: &mut World, slot: usize, _references: &mut Restored<'_>) {
        let Some((state, next)) = &self.slots[slot] else { return };
        // A state that stays the same has not changed for those who ask.
        if world.get_resource::<State<S>>().is_none_or(|current| current.get() != state) {
            world.insert_resource(State::new(state.clone()));
        }
        world.insert_resource(next.clone());
    }

    fn is_encodable(&self) -> bool {
        self.codec.encoded.is_some()
    }

    fn is_compared(&self) -> bool {
        self.codec.compared.is_some()
    }

    fn compare(
        &self,
        slot: usize,
        _frame: &Rows,
        registry: &TypeRegistry,
        _places: &mut Places<'_>,
        each: &mut dyn FnMut(Option<SpawnOrder>, u64, usize),
    ) -> Result<(), CodecError> {
        let Some(write) = self.codec.compared else { return Ok(()) };
        let Some((state, next)) = &self.slots[slot] else { return Ok(()) };
        let bytes = compared(write, state, next, registry)?;
        each(None, seahash::hash(&bytes), bytes.len());
        Ok(())
    }

    fn keep(&mut self, from: usize, to: usize, _frame: &Rows, _places: &mut Places<'_>) {
        if self.codec.compared.is_some() {
            self.slots[to] = self.slots[from].clone();
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.slots.swap(a, b);
    }

    fn describe(
        &self,
        slot: usize,
        registry: &TypeRegistry,
        each: &mut dyn FnMut(Option<SpawnOrder>, u64, String),
    ) {
        let (Some(write), Some(describe)) = (self.codec.compared, self.codec.described) else {
            return;
        };
        let Some((state, next)) = &self.slots[slot] else { return };
        let Ok(bytes) = compared(write, state, next, registry) else { return };
        let mut text = String::new();
        // What is too long is cut.
        let _ = describe(state, registry, &mut text);
        if let (kind, Some(next)) = parts(next) {
            push_field(
                &mut text,
                "NextState",
                if kind == 1 { "Pending" } else { "PendingIfNeq" },
                None,
            );
            let mut of_next = String::new();
            let _ = describe(next, registry, &mut of_next);
            for line in of_next.lines() {
                text.push_str("NextState.");
                text.push_str(line);
                text.push('\n');
            }
        }
        each(None, seahash::hash(&bytes), text);
    }

    fn encode(
        &self,
        slot: usize,
        _frame: &Rows,
        registry: &TypeRegistry,
        _places: &mut Places<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let Some((write, _)) = self.codec.encoded else { return Ok(()) };
        let Some((state, next)) = &self.slots[slot] else {
            out.push(0);
            return Ok(());
        };
        let (kind, next) = parts(next);
        out.push(1 + kind);
        write(state, registry, out)?;
        next.map_or(Ok(()), |next| write(next, registry, out))
    }

    fn decode(
        &mut self,
        slot: usize,
        &Decoding { registry, .. }: &Decoding<'_>,
        bytes: &mut &[u8],
    ) -> Result<(), DecodeError> {
        let Some((_, read)) = self.codec.encoded else { return Ok(()) };
        let (kind, rest) = bytes.split_first().ok_or(CodecError::Fields)?;
        *bytes = rest;
        self.slots[slot] = match kind {
            0 => None,
            1 => Some((read(bytes, registry)?, NextState::Unchanged)),
            2 => Some((read(bytes, registry)?, NextState::Pending(read(bytes, registry)?))),
            3 => Some((read(bytes, registry)?, NextState::PendingIfNeq(read(bytes, registry)?))),
            _ => return Err(CodecError::Fields.into()),
        };
        Ok(())
    }
}

/// What is compared of a state.
fn compared<S: FreelyMutableState>(
    write: Write<S>,
    state: &S,
    next: &NextState<S>,
    registry: &TypeRegistry,
) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::new();
    write(state, registry, &mut bytes)?;
    let (kind, next) = parts(next);
    bytes.push(kind);
    if let Some(next) = next {
        write(next, registry, &mut bytes)?;
    }
    Ok(bytes)
}

/// Which kind of next state it is, and its value.
fn parts<S: FreelyMutableState>(next: &NextState<S>) -> (u8, Option<&S>) {
    match next {
        NextState::Unchanged => (0, None),
        NextState::Pending(next) => (1, Some(next)),
        NextState::PendingIfNeq(next) => (2, Some(next)),
    }
}
