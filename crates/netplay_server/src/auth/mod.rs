//! Who may join: every peer, peers that know the password of the room, or peers with a token.

#[cfg(feature = "jwt")]
mod token;

use netplay_protocol::signaling::{Entry, Join, Refusal};

use crate::ServerError;
#[cfg(feature = "jwt")]
use token::TokenVerifier;

/// Who may join.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(default, deny_unknown_fields))]
pub struct AuthConfig {
    /// What a peer needs to join. Default: nothing.
    pub mode: AuthMode,
    /// The shared secret for tokens that are signed with HS256. At least 16 bytes.
    #[cfg(feature = "jwt")]
    pub token_secret: Option<netplay_protocol::Secret>,
    /// The public key, in PEM, for tokens that are signed with EdDSA (Ed25519). In place of the shared
    /// secret: this server then can check tokens and cannot create any.
    #[cfg(feature = "jwt")]
    pub token_public_key: Option<String>,
    /// The origins of the web pages that may connect, such as `https://play.example.org`. Other programs
    /// than browsers send no origin and may always connect. Default: every page.
    pub origins: Vec<String>,
}

/// What a peer needs to join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AuthMode {
    /// Nothing. A room has a password if the peer that creates it sets one.
    #[default]
    Open,
    /// A password: every room must have one. Queues need none.
    Password,
    /// A token (JWT, RFC 7519) with the claims `exp`, `game` (the name of the game), `room` (the room's
    /// code, or `*`) and `player` (the peer's key, 32 hexadecimal digits).
    #[cfg(feature = "jwt")]
    Token,
}

/// Checks joins and origins.
pub(crate) struct Authenticator {
    policy: Policy,
    origins: Vec<String>,
}

/// What a join needs.
enum Policy {
    Open,
    Password,
    #[cfg(feature = "jwt")]
    Token(Box<TokenVerifier>),
}

impl Authenticator {
    pub(crate) fn new(config: &AuthConfig) -> Result<Self, ServerError> {
        let policy = match config.mode {
            AuthMode::Open => Policy::Open,
            AuthMode::Password => Policy::Password,
            #[cfg(feature = "jwt")]
            AuthMode::Token => Policy::Token(Box::new(TokenVerifier::new(config)?)),
        };
        let origins = config.origins.iter().map(|origin| normalize(origin)).collect();
        Ok(Self { policy, origins })
    }

    /// Checks a join, as far as that does not depend on the room.
    pub(crate) fn check_join(&self, join: &Join) -> Result<(), Refusal> {
        match &self.policy {
            Policy::Open => Ok(()),
            Policy::Password => match (&join.entry, &join.password) {
                (Entry::Queue { .. }, _) | (_, Some(_)) => Ok(()),
                (_, None) => Err(Refusal::PasswordRequired),
            },
            #[cfg(feature = "jwt")]
            Policy::Token(verifier) => verifier
                .check(join)
                .map_err(|detail| Refusal::Unauthorized { detail: detail.to_owned() }),
        }
    }

    /// Whether a peer needs neither a password nor a token.
    #[cfg(feature = "matchbox")]
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.policy, Policy::Open)
    }

    /// Whether a page of this origin (RFC 6454) may connect.
    pub(crate) fn allows_origin(&self, origin: Option<&str>) -> bool {
        match origin {
            Some(origin) if !self.origins.is_empty() => self.origins.contains(&normalize(origin)),
            _ => true,
        }
    }
}

fn normalize(origin: &str) -> String {
    origin.trim_end_matches('/').to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
