//! The shape of a reflected type: the names of its fields and variants, and the types of these.

use std::any::TypeId;

use bevy::reflect::enums::VariantInfo;
use bevy::reflect::serde::TypedReflectDeserializer;
use bevy::reflect::{
    GetTypeRegistration, NamedField, ReflectDeserialize, TypeInfo, TypeRegistration, TypeRegistry,
    Typed, UnnamedField,
};
use serde::de::DeserializeSeed;

use super::reflected::Parts;
use super::shape;

/// The shape of a type, and whether bytes bound how deep and how long a value is that is decoded from them: whether the
/// type neither contains itself nor a list of elements that take no bytes.
pub(super) fn of<T: Typed + GetTypeRegistration>() -> (String, bool) {
    let mut registry = TypeRegistry::new();
    registry.register::<T>();
    let mut description = Description {
        registry: &registry,
        inside: Vec::new(),
        text: String::new(),
        is_bounded: true,
    };
    description.add(T::type_info());
    (description.text, description.is_bounded)
}

/// A type that is described.
struct Description<'a> {
    registry: &'a TypeRegistry,
    /// The types around the one that is added.
    inside: Vec<TypeId>,
    text: String,
    is_bounded: bool,
}

impl Description<'_> {
    fn add(&mut self, info: &'static TypeInfo) {
        self.text.push_str(info.ty().short_path());
        if self.inside.contains(&info.type_id()) {
            self.is_bounded = false;
            return;
        }
        // It is decoded by serde, which sees more of it.
        if let Some(by_serde) = self.registry.get_type_data::<ReflectDeserialize>(info.type_id()) {
            let shape = shape::traced(|trace| by_serde.deserialize(trace).is_ok());
            self.is_bounded &= shape.is_bounded;
        }
        let mut parts: Vec<(&str, Option<&'static TypeInfo>)> = Vec::new();
        let unnamed = |field: &UnnamedField| ("", field.type_info());
        let named = |field: &NamedField| (field.name(), field.type_info());
        match info {
            TypeInfo::Struct(info) => parts.extend(info.iter().map(named)),
            TypeInfo::TupleStruct(info) => parts.extend(info.iter().map(unnamed)),
            TypeInfo::Tuple(info) => parts.extend(info.iter().map(unnamed)),
            TypeInfo::List(info) => {
                self.is_bounded &= self.takes_bytes(info.item_ty().id());
                parts.push(("", info.item_info()));
            }
            TypeInfo::Array(info) => parts.push(("", info.item_info())),
            TypeInfo::Map(info) => parts.extend([("", info.key_info()), ("", info.value_info())]),
            TypeInfo::Set(info) => {
                let element = self.registry.get(info.value_ty().id());
                parts.push(("", element.map(TypeRegistration::type_info)));
            }
            TypeInfo::Enum(info) => {
                for variant in info.iter() {
                    parts.push((variant.name(), None));
                    match variant {
                        VariantInfo::Struct(info) => parts.extend(info.iter().map(named)),
                        VariantInfo::Tuple(info) => parts.extend(info.iter().map(unnamed)),
                        VariantInfo::Unit(_) => {}
                    }
                }
            }
            TypeInfo::Opaque(_) => return,
        }
        self.inside.push(info.type_id());
        self.text.push('{');
        for (name, info) in parts {
            self.text.push_str(name);
            self.text.push(':');
            if let Some(info) = info {
                self.add(info);
            }
            self.text.push(' ');
        }
        self.text.push('}');
        self.inside.pop();
    }

    /// Whether every value of a type takes bytes.
    fn takes_bytes(&self, type_id: TypeId) -> bool {
        let Some(registration) = self.registry.get(type_id) else { return true };
        let shape = shape::traced(|trace| {
            TypedReflectDeserializer::with_processor(registration, self.registry, &mut Parts)
                .deserialize(trace)
                .is_ok()
        });
        shape.max_bytes != Some(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use bevy::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Reflect)]
    #[reflect(no_field_bounds)]
    struct Rope {
        next: Vec<Rope>,
        length: u8,
    }

    #[derive(Reflect)]
    #[reflect(no_field_bounds)]
    enum Rule {
        Not(HashMap<u8, Rule>),
        Always,
    }

    /// Contains itself where only serde sees it.
    #[derive(Clone, Reflect, Serialize, Deserialize)]
    #[reflect(opaque)]
    #[reflect(Serialize, Deserialize)]
    struct Chain(Option<Box<Chain>>);

    #[derive(Reflect, PartialEq, Eq, Hash)]
    struct Nothing;

    #[derive(Reflect, PartialEq, Eq, Hash)]
    struct Place {
        column: u8,
    }

    #[derive(Reflect)]
    struct Pair<A, B>(A, B);

    fn text<T: Typed + GetTypeRegistration>() -> String {
        of::<T>().0
    }

    fn is_bounded<T: Typed + GetTypeRegistration>() -> bool {
        of::<T>().1
    }

    #[test]
    fn fields_and_variants_are_part_of_the_shape_also_of_what_contains_itself() {
        let text = text::<Pair<HashSet<Place>, Pair<Rope, Rule>>>();
        for part in ["Pair", "next", "length", "u8", "Not", "Always", "column"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert_ne!(of::<Pair<u8, u16>>().0, of::<Pair<u16, u8>>().0);
    }

    #[test]
    fn what_contains_itself_or_a_list_of_nothing_is_unbounded() {
        let unbounded = [
            is_bounded::<Rope>(),
            is_bounded::<Pair<u8, Rule>>(),
            is_bounded::<Chain>(),
            is_bounded::<HashMap<u8, Chain>>(),
            is_bounded::<Vec<Nothing>>(),
            is_bounded::<Pair<u8, Vec<(Nothing, [u8; 0])>>>(),
        ];
        assert!(!unbounded.contains(&true), "{unbounded:?}");
        let bounded = [
            is_bounded::<Transform>(),
            is_bounded::<Timer>(),
            is_bounded::<Nothing>(),
            is_bounded::<Pair<Pair<u8, u8>, Option<Option<Entity>>>>(),
            is_bounded::<HashSet<Nothing>>(),
            is_bounded::<Vec<Vec<Option<Nothing>>>>(),
            is_bounded::<Vec<Pair<Nothing, u8>>>(),
        ];
        assert!(!bounded.contains(&false), "{bounded:?}");
    }
}
