//! Creates TURN credentials, separate ones for each peer.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use netplay_protocol::signaling::IceServer;
use netplay_protocol::{PeerKey, Secret};
use sha1::Sha1;
use sha2::Sha256;

use crate::ServerError;
use crate::ice::check_turn_url;
use crate::limits::ClientAddress;
use crate::token_signer::MIN_SECRET_BYTES;

/// How many names an address has towards a TURN server, each with a quota of its own (`user-quota` of coturn). Players
/// behind one router rarely share one.
const NAMES_PER_ADDRESS: u8 = 16;
/// How many bytes of an HMAC a name has: enough that no two addresses share one.
const NAME_BYTES: usize = 12;

/// TURN servers that share a secret with this server, like coturn with `use-auth-secret`. Each peer receives
/// credentials that expire and that only this server can create.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(deny_unknown_fields))]
pub struct TurnConfig {
    /// The URLs of the servers, such as `turn:turn.example.org:3478?transport=udp`.
    pub urls: Vec<String>,
    /// The shared secret: coturn's `static-auth-secret`. At least 16 bytes.
    pub secret: Secret,
    /// How long a credential is valid. Members of a room receive a new one before. Default in a file: 10 min.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde", default = "default_ttl"))]
    pub ttl: Duration,
}

#[cfg(any(test, feature = "config-file"))]
fn default_ttl() -> Duration {
    Duration::from_secs(10 * 60)
}

impl TurnConfig {
    pub(crate) fn check(&self) -> Result<(), ServerError> {
        if self.secret.expose().len() < MIN_SECRET_BYTES {
            return Err(ServerError::ShortSecret { name: "turn.secret" });
        }
        // A shorter credential would expire between its delivery and its use.
        if self.ttl < Duration::from_secs(10) {
            return Err(ServerError::TurnTtl { ttl: self.ttl });
        }
        self.urls.iter().try_for_each(|url| check_turn_url(url)).map_err(ServerError::TurnUrl)
    }

    /// A credential for this peer (draft-uberti-behave-turn-rest-00). The user name is its expiry, in seconds
    /// since 1970, and a name for the peer, by which the TURN server can apply a quota. The password is the
    /// HMAC-SHA1 of the user name under the secret.
    pub(crate) fn credential(
        &self,
        address: ClientAddress,
        peer: PeerKey,
        unix_now: u64,
    ) -> IceServer {
        let expiry = unix_now.saturating_add(self.ttl.as_secs());
        let username = format!("{expiry}:{}", self.name(address, peer));
        // Unreachable: HMAC accepts keys of every length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(self.secret.expose().as_bytes()) else {
            unreachable!()
        };
        mac.update(username.as_bytes());
        let credential = STANDARD.encode(mac.finalize().into_bytes());
        let (username, credential) = (Some(username), Some(credential));
        IceServer { urls: self.urls.clone(), username, credential }
    }

    /// The name of a peer: one of a few that its address has. A client chooses its key, so a name that it determined
    /// would give a new quota to a client that draws a new key.
    fn name(&self, address: ClientAddress, peer: PeerKey) -> String {
        let of_peer = self.mac(&[b"turn name of key", &peer.to_bytes()])[0] % NAMES_PER_ADDRESS;
        let name = self.mac(&[b"turn name of address", &[of_peer], &address.to_bytes()]);
        hex::encode(&name[..NAME_BYTES])
    }

    /// HMAC-SHA256 over parts that are told apart by their labels and fixed sizes.
    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // Unreachable: HMAC accepts keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes()) else {
            unreachable!()
        };
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// How long after a credential the peer receives the next one.
    pub(crate) fn refresh_after(&self) -> Duration {
        self.ttl * 3 / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> TurnConfig {
        TurnConfig {
            urls: vec!["turn:turn.example.org:3478".into()],
            secret: "north and south and west".into(),
            ttl: default_ttl(),
        }
    }

    fn address(text: &str) -> ClientAddress {
        text.parse::<std::net::IpAddr>().unwrap().into()
    }

    fn username(from: &str, key: u128, now: u64) -> String {
        let key = PeerKey::from_bytes(key.to_be_bytes());
        config().credential(address(from), key, now).username.unwrap()
    }

    /// The expected values come from
    /// `printf 'turn name of key\7…\7' | openssl dgst -sha256 -hmac SECRET`, whose first byte is 0xad,
    /// `printf 'turn name of address\15\300\0\2\1' | openssl dgst -sha256 -hmac SECRET` and
    /// `printf 1600:… | openssl dgst -sha1 -hmac SECRET -binary | base64`.
    #[test]
    fn a_credential_is_what_coturn_computes() {
        let server = config().credential(address("192.0.2.1"), PeerKey::from_bytes([7; 16]), 1000);
        assert_eq!(server.urls, ["turn:turn.example.org:3478"]);
        assert_eq!(server.username.as_deref(), Some("1600:3c2880c8a484a0317e18b305"));
        assert_eq!(server.credential.as_deref(), Some("i/NLM0alllX9YvTCiGtgl3cc0hU="));
    }

    #[test]
    fn an_address_has_a_few_names_whatever_keys_its_clients_choose() {
        let names = |from: &str| {
            (0..1000).map(|key| username(from, key, 0)).collect::<std::collections::BTreeSet<_>>()
        };
        let (one, other) = (names("192.0.2.1"), names("192.0.2.2"));
        assert_eq!(one.len(), usize::from(NAMES_PER_ADDRESS));
        assert!(one.is_disjoint(&other));
        assert_eq!(names("2001:db8::1"), names("2001:db8::2"));
        // The same peer keeps its name, so that a new credential is no new quota.
        let name = |now| username("192.0.2.1", 1, now).split_once(':').unwrap().1.to_owned();
        assert_eq!(name(0), name(100_000));
    }

    #[test]
    fn a_new_credential_is_sent_before_the_old_one_expires() {
        assert!(config().refresh_after() < config().ttl);
    }

    #[test]
    fn a_configuration_that_cannot_work_is_refused() {
        assert!(config().check().is_ok());
        let brief = TurnConfig { ttl: Duration::from_secs(1), ..config() };
        assert!(matches!(brief.check(), Err(ServerError::TurnTtl { .. })));
        let stun = TurnConfig { urls: vec!["stun:example.org".into()], ..config() };
        assert!(matches!(stun.check(), Err(ServerError::TurnUrl(_))));
        for short in ["", "fifteen letters"] {
            let open = TurnConfig { secret: short.into(), ..config() };
            assert!(matches!(open.check(), Err(ServerError::ShortSecret { name: "turn.secret" })));
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
#[path = "turn_coturn_tests.rs"]
mod coturn_tests;
