//! How packets travel between two peers, as a peer tells the server for its statistics.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How packets travel between two peers. The server only counts it
/// ([`ClientMessage::Connected`](super::ClientMessage::Connected)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionType {
    /// Straight, between addresses of the two machines (ICE host candidates at both ends, RFC 8445).
    Host,
    /// Straight, through a NAT: at one end at least is an address that a STUN server or the other peer saw.
    Reflexive,
    /// Straight, as far as the peer knows: the candidates of the connection are not known.
    Direct,
    /// Through a TURN server (RFC 8656).
    Turn,
    /// Through the signaling server.
    Relay,
}

impl ConnectionType {
    /// Every type, best first.
    pub const ALL: [Self; 5] = [Self::Host, Self::Reflexive, Self::Direct, Self::Turn, Self::Relay];

    /// The name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Reflexive => "reflexive",
            Self::Direct => "direct",
            Self::Turn => "turn",
            Self::Relay => "relay",
        }
    }
}

impl fmt::Display for ConnectionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_name_is_that_in_json() {
        for kind in ConnectionType::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
    }
}
