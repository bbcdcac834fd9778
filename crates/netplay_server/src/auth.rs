//! Who may join: everybody, whoever knows the room's password, or whoever has a token.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use netplay_protocol::signaling::{Entry, Join, Refusal};
use netplay_protocol::{PeerKey, Secret};
use serde::Deserialize;

use crate::ServerError;
use crate::seals::MIN_SECRET_BYTES;

/// Who may join.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// What a peer has to show. Default: nothing.
    pub mode: AuthMode,
    /// The shared secret of tokens that are signed with HS256. At least 16 bytes.
    pub token_secret: Option<Secret>,
    /// The public key, in PEM, of tokens that are signed with EdDSA (Ed25519). Instead of the secret:
    /// then this server can check tokens, but not make any.
    pub token_public_key: Option<String>,
    /// The web pages that may connect, such as `https://play.example.org`. Browsers tell the origin of a
    /// page, other programs tell none and are let in. Default: every page.
    pub origins: Vec<String>,
}

/// What a peer has to show to join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// Nothing. A room has a password if whoever makes it sets one.
    #[default]
    Open,
    /// A password: every room must have one. Queues need none.
    Password,
    /// A token (JWT, RFC 7519) with the claims `exp`, `game` (the name of the game), `room` (the room's
    /// code, or `*`) and `player` (the peer's key, 32 hexadecimal digits).
    Token,
}

/// What a token must say. `exp` must be there too, and in the future.
#[derive(Deserialize)]
struct Claims {
    /// [`GameInfo::game`](netplay_protocol::signaling::GameInfo) of the join.
    game: String,
    /// The code of the room, or `*` for every room, and for queues.
    room: String,
    /// The key of the peer, 32 hexadecimal digits.
    player: PeerKey,
}

/// Lets peers in, or not.
pub(crate) struct Authenticator {
    mode: AuthMode,
    token: Option<(DecodingKey, Validation)>,
    origins: Vec<String>,
}

impl Authenticator {
    pub(crate) fn new(config: &AuthConfig) -> Result<Self, ServerError> {
        let token = match (config.mode, &config.token_secret, &config.token_public_key) {
            (AuthMode::Open | AuthMode::Password, ..) => None,
            (AuthMode::Token, Some(secret), None) => {
                if secret.expose().len() < MIN_SECRET_BYTES {
                    return Err(ServerError::ShortSecret { name: "auth.token_secret" });
                }
                Some((DecodingKey::from_secret(secret.expose().as_bytes()), Algorithm::HS256))
            }
            (AuthMode::Token, None, Some(pem)) => {
                let key = DecodingKey::from_ed_pem(pem.as_bytes());
                Some((key.map_err(|_| ServerError::TokenKey)?, Algorithm::EdDSA))
            }
            (AuthMode::Token, Some(_), Some(_)) | (AuthMode::Token, None, None) => {
                return Err(ServerError::TokenKeys);
            }
        };
        let token = token.map(|(key, algorithm)| {
            // Only this algorithm: a token must not choose how it is checked (RFC 8725 section 3.1).
            let mut validation = Validation::new(algorithm);
            validation.set_required_spec_claims(&["exp"]);
            validation.validate_nbf = true;
            validation.validate_aud = false;
            validation.leeway = 5;
            (key, validation)
        });
        let origins = config.origins.iter().map(|origin| normal(origin)).collect();
        Ok(Self { mode: config.mode, token, origins })
    }

    /// Whether this join is let in, as far as that does not depend on the room.
    pub(crate) fn join(&self, join: &Join) -> Result<(), Refusal> {
        match self.mode {
            AuthMode::Open => Ok(()),
            AuthMode::Password => match (&join.entry, &join.password) {
                (Entry::Queue { .. }, _) | (_, Some(_)) => Ok(()),
                (_, None) => Err(Refusal::PasswordRequired),
            },
            AuthMode::Token => self
                .check_token(join)
                .map_err(|detail| Refusal::Unauthorized { detail: detail.to_owned() }),
        }
    }

    fn check_token(&self, join: &Join) -> Result<(), &'static str> {
        use jsonwebtoken::errors::ErrorKind;

        let (key, validation) = self.token.as_ref().ok_or("tokens cannot be checked here")?;
        let token = join.token.as_ref().ok_or("a token is missing")?;
        let claims = decode::<Claims>(token.expose(), key, validation).map_err(|error| {
            // Not the library's own words: they may quote the token.
            match error.kind() {
                ErrorKind::ExpiredSignature => "the token has expired",
                ErrorKind::ImmatureSignature => "the token is not valid yet",
                ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => {
                    "the token lacks a claim: it needs exp, game, room and player"
                }
                _ => "the token is not one of this server",
            }
        })?;
        let Claims { game, room, player } = claims.claims;
        let room_fits = room == "*"
            || match &join.entry {
                Entry::Room(code) | Entry::Existing(code) => room.eq_ignore_ascii_case(code),
                Entry::New | Entry::Queue { .. } => false,
            };
        match () {
            () if game != join.game.game => Err("the token is for another game"),
            () if !room_fits => Err("the token is for another room"),
            () if player != join.key => Err("the token is for another player"),
            () => Ok(()),
        }
    }

    /// Whether a page of this origin (RFC 6454) may connect.
    pub(crate) fn origin(&self, origin: Option<&str>) -> bool {
        match origin {
            Some(origin) if !self.origins.is_empty() => self.origins.contains(&normal(origin)),
            _ => true,
        }
    }
}

fn normal(origin: &str) -> String {
    origin.trim_end_matches('/').to_ascii_lowercase()
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
