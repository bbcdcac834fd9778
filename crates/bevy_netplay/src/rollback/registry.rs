//! [`RollbackRegistry`]: what is registered for rollback, by name and shape.

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy::utils::prelude::ShortName;
use netplay_report::desync::RegisteredType as DescribedType;

/// Everything that is registered for rollback. Peers compare a hash of it before a match: of the names and shapes of
/// the types, and by what their values are compared.
///
/// A type is called by its last name, `Ship` for `my_game::ships::Ship`, so that a module can move; where two types
/// have the same last name, both are called by their full names.
#[derive(Resource, Clone, Debug, Default, Reflect)]
#[reflect(Resource, Debug, Default)]
pub struct RollbackRegistry {
    /// By full name.
    types: BTreeMap<&'static str, RegisteredType>,
}

/// A registered type.
#[derive(Clone, Debug, Reflect)]
#[reflect(Debug)]
pub(super) struct RegisteredType {
    /// Component, resource, state or message.
    pub(super) kind: &'static str,
    /// By what its values are compared.
    pub(super) compared_by: &'static str,
    /// Its parts, as far as they are known.
    pub(super) shape: String,
}

impl RollbackRegistry {
    /// A hash of what is registered and of the input's shape: the same in every build of the same source, whatever the
    /// platform and the order of registration.
    pub(crate) fn hash(&self, input: &str) -> u64 {
        let mut text = input.to_owned();
        for (name, registered) in self.names() {
            let RegisteredType { kind, compared_by, shape } = &self.types[registered];
            text.push_str(&format!("\n{kind} {name} {compared_by} {shape}"));
        }
        seahash::hash(text.as_bytes())
    }

    /// What is registered, in the order of the names that peers call the types by.
    pub(crate) fn described(&self) -> Vec<DescribedType> {
        let describe = |(name, full)| {
            let RegisteredType { kind, compared_by, .. } = &self.types[full];
            let [kind, compared_by] = [kind, compared_by].map(|it| (*it).to_owned());
            DescribedType { name, kind, compared_by }
        };
        self.names().into_iter().map(describe).collect()
    }

    /// Adds a type by its full name. False if it is there already.
    ///
    /// # Panics
    ///
    /// If it is there in another way: which one counts would depend on the order of registration.
    pub(super) fn add(&mut self, name: &'static str, registered: RegisteredType) -> bool {
        if let Some(first) = self.types.get(name) {
            let RegisteredType { kind, compared_by, .. } = registered;
            assert!(
                (first.kind, first.compared_by) == (kind, compared_by),
                "{name} is registered for rollback as {} by {}, and again as {kind} by {compared_by}: \
                 register it once",
                first.kind,
                first.compared_by
            );
            return false;
        }
        self.types.insert(name, registered);
        true
    }

    /// What peers call the types, in the order of these names, and the full names.
    pub(super) fn names(&self) -> BTreeMap<String, &'static str> {
        let short = |full: &'static str| ShortName(full).to_string();
        let mut count = BTreeMap::<String, usize>::new();
        for full in self.types.keys() {
            *count.entry(short(full)).or_default() += 1;
        }
        let name = |full: &'static str| match count[&short(full)] {
            1 => short(full),
            _ => full.to_owned(),
        };
        self.types.keys().map(|full| (name(full), *full)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(types: &[(&'static str, &str)]) -> RollbackRegistry {
        let mut registry = RollbackRegistry::default();
        for (name, shape) in types {
            let shape = (*shape).to_owned();
            registry.add(name, RegisteredType { kind: "component", compared_by: "serde", shape });
        }
        registry
    }

    fn hash(types: &[(&'static str, &str)]) -> u64 {
        registry(types).hash("1 bytes")
    }

    #[test]
    fn the_hash_depends_on_names_and_shapes_and_not_on_order_or_modules() {
        let before = [("game::Ship", "u8"), ("game::Shot", "u16")];
        assert_eq!(hash(&before), hash(&[("game::Shot", "u16"), ("game::Ship", "u8")]));
        assert_eq!(hash(&before), hash(&[("game::ships::Ship", "u8"), ("game::Shot", "u16")]));
        assert_ne!(hash(&before), hash(&[("game::Ship", "u8"), ("game::Shot", "u32")]));
        assert_ne!(hash(&before), hash(&[("game::Ship", "u8"), ("game::Bolt", "u16")]));
        assert_ne!(hash(&before), registry(&before).hash("2 bytes"));
    }

    #[test]
    #[should_panic(expected = "component by serde, and again as resource by Hash")]
    fn a_type_that_is_registered_in_two_ways_is_refused() {
        let mut registry = registry(&[("game::Ship", "u8"), ("game::Ship", "u8")]);
        let (kind, compared_by, shape) = ("resource", "Hash", String::new());
        registry.add("game::Ship", RegisteredType { kind, compared_by, shape });
    }

    #[test]
    fn two_types_with_one_last_name_are_called_by_their_full_names() {
        let registry = registry(&[("a::Ship", ""), ("b::Ship", ""), ("b::Shot", "")]);
        let names: Vec<_> = registry.names().into_keys().collect();
        assert_eq!(names, ["Shot", "a::Ship", "b::Ship"]);
    }
}
