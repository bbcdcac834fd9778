//! The shape of a type, as far as serde shows it: names of fields and variants, and what is in them.
//!
//! Two builds whose type has the same name and another shape would desync. A deserializer that notes what it is asked
//! for finds out what a type consists of, without a derive of ours on types that are not ours: it answers each request
//! with a small value. A type is asked until every variant of every enum in it has been shown.

mod enums;
mod trace;

use serde::de::DeserializeOwned;

use trace::Trace;

/// The shape of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Names and types of its parts. Ends with `…` where the type's `Deserialize` cannot be followed.
    pub(crate) text: String,
    /// The length of its longest postcard encoding, in bytes. None if there is none, or it is unknown.
    pub(crate) max_bytes: Option<usize>,
    /// Bytes bound how deep and how long a value is that is decoded from them: as far as the type can be followed, it
    /// neither contains itself nor a list of elements that take no bytes.
    pub(crate) is_bounded: bool,
}

/// The shape of a type.
pub(crate) fn of<T: DeserializeOwned>() -> Shape {
    traced(|trace| T::deserialize(trace).is_ok())
}

/// The shape of what a trace is asked for, again and again. Each time is false if it has stopped.
pub(super) fn traced(mut ask: impl FnMut(&mut Trace) -> bool) -> Shape {
    let mut trace = Trace::default();
    loop {
        let asked = trace.asked();
        trace.restart();
        if !ask(&mut trace) {
            trace.stop();
        }
        if trace.asked() == asked {
            return trace.shape();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Deserialize, Serialize)]
    enum Action {
        Wait,
        Walk { speed: f32 },
        Throw(Option<u64>),
    }

    #[test]
    fn fields_and_all_variants_are_part_of_the_shape() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        struct Ship {
            player: usize,
            next: Vec<Action>,
        }
        let shape = of::<Ship>();
        for part in ["Ship", "player", "visit_u64", "Wait", "Walk", "speed", "visit_f32", "Throw"] {
            assert!(shape.text.contains(part), "{part} is not in {}", shape.text);
        }
        assert_eq!(shape.max_bytes, None);
    }

    #[test]
    fn another_type_order_or_name_of_a_field_is_another_shape() {
        mod before {
            #[derive(serde::Deserialize)]
            #[expect(dead_code, reason = "only the shape is read")]
            pub struct Ship(u8, i8);
        }
        mod after {
            #[derive(serde::Deserialize)]
            #[expect(dead_code, reason = "only the shape is read")]
            pub struct Ship(i8, u8);
        }
        assert_eq!(of::<before::Ship>(), of::<before::Ship>());
        assert_ne!(of::<before::Ship>(), of::<after::Ship>());
        assert_ne!(of::<[u8; 2]>(), of::<[u8; 3]>());
        assert_ne!(of::<Option<u8>>(), of::<u8>());
        assert_eq!(of::<usize>(), of::<u64>());
    }

    #[test]
    fn a_type_that_contains_itself_or_refuses_zero_has_a_shape() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        struct Node {
            next: Option<Box<Node>>,
        }
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        enum Term {
            Not(Box<Term>),
            Is(u8),
        }
        assert!(of::<Node>().text.contains("next"));
        let term = of::<Term>();
        assert!(term.text.contains("Not") && term.text.contains("Is {visit_u8"), "{}", term.text);
        assert_eq!(term.max_bytes, None);
        assert_eq!(of::<(u8, std::num::NonZeroU8)>().max_bytes, Some(2));
    }

    #[test]
    fn no_value_has_a_longer_encoding() {
        let longest = |action: Action| postcard::to_stdvec(&action).map(|bytes| bytes.len());
        assert_eq!(of::<Action>().max_bytes, longest(Action::Throw(Some(u64::MAX))).ok());
        let both = [Action::Throw(Some(u64::MAX)), Action::Throw(None)];
        assert_eq!(of::<(Action, Action)>().max_bytes, Some(24));
        assert!(postcard::to_stdvec(&both).is_ok_and(|bytes| bytes.len() <= 24));
        assert_eq!(of::<(bool, char, f32, [u16; 2])>().max_bytes, Some(1 + 5 + 4 + 6));
        assert_eq!(of::<String>().max_bytes, None);
    }

    #[derive(Deserialize)]
    enum Either<A, B> {
        Left(A),
        Right(B),
    }

    #[test]
    fn two_types_of_a_generic_enum_are_two_enums() {
        type Both = (Either<u8, u8>, Either<u64, u64>);
        assert_eq!(of::<Both>().max_bytes, Some(2 + 11));
        let inside = of::<Either<Either<u8, u16>, bool>>();
        assert!(inside.is_bounded && inside.max_bytes == Some(1 + 1 + 3), "{inside:?}");
    }

    #[test]
    fn a_variant_is_shown_that_only_one_of_another_enum_leads_to() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        enum Outer {
            Nothing,
            Something(Inner),
        }
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        enum Inner {
            Small(u8),
            Large(u64),
        }
        let shape = of::<Outer>();
        assert!(shape.text.contains("Large {visit_u64"), "{}", shape.text);
        assert_eq!(shape.max_bytes, Some(1 + 1 + 10));
    }

    #[test]
    fn what_contains_itself_or_a_list_of_nothing_is_unbounded() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        struct Tree {
            children: [Option<Box<Tree>>; 4],
        }
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        struct Folder(BTreeMap<u8, Vec<Folder>>);
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        enum Term {
            Is(u8),
            Not(Box<Term>),
        }
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        enum Even {
            Zero,
            After(Option<Odd>),
        }
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only the shape is read")]
        enum Odd {
            One,
            After(Box<Even>),
        }
        #[derive(Deserialize)]
        struct Nothing;
        let unbounded = [
            of::<Tree>(),
            of::<Folder>(),
            of::<Term>(),
            of::<(Odd, Odd, Even)>(),
            of::<Vec<Nothing>>(),
            of::<Vec<((), [u8; 0])>>(),
            of::<BTreeMap<(), ()>>(),
        ];
        for shape in unbounded {
            assert!(!shape.is_bounded && shape.max_bytes.is_none(), "{shape:?}");
        }
        let bounded = [
            of::<Action>(),
            of::<Vec<Option<Vec<Action>>>>(),
            of::<HashSet<String>>(),
            of::<BTreeMap<u8, ()>>(),
            of::<Vec<Option<()>>>(),
            of::<Nothing>(),
        ];
        assert!(bounded.iter().all(|shape| shape.is_bounded), "{bounded:?}");
    }
}
