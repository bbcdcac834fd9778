//! The names of peers and of attempts at a connection.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The name of a peer. It stays the same across sockets, attempts and matches.
///
/// It is the fingerprint of the peer's public key ([`identity`](crate::identity)): 16 bytes, the first half of the
/// SHA-256. Nobody else can therefore act as the peer. The order of the keys decides which of two peers is
/// [polite](Self::is_polite_to) when their attempts at a connection cross.
///
/// In JSON: 32 hexadecimal digits.
///
/// ```
/// use netplay_protocol::PeerKey;
///
/// let key = PeerKey::from_bytes([0xab; 16]);
/// assert_eq!(key.to_string(), "ab".repeat(16));
/// assert_eq!(key.to_string().parse(), Ok(key));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey([u8; 16]);

impl PeerKey {
    /// The key with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the key.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Whether this peer gives way to another one when their attempts at a connection cross (a glare): of two
    /// peers, the one with the higher key does. In the terms of WebRTC's perfect negotiation it is the polite
    /// peer.
    pub fn is_polite_to(self, other: Self) -> bool {
        self > other
    }

    /// The first eight hexadecimal digits: enough to distinguish the peers of a room in a log.
    pub fn short(self) -> String {
        let mut text = self.to_string();
        text.truncate(8);
        text
    }
}

impl fmt::Display for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerKey({})", self.short())
    }
}

/// The text is not a [`PeerKey`]: that is exactly 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a peer key is 32 hexadecimal digits")]
pub struct BadPeerKey;

impl FromStr for PeerKey {
    type Err = BadPeerKey;

    fn from_str(text: &str) -> Result<Self, BadPeerKey> {
        // `from_str_radix` takes a sign, so the digits are checked first.
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(BadPeerKey);
        }
        let mut bytes = [0; 16];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| BadPeerKey)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for PeerKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PeerKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// The name of one attempt at a WebRTC connection between two peers, or of one handshake. The peer that begins it
/// chooses the name at random, so that signals of an abandoned attempt cannot be taken for those of a later one.
///
/// In JSON: 16 hexadecimal digits in a string, because numbers above 2^53 lose precision in a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

impl Serialize for ConnectionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for ConnectionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // `from_str_radix` takes a sign and any number of zeros.
        if text.len() > 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(de::Error::custom("a connection is at most 16 hexadecimal digits"));
        }
        u64::from_str_radix(&text, 16).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_key_that_is_not_32_hexadecimal_digits_is_refused() {
        for text in ["", "ab", &"g".repeat(32), &"+a".repeat(16), &"a".repeat(33), &"é".repeat(16)]
        {
            assert_eq!(text.parse::<PeerKey>(), Err(BadPeerKey), "{text}");
        }
    }

    #[test]
    fn a_connection_id_that_is_not_hexadecimal_digits_is_refused() {
        let read = |text: &str| serde_json::from_str::<ConnectionId>(&format!("\"{text}\"")).ok();
        assert_eq!(read("ff"), Some(ConnectionId(255)));
        for text in ["", "+ff", "-1", "0x1", " 1", &"0".repeat(17)] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn keys_and_connection_ids_survive_json() {
        let pair = (PeerKey::from_bytes([7; 16]), ConnectionId(u64::MAX));
        let json = serde_json::to_string(&pair).unwrap();
        assert_eq!(serde_json::from_str::<(PeerKey, ConnectionId)>(&json).unwrap(), pair);
    }
}
