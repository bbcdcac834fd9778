//! The types of messages that a peer knows.

use serde::{Deserialize, Serialize};

use crate::limits::{
    MAX_LATEST_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGE_NAME_BYTES, MAX_MESSAGE_TYPES,
};

/// How messages of a type are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MessageDelivery {
    /// Each message arrives once, whole, and after those of the same type before it.
    Reliable,
    /// Only the latest message counts: one that a newer one has replaced need not arrive.
    Latest,
}

/// A type of messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MessageType {
    /// What the game calls it: 1 to [`MAX_MESSAGE_NAME_BYTES`] bytes.
    pub name: String,
    /// The version of its layout. Peers with different versions do not send it to each other.
    pub version: u16,
    /// How it is delivered.
    pub delivery: MessageDelivery,
    /// The most bytes that the sender of this takes in a message, before compression: 1 to [`MAX_MESSAGE_BYTES`], or
    /// [`MAX_LATEST_BYTES`] of a type of which only the latest counts.
    pub max_bytes: u32,
}

impl MessageType {
    /// The most that [`Self::max_bytes`] may be for a delivery.
    pub const fn most_bytes(delivery: MessageDelivery) -> u32 {
        match delivery {
            MessageDelivery::Reliable => MAX_MESSAGE_BYTES,
            MessageDelivery::Latest => MAX_LATEST_BYTES,
        }
    }
}

/// The types that a peer knows, in the order of their names: whatever the order of their registration was, a type has
/// the same place. Its place is its number in the packets that the peer sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTypes(Vec<MessageType>);

/// Types that cannot be told to a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadMessageTypes {
    /// There are too many.
    #[error("{0} types of messages are more than {MAX_MESSAGE_TYPES}")]
    TooMany(usize),
    /// A name is empty or too long.
    #[error("{0:?} is no name of a message type: it has 1 to {MAX_MESSAGE_NAME_BYTES} bytes")]
    Name(String),
    /// Two have the same name.
    #[error("two message types are called {0:?}")]
    Twice(String),
    /// Messages may not be that long.
    #[error("messages of the type {0:?} may not have {1} bytes")]
    Bytes(String, u32),
}

impl MessageTypes {
    /// Puts types in order.
    ///
    /// # Errors
    ///
    /// [`BadMessageTypes`] if they cannot be told to a peer.
    pub fn new(mut types: Vec<MessageType>) -> Result<Self, BadMessageTypes> {
        types.sort_by(|a, b| a.name.cmp(&b.name));
        let types = Self(types);
        types.check()?;
        Ok(types)
    }

    /// Checks types that came from a peer, or that were put in order.
    ///
    /// # Errors
    ///
    /// [`BadMessageTypes`] if a peer could not have sent them.
    pub fn check(&self) -> Result<(), BadMessageTypes> {
        if self.0.len() > MAX_MESSAGE_TYPES {
            return Err(BadMessageTypes::TooMany(self.0.len()));
        }
        for it in &self.0 {
            if it.name.is_empty() || it.name.len() > MAX_MESSAGE_NAME_BYTES {
                return Err(BadMessageTypes::Name(it.name.clone()));
            }
            if !(1..=MessageType::most_bytes(it.delivery)).contains(&it.max_bytes) {
                return Err(BadMessageTypes::Bytes(it.name.clone(), it.max_bytes));
            }
        }
        match self.0.windows(2).find(|two| two[0].name >= two[1].name) {
            Some(two) => Err(BadMessageTypes::Twice(two[1].name.clone())),
            None => Ok(()),
        }
    }

    /// The types, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &MessageType> {
        self.0.iter()
    }

    /// The type with this number.
    pub fn get(&self, number: u8) -> Option<&MessageType> {
        self.0.get(usize::from(number))
    }

    /// The number of the type with this name.
    pub fn number(&self, name: &str) -> Option<u8> {
        let place = self.0.binary_search_by(|it| it.name.as_str().cmp(name)).ok()?;
        u8::try_from(place).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn named(name: &str) -> MessageType {
        let delivery = MessageDelivery::Reliable;
        MessageType { name: name.into(), version: 1, delivery, max_bytes: 100 }
    }

    #[test]
    fn the_order_of_registration_makes_no_difference() {
        let types = |names: &[&str]| {
            MessageTypes::new(names.iter().map(|name| named(name)).collect()).unwrap()
        };
        let ordered = types(&["b", "a", "c"]);
        assert_eq!(ordered, types(&["c", "b", "a"]));
        assert_eq!(
            ["a", "b", "c", "d"].map(|it| ordered.number(it)),
            [Some(0), Some(1), Some(2), None]
        );
        assert_eq!(ordered.get(1), Some(&named("b")));
    }

    #[test]
    fn what_no_peer_may_say_is_refused() {
        let refused = |types: Vec<MessageType>| MessageTypes::new(types).unwrap_err();
        let many = (0..65).map(|number| named(&format!("{number}"))).collect();
        assert_eq!(refused(many), BadMessageTypes::TooMany(65));
        assert_eq!(refused(vec![named("")]), BadMessageTypes::Name(String::new()));
        assert_eq!(refused(vec![named("a"), named("a")]), BadMessageTypes::Twice("a".into()));
        for (delivery, max_bytes) in [
            (MessageDelivery::Reliable, 0),
            (MessageDelivery::Reliable, MAX_MESSAGE_BYTES + 1),
            (MessageDelivery::Latest, MAX_LATEST_BYTES + 1),
        ] {
            let bad = MessageType { delivery, max_bytes, ..named("a") };
            assert_eq!(refused(vec![bad]), BadMessageTypes::Bytes("a".into(), max_bytes));
        }
        let unsorted = MessageTypes(vec![named("b"), named("a")]);
        assert!(unsorted.check().is_err());
    }
}
