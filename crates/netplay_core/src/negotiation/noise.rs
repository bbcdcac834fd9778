//! Encryption of packets that the server relays: only the other peer can read them.
//!
//! The two peers agree on keys by a handshake of the Noise protocol framework (revision 34), pattern `XX`, over
//! signals: each sends its static key, which is its identity's, and shows the public key that its name is a
//! fingerprint of. Both mix the room and both names into the keys. The peer with the lower key begins. Every packet then is a number, and the packet encrypted and
//! authenticated under it (ChaCha20-Poly1305); a number that came before is refused.
//!
//! A handshake that begins later, because one side restarted, replaces the keys of the one before when it is
//! complete: otherwise the server could end a session by replaying the beginning of an old one.

use std::fmt;

use netplay_protocol::limits::SEAL_BYTES;
use netplay_protocol::{ConnectionId, Identity, PeerKey, PublicKey, RoomScope};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, HandshakeState, StatelessTransportState};

use super::replay::ReplayWindow;

const PATTERN: &str = "Noise_XX_25519_ChaChaPoly_BLAKE2s";
/// What both must mean by the handshake. The prologue goes on with the room and the names of both.
const LABEL: &[u8] = b"netplay relay 2\0";
/// The largest message of the handshake: two keys, their tags and the payload.
const HANDSHAKE_BYTES: usize = 256;
/// The number in front of an encrypted packet.
const NUMBER_BYTES: usize = 8;
const TAG_BYTES: usize = SEAL_BYTES - NUMBER_BYTES;

/// Why a message of the handshake or an encrypted packet is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoiseError {
    #[error("a handshake message that does not fit")]
    Handshake,
    #[error("a handshake by somebody else than it says")]
    Stranger,
    #[error("no key has been agreed on yet")]
    NoKey,
    #[error("a relayed packet that was forged or changed on its way")]
    Forged,
    #[error("a relayed packet that came before")]
    Replayed,
}

/// The keys between the local peer and one other.
pub(super) struct NoiseChannel {
    identity: Identity,
    local: PeerKey,
    remote: PeerKey,
    room: RoomScope,
    /// Where ephemeral keys come from.
    random: StdRng,
    /// The handshake that is under way.
    handshake: Option<(ConnectionId, HandshakeState)>,
    session: Option<Session>,
    /// The one before: what was on its way when the keys changed can still be decrypted.
    before: Option<Session>,
}

struct Session {
    state: StatelessTransportState,
    sent: u64,
    received: ReplayWindow,
}

impl NoiseChannel {
    pub(super) fn new(
        identity: Identity,
        remote: PeerKey,
        room: RoomScope,
        random: StdRng,
    ) -> Self {
        let (local, handshake, session, before) = (identity.peer_key(), None, None, None);
        Self { identity, local, remote, room, random, handshake, session, before }
    }

    /// What both sides of a handshake in this room mix into its keys: only these two can complete it, and only here.
    fn prologue(&self, initiator: PeerKey, responder: PeerKey) -> Vec<u8> {
        [LABEL, &self.room.to_bytes(), &initiator.to_bytes(), &responder.to_bytes()].concat()
    }

    /// Whether packets can be encrypted.
    pub(super) fn is_ready(&self) -> bool {
        self.session.is_some()
    }

