//! Values as bytes that are equal on every machine, by serde.
//!
//! Integers have their own width, little-endian, and `usize` and `isize` that of 64 bits: serde passes them as such.
//! Floats are compared by their bits, but for two exceptions. A NaN's bits differ between processors, so every NaN has
//! the same bytes. Which zero `min` and `max` return is not specified, so both zeros have the same bytes.

use std::fmt::{self, Display};

use serde::ser::{self, Serialize, Serializer};

/// Appends the bytes of a value.
///
/// # Errors
///
/// [`CanonicalError`] where the value's own `Serialize` fails.
pub(super) fn write<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<(), CanonicalError> {
    value.serialize(Canonical { bytes })
}

/// Why a value has no canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CanonicalError(String);

impl Display for CanonicalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CanonicalError {}

impl ser::Error for CanonicalError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Canonical<'a> {
    bytes: &'a mut Vec<u8>,
}

impl Canonical<'_> {
    fn put(self, bytes: &[u8]) -> Result<(), CanonicalError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn put_len(&mut self, len: usize) {
        self.bytes.extend_from_slice(&(len as u64).to_le_bytes());
    }
}

/// The methods that write an integer.
macro_rules! integers {
    ($($method:ident: $integer:ty),*) => {
        $(fn $method(self, value: $integer) -> Result<(), CanonicalError> {
            self.put(&value.to_le_bytes())
        })*
    };
}

impl<'a> Serializer for Canonical<'a> {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_bool(self, value: bool) -> Result<(), CanonicalError> {
        self.put(&[u8::from(value)])
    }

    fn serialize_f32(self, value: f32) -> Result<(), CanonicalError> {
        // Adding makes -0.0 to 0.0 and changes nothing else.
        let bits = if value.is_nan() { 0x7fc0_0000 } else { (value + 0.0).to_bits() };
        self.serialize_u32(bits)
    }

    fn serialize_f64(self, value: f64) -> Result<(), CanonicalError> {
        let bits = if value.is_nan() { 0x7ff8_0000_0000_0000 } else { (value + 0.0).to_bits() };
        self.serialize_u64(bits)
    }

    fn serialize_char(self, value: char) -> Result<(), CanonicalError> {
        self.serialize_u32(value.into())
    }

    fn serialize_str(self, value: &str) -> Result<(), CanonicalError> {
        self.serialize_bytes(value.as_bytes())
    }

    fn serialize_bytes(mut self, value: &[u8]) -> Result<(), CanonicalError> {
        self.put_len(value.len());
        self.put(value)
    }

