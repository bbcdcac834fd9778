//! Checks that a peer has the key that it names, and that it meant this server.

use netplay_protocol::join_proof::JoinAction;
use netplay_protocol::signaling::Refusal;
use netplay_protocol::{Challenge, KeyProof, PeerKey, ServerName};

use super::{Hub, Peer};

impl Peer {
    /// Checks the proof of a key: one signature. The name of the server, which costs nothing, comes first.
    ///
    /// # Errors
    ///
    /// [`Refusal::WrongServerName`] and [`Refusal::KeyNotProven`].
    pub(super) fn check_proof(
        &self,
        proof: &KeyProof,
        action: JoinAction<'_>,
    ) -> Result<PeerKey, Refusal> {
        if !self.hub.is_named(&proof.server, self.host.as_deref()) {
            return Err(Refusal::WrongServerName { asked: proof.server.clone() });
        }
        proof.verify(action, self.challenge()).map_err(|_| Refusal::KeyNotProven)?;
        Ok(proof.claimed_peer())
    }

    /// What the server sent first on this connection.
    pub(super) fn challenge(&self) -> Challenge {
        self.hub.random.challenge(self.socket)
    }
}

impl Hub {
    /// Whether this is a name of this server: one of those that are configured, or, where none is, the one that the
    /// client's request for the connection had in its header `Host`.
    fn is_named(&self, name: &ServerName, host: Option<&str>) -> bool {
        let names = &self.config.public_names;
        match names.is_empty() {
            true => host.is_some_and(|host| name.is_in_host_header(host)),
            false => names.contains(name),
        }
    }
}
