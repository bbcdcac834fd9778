//! [`Explanation`]: what differs between two peers, in words.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// The first thing that differs at the first frame of which both states are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The frame before which the states differ.
    pub frame: i32,
    /// The last compared frame at which they were equal.
    pub last_equal_frame: Option<i32>,
    /// What differs first.
    pub difference: Difference,
    /// What else differs, up to a few.
    pub others: Vec<Difference>,
    /// How many more there are.
    pub left_out: usize,
}

/// A difference between the states of two peers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Difference {
    /// A part of a value.
    Value {
        /// The type.
        type_name: String,
        /// The place in spawn order of the entity that has it; none for resources and states.
        entity: Option<u32>,
        /// The part; empty for all of it.
        field: String,
        /// What the first side has; none if it has no such part.
        ours: Option<String>,
        /// What the second side has.
        theirs: Option<String>,
    },
    /// An entity that only one side has.
    MissingEntity {
        /// Its place in spawn order.
        entity: u32,
        /// Whether it is missing on the first side.
        missing_in_ours: bool,
        /// The types of its values.
        types: Vec<String>,
    },
    /// An entity has a component, or there is a resource, on one side only.
    MissingValue {
        /// The type.
        type_name: String,
        /// The place in spawn order of the entity; none for resources and states.
        entity: Option<u32>,
        /// Whether it is missing on the first side.
        missing_in_ours: bool,
    },
    /// Both have the same values, and different entities have them: they were spawned in another order.
    Order {
        /// The type.
        type_name: String,
        /// The places in spawn order of the entities that have each other's values.
        entities: Vec<u32>,
    },
    /// They have spawned different numbers of entities, and have the same ones left.
    Spawned {
        /// How many the first side has spawned.
        ours: u32,
        /// How many the second side has.
        theirs: u32,
    },
    /// The checksums of a type differ, and there is no state of it.
    Type {
        /// The type.
        type_name: String,
    },
    /// Only the checksums are known.
    Unknown,
}

/// What the two sides are called in a sentence.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The first one, such as `here`.
    pub ours: &'a str,
    /// The second one, such as `there`.
    pub theirs: &'a str,
}

impl Sides<'static> {
    /// As the peer says it that has written the bundle.
    pub const HERE_AND_THERE: Self = Self { ours: "here", theirs: "there" };
}

impl Difference {
    /// The type that differs.
    pub fn type_name(&self) -> Option<&str> {
        match self {
            Self::Value { type_name, .. }
            | Self::MissingValue { type_name, .. }
            | Self::Order { type_name, .. }
            | Self::Type { type_name } => Some(type_name),
            Self::MissingEntity { .. } | Self::Spawned { .. } | Self::Unknown => None,
        }
    }

    /// The difference in words: a line, whatever a peer has said.
    pub fn describe(&self, sides: Sides<'_>) -> String {
        self.describe_all(sides).chars().filter(|letter| !letter.is_control()).collect()
    }

    fn describe_all(&self, sides: Sides<'_>) -> String {
        let Sides { ours: us, theirs: them } = sides;
        let which = |missing_in_ours: &bool| match missing_in_ours {
            true => (them, us),
            false => (us, them),
        };
        match self {
            Self::Value { type_name, entity, field, ours, theirs } => {
                let dot = if field.is_empty() || field.starts_with('[') { "" } else { "." };
                let shown = |value: &Option<String>| match value {
                    Some(value) => shorten(value),
                    None => "nothing".to_owned(),
                };
                format!(
                    "{}{dot}{}{} is {} {us} and {} {them}",
                    shorten(type_name),
                    shorten(field),
                    of(*entity),
                    shown(ours),
                    shown(theirs)
                )
            }
            Self::MissingEntity { entity, missing_in_ours, types } => {
                let (there, missing) = which(missing_in_ours);
                let mut with = String::new();
                if !types.is_empty() {
                    let _ = write!(with, " with {}", shorten(&types.join(", ")));
                }
                format!("the entity #{entity}{with} exists {there} and is missing {missing}")
            }
            Self::MissingValue { type_name, entity, missing_in_ours } => {
                let (there, missing) = which(missing_in_ours);
                let name = shorten(type_name);
                format!("{name}{} exists {there} and is missing {missing}", of(*entity))
            }
            Self::Order { type_name, entities } => {
                let names: Vec<String> =
                    entities.iter().take(8).map(|entity| format!("#{entity}")).collect();
                format!(
                    "the order differs: the entities {} have the same values of {type_name}, and each has another \
                     one {us} than {them}",
                    names.join(", "),
                    type_name = shorten(type_name),
                )
            }
            Self::Spawned { ours, theirs } => {
                format!("{ours} entities were spawned {us} and {theirs} {them}")
            }
            Self::Type { type_name } => {
                let name = shorten(type_name);
                format!("{name} differs, and its values at that frame are not kept")
            }
            Self::Unknown => "the checksums differ, and no state of that frame is kept".to_owned(),
        }
    }
}

impl Explanation {
    /// A sentence with the frame and the first difference.
    pub fn describe(&self, sides: Sides<'_>) -> String {
        let equal = match self.last_equal_frame {
            Some(frame) => format!(" (equal at frame {frame})"),
            None => String::new(),
        };
        let more = match self.others.len() + self.left_out {
            0 => String::new(),
            1 => "; one more difference".to_owned(),
            more => format!("; {more} more differences"),
        };
        let difference = self.difference.describe(sides);
        format!("at frame {}{equal} {difference}{more}", self.frame)
    }
}

fn of(entity: Option<u32>) -> String {
    entity.map_or_else(String::new, |entity| format!(" of the entity #{entity}"))
}

/// Text of a peer, in a line for people.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(200).filter(|letter| !letter.is_control()).collect();
    if text.chars().nth(200).is_some() {
        short.push('…');
    }
    short
}
