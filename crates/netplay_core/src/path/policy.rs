//! Which kinds of paths a player allows.

use std::str::FromStr;

/// Which paths may carry packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PathPolicy {
    /// Every kind.
    #[default]
    Any,
    /// Only straight to the peer.
    Direct,
    /// Only through a TURN server.
    Turn,
    /// Only through the signaling server.
    Relay,
}

impl PathPolicy {
    /// Whether packets may travel through the signaling server.
    pub fn allows_relay(self) -> bool {
        matches!(self, Self::Any | Self::Relay)
    }

    /// Whether WebRTC connections may be attempted.
    pub fn allows_attempts(self) -> bool {
        self != Self::Relay
    }
}

/// The text is not a [`PathPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a path policy: use any, direct, turn or relay")]
pub struct BadPathPolicy(String);

impl FromStr for PathPolicy {
    type Err = BadPathPolicy;

    fn from_str(text: &str) -> Result<Self, BadPathPolicy> {
        match text {
            "any" => Ok(Self::Any),
            "direct" => Ok(Self::Direct),
            "turn" => Ok(Self::Turn),
            "relay" => Ok(Self::Relay),
            other => Err(BadPathPolicy(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_policy_is_read_from_its_name_and_an_error_names_all_of_them() {
        assert_eq!("turn".parse(), Ok(PathPolicy::Turn));
        let error = "stun".parse::<PathPolicy>().unwrap_err().to_string();
        assert!(["\"stun\"", "any", "direct", "turn", "relay"].iter().all(|n| error.contains(n)));
    }
}
