//! [`Trace`]: a deserializer that notes what it is asked for.

use std::any::type_name;
use std::fmt::{Display, Write};

use serde::de::value::U32Deserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

use super::Shape;
use super::enums::{EnumNames, Enums, Part};

/// How deep types are followed that contain themselves.
const MAX_DEPTH: u32 = 32;
/// How many parts are followed of types that contain themselves many times.
const MAX_PARTS: u32 = 1 << 16;

/// Notes what is asked for.
#[derive(Default)]
pub(in crate::rollback::codec) struct Trace {
    /// What is asked for now: the type, or a variant of an enum in it.
    part: Part,
    enums: Enums,
    /// The enums around it.
    inside: Vec<EnumNames>,
    depth: u32,
    parts: u32,
    /// The type goes deeper than is followed, or has a list of any length in no bytes.
    is_unbounded: bool,
}

impl Trace {
    /// How many variants of enums were asked for.
    pub(super) fn asked(&self) -> usize {
        self.enums.asked()
    }

    /// The type is asked again.
    pub(super) fn restart(&mut self) {
        (self.part, self.parts) = (Part::default(), 0);
    }

    /// The type has refused a value, or cannot be followed.
    pub(super) fn stop(&mut self) {
        self.part.text.push('…');
        self.part.max_bytes = None;
    }

    /// What it has noted.
    pub(super) fn shape(self) -> Shape {
        let Self { part, enums, is_unbounded, .. } = self;
        let is_bounded = !is_unbounded && !enums.has_circle();
        let is_known = is_bounded && enums.is_complete();
        let max_bytes = is_known.then(|| enums.max_bytes(&part)).flatten();
        let mut text = part.text;
        enums.describe(&mut text);
        Shape { text, max_bytes, is_bounded }
    }

    /// A part of so many bytes.
    fn note(&mut self, part: impl Display, max_bytes: Option<usize>) {
        // Writing to a string does not fail.
        let _ = write!(self.part.text, "{part} ");
        self.part.max_bytes = self.part.max_bytes.zip(max_bytes).map(|(a, b)| a + b);
        self.parts += 1;
    }

    /// Goes into a part that has parts.
    fn nest<T>(&mut self, inside: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        // Deeper by what is neither optional nor a list: no value of it ends.
        if self.depth == 2 * MAX_DEPTH {
            self.is_unbounded = true;
            return Err(Stop);
        }
        self.depth += 1;
        self.part.text.push('{');
        let value = inside(self);
        self.part.text.push('}');
        self.depth -= 1;
        value
    }

    /// Whether to go into what may also be left out.
    fn goes_deeper(&mut self) -> bool {
        let goes_deeper = self.depth < MAX_DEPTH && self.parts < MAX_PARTS;
        self.is_unbounded |= !goes_deeper;
        goes_deeper
    }

    /// The elements of a sequence, or the entries of a map: one of them.
    fn elements<T>(
        &mut self,
        kind: &str,
        visit: impl FnOnce(Parts<'_>) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        self.note(kind, None);
        let left = usize::from(self.goes_deeper());
        let outside = std::mem::take(&mut self.part);
        let value = self.nest(|trace| visit(Parts { trace, names: &[], left }));
        let element = std::mem::replace(&mut self.part, outside);
        if left > 0 && value.is_ok() {
            self.is_unbounded |= element.max_bytes == Some(0) && element.enums.is_empty();
        }
        self.part.text.push_str(&element.text);
        self.part.enums.extend(element.enums);
        value
    }
}

/// The type goes deeper than is followed, or refuses a value.
#[derive(Debug)]
pub(in crate::rollback::codec) struct Stop;

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
        match self.goes_deeper() {
            true => self.nest(|trace| visitor.visit_some(trace)),
            false => visitor.visit_none(),
        }
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
        self.elements("seq", |elements| visitor.visit_seq(elements))
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
        self.elements("map", |entries| visitor.visit_map(entries))
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
        let names = (name, variants, type_name::<V::Value>());
        self.part.enums.push(names);
        let index = self.enums.choose(names, &self.inside).ok_or(Stop)?;
        let outside = std::mem::take(&mut self.part);
        self.inside.push(names);
        let value = self.nest(|trace| visitor.visit_enum(Variant { trace, index }));
        self.inside.pop();
        let part = std::mem::replace(&mut self.part, outside);
        if value.is_ok() {
            self.enums.show(names, index, part);
        }
        value
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The element of a sequence, the entry of a map or the fields of a struct.
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
    index: usize,
}

impl<'de> de::EnumAccess<'de> for Variant<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Stop> {
        let index = u32::try_from(self.index).map_err(|_| Stop)?;
        let index: U32Deserializer<Stop> = index.into_deserializer();
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
