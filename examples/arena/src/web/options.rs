use bevy_netplay::prelude::{NetworkConditions, PathPolicy};
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
    /// Report when this frame is confirmed.
    pub frames: Option<i32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            server: String::new(),
            room: String::new(),
            players: 2,
            policy: "any".into(),
            net: String::new(),
            autopilot: false,
            hunt: false,
            seed: 1,
            frames: None,
        }
    }
}

impl Options {
    /// The policy, or a sentence about what is wrong with it.
    pub fn policy(&self) -> Result<PathPolicy, JsValue> {
        self.policy.parse().map_err(sentence)
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
