//! [`PeerIdentity`]: the key pair of this peer.

use bevy::prelude::*;
use netplay_protocol::{Identity, PeerKey};

/// The key pair of a peer (Ed25519). Its public half is the [`PeerKey`] under which others know the peer; with the
/// same secret a restarted process is the same peer. Neither its debug text nor its reflection shows the secret.
#[derive(Clone, Reflect)]
#[reflect(opaque)]
#[reflect(Debug)]
pub struct PeerIdentity(pub(crate) Identity);

impl PeerIdentity {
    /// The identity whose secret key is these bytes. The caller brings 32 random bytes.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(Identity::from_secret(secret))
    }

    /// The secret key, to be kept where nobody else can read it.
    pub fn secret(&self) -> [u8; 32] {
        self.0.secret()
    }

    /// The key under which others know this peer.
    pub fn peer_key(&self) -> PeerKey {
        self.0.peer_key()
    }
}

impl std::fmt::Debug for PeerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PeerIdentity").field(&self.peer_key()).finish()
    }
}

impl From<Identity> for PeerIdentity {
    fn from(identity: Identity) -> Self {
        Self(identity)
    }
}

impl From<PeerIdentity> for Identity {
    fn from(identity: PeerIdentity) -> Self {
        identity.0
    }
}
