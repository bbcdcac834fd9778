//! The shape of a type, as far as serde shows it: names of fields and variants, and what is in them.
//!
//! Two builds whose type has the same name and another shape would desync. A deserializer that notes what it is asked
//! for finds out what a type consists of, without a derive of ours on types that are not ours: it answers each request
//! with a small value. A type is asked until every variant of every enum in it has been shown.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use serde::de::value::U32Deserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

/// How often a type is asked at most: each time shows at least one more variant.
const MAX_PASSES: usize = 4096;
/// How deep types are followed that contain themselves.
const MAX_DEPTH: u32 = 32;

/// The shape of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Names and types of its parts. Ends with `…` where the type's `Deserialize` cannot be followed.
    pub(crate) text: String,
    /// The length of its longest postcard encoding, in bytes. None if there is none, or it is unknown.
    pub(crate) max_bytes: Option<usize>,
}

/// The shape of a type.
pub(crate) fn of<T: DeserializeOwned>() -> Shape {
    let mut trace = Trace::default();
    for _ in 0..MAX_PASSES {
        let known = trace.known_variants();
        (trace.part, trace.depth) = (Part::default(), 0);
        if T::deserialize(&mut trace).is_err() {
            trace.part.text.push('…');
            trace.part.max_bytes = None;
        }
        if trace.is_complete() || trace.known_variants() == known {
            break;
        }
    }
    let max_bytes = trace.max_bytes(&trace.part, MAX_DEPTH).filter(|_| trace.is_complete());
    let mut text = trace.part.text;
    for ((name, _), variants) in &trace.enums {
        let _ = write!(text, "\nenum {name}");
        for variant in variants {
            let _ = write!(
                text,
                "|{} {}",
                variant.name,
                variant.part.as_ref().map_or("…", |part| &part.text)
            );
        }
    }
    Shape { text, max_bytes }
}

/// Notes what is asked for.
#[derive(Default)]
struct Trace {
    /// What is asked for now: the type, or a variant of an enum in it.
    part: Part,
    enums: BTreeMap<EnumNames, Vec<TracedVariant>>,
    depth: u32,
}

/// The name of an enum and those of its variants.
type EnumNames = (&'static str, &'static [&'static str]);

/// A type, or a variant of an enum, without the enums in it.
#[derive(Clone)]
struct Part {
    text: String,
    max_bytes: Option<usize>,
    enums: Vec<EnumNames>,
}

impl Default for Part {
    fn default() -> Self {
        Self { text: String::new(), max_bytes: Some(0), enums: Vec::new() }
    }
}

/// A variant of an enum.
struct TracedVariant {
    name: &'static str,
    /// It was asked for: a type that contains itself asks for another one.
    is_asked: bool,
    /// None until it has been shown.
    part: Option<Part>,
}

/// The type goes deeper than is followed, or refuses a value.
#[derive(Debug)]
struct Stop;

impl Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the shape ends here")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: Display>(_message: T) -> Self {
        Self
    }
}

impl Trace {
    /// A part of so many bytes.
    fn note(&mut self, part: impl Display, max_bytes: Option<usize>) {
        // Writing to a string does not fail.
        let _ = write!(self.part.text, "{part} ");
        self.part.max_bytes = self.part.max_bytes.zip(max_bytes).map(|(a, b)| a + b);
    }

    /// Goes into a part that has parts.
    fn nest<T>(&mut self, inside: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        if self.depth == MAX_DEPTH {
            return Err(Stop);
        }
        self.depth += 1;
        self.part.text.push('{');
        let value = inside(self);
        self.part.text.push('}');
        self.depth -= 1;
        value
    }

    /// The variant of an enum to ask for: one that was not shown yet, or else one that ends.
    fn variant(&mut self, names: EnumNames) -> Option<u32> {
        let variants = self.enums.entry(names).or_insert_with(|| {
            names.1.iter().map(|name| TracedVariant { name, is_asked: false, part: None }).collect()
        });
        let ends = |variant: &TracedVariant| {
            variant.part.as_ref().is_some_and(|part| part.enums.is_empty())
        };
        let index = variants
            .iter()
            .position(|variant| !variant.is_asked)
            .or_else(|| variants.iter().position(ends))
            .or((!variants.is_empty()).then_some(0))?;
        variants[index].is_asked = true;
        u32::try_from(index).ok()
    }

    fn known_variants(&self) -> usize {
        self.enums.values().flatten().filter(|variant| variant.part.is_some()).count()
    }

    fn is_complete(&self) -> bool {
        self.enums.values().flatten().all(|variant| variant.part.is_some())
    }

