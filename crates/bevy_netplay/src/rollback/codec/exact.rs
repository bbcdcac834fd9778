//! Whether two values are the same by reflection: to have one or the other makes no difference.
//!
//! Equal values need not be the same: `-0.0` equals `0.0` and divides to another infinity. A NaN does not even equal
//! itself.

use bevy::reflect::{PartialReflect, ReflectRef};

/// Whether two values of a type are the same. False if that is not known.
pub(super) fn same(a: &dyn PartialReflect, b: &dyn PartialReflect) -> bool {
    match (a.reflect_ref(), b.reflect_ref()) {
        (ReflectRef::Struct(a), ReflectRef::Struct(b)) => {
            all(a.iter_fields().map(|(_, field)| field), b.iter_fields().map(|(_, field)| field))
        }
        (ReflectRef::TupleStruct(a), ReflectRef::TupleStruct(b)) => {
            all(a.iter_fields(), b.iter_fields())
        }
        (ReflectRef::Tuple(a), ReflectRef::Tuple(b)) => all(a.iter_fields(), b.iter_fields()),
        (ReflectRef::Enum(a), ReflectRef::Enum(b)) => {
            a.variant_index() == b.variant_index()
                && all(
                    a.iter_fields().map(|field| field.value()),
                    b.iter_fields().map(|field| field.value()),
                )
        }
        (ReflectRef::Array(a), ReflectRef::Array(b)) => all(a.iter(), b.iter()),
        (ReflectRef::List(a), ReflectRef::List(b)) => all(a.iter(), b.iter()),
        // In the same order: a simulation may depend on it.
        (ReflectRef::Set(a), ReflectRef::Set(b)) => all(a.iter(), b.iter()),
        (ReflectRef::Map(a), ReflectRef::Map(b)) => all(
            a.iter().flat_map(|(key, value)| [key, value]),
            b.iter().flat_map(|(key, value)| [key, value]),
        ),
        _ => opaque(a, b),
    }
}

fn all<'a>(
    mut a: impl Iterator<Item = &'a dyn PartialReflect>,
    mut b: impl Iterator<Item = &'a dyn PartialReflect>,
) -> bool {
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if same(a, b) => {}
            _ => return false,
        }
    }
}

fn opaque(a: &dyn PartialReflect, b: &dyn PartialReflect) -> bool {
    if let (Some(a), Some(b)) = (a.try_downcast_ref::<f32>(), b.try_downcast_ref::<f32>()) {
        return a.to_bits() == b.to_bits();
    }
    if let (Some(a), Some(b)) = (a.try_downcast_ref::<f64>(), b.try_downcast_ref::<f64>()) {
        return a.to_bits() == b.to_bits();
    }
    // A type without `Hash` may have floats in it.
    a.reflect_hash().is_some() && a.reflect_partial_eq(b) == Some(true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bevy::prelude::*;

    use super::*;

    #[derive(Clone, Reflect)]
    struct Body {
        place: Vec2,
        speed: Option<f64>,
        name: String,
        parts: Vec<(u8, Entity)>,
        forces: BTreeMap<u8, Force>,
    }

    #[derive(Clone, Reflect)]
    enum Force {
        Drag(f32),
        Lift { at: f32 },
    }

    fn body() -> Body {
        Body {
            place: Vec2::new(f32::NAN, 0.0),
            speed: Some(0.0),
            name: "a".into(),
            parts: vec![(1, Entity::PLACEHOLDER)],
            forces: [(1, Force::Drag(1.0)), (2, Force::Lift { at: 0.0 })].into(),
        }
    }

    #[test]
    fn a_value_is_the_same_as_itself_and_as_no_other_one_even_if_they_are_equal() {
        assert!(same(&body(), &body()), "with a NaN in it");
        for other in [
            Body { place: Vec2::new(f32::NAN, -0.0), ..body() },
            Body { place: Vec2::new(-f32::NAN, 0.0), ..body() },
            Body { speed: Some(-0.0), ..body() },
            Body { speed: None, ..body() },
            Body { name: "b".into(), ..body() },
            Body { parts: vec![(1, Entity::PLACEHOLDER); 2], ..body() },
            Body { parts: vec![(2, Entity::PLACEHOLDER)], ..body() },
            Body { forces: [(1, Force::Drag(1.0))].into(), ..body() },
            Body {
                forces: [(1, Force::Drag(1.0)), (2, Force::Lift { at: -0.0 })].into(),
                ..body()
            },
            Body { forces: [(1, Force::Drag(1.0)), (2, Force::Drag(0.0))].into(), ..body() },
        ] {
            assert!(!same(&body(), &other) && !same(&other, &body()));
        }
    }

    #[test]
    fn equal_values_of_a_type_that_may_have_floats_in_it_may_be_others() {
        #[derive(Clone, PartialEq, Reflect)]
        #[reflect(opaque)]
        #[reflect(PartialEq)]
        struct Angle(f32);
        assert!(!same(&Angle(0.0), &Angle(-0.0)));
    }
}
