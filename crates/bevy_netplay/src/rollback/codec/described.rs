//! Values as text with the names of their parts, for people and for tools that do not know the types.
//!
//! It has all that [`canonical`] bytes have: where two values differ there, they differ here, up to a length.

use std::fmt::{Debug, Display, Write};

use netplay_report::desync::push_field;
use serde::ser::{self, Error as _, Serialize, Serializer};

use super::canonical::{self, CanonicalError};

/// The longest text of a value, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// The longest text of a part.
const MAX_PART: usize = 256;
/// How many bytes are shown of what is bytes only.
const MAX_SHOWN_BYTES: usize = 512;
const BYTES_PER_LINE: usize = 8;

/// Appends a line for each part of a value.
///
/// # Errors
///
/// [`CanonicalError`] where the value's own `Serialize` fails, or there is too much: what was appended stays.
pub(super) fn write<T: Serialize + ?Sized>(
    value: &T,
    text: &mut String,
) -> Result<(), CanonicalError> {
    let mut out = Output { text, path: String::new() };
    value.serialize(Describe(&mut out))
}

/// Appends what is known of a value that gives nothing but bytes to a hasher.
pub(super) fn write_bytes(bytes: &[u8], text: &mut String) {
    push_field(text, "bytes", &format!("{} bytes", bytes.len()), None);
    let shown = bytes[..bytes.len().min(MAX_SHOWN_BYTES)].chunks(BYTES_PER_LINE);
    for (line, part) in shown.enumerate() {
        let start = line * BYTES_PER_LINE;
        let path = format!("bytes {start}..{}", start + part.len());
        push_field(text, &path, &hex(part), None);
    }
    if bytes.len() > MAX_SHOWN_BYTES {
        let rest = seahash::hash(&bytes[MAX_SHOWN_BYTES..]);
        push_field(text, "bytes after them", &format!("hash {rest:016x}"), None);
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The text, and the path of the part that is written.
struct Output<'a> {
    text: &'a mut String,
    path: String,
}

impl Output<'_> {
    fn leaf(&mut self, value: &str, bits: Option<&str>) -> Result<(), CanonicalError> {
        if self.text.len() > MAX_TEXT {
            return Err(CanonicalError::custom("the value has more parts than are shown"));
        }
        push_field(self.text, &self.path, value, bits);
        Ok(())
    }

    fn show(&mut self, value: impl Debug) -> Result<(), CanonicalError> {
        self.leaf(&format!("{value:?}"), None)
    }

    /// Text that may be long: what is left out has a hash.
    fn long(&mut self, text: &str, all: &[u8]) -> Result<(), CanonicalError> {
        if text.len() <= MAX_PART {
            return self.leaf(text, None);
        }
        let end = (0..=MAX_PART).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let (start, hash) = (&text[..end], seahash::hash(all));
        self.leaf(&format!("{start}… ({} bytes, hash {hash:016x})", all.len()), None)
    }

    /// Writes a part below the present path.
    fn part<T: Serialize + ?Sized>(
        &mut self,
        name: &dyn Display,
        value: &T,
    ) -> Result<(), CanonicalError> {
        let len = self.path.len();
        if len > 0 {
            self.path.push('.');
        }
        let _ = write!(self.path, "{name}");
        self.indexed(len, value)
    }

    /// Writes a part whose path is there, and goes back to the path of before.
    fn indexed<T: Serialize + ?Sized>(
        &mut self,
        len: usize,
        value: &T,
    ) -> Result<(), CanonicalError> {
        let written = value.serialize(Describe(&mut *self));
        self.path.truncate(len);
        written
    }
}

struct Describe<'a, 'b>(&'a mut Output<'b>);

/// The methods that show a value as it is.
macro_rules! shown {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), CanonicalError> {
            self.0.show(value)
        })*
    };
}

impl<'a, 'b> Serializer for Describe<'a, 'b> {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = Parts<'a, 'b>;
    type SerializeTuple = Parts<'a, 'b>;
    type SerializeTupleStruct = Parts<'a, 'b>;
    type SerializeTupleVariant = Parts<'a, 'b>;
    type SerializeMap = Entries<'a, 'b>;
    type SerializeStruct = Parts<'a, 'b>;
    type SerializeStructVariant = Parts<'a, 'b>;