    /// The longest encoding of a part with the enums in it.
    fn max_bytes(&self, part: &Part, depth: u32) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        let mut sum = part.max_bytes?;
        for names in &part.enums {
            let variants = self.enums.get(names)?;
            // The number of the variant has seven bits to a byte.
            sum += if variants.len() <= 0x80 { 1 } else { 5 };
            let mut longest = 0;
            for variant in variants {
                longest = longest.max(self.max_bytes(variant.part.as_ref()?, depth)?);
            }
            sum += longest;
        }
        Some(sum)
    }
}

/// The methods that ask for a value without parts, with the length of its longest encoding.
macro_rules! leaves {
    ($($method:ident => $visit:ident($($value:expr)?), $max_bytes:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
            self.note(stringify!($visit), $max_bytes);
            visitor.$visit($($value)?)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Trace {
    type Error = Stop;

    // Numbers are 1, because some types refuse 0.
    leaves! {
        deserialize_bool => visit_bool(false), Some(1);
        deserialize_i8 => visit_i8(1), Some(1);
        deserialize_i16 => visit_i16(1), Some(3);
        deserialize_i32 => visit_i32(1), Some(5);
        deserialize_i64 => visit_i64(1), Some(10);
        deserialize_i128 => visit_i128(1), Some(19);
        deserialize_u8 => visit_u8(1), Some(1);
        deserialize_u16 => visit_u16(1), Some(3);
        deserialize_u32 => visit_u32(1), Some(5);
        deserialize_u64 => visit_u64(1), Some(10);
        deserialize_u128 => visit_u128(1), Some(19);
        deserialize_f32 => visit_f32(1.0), Some(4);
        deserialize_f64 => visit_f64(1.0), Some(8);
        deserialize_char => visit_char('a'), Some(5);
        deserialize_unit => visit_unit(), Some(0);
        deserialize_str => visit_str(""), None;
        deserialize_string => visit_string(String::new()), None;
        deserialize_bytes => visit_bytes(&[]), None;
        deserialize_byte_buf => visit_byte_buf(Vec::new()), None;
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
        self.note("any", None);
        Err(Stop)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_any(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note("option", Some(1));
        if self.depth == MAX_DEPTH {
            return visitor.visit_none();
        }
        self.nest(|trace| visitor.visit_some(trace))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note(name, Some(0));
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note(name, Some(0));
        self.nest(|trace| visitor.visit_newtype_struct(trace))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note("seq", None);
        self.nest(|trace| visitor.visit_seq(Parts { trace, names: &[], left: 1 }))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.note(len, Some(0));
        self.nest(|trace| visitor.visit_seq(Parts { trace, names: &[], left: len }))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note(name, Some(0));
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note("map", None);
        self.nest(|trace| visitor.visit_map(Parts { trace, names: &[], left: 1 }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note(name, Some(0));
        self.nest(|trace| visitor.visit_seq(Parts { trace, names: fields, left: fields.len() }))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note(name, Some(0));
        let names = (name, variants);
        self.part.enums.push(names);
        let index = self.variant(names).ok_or(Stop)?;
        let outside = std::mem::take(&mut self.part);
        let value = self.nest(|trace| visitor.visit_enum(Variant { trace, index }));
        let inside = std::mem::replace(&mut self.part, outside);
        if value.is_ok()
            && let Some(variant) =
                self.enums.get_mut(&names).and_then(|all| all.get_mut(index as usize))
        {
            variant.part.get_or_insert(inside);
        }
        value
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The elements of a sequence, the entry of a map or the fields of a struct.
struct Parts<'a> {
    trace: &'a mut Trace,
    names: &'static [&'static str],
    left: usize,
}

impl<'de> de::SeqAccess<'de> for Parts<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        if let Some(name) =
            self.names.len().checked_sub(self.left).and_then(|at| self.names.get(at))
        {
            self.trace.note(name, Some(0));
        }
        self.left = left;
        seed.deserialize(&mut *self.trace).map(Some)
    }
}

impl<'de> de::MapAccess<'de> for Parts<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        de::SeqAccess::next_element_seed(self, seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        seed.deserialize(&mut *self.trace)
    }
}

/// A variant of an enum.
struct Variant<'a> {
    trace: &'a mut Trace,
    index: u32,
}

impl<'de> de::EnumAccess<'de> for Variant<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Stop> {
        let index: U32Deserializer<Stop> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Stop> {
        seed.deserialize(self.trace)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.trace.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_seq(Parts { trace: self.trace, names: fields, left: fields.len() })
    }
}

#[cfg(test)]
mod tests {
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
}
