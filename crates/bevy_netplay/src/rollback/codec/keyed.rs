//! Maps and sets by reflection.
//!
//! Bevy reads them into a `DynamicMap` or `DynamicSet`, which panics at a key whose type does not reflect `Hash`, as a
//! derived `Reflect` does not. Here they are read into the type itself, which has what it needs of its keys.

use std::any::TypeId;

use bevy::reflect::map::DynamicMap;
use bevy::reflect::serde::TypedReflectDeserializer;
use bevy::reflect::set::DynamicSet;
use bevy::reflect::{
    PartialReflect, Reflect, ReflectFromReflect, ReflectRef, Type, TypeInfo, TypeRegistration,
    TypeRegistry,
};
use serde::de::{self, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};

use super::canonical::{self, CanonicalError};
use super::reflected::{Parts, serializable};

/// Writes a map or set, in the order of its keys: hash tables have another one on every machine. Gives the serializer
/// of any other value back.
pub(super) fn write<S: Serializer>(
    value: &dyn PartialReflect,
    registry: &TypeRegistry,
    serializer: S,
) -> Result<Result<S::Ok, S>, S::Error> {
    match value.reflect_ref() {
        ReflectRef::Map(map) => {
            let mut entries = serializer.serialize_map(Some(map.len()))?;
            let sorted = sorted(map.iter(), registry).map_err(S::Error::custom)?;
            for (key, value) in sorted {
                let [key, value] = [key, value].map(|part| serializable(part, registry));
                entries.serialize_entry(&key, &value)?;
            }
            entries.end().map(Ok)
        }
        ReflectRef::Set(set) => {
            let mut elements = serializer.serialize_seq(Some(set.len()))?;
            let sorted = sorted(set.iter().map(|element| (element, ())), registry);
            for (element, ()) in sorted.map_err(S::Error::custom)? {
                elements.serialize_element(&serializable(element, registry))?;
            }
            elements.end().map(Ok)
        }
        _ => Ok(Err(serializer)),
    }
}

fn sorted<'a, V>(
    entries: impl Iterator<Item = (&'a dyn PartialReflect, V)>,
    registry: &TypeRegistry,
) -> Result<impl Iterator<Item = (&'a dyn PartialReflect, V)>, CanonicalError> {
    let mut sorted = Vec::new();
    for (key, value) in entries {
        let mut bytes = Vec::new();
        canonical::write(&serializable(key, registry), &mut bytes)?;
        sorted.push((bytes, (key, value)));
    }
    sorted.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(sorted.into_iter().map(|(_, entry)| entry))
}

/// Reads a map or set. Gives the deserializer of any other value back.
pub(super) fn read<'de, D: Deserializer<'de>>(
    registration: &TypeRegistration,
    registry: &TypeRegistry,
    deserializer: D,
) -> Result<Result<Box<dyn PartialReflect>, D>, D::Error> {
    let keyed = Keyed { registration, registry };
    match registration.type_info() {
        TypeInfo::Map(_) => deserializer.deserialize_map(keyed).map(Ok),
        TypeInfo::Set(_) => deserializer.deserialize_seq(keyed).map(Ok),
        _ => Ok(Err(deserializer)),
    }
}

/// A map or set, or a part of one, that is read.
#[derive(Clone, Copy)]
struct Keyed<'a> {
    registration: &'a TypeRegistration,
    registry: &'a TypeRegistry,
}

impl Keyed<'_> {
    /// A part of a type.
    fn part<E: de::Error>(self, of: Type) -> Result<Self, E> {
        let registration = self.registry.get(of.id());
        let registration = registration
            .ok_or_else(|| E::custom(format_args!("{} is not registered", of.path())))?;
        Ok(Self { registration, ..self })
    }

    /// The map or set without its elements.
    fn empty<E: de::Error>(self, dynamic: &dyn PartialReflect) -> Result<Box<dyn Reflect>, E> {
        let empty = self.registration.data::<ReflectFromReflect>();
        let empty = empty.and_then(|empty| empty.from_reflect(dynamic));
        empty.ok_or_else(|| E::custom("its type cannot be made by reflection"))
    }
}

impl<'de> Visitor<'de> for Keyed<'_> {
    type Value = Box<dyn PartialReflect>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a reflected map or set")
    }

    // Nothing is reserved: the count is what somebody says.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let info = self.registration.type_info().as_map().map_err(A::Error::custom)?;
        let keys = self.part::<A::Error>(info.key_ty())?;
        let values = self.part::<A::Error>(info.value_ty())?;
        let mut read = self.empty::<A::Error>(&DynamicMap::default())?;
        let map = read.reflect_mut().as_map().map_err(A::Error::custom)?;
        while let Some(key) = entries.next_key_seed(keys)? {
            if map.insert_boxed(key, entries.next_value_seed(values)?).is_some() {
                return Err(A::Error::custom("a key is there twice"));
            }
        }
        Ok(read.into_partial_reflect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let info = self.registration.type_info().as_set().map_err(A::Error::custom)?;
        let values = self.part::<A::Error>(info.value_ty())?;
        let mut read = self.empty::<A::Error>(&DynamicSet::default())?;
        let set = read.reflect_mut().as_set().map_err(A::Error::custom)?;
        while let Some(element) = elements.next_element_seed(values)? {
            if !set.insert_boxed(element) {
                return Err(A::Error::custom("an element is there twice"));
            }
        }
        Ok(read.into_partial_reflect())
    }
}

