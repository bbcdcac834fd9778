//! [`PeerMessageOptions`]: what a type of messages is called, and how it is delivered.

use netplay_protocol::{MessageDelivery, MessageType};

/// The longest message of a reliable type unless the game says otherwise.
const DEFAULT_MAX_BYTES: u32 = 64 * 1024;

/// What a type of messages is called, how it is delivered, and how long a message may be.
///
/// Two peers exchange the types that both have registered with the same name, version and delivery. Change the version
/// when the fields of the type change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerMessageOptions(pub(super) MessageType);

impl PeerMessageOptions {
    /// Each message arrives once, whole, and after those of the same type from the same peer before it. A message of
    /// another type may overtake it, so that a long one holds up only those of its own type.
    ///
    /// `name` has 1 to 64 bytes and is of one type only.
    pub fn reliable(name: impl Into<String>, version: u16) -> Self {
        Self(MessageType {
            name: name.into(),
            version,
            delivery: MessageDelivery::Reliable,
            max_bytes: DEFAULT_MAX_BYTES,
        })
    }

    /// Only the latest message counts: one that a newer one has replaced need not arrive, and none arrives after a newer
    /// one. At most 1 KiB.
    ///
    /// `name` has 1 to 64 bytes and is of one type only.
    pub fn latest_only(name: impl Into<String>, version: u16) -> Self {
        let delivery = MessageDelivery::Latest;
        let max_bytes = MessageType::most_bytes(delivery);
        Self(MessageType { name: name.into(), version, delivery, max_bytes })
    }

    /// The longest message that is sent and taken, in bytes as serde writes it: up to 32 MiB, or 1 KiB where only the
    /// latest counts. Default 64 KiB, or 1 KiB. Of two peers the lower limit holds. It bounds the memory that a peer can
    /// have this one take.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u32) -> Self {
        self.0.max_bytes = max_bytes;
        self
    }
}