    /// Whether a handshake is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.handshake.is_some()
    }

    /// Whether this handshake is the one under way.
    pub(super) fn expects(&self, connection: ConnectionId) -> bool {
        self.handshake.as_ref().is_some_and(|(known, _)| *known == connection)
    }

    /// Begins a handshake; returns its first message.
    pub(super) fn begin(&mut self, connection: ConnectionId) -> Result<String, NoiseError> {
        let secret = self.identity.x25519_secret();
        let prologue = self.prologue(self.local, self.remote);
        let mut state = builder(&secret, &prologue, self.random.random())?
            .build_initiator()
            .map_err(|_| NoiseError::Handshake)?;
        let message = write(&mut state, &[])?;
        self.handshake = Some((connection, state));
        Ok(message)
    }

    /// Takes a message of a handshake; returns the answer, if there is one.
    pub(super) fn handshake(
        &mut self,
        connection: ConnectionId,
        message: &str,
    ) -> Result<Option<String>, NoiseError> {
        let message = hex::decode(message).map_err(|_| NoiseError::Handshake)?;
        match self.handshake.take() {
            Some((known, state)) if known == connection => self.go_on(state, &message),
            other => {
                let answer = self.answer(connection, &message);
                if answer.is_err() {
                    // Not a message of this handshake: it goes on.
                    self.handshake = other;
                }
                answer.map(Some)
            }
        }
    }

    /// The second message, to a first one.
    fn answer(&mut self, connection: ConnectionId, message: &[u8]) -> Result<String, NoiseError> {
        let secret = self.identity.x25519_secret();
        let prologue = self.prologue(self.remote, self.local);
        let mut state = builder(&secret, &prologue, self.random.random())?
            .build_responder()
            .map_err(|_| NoiseError::Handshake)?;
        read(&mut state, message)?;
        let answer = write(&mut state, &self.identity.public().to_bytes())?;
        self.handshake = Some((connection, state));
        Ok(answer)
    }

    /// The second message, which the third answers, or the third: with either the handshake is finished.
    fn go_on(
        &mut self,
        mut state: HandshakeState,
        message: &[u8],
    ) -> Result<Option<String>, NoiseError> {
        let shown = read(&mut state, message)?;
        let shown = shown.try_into().ok().as_ref().and_then(PublicKey::from_bytes);
        let theirs = shown.filter(|key| {
            key.peer_key() == self.remote && state.get_remote_static() == Some(&key.x25519()[..])
        });
        theirs.ok_or(NoiseError::Stranger)?;
        let answer = match state.is_handshake_finished() {
            true => None,
            false => Some(write(&mut state, &self.identity.public().to_bytes())?),
        };
        let state = state.into_stateless_transport_mode().map_err(|_| NoiseError::Handshake)?;
        let session = Session { state, sent: 0, received: ReplayWindow::default() };
        self.before = self.session.replace(session);
        Ok(answer)
    }

    /// Encrypts a packet. `channel` is authenticated with it.
    pub(super) fn encrypt(&mut self, channel: u8, packet: &[u8]) -> Result<Vec<u8>, NoiseError> {
        let session = self.session.as_mut().ok_or(NoiseError::NoKey)?;
        let number = session.sent << 1 | u64::from(channel & 1);
        let mut encrypted = vec![0; packet.len() + SEAL_BYTES];
        encrypted[..NUMBER_BYTES].copy_from_slice(&number.to_le_bytes());
        session
            .state
            .write_message(number, packet, &mut encrypted[NUMBER_BYTES..])
            .map_err(|_| NoiseError::Forged)?;
        session.sent += 1;
        Ok(encrypted)
    }

    /// Decrypts what the peer encrypted for this channel.
    pub(super) fn decrypt(&mut self, channel: u8, encrypted: &[u8]) -> Result<Vec<u8>, NoiseError> {
        let session = self.session.as_mut().ok_or(NoiseError::NoKey)?;
        match (session.decrypt(channel, encrypted), &mut self.before) {
            (Err(NoiseError::Forged), Some(before)) => before.decrypt(channel, encrypted),
            (decrypted, _) => decrypted,
        }
    }
}

impl fmt::Debug for NoiseChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("NoiseChannel");
        text.field("remote", &self.remote).field("is_ready", &self.is_ready());
        text.finish_non_exhaustive()
    }
}

impl Session {
    fn decrypt(&mut self, channel: u8, encrypted: &[u8]) -> Result<Vec<u8>, NoiseError> {
        let (number, encrypted) = encrypted.split_first_chunk().ok_or(NoiseError::Forged)?;
        let number = u64::from_le_bytes(*number);
        if number & 1 != u64::from(channel & 1) || encrypted.len() < TAG_BYTES {
            return Err(NoiseError::Forged);
        }
        let mut packet = vec![0; encrypted.len()];
        let length = self
            .state
            .read_message(number, encrypted, &mut packet)
            .map_err(|_| NoiseError::Forged)?;
        // Only what is authentic may move the window.
        if !self.received.is_new(number >> 1) {
            return Err(NoiseError::Replayed);
        }
        packet.truncate(length);
        Ok(packet)
    }
}

fn builder<'a>(
    secret: &'a [u8; 32],
    prologue: &'a [u8],
    random: [u8; 32],
) -> Result<Builder<'a>, NoiseError> {
    let params = PATTERN.parse().map_err(|_| NoiseError::Handshake)?;
    Builder::with_resolver(params, Box::new(Resolver { random }))
        .local_private_key(secret)
        .and_then(|builder| builder.prologue(prologue))
        .map_err(|_| NoiseError::Handshake)
}

fn write(state: &mut HandshakeState, payload: &[u8]) -> Result<String, NoiseError> {
    let mut message = [0; HANDSHAKE_BYTES];
    let length = state.write_message(payload, &mut message).map_err(|_| NoiseError::Handshake)?;
    Ok(hex::encode(&message[..length]))
}

fn read(state: &mut HandshakeState, message: &[u8]) -> Result<Vec<u8>, NoiseError> {
    let mut payload = vec![0; HANDSHAKE_BYTES];
    let length = state.read_message(message, &mut payload).map_err(|_| NoiseError::Handshake)?;
    payload.truncate(length);
    Ok(payload)
}

/// snow's own primitives, with randomness from the caller, for one handshake.
struct Resolver {
    random: [u8; 32],
}

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(HandshakeRandom(StdRng::from_seed(self.random))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

struct HandshakeRandom(StdRng);

impl Random for HandshakeRandom {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
        self.0.fill_bytes(dest);
        Ok(())
    }
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
