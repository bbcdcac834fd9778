//! Values as bytes that are equal on every machine, by `Hash`.
//!
//! Derived `Hash` gives a hasher `usize`, `isize`, the tags of enums and the lengths of slices in the width of the
//! machine. This hasher takes them as 64 bits and everything else little-endian. One thing it cannot see: a slice,
//! array or `Vec` of `usize` or `isize` reaches a hasher as raw memory.

use std::hash::{Hash, Hasher};

/// Appends what a value gives to a hasher.
pub(super) fn write<T: Hash + ?Sized>(value: &T, bytes: &mut Vec<u8>) {
    value.hash(&mut Portable { bytes });
}

struct Portable<'a> {
    bytes: &'a mut Vec<u8>,
}

/// The methods that take an integer.
macro_rules! integers {
    ($($method:ident: $integer:ty as $width:ty),*) => {
        $(fn $method(&mut self, value: $integer) {
            self.write(&(value as $width).to_le_bytes());
        })*
    };
}

impl Hasher for Portable<'_> {
    integers! {
        write_u8: u8 as u8, write_u16: u16 as u16, write_u32: u32 as u32, write_u64: u64 as u64,
        write_u128: u128 as u128, write_usize: usize as u64,
        write_i8: i8 as i8, write_i16: i16 as i16, write_i32: i32 as i32, write_i64: i64 as i64,
        write_i128: i128 as i128, write_isize: isize as i64
    }

    fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        seahash::hash(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<T: Hash>(value: T) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&value, &mut bytes);
        bytes
    }

    #[test]
    fn what_has_the_machines_width_has_eight_bytes_everywhere() {
        #[derive(Hash)]
        enum Side {
            Left,
            Right(u8),
        }
        assert_eq!(bytes(7usize), 7u64.to_le_bytes());
        assert_eq!(bytes(-7isize), (-7i64).to_le_bytes());
        assert_eq!(bytes(Side::Left), 0u64.to_le_bytes());
        assert_eq!(bytes(Side::Right(5)), [&1u64.to_le_bytes()[..], &[5]].concat());
        assert_eq!(bytes(vec![9u8]), [&1u64.to_le_bytes()[..], &[9]].concat());
        assert_eq!(bytes(Some(3u16)), [&1u64.to_le_bytes()[..], &[3, 0]].concat());
    }
}