    shown! {
        serialize_bool: bool, serialize_char: char,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_f32(self, value: f32) -> Result<(), CanonicalError> {
        self.0.leaf(&format!("{value:?}"), Some(&format!("{:08x}", value.to_bits())))
    }

    fn serialize_f64(self, value: f64) -> Result<(), CanonicalError> {
        self.0.leaf(&format!("{value:?}"), Some(&format!("{:016x}", value.to_bits())))
    }

    fn serialize_str(self, value: &str) -> Result<(), CanonicalError> {
        self.0.long(&format!("{value:?}"), value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), CanonicalError> {
        let shown = hex(&value[..value.len().min(MAX_PART)]);
        self.0.long(&shown, value)
    }

    fn serialize_none(self) -> Result<(), CanonicalError> {
        self.0.leaf("None", None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CanonicalError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), CanonicalError> {
        self.0.leaf("()", None)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), CanonicalError> {
        self.0.leaf(name, None)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), CanonicalError> {
        self.0.leaf(variant, None)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        self.0.leaf(variant, None)?;
        self.0.part(&variant, value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Parts<'a, 'b>, CanonicalError> {
        if let Some(len) = len {
            self.0.leaf(&format!("[{len} elements]"), None)?;
        }
        Ok(Parts::new(self.0, Names::Indices))
    }

    fn serialize_tuple(self, len: usize) -> Result<Parts<'a, 'b>, CanonicalError> {
        if len == 0 {
            self.0.leaf("()", None)?;
        }
        Ok(Parts::new(self.0, Names::Places))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _len: usize,
    ) -> Result<Parts<'a, 'b>, CanonicalError> {
        // Those of glam have fields with names, and serialize without.
        let is_vector = ["Vec2", "Vec3", "Vec3A", "Vec4", "Quat"].iter().any(|it| {
            name.strip_suffix(it).is_some_and(|kind| kind.len() <= 3 && !kind.ends_with('e'))
        });
        Ok(Parts::new(self.0, if is_vector { Names::Axes } else { Names::Places }))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Parts<'a, 'b>, CanonicalError> {
        self.0.leaf(variant, None)?;
        Ok(Parts::new(self.0, Names::Places).below(variant))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Entries<'a, 'b>, CanonicalError> {
        if let Some(len) = len {
            self.0.leaf(&format!("[{len} entries]"), None)?;
        }
        Ok(Entries { out: self.0, entries: Vec::new() })
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Parts<'a, 'b>, CanonicalError> {
        if len == 0 {
            self.0.leaf(name, None)?;
        }
        Ok(Parts::new(self.0, Names::Places))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Parts<'a, 'b>, CanonicalError> {
        self.serialize_tuple_variant(name, index, variant, len)
    }

    fn is_human_readable(&self) -> bool {
        // As it is compared.
        false
    }
}

/// What parts without names are called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// `[3]`
    Indices,
    /// `.3`
    Places,
    /// `.x`
    Axes,
}

/// The parts of a sequence, tuple or struct.
struct Parts<'a, 'b> {
    out: &'a mut Output<'b>,
    names: Names,
    count: usize,
    /// How long the path was before them.
    len: usize,
}

impl<'a, 'b> Parts<'a, 'b> {
    fn new(out: &'a mut Output<'b>, names: Names) -> Self {
        let len = out.path.len();
        Self { out, names, count: 0, len }
    }

    /// The parts of a variant.
    fn below(self, variant: &str) -> Self {
        if self.len > 0 {
            self.out.path.push('.');
        }
        self.out.path.push_str(variant);
        self
    }

    fn part<T: Serialize + ?Sized>(
        &mut self,
        name: Option<&'static str>,
        value: &T,
    ) -> Result<(), CanonicalError> {
        let place = self.count;
        self.count += 1;
        match (name, self.names) {
            (Some(name), _) => self.out.part(&name, value),
            (None, Names::Indices) => {
                let len = self.out.path.len();
                let _ = write!(self.out.path, "[{place}]");
                self.out.indexed(len, value)
            }
            (None, Names::Axes) if place < 4 => self.out.part(&["x", "y", "z", "w"][place], value),
            (None, _) => self.out.part(&place, value),
        }
    }

    fn finish(self) -> Result<(), CanonicalError> {
        self.out.path.truncate(self.len);
        Ok(())
    }
}

/// The name of a part, if it has one.
macro_rules! name {
    () => {
        None
    };
    ($name:ident) => {
        Some($name)
    };
}

/// One of serde's traits for parts.
macro_rules! parts {
    ($($of:ident::$method:ident($($name:ident)?)),*) => {
        $(impl ser::$of for Parts<'_, '_> {
            type Ok = ();
            type Error = CanonicalError;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), CanonicalError> {
                self.part(name!($($name)?), value)
            }

            fn end(self) -> Result<(), CanonicalError> {
                self.finish()
            }
        })*
    };
}

parts! {
    SerializeSeq::serialize_element(),
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
    SerializeStruct::serialize_field(name),
    SerializeStructVariant::serialize_field(name)
}

/// The entries of a map, sorted as they are compared.
struct Entries<'a, 'b> {
    out: &'a mut Output<'b>,
    /// The bytes of each key, the key in words, and the text of the value.
    entries: Vec<(Vec<u8>, String, String)>,
}

impl ser::SerializeMap for Entries<'_, '_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CanonicalError> {
        let (mut bytes, mut text) = (Vec::new(), String::new());
        canonical::write(key, &mut bytes)?;
        write(key, &mut text)?;
        let parts: Vec<&str> =
            text.lines().map(|line| line.split('\t').nth(1).unwrap_or_default()).collect();
        self.entries.push((bytes, parts.join(", "), String::new()));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        let Some((_, key, text)) = self.entries.last_mut() else {
            return Err(CanonicalError::custom("a value of a map comes before its key"));
        };
        if self.out.text.len() + text.len() > MAX_TEXT {
            return Err(CanonicalError::custom("the value has more parts than are shown"));
        }
        let path = format!("{}[{key}]", self.out.path);
        value.serialize(Describe(&mut Output { text, path }))
    }

    fn end(mut self) -> Result<(), CanonicalError> {
        self.entries.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        for (.., text) in self.entries {
            if self.out.text.len() > MAX_TEXT {
                return Err(CanonicalError::custom("the value has more parts than are shown"));
            }
            self.out.text.push_str(&text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bevy::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::rollback::codec::Codec;

    #[derive(Clone, Default, Serialize, Deserialize, Reflect)]
    struct Fighter {
        place: (f32, f32),
        name: String,
        action: Action,
        target: Option<u32>,
        hits: Vec<u8>,
        seen: HashMap<u8, i16>,
    }

    #[derive(Clone, Default, Serialize, Deserialize, Reflect)]
    enum Action {
        #[default]
        Stand,
        Walk {
            speed: f64,
        },
        Throw(u8, u8),
    }

    fn described(codec: Codec<Fighter>, fighter: &Fighter) -> String {
        let mut registry = bevy::reflect::TypeRegistry::new();
        registry.register::<Fighter>();
        let mut text = String::new();
        codec.described.unwrap()(fighter, &registry, &mut text).unwrap();
        text
    }

    #[test]
    fn a_value_by_serde_and_by_reflection_has_the_same_parts_with_names() {
        let fighter = Fighter {
            place: (1.5, -0.0),
            name: "a\tb".into(),
            action: Action::Walk { speed: 2.0 },
            target: Some(7),
            hits: vec![3, 4],
            seen: [(2, -2), (1, -1)].into(),
        };
        let expected = "place.0\t1.5\t3fc00000\n\
                        place.1\t-0.0\t80000000\n\
                        name\t\"a\\tb\"\n\
                        action\tWalk\n\
                        action.Walk.speed\t2.0\t4000000000000000\n\
                        target\t7\n\
                        hits\t[2 elements]\n\
                        hits[0]\t3\n\
                        hits[1]\t4\n\
                        seen\t[2 entries]\n\
                        seen[1]\t-1\n\
                        seen[2]\t-2\n";
        for codec in [Codec::serde(), Codec::reflect()] {
            assert_eq!(described(codec, &fighter), expected);
        }
        let other = Fighter { action: Action::Throw(1, 2), ..Fighter::default() };
        let text = described(Codec::serde(), &other);
        assert!(text.contains("action\tThrow\naction.Throw.0\t1\n"), "{text}");
        assert!(text.contains("target\tNone\n"), "{text}");
    }

    #[test]
    fn a_vector_has_axes() {
        let mut text = String::new();
        let vector = Vec3::new(1.0, 2.0, 3.0);
        let codec = Codec::<Vec3>::reflect();
        let mut registry = bevy::reflect::TypeRegistry::new();
        registry.register::<Vec3>();
        codec.described.unwrap()(&vector, &registry, &mut text).unwrap();
        assert!(text.starts_with("x\t1.0\t3f800000\ny\t2.0"), "{text}");
    }

    #[test]
    fn what_is_bytes_only_is_shown_as_such() {
        let mut text = String::new();
        write_bytes(&[7; 12], &mut text);
        let expected = "bytes\t12 bytes\nbytes 0..8\t0707070707070707\nbytes 8..12\t07070707\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_long_value_is_cut_and_its_hash_tells_the_rest() {
        let of = |last: &str| {
            let name = "x".repeat(2000) + last;
            let fighter = Fighter { name, hits: vec![1; 100_000], ..Fighter::default() };
            let (mut text, registry) = (String::new(), bevy::reflect::TypeRegistry::new());
            let described = Codec::serde().described.unwrap()(&fighter, &registry, &mut text);
            assert!(described.is_err() && text.len() < MAX_TEXT + 4096);
            text
        };
        assert_ne!(of("a"), of("b"));
    }
}
