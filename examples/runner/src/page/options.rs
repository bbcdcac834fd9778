//! The options that a page passes to its game.

use bevy_netplay::prelude::{JoinRoom, NetplayConfig, NetworkEmulation, PathPolicy, PeerIdentity};
use serde::Deserialize;
use wasm_bindgen::JsValue;

use crate::local_names;

/// The options of the game, as in the address of the page.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Options {
    /// The signaling server, `ws://host:port` or `wss://host`.
    pub server: String,
    /// The room's code.
    pub room: String,
    /// The name of the player; empty for none.
    pub name: String,
    /// The secret key of the identity of this tab, as 64 hexadecimal digits; empty for a new one.
    pub identity: String,
    /// The resume token that this tab had in the room before it was reloaded.
    pub resume_token: Option<String>,
    /// Number of players in the room; none to take the room as it is.
    pub players: Option<u8>,
    /// Number of players at this page.
    pub local: u8,
    /// With how many players a match starts at least, once all are ready; none to start it when the room is full.
    pub least: Option<u8>,
    /// The name under which the room is in the list of public rooms; none to keep it out of there.
    pub public: Option<String>,
    /// Which paths may be used: any, direct, turn or relay.
    pub policy: String,
    /// The bad network to emulate, such as `mobile`, `both:wifi` or `latency_ms=50,loss=0.05`; empty for none.
    pub net: String,
    /// Let a bot control the player.
    pub autopilot: bool,
    /// Whether that bot attacks the other players instead of pressing random buttons.
    pub hunt: bool,
    /// Seed of its inputs.
    pub seed: u64,
    /// Draw nothing, to measure everything else.
    pub undrawn: bool,
    /// The fault that is planted into the simulation, if the game has one of this name; empty for none.
    pub plant: String,
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
            resume_token: None,
            players: None,
            local: 1,
            least: None,
            public: None,
            policy: "any".into(),
            net: String::new(),
            autopilot: false,
            hunt: false,
            seed: 1,
            undrawn: false,
            plant: String::new(),
            frames: None,
        }
    }
}

impl Options {
    /// Reads options from JSON.
    ///
    /// # Errors
    ///
    /// A sentence where they are wrong.
    pub fn read(json: &str) -> Result<Self, JsValue> {
        serde_json::from_str(json)
            .map_err(|error| sentence(format!("the options of the game: {error}")))
    }

    /// The configuration of a game with this name and version.
    ///
    /// # Errors
    ///
    /// A sentence for the player where an option is wrong.
    pub fn config(&self, game: &str) -> Result<NetplayConfig, JsValue> {
        Ok(NetplayConfig {
            game: game.into(),
            policy: self.policy()?,
            emulate: self.emulation()?,
            identity: self.identity()?,
            ..NetplayConfig::default()
        })
    }

    /// The room to join.
    pub fn room(&self) -> JoinRoom {
        let room = JoinRoom::code(self.room.clone())
            .server(self.server.clone())
            .local_players(self.local)
            .names(local_names(&self.name, self.local));
        let room = self.players.iter().fold(room, |room, players| room.players(*players));
        self.resume_token.iter().fold(room, |room, token| room.resume_token(token.clone()))
    }

    fn policy(&self) -> Result<PathPolicy, JsValue> {
        self.policy.parse().map_err(sentence)
    }

    /// The identity of this tab, if the page has one.
    fn identity(&self) -> Result<Option<PeerIdentity>, JsValue> {
        let digits = Some(&self.identity).filter(|digits| !digits.is_empty());
        let identity = |digits: &String| {
            let mut secret = [0; 32];
            hex::decode_to_slice(digits, &mut secret)
                .map_err(|_| sentence("an identity has 64 hexadecimal digits"))?;
            Ok(PeerIdentity::from_secret(&secret))
        };
        digits.map(identity).transpose()
    }

    fn emulation(&self) -> Result<Option<NetworkEmulation>, JsValue> {
        let emulation = Some(&self.net).filter(|text| !text.is_empty());
        let wrong = |error| sentence(format!("net in the address: {error}"));
        emulation.map(|text| text.parse().map_err(wrong)).transpose()
    }
}

/// An error as the page shows it.
pub(super) fn sentence(error: impl std::fmt::Display) -> JsValue {
    JsValue::from_str(&error.to_string())
}
