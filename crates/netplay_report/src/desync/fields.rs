//! The parts of a value as lines of text: a path, the value, and the bits of a float.

use std::fmt::Write;

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Where it is, such as `place.x` or `shots[3].speed`; empty for a value without parts.
    pub path: &'a str,
    /// What it is, for people.
    pub value: &'a str,
    /// The bits of a float, in hexadecimal: eight digits or sixteen.
    pub bits: Option<&'a str>,
}

/// Appends a part to the text of a value.
pub fn push_field(text: &mut String, path: &str, value: &str, bits: Option<&str>) {
    push_escaped(text, path);
    text.push('\t');
    push_escaped(text, value);
    if let Some(bits) = bits {
        text.push('\t');
        push_escaped(text, bits);
    }
    text.push('\n');
}

/// A part is one line, and its columns are separated by tabs.
fn push_escaped(text: &mut String, part: &str) {
    for letter in part.chars() {
        if letter.is_control() {
            let _ = write!(text, "{}", letter.escape_default());
        } else {
            text.push(letter);
        }
    }
}

impl<'a> Field<'a> {
    /// The parts of a value.
    pub(super) fn all(text: &'a str) -> impl Iterator<Item = Self> {
        text.lines().map(|line| {
            let mut columns = line.splitn(3, '\t');
            let path = columns.next().unwrap_or_default();
            Self { path, value: columns.next().unwrap_or_default(), bits: columns.next() }
        })
    }

    /// Whether both are equal as checksums compare them: one zero, and one NaN.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let both = self.bits.zip(other.bits);
        let bits = both.and_then(|(a, b)| Some((canonical(a)?, canonical(b)?)));
        bits.map_or(self.value == other.value, |(a, b)| a == b)
    }

    /// The value and its bits, for people.
    pub(super) fn shown(&self) -> String {
        match self.bits {
            Some(bits) => format!("{} (0x{bits})", self.value),
            None => self.value.to_owned(),
        }
    }
}

/// The bits that a checksum has of a float with these.
fn canonical(bits: &str) -> Option<u64> {
    match bits.len() {
        8 => {
            let value = f32::from_bits(u32::from_str_radix(bits, 16).ok()?);
            let value = if value.is_nan() { f32::NAN } else { value + 0.0 };
            Some(value.to_bits().into())
        }
        16 => {
            let value = f64::from_bits(u64::from_str_radix(bits, 16).ok()?);
            let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
            Some(value.to_bits())
        }
        _ => None,
    }
}
