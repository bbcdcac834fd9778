//! Values by reflection, as something that serde can write and read.
//!
//! Bevy's own serializer of reflected values does it, with two exceptions: an [`Entity`] is its bits, whether or not
//! Bevy's feature `serialize` is on, and maps and sets are [`keyed`].

use bevy::prelude::*;
use bevy::reflect::serde::{
    ReflectDeserializerProcessor, ReflectSerializerProcessor, TypedReflectDeserializer,
    TypedReflectSerializer,
};
use bevy::reflect::{
    FromReflect, GetTypeRegistration, PartialReflect, TypeRegistration, TypeRegistry, Typed,
};
use serde::de::{Deserialize, DeserializeSeed, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::{CodecError, keyed};

/// A value that serializes by its fields.
pub(super) fn serializable<'a>(
    value: &'a dyn PartialReflect,
    registry: &'a TypeRegistry,
) -> TypedReflectSerializer<'a, Parts> {
    TypedReflectSerializer::with_processor(value, registry, &Parts)
}

/// Takes a value that was written with postcard off the front of bytes.
pub(super) fn read<T: FromReflect + Typed + GetTypeRegistration>(
    bytes: &mut &[u8],
    registry: &TypeRegistry,
) -> Result<T, CodecError> {
    let registration = T::get_type_registration();
    let mut parts = Parts;
    let mut deserializer = postcard::Deserializer::from_bytes(bytes);
    let value = TypedReflectDeserializer::with_processor(&registration, registry, &mut parts)
        .deserialize(&mut deserializer)?;
    *bytes = deserializer.finalize()?;
    T::from_reflect(&*value).ok_or(CodecError::Fields)
}

/// Writes and reads what Bevy's serializer would write otherwise, or not at all.
pub(super) struct Parts;

impl ReflectSerializerProcessor for Parts {
    fn try_serialize<S: Serializer>(
        &self,
        value: &dyn PartialReflect,
        registry: &TypeRegistry,
        serializer: S,
    ) -> Result<Result<S::Ok, S>, S::Error> {
        if let Some(entity) = value.try_downcast_ref::<Entity>() {
            return entity.to_bits().serialize(serializer).map(Ok);
        }
        keyed::write(value, registry, serializer)
    }
}

impl ReflectDeserializerProcessor for Parts {
    fn try_deserialize<'de, D: Deserializer<'de>>(
        &mut self,
        registration: &TypeRegistration,
        registry: &TypeRegistry,
        deserializer: D,
    ) -> Result<Result<Box<dyn PartialReflect>, D>, D::Error> {
        if registration.type_id() != std::any::TypeId::of::<Entity>() {
            return keyed::read(registration, registry, deserializer);
        }
        let bits = u64::deserialize(deserializer)?;
        let entity = Entity::try_from_bits(bits)
            .ok_or_else(|| serde::de::Error::custom("these are not the bits of an entity"))?;
        Ok(Ok(Box::new(entity)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::rollback::codec::Codec;

    #[derive(Clone, Debug, Default, PartialEq, Reflect)]
    struct Fighter {
        place: Vec2,
        cooldown: Timer,
        carries: Option<Entity>,
        seen: HashSet<u32>,
        #[reflect(ignore)]
        shown: u32,
    }

    fn fighter() -> Fighter {
        Fighter {
            place: Vec2::new(0.1, -7.0),
            cooldown: Timer::from_seconds(0.5, TimerMode::Repeating),
            carries: Entity::from_raw_u32(7),
            seen: [5, 6, 7, 8].into(),
            shown: 3,
        }
    }

    fn registry() -> TypeRegistry {
        let mut registry = TypeRegistry::new();
        registry.register::<Fighter>();
        registry
    }

    #[test]
    fn a_reflected_value_is_read_as_it_was_written_without_what_is_ignored() {
        let (registry, codec) = (registry(), Codec::<Fighter>::reflect());
        let (write, read) = codec.encoded.unwrap();
        let mut bytes = Vec::new();
        write(&fighter(), &registry, &mut bytes).unwrap();
        bytes.push(9);
        let mut rest = &bytes[..];
        let again = read(&mut rest, &registry).unwrap();
        assert_eq!(again, Fighter { shown: 0, ..fighter() });
        assert_eq!(rest, [9]);
    }

    #[test]
    fn every_field_is_compared_and_the_order_of_a_set_is_not() {
        let (registry, codec) = (registry(), Codec::<Fighter>::reflect());
        let compared = |fighter: Fighter| {
            let mut bytes = Vec::new();
            codec.compared.unwrap()(&fighter, &registry, &mut bytes).unwrap();
            bytes
        };
        let same = compared(fighter());
        assert_eq!(same, compared(Fighter { seen: [8, 7, 6, 5].into(), shown: 8, ..fighter() }));
        let mut later = fighter();
        later.cooldown.tick(std::time::Duration::from_millis(1));
        for other in [
            later,
            Fighter { place: Vec2::ZERO, ..fighter() },
            Fighter { carries: None, ..fighter() },
            Fighter { seen: [5].into(), ..fighter() },
        ] {
            assert_ne!(same, compared(other));
        }
    }

    #[test]
    fn bytes_that_are_no_value_are_an_error() {
        let (registry, codec) = (registry(), Codec::<Fighter>::reflect());
        let (write, read) = codec.encoded.unwrap();
        let mut bytes = Vec::new();
        write(&fighter(), &registry, &mut bytes).unwrap();
        for len in 0..bytes.len() {
            assert!(read(&mut &bytes[..len], &registry).is_err(), "{len} of {}", bytes.len());
        }
    }
}
