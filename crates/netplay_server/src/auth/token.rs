//! Checks the tokens of joins (JWT, RFC 7519).

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use netplay_protocol::PeerKey;
use netplay_protocol::signaling::{Entry, Join};
use serde::Deserialize;

use super::AuthConfig;
use crate::ServerError;
use crate::token_signer::MIN_SECRET_BYTES;

/// The claims of a token, beside `exp`.
#[derive(Deserialize)]
struct Claims {
    /// [`GameInfo::game`](netplay_protocol::signaling::GameInfo) of the join.
    game: String,
    /// The code of the room, or `*` for all rooms and queues.
    room: String,
    /// The key of the peer, 32 hexadecimal digits.
    player: PeerKey,
}

/// Checks tokens with one key and one algorithm.
pub(super) struct TokenVerifier {
    key: DecodingKey,
    validation: Validation,
}

impl TokenVerifier {
    pub(super) fn new(config: &AuthConfig) -> Result<Self, ServerError> {
        let (key, algorithm) = match (&config.token_secret, &config.token_public_key) {
            (Some(secret), None) => {
                if secret.expose().len() < MIN_SECRET_BYTES {
                    return Err(ServerError::ShortSecret { name: "auth.token_secret" });
                }
                (DecodingKey::from_secret(secret.expose().as_bytes()), Algorithm::HS256)
            }
            (None, Some(pem)) => {
                let key = DecodingKey::from_ed_pem(pem.as_bytes());
                (key.map_err(|_| ServerError::TokenKey)?, Algorithm::EdDSA)
            }
            (Some(_), Some(_)) | (None, None) => return Err(ServerError::TokenKeys),
        };
        // Only this algorithm: a token must not choose how it is checked (RFC 8725 section 3.1).
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp"]);
        validation.validate_nbf = true;
        validation.validate_aud = false;
        validation.leeway = 5;
        Ok(Self { key, validation })
    }

    /// Whether the token of a join is valid for it. The error never contains the token.
    pub(super) fn check(&self, join: &Join) -> Result<(), &'static str> {
        let token = join.token.as_ref().ok_or("a token is missing")?;
        let claims = decode::<Claims>(token.expose(), &self.key, &self.validation)
            .map_err(|error| sentence(&error))?;
        let Claims { game, room, player } = claims.claims;
        let room_fits = room == "*"
            || match &join.entry {
                Entry::Room(code) | Entry::Existing(code) => room.eq_ignore_ascii_case(code),
                Entry::New | Entry::Queue { .. } => false,
            };
        match () {
            () if game != join.game.game => Err("the token is for another game"),
            () if !room_fits => Err("the token is for another room"),
            () if player != join.peer() => Err("the token is for another player"),
            () => Ok(()),
        }
    }
}

/// A sentence in place of the library's own text, which may quote the token.
fn sentence(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => {
            "the token lacks a claim: it needs exp, game, room and player"
        }
        _ => "the token was not issued for this server",
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
