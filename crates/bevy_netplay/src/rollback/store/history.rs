//! [`History`]: what the store asks of everything that it keeps.

use bevy::ecs::entity_disabling::Disabled;
use bevy::prelude::*;
use bevy::reflect::TypeRegistry;

use super::references::{Decoding, Places, Restored};
use super::rows::Rows;
use crate::SpawnOrder;
use crate::rollback::codec::CodecError;

/// Entities with a [`SpawnOrder`], disabled ones included, because the filter names them: `Allow` is none for whole
/// tables.
pub(super) type RollsBack = (With<SpawnOrder>, Or<(With<Disabled>, Without<Disabled>)>);

/// The values of a registered type in the kept frames, each in a slot.
pub(in crate::rollback) trait History: Send + Sync + 'static {
    /// Makes room for so many frames.
    fn set_depth(&mut self, slots: usize);

    /// Copies the values of the world into a slot of a frame that has these entities.
    fn save(&mut self, world: &mut World, slot: usize, frame: &Rows);

    /// Of a component: gives the entities of the slot's frame, which are there, its values where they have the
    /// component, and notes what has to be inserted and removed.
    fn overwrite(
        &mut self,
        _world: &mut World,
        _slot: usize,
        _frame: &Rows,
        _references: &mut Restored<'_>,
    ) {
    }

    /// Of a component: inserts and removes what was noted. Returns whether there was anything.
    fn insert_and_remove(&mut self, _world: &mut World) -> bool {
        false
    }

    /// Of what no entity has: gives the world the value of a slot.
    fn load(&mut self, _world: &mut World, _slot: usize, _references: &mut Restored<'_>) {}

    /// Whether the type has an encoding.
    fn is_encodable(&self) -> bool;

    /// Whether values of the type are compared.
    fn is_compared(&self) -> bool;

    /// Hashes of the values of a slot that are equal on every peer, each with the entity that has it, in any order, and
    /// with how many bytes were hashed.
    fn compare(
        &self,
        slot: usize,
        frame: &Rows,
        registry: &TypeRegistry,
        places: &mut Places<'_>,
        each: &mut dyn FnMut(Option<SpawnOrder>, u64, usize),
    ) -> Result<(), CodecError>;

    /// Copies the values of a slot to another one, if they are compared: with references as every peer has them.
    fn keep(&mut self, from: usize, to: usize, frame: &Rows, places: &mut Places<'_>);

    /// Two slots change places.
    fn swap(&mut self, a: usize, b: usize);

    /// The values of a slot that were [kept](Self::keep) in words, each with the entity that has it and the hash by
    /// which it is compared.
    fn describe(
        &self,
        slot: usize,
        registry: &TypeRegistry,
        each: &mut dyn FnMut(Option<SpawnOrder>, u64, String),
    );

    /// Appends the values of a slot. Nothing where the type cannot be encoded.
    fn encode(
        &self,
        slot: usize,
        frame: &Rows,
        registry: &TypeRegistry,
        places: &mut Places<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError>;

    /// Takes values off the front of bytes, checks them and puts them into a slot.
    fn decode(
        &mut self,
        slot: usize,
        decoding: &Decoding<'_>,
        bytes: &mut &[u8],
    ) -> Result<(), DecodeError>;
}

/// Why bytes are not an encoded state. Nothing of the world has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end too early, or are not of the types that are registered.
    #[error("the encoded state cannot be read: {0}")]
    Value(String),
    /// An entity has a component twice, or one that is named is not in the list of entities.
    #[error("the encoded state names an entity that it does not have, or a component twice")]
    Entities,
    /// Entities are children of each other.
    #[error("the encoded state has entities that belong to each other in a circle")]
    Circle,
    /// There are no bytes.
    #[error("the encoded state is empty")]
    Empty,
    /// Another version of bevy_netplay encoded it.
    #[error("the encoded state has version {0}, which this version of bevy_netplay does not read")]
    Version(u8),
    /// There are more bytes than any state has.
    #[error("the encoded state has {0} bytes, which is more than is read")]
    TooLarge(usize),
    /// There are bytes left over.
    #[error("{0} bytes follow the encoded state")]
    TooLong(usize),
}

impl From<CodecError> for DecodeError {
    fn from(error: CodecError) -> Self {
        Self::Value(error.to_string())
    }
}

impl From<postcard::Error> for DecodeError {
    fn from(error: postcard::Error) -> Self {
        CodecError::from(error).into()
    }
}