    fn serialize_none(self) -> Result<(), CanonicalError> {
        self.put(&[0])
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CanonicalError> {
        self.bytes.push(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), CanonicalError> {
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), CanonicalError> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        index: u32,
        _variant: &'static str,
    ) -> Result<(), CanonicalError> {
        self.serialize_u32(index)
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
        index: u32,
        _variant: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        self.bytes.extend_from_slice(&index.to_le_bytes());
        value.serialize(self)
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Parts<'a>, CanonicalError> {
        Ok(Parts::counted(self.bytes))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Parts<'a>, CanonicalError> {
        Ok(Parts { bytes: self.bytes, count_at: None, count: 0 })
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, CanonicalError> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        index: u32,
        _variant: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, CanonicalError> {
        self.bytes.extend_from_slice(&index.to_le_bytes());
        self.serialize_tuple(len)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Entries<'a>, CanonicalError> {
        Ok(Entries { bytes: self.bytes, entries: Vec::new() })
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, CanonicalError> {
        self.serialize_tuple(len)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Parts<'a>, CanonicalError> {
        self.serialize_tuple_variant(name, index, variant, len)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The parts of a sequence, which says how many there are, or of a tuple or struct, which has always as many.
struct Parts<'a> {
    bytes: &'a mut Vec<u8>,
    count_at: Option<usize>,
    count: u64,
}

impl<'a> Parts<'a> {
    fn counted(bytes: &'a mut Vec<u8>) -> Self {
        let count_at = Some(bytes.len());
        bytes.extend_from_slice(&[0; size_of::<u64>()]);
        Self { bytes, count_at, count: 0 }
    }

    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        self.count += 1;
        value.serialize(Canonical { bytes: self.bytes })
    }

    fn finish(self) -> Result<(), CanonicalError> {
        if let Some(at) = self.count_at {
            self.bytes[at..at + size_of::<u64>()].copy_from_slice(&self.count.to_le_bytes());
        }
        Ok(())
    }
}

/// One of serde's traits for parts.
macro_rules! parts {
    ($($of:ident::$method:ident($($name:ident)?)),*) => {
        $(impl ser::$of for Parts<'_> {
            type Ok = ();
            type Error = CanonicalError;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), CanonicalError> {
                self.part(value)
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
    SerializeStruct::serialize_field(_name),
    SerializeStructVariant::serialize_field(_name)
}

/// The entries of a map, sorted by the bytes of their keys: hash maps have another order on every machine.
struct Entries<'a> {
    bytes: &'a mut Vec<u8>,
    /// Key and value of each entry, and how long the key is.
    entries: Vec<(Vec<u8>, usize)>,
}

impl ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CanonicalError> {
        let mut bytes = Vec::new();
        write(key, &mut bytes)?;
        let len = bytes.len();
        self.entries.push((bytes, len));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        match self.entries.last_mut() {
            Some((bytes, _)) => write(value, bytes),
            None => Err(ser::Error::custom("a value of a map comes before its key")),
        }
    }

    fn end(mut self) -> Result<(), CanonicalError> {
        self.entries.sort_unstable_by(|(a, len_a), (b, len_b)| a[..*len_a].cmp(&b[..*len_b]));
        Canonical { bytes: self.bytes }.put_len(self.entries.len());
        for (entry, _) in self.entries {
            self.bytes.extend_from_slice(&entry);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    fn bytes<T: Serialize>(value: T) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_number_of_the_machines_width_has_eight_bytes_everywhere() {
        assert_eq!(bytes(7usize), bytes(7u64));
        assert_eq!(bytes(-7isize), bytes(-7i64));
        assert_eq!(bytes(7usize).len(), 8);
        assert_eq!(bytes(vec![1u8, 2])[..8], 2u64.to_le_bytes());
    }

    #[test]
    fn floats_are_compared_by_their_bits_except_for_nan_and_zero() {
        assert_ne!(bytes(1.0f32), bytes(f32::from_bits(1.0f32.to_bits() + 1)));
        assert_eq!(bytes(0.0f32), bytes(-0.0f32));
        assert_eq!(bytes(f32::NAN), bytes(f32::from_bits(0xffc0_1234)));
        assert_eq!(bytes(f64::NAN), bytes(-f64::NAN));
        assert_ne!(bytes(f64::INFINITY), bytes(f64::NAN));
    }

    #[test]
    fn hash_maps_of_the_same_entries_are_the_same() {
        let keys: Vec<u32> = (0..100).collect();
        let there: HashMap<u32, u32> = keys.iter().map(|key| (*key, key * 2)).collect();
        let back: HashMap<u32, u32> = keys.iter().rev().map(|key| (*key, key * 2)).collect();
        let sorted: BTreeMap<u32, u32> = there.clone().into_iter().collect();
        assert_eq!(bytes(&there), bytes(&back));
        assert_eq!(bytes(&there), bytes(sorted));
    }

    #[test]
    fn what_differs_has_other_bytes() {
        #[derive(serde::Serialize)]
        enum Shape {
            Nothing,
            Circle(u8),
            Box { side: u8 },
        }
        let all = [
            bytes(Shape::Nothing),
            bytes(Shape::Circle(1)),
            bytes(Shape::Box { side: 1 }),
            bytes(Some(1u32)),
            bytes(None::<u32>),
            bytes("a"),
            bytes('a'),
            bytes((1u8, 2u8)),
            bytes(true),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|other| one != other), "{one:?}");
        }
        assert_ne!(bytes(["a", "bc"]), bytes(["ab", "c"]));
    }
}
