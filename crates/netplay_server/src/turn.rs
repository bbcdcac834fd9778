//! Creates TURN credentials, separate ones for each peer.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use netplay_protocol::signaling::IceServer;
use netplay_protocol::{PeerKey, Secret};
use sha1::Sha1;

use crate::ServerError;
use crate::ice::check_turn_url;

/// TURN servers that share a secret with this server, like coturn with `use-auth-secret`. Each peer receives
/// credentials that expire and that only this server can create.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(deny_unknown_fields))]
pub struct TurnConfig {
    /// The URLs of the servers, such as `turn:turn.example.org:3478?transport=udp`.
    pub urls: Vec<String>,
    /// The shared secret: coturn's `static-auth-secret`.
    pub secret: Secret,
    /// How long a credential is valid. Peers receive a new one before. Default in a file: 1 h.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde", default = "default_ttl"))]
    pub ttl: Duration,
}

#[cfg(any(test, feature = "config-file"))]
fn default_ttl() -> Duration {
    Duration::from_secs(60 * 60)
}

impl TurnConfig {
    pub(crate) fn check(&self) -> Result<(), ServerError> {
        if self.secret.expose().is_empty() {
            return Err(ServerError::ShortSecret { name: "turn.secret" });
        }
        // A shorter credential would expire between its delivery and its use.
        if self.ttl < Duration::from_secs(10) {
            return Err(ServerError::TurnTtl { ttl: self.ttl });
        }
        self.urls.iter().try_for_each(|url| check_turn_url(url)).map_err(ServerError::TurnUrl)
    }

    /// A credential for this peer (draft-uberti-behave-turn-rest-00). The user name is its expiry, in seconds
    /// since 1970, and the peer's key, by which the TURN server can apply a quota. The password is the
    /// HMAC-SHA1 of the user name under the secret.
    pub(crate) fn credential(&self, peer: PeerKey, unix_now: u64) -> IceServer {
        let username = format!("{}:{peer}", unix_now.saturating_add(self.ttl.as_secs()));
        // Unreachable: HMAC accepts keys of every length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(self.secret.expose().as_bytes()) else {
            unreachable!()
        };
        mac.update(username.as_bytes());
        let credential = STANDARD.encode(mac.finalize().into_bytes());
        let (username, credential) = (Some(username), Some(credential));
        IceServer { urls: self.urls.clone(), username, credential }
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
            secret: "north".into(),
            ttl: default_ttl(),
        }
    }

    /// The expected password comes from
    /// `printf 4600:0707…07 | openssl dgst -sha1 -hmac north -binary | base64`.
    #[test]
    fn a_credential_is_what_coturn_computes() {
        let server = config().credential(PeerKey::from_bytes([7; 16]), 1000);
        assert_eq!(server.urls, ["turn:turn.example.org:3478"]);
        let username = format!("4600:{}", "07".repeat(16));
        assert_eq!(server.username, Some(username));
        assert_eq!(server.credential.as_deref(), Some("6rLHr0+lbQezA+GG7A/nFGZuiY0="));
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
        let open = TurnConfig { secret: "".into(), ..config() };
        assert!(matches!(open.check(), Err(ServerError::ShortSecret { .. })));
    }
}

#[cfg(test)]
#[cfg(unix)]
#[path = "turn_coturn_tests.rs"]
mod coturn_tests;
