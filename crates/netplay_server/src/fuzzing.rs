//! What fuzz targets reach of the server: the parsers that are private to it. Part of the feature `fuzzing`.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use figment::Figment;
use figment::providers::{Format, Toml};
use ipnet::IpNet;
use matchbox_protocol::{JsonPeerRequest, PeerRequest};
use netplay_protocol::signaling::{ClientMessage, Join, Refusal, SignedRoster};
use netplay_protocol::{PeerKey, RoomCode, RoomNonce, Secret};

use crate::auth::Authenticator;
use crate::limits::ClientAddress;
use crate::token_signer::{TokenClaims, TokenSigner};
use crate::{AuthConfig, ConfigError, ServerConfig, ServerError};

/// Parses a message of a client, as a connection does.
///
/// # Errors
///
/// [`Refusal`] is what the client is told.
pub fn parse_message(text: &str, max_bytes: usize) -> Result<ClientMessage, Refusal> {
    crate::message::parse(text, max_bytes)
}

/// Parses a message of a matchbox client, and checks its signal. Returns whether it is passed on.
pub fn accepts_matchbox_message(text: &str) -> bool {
    match text.parse::<JsonPeerRequest>() {
        Ok(PeerRequest::Signal { data, .. }) => crate::matchbox::signal::check(&data).is_ok(),
        Ok(PeerRequest::KeepAlive) => true,
        Err(_) => false,
    }
}

/// The address of a client behind proxies, from the lines of `X-Forwarded-For`. Lines that are no header are left out.
pub fn client_address(peer: SocketAddr, forwarded: &[&[u8]], trusted: &[IpNet]) -> IpAddr {
    let mut headers = HeaderMap::new();
    for line in forwarded.iter().filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append(HeaderName::from_static("x-forwarded-for"), line);
    }
    crate::proxy::client_address(peer, &headers, trusted)
}

/// Whether the limits count two addresses as one.
pub fn are_one_client(one: IpAddr, other: IpAddr) -> bool {
    ClientAddress::from(one) == ClientAddress::from(other)
}

/// Reads the text of a configuration file.
///
/// # Errors
///
/// [`ConfigError`] where a value has the wrong type or a key is unknown.
pub fn parse_config(text: &str) -> Result<ServerConfig, ConfigError> {
    let config = Figment::from(Toml::string(text)).extract();
    config.map_err(|error| ConfigError::Value(Box::new(error)))
}

/// Checks the tokens of joins.
pub struct TokenCheck(Authenticator);

impl TokenCheck {
    /// A check with this configuration.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the configuration has no usable key.
    pub fn new(config: &AuthConfig) -> Result<Self, ServerError> {
        Authenticator::new(config).map(Self)
    }

    /// Checks the token of a join.
    ///
    /// # Errors
    ///
    /// [`Refusal`] is what the client is told.
    pub fn check(&self, join: &Join) -> Result<(), Refusal> {
        self.0.check_join(join)
    }
}

/// Checks resume tokens and signatures of rosters.
#[derive(Debug)]
pub struct SignatureCheck(TokenSigner);

impl SignatureCheck {
    /// A check with this secret.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the secret is too short.
    pub fn new(secret: &Secret) -> Result<Self, ServerError> {
        TokenSigner::new(Some(secret)).map(Self)
    }

    /// The resume token of a peer in a room, of this incarnation and time.
    pub fn resume_token(
        &self,
        room: &RoomCode,
        key: PeerKey,
        nonce: RoomNonce,
        issued: u64,
    ) -> Secret {
        self.0.resume_token(room, key, TokenClaims { nonce, issued })
    }

    /// Whether this is the resume token of the peer in the room.
    pub fn accepts_resume(&self, room: &RoomCode, key: PeerKey, token: &Secret) -> bool {
        self.0.check_resume(room, key, token).is_some()
    }

    /// Whether the roster is signed for this room.
    pub fn accepts_roster(&self, room: &RoomCode, signed: &SignedRoster) -> bool {
        self.0.check_roster(room, signed)
    }
}
