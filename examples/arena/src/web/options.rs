use bevy_netplay::prelude::{Identity, NetworkConditions, PathPolicy};
use serde::Deserialize;
use wasm_bindgen::JsValue;

/// What the page says, as in its address.
#[derive(Deserialize)]
#[serde(default)]
pub struct Options {
    /// The signaling server, `ws://host:port` or `wss://host`.
    pub server: String,
    /// The room's code.
    pub room: String,
    /// What the player wants to be called; empty for nothing.
    pub name: String,
    /// What this tab is known by, as 64 hexadecimal digits that nobody else knows; empty for something new.
    pub identity: String,
    /// The seat that this tab had in the room before it was loaded again.
    pub seat: Option<String>,
    /// How many players make the room complete.
    pub players: u8,
    /// Which paths may carry packets: any, direct, turn or relay.
    pub policy: String,
    /// A bad network to send through, such as `latency_ms=50,loss=0.05`; empty for none.
    pub net: String,
    /// Let the computer fly.
    pub autopilot: bool,
    /// Have it go for the other players instead of pressing buttons blindly.
    pub hunt: bool,
    /// What its inputs are made of.
    pub seed: u64,
    /// Draw nothing: to measure all else.
    pub undrawn: bool,
    /// Report when this frame is confirmed.
    pub frames: Option<i32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            server: String::new(),
            room: String::new(),
            name: String::new(),
            identity: String::new(),
            seat: None,
            players: 2,
            policy: "any".into(),
            net: String::new(),
            autopilot: false,
            hunt: false,
            seed: 1,
            undrawn: false,
            frames: None,
        }
    }
}

impl Options {
    /// The policy, or a sentence about what is wrong with it.
    pub fn policy(&self) -> Result<PathPolicy, JsValue> {
        self.policy.parse().map_err(sentence)
    }

    /// Who this tab is, or a sentence about why that is nobody.
    pub fn identity(&self) -> Result<Option<Identity>, JsValue> {
        let digits = Some(&self.identity).filter(|digits| !digits.is_empty());
        let identity = |digits: &String| {
            let mut secret = [0; 32];
            hex::decode_to_slice(digits, &mut secret)
                .map_err(|_| sentence("an identity has 64 hexadecimal digits"))?;
            Ok(Identity::from_secret(&secret))
        };
        digits.map(identity).transpose()
    }

    /// The network to send through, or a sentence about what is wrong with it.
    pub fn conditions(&self) -> Result<Option<NetworkConditions>, JsValue> {
        let conditions = Some(&self.net).filter(|text| !text.is_empty());
        conditions.map(|text| text.parse().map_err(sentence)).transpose()
    }
}

fn sentence(error: impl std::fmt::Display) -> JsValue {
    JsValue::from_str(&error.to_string())
}
