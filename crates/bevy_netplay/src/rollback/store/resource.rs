//! The history of a resource.

use bevy::ecs::component::Mutable;
use bevy::prelude::*;
use bevy::reflect::TypeRegistry;

use super::history::{DecodeError, History};
use super::references::{Decoding, Places, Restored};
use super::rows::Rows;
use crate::SpawnOrder;
use crate::rollback::codec::{Codec, CodecError};

/// The values of a resource in the kept frames; none where it was not there.
pub(in crate::rollback) struct ResourceHistory<T> {
    codec: Codec<T>,
    slots: Vec<Option<T>>,
}

impl<T> ResourceHistory<T> {
    pub(in crate::rollback) fn new(codec: Codec<T>) -> Self {
        Self { codec, slots: Vec::new() }
    }
}

impl<T: Resource<Mutability = Mutable> + Clone> History for ResourceHistory<T> {
    fn set_depth(&mut self, slots: usize) {
        self.slots.resize_with(slots, || None);
    }

    fn save(&mut self, world: &mut World, slot: usize, _frame: &Rows) {
        let saved = &mut self.slots[slot];
        match (world.get_resource::<T>(), saved) {
            // Overwriting keeps what the value owns on the heap.
            (Some(value), Some(saved)) => saved.clone_from(value),
            (value, saved) => *saved = value.cloned(),
        }
    }

    fn load(&mut self, world: &mut World, slot: usize, references: &mut Restored<'_>) {
        match &self.slots[slot] {
            Some(saved) => {
                let saved = references.restore(saved);
                match world.get_resource_mut::<T>() {
                    Some(mut value) => *value = saved,
                    None => world.insert_resource(saved),
                }
            }
            None => drop(world.remove_resource::<T>()),
        }
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
        places: &mut Places<'_>,
        each: &mut dyn FnMut(Option<SpawnOrder>, u64, usize),
    ) -> Result<(), CodecError> {
        let Some(write) = self.codec.compared else { return Ok(()) };
        let Some(value) = &self.slots[slot] else { return Ok(()) };
        let mut bytes = vec![1];
        write(&places.portable(value), registry, &mut bytes)?;
        each(None, seahash::hash(&bytes), bytes.len());
        Ok(())
    }

    fn keep(&mut self, from: usize, to: usize, _frame: &Rows, places: &mut Places<'_>) {
        if self.codec.compared.is_some() {
            self.slots[to] = self.slots[from].as_ref().map(|value| places.portable(value));
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
        let Some(value) = &self.slots[slot] else { return };
        let (mut bytes, mut text) = (vec![1], String::new());
        if write(value, registry, &mut bytes).is_ok() {
            // What is too long is cut.
            let _ = describe(value, registry, &mut text);
            each(None, seahash::hash(&bytes), text);
        }
    }

    fn encode(
        &self,
        slot: usize,
        _frame: &Rows,
        registry: &TypeRegistry,
        places: &mut Places<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let Some((write, _)) = self.codec.encoded else { return Ok(()) };
        let Some(value) = &self.slots[slot] else {
            out.push(0);
            return Ok(());
        };
        out.push(1);
        write(&places.portable(value), registry, out)
    }

    fn decode(
        &mut self,
        slot: usize,
        decoding: &Decoding<'_>,
        bytes: &mut &[u8],
    ) -> Result<(), DecodeError> {
        let Some((_, read)) = self.codec.encoded else { return Ok(()) };
        let (is_there, rest) = postcard::take_from_bytes::<bool>(bytes)?;
        *bytes = rest;
        self.slots[slot] = is_there.then(|| read(bytes, decoding.registry)).transpose()?;
        if let Some(value) = &mut self.slots[slot] {
            decoding.target(value)?;
        }
        Ok(())
    }
}