impl<'de> DeserializeSeed<'de> for Keyed<'_> {
    type Value = Box<dyn PartialReflect>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let Self { registration, registry } = self;
        let value = TypedReflectDeserializer::with_processor(registration, registry, &mut Parts)
            .deserialize(deserializer)?;
        // Maps and sets panic where it is none of the type.
        match is_of(&*value, registration.type_id()) {
            true => Ok(value),
            false => Err(D::Error::custom("its type cannot be made by reflection")),
        }
    }
}

/// Whether a value is of a type, or a tuple or array of such values: Bevy makes these together with what they are in.
fn is_of(value: &dyn PartialReflect, type_id: TypeId) -> bool {
    let Some(info) = value.get_represented_type_info() else { return false };
    let is_made = match (info, value.reflect_ref()) {
        _ if !value.is_dynamic() => true,
        (TypeInfo::Tuple(info), ReflectRef::Tuple(tuple)) => {
            let mut fields = info.iter().zip(tuple.iter_fields());
            fields.all(|(field, value)| is_of(value, field.type_id()))
        }
        (TypeInfo::Array(info), ReflectRef::Array(array)) => {
            array.iter().all(|value| is_of(value, info.item_ty().id()))
        }
        _ => false,
    };
    is_made && info.type_id() == type_id
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap, HashSet};

    use bevy::prelude::*;
    use bevy::reflect::{FromReflect, GetTypeRegistration, Typed};

    use super::*;
    use crate::rollback::codec::{Codec, CodecError};

    /// Reflects neither `Hash` nor `PartialEq`.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, Reflect)]
    struct Place {
        world: u8,
        at: (i8, i8),
    }

    #[derive(Clone, Debug, Default, PartialEq, Reflect)]
    struct Atlas {
        towns: HashMap<Place, u16>,
        names: BTreeMap<u8, String>,
        seen: HashSet<Place>,
        roads: HashMap<([u8; 2], bool), (u8, Vec<u8>)>,
        worlds: HashMap<u8, HashMap<Place, Option<Entity>>>,
    }

    fn place(world: u8) -> Place {
        Place { world, at: (-1, 7) }
    }

    fn atlas() -> Atlas {
        Atlas {
            towns: (0..9).map(|world| (place(world), 500)).collect(),
            names: [(1, "one".into()), (2, "two".into())].into(),
            seen: (0..9).map(place).collect(),
            roads: [(([1, 2], true), (3, vec![4])), (([1, 2], false), (0, vec![]))].into(),
            worlds: [(1, [(place(1), Entity::from_raw_u32(5)), (place(2), None)].into())].into(),
        }
    }

    fn written<T>(value: &T) -> Vec<u8>
    where
        T: FromReflect + Typed + GetTypeRegistration,
    {
        let mut registry = TypeRegistry::new();
        registry.register::<T>();
        let mut bytes = Vec::new();
        Codec::<T>::reflect().encoded.unwrap().0(value, &registry, &mut bytes).unwrap();
        bytes
    }

    fn read<T>(mut bytes: &[u8]) -> Result<T, CodecError>
    where
        T: FromReflect + Typed + GetTypeRegistration,
    {
        let mut registry = TypeRegistry::new();
        registry.register::<T>();
        Codec::<T>::reflect().encoded.unwrap().1(&mut bytes, &registry)
    }

    #[test]
    fn keys_need_not_reflect_hash() {
        assert_eq!(read::<Atlas>(&written(&atlas())).unwrap(), atlas());
    }

    #[test]
    fn maps_and_sets_of_the_same_elements_have_the_same_bytes() {
        let towns = (0..9).rev().map(|world| (place(world), 500)).collect();
        let reversed = Atlas { towns, seen: (0..9).rev().map(place).collect(), ..atlas() };
        assert_eq!(written(&atlas()), written(&reversed));
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused() {
        #[derive(Debug, Reflect)]
        struct Map(HashMap<u8, bool>);
        #[derive(Debug, Reflect)]
        struct Set(HashSet<u8>);
        assert!(read::<Map>(&[2, 5, 0, 6, 1]).is_ok() && read::<Set>(&[2, 5, 6]).is_ok());
        assert!(read::<Map>(&[2, 5, 0, 5, 1]).is_err());
        assert!(read::<Set>(&[2, 5, 5]).is_err());
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f, 5, 0];
        assert!(read::<Map>(&huge).is_err() && read::<Set>(&huge).is_err());
    }

    #[test]
    fn a_key_that_reflection_does_not_make_is_refused() {
        #[derive(Debug, PartialEq, Eq, Hash, Reflect)]
        #[reflect(from_reflect = false)]
        struct Secret(u8);
        impl FromReflect for Secret {
            fn from_reflect(_reflect: &dyn PartialReflect) -> Option<Self> {
                None
            }
        }
        #[derive(Debug, Reflect)]
        struct Secrets {
            map: HashMap<(u8, Secret), u8>,
            set: HashSet<Secret>,
        }
        assert!(read::<Secrets>(&[0, 0]).is_ok());
        assert!(read::<Secrets>(&[1, 1, 2, 3, 0]).is_err());
        assert!(read::<Secrets>(&[0, 1, 2]).is_err());
    }

    #[test]
    fn bytes_that_are_no_maps_are_an_error() {
        let bytes = written(&atlas());
        for len in 0..bytes.len() {
            assert!(read::<Atlas>(&bytes[..len]).is_err(), "{len} of {}", bytes.len());
        }
        for place in 0..bytes.len() {
            for byte in [0, 1, 2, 0x7f, 0x80, 0xff] {
                let mut other = bytes.clone();
                other[place] = byte;
                let _ = read::<Atlas>(&other);
            }
        }
    }
}
