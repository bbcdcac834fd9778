//! The enums that a type consists of, and which of their variants have been shown.

use std::collections::BTreeMap;
use std::fmt::Write;

/// The name of an enum, those of its variants, and its type, because two types of a generic enum have the same names.
pub(super) type EnumNames = (&'static str, &'static [&'static str], &'static str);

/// A type, or a variant of an enum, without the enums in it.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) max_bytes: Option<usize>,
    pub(super) enums: Vec<EnumNames>,
}

impl Default for Part {
    fn default() -> Self {
        Self { text: String::new(), max_bytes: Some(0), enums: Vec::new() }
    }
}

/// All enums of a type.
#[derive(Debug, Default)]
pub(super) struct Enums(BTreeMap<EnumNames, Enum>);

/// An enum.
#[derive(Debug)]
struct Enum {
    variants: Vec<Variant>,
    /// The variant that was shown first: values of it end, because the enum is not in it.
    first: Option<usize>,
}

/// A variant of an enum.
#[derive(Debug)]
struct Variant {
    name: &'static str,
    /// It was asked for: inside itself, an enum asks for another one.
    is_asked: bool,
    /// None until it has been shown.
    part: Option<Part>,
}

impl Enums {
    /// The variant of an enum to ask for: one that was not asked for yet, one that leads to such a variant, or the
    /// first. `inside`: the enums around it, which cannot lead further. None if it has no variants.
    pub(super) fn choose(&mut self, names: EnumNames, inside: &[EnumNames]) -> Option<usize> {
        let variants = names.1.iter().map(|name| Variant { name, is_asked: false, part: None });
        let chosen = self.0.entry(names);
        let chosen = chosen.or_insert_with(|| Enum { variants: variants.collect(), first: None });
        let (first, new) = (chosen.first, chosen.variants.iter().position(|new| !new.is_asked));
        let index = new.or_else(|| self.leading(&names, inside)).or(first).unwrap_or(0);
        self.0.get_mut(&names)?.variants.get_mut(index)?.is_asked = true;
        Some(index)
    }

    /// The variant that leads to one that was not asked for.
    fn leading(&self, names: &EnumNames, inside: &[EnumNames]) -> Option<usize> {
        if inside.contains(names) {
            return None;
        }
        let is_new = |names: &EnumNames| {
            let found = self.0.get(names);
            found.is_some_and(|found| found.variants.iter().any(|variant| !variant.is_asked))
        };
        let mut seen = [inside, &[*names]].concat();
        let mut variants = self.0.get(names)?.variants.iter();
        variants.position(|variant| {
            variant.part.as_ref().is_some_and(|part| self.reaches(part, &mut seen, &is_new))
        })
    }

    /// Whether such an enum is in a part, at any depth, other than through those that were seen.
    fn reaches(
        &self,
        part: &Part,
        seen: &mut Vec<EnumNames>,
        is_it: &dyn Fn(&EnumNames) -> bool,
    ) -> bool {
        part.enums.iter().any(|names| {
            is_it(names)
                || !seen.contains(names) && {
                    seen.push(*names);
                    self.parts(names).any(|part| self.reaches(part, seen, is_it))
                }
        })
    }

    fn parts(&self, names: &EnumNames) -> impl Iterator<Item = &Part> {
        let variants = self.0.get(names).into_iter().flat_map(|found| &found.variants);
        variants.filter_map(|variant| variant.part.as_ref())
    }

    /// A variant has been shown.
    pub(super) fn show(&mut self, names: EnumNames, index: usize, part: Part) {
        if let Some(shown) = self.0.get_mut(&names)
            && let Some(variant) = shown.variants.get_mut(index)
        {
            variant.part.get_or_insert(part);
            shown.first.get_or_insert(index);
        }
    }

    /// How many variants were asked for.
    pub(super) fn asked(&self) -> usize {
        let variants = self.0.values().flat_map(|found| &found.variants);
        variants.filter(|variant| variant.is_asked).count()
    }

    /// Whether every variant has been shown.
    pub(super) fn is_complete(&self) -> bool {
        let mut variants = self.0.values().flat_map(|found| &found.variants);
        variants.all(|variant| variant.part.is_some())
    }

    /// Whether an enum is in one of its own variants.
    pub(super) fn has_circle(&self) -> bool {
        self.0.keys().any(|names| {
            let mut seen = Vec::new();
            self.parts(names).any(|part| self.reaches(part, &mut seen, &|found| found == names))
        })
    }

    /// The longest encoding of a part with the enums in it, of which none is in itself.
    pub(super) fn max_bytes(&self, part: &Part) -> Option<usize> {
        let mut sum = part.max_bytes?;
        for names in &part.enums {
            // The number of the variant has seven bits to a byte.
            sum += if names.1.len() <= 0x80 { 1 } else { 5 };
            let mut longest = 0;
            for part in self.parts(names) {
                longest = longest.max(self.max_bytes(part)?);
            }
            sum += longest;
        }
        Some(sum)
    }

    /// Appends the names of all enums, with their variants and what is in these.
    pub(super) fn describe(&self, text: &mut String) {
        for ((name, ..), Enum { variants, .. }) in &self.0 {
            // Writing to a string does not fail.
            let _ = write!(text, "\nenum {name}");
            for Variant { name, part, .. } in variants {
                let part = part.as_ref().map_or("…", |part| &part.text);
                let _ = write!(text, "|{name} {part}");
            }
        }
    }
}
