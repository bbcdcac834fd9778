//! Packets that only the other peer can read, though the server carries them.
//!
//! The two agree on keys by a handshake of the Noise protocol framework (revision 34), `XX`, over signals:
//! each sends its static key, which is its identity's, and shows the public key that its name is a
//! fingerprint of. The peer with the lower key begins. Every packet then is a number, and the packet
//! encrypted and authenticated under it (ChaCha20-Poly1305); a number that was there before is refused.
//!
//! A handshake that is begun anew, because one side was started anew, takes the place of the one before when
//! it is complete: the server could otherwise end a session by replaying the beginning of an old one.

use netplay_protocol::limits::SEAL_BYTES;
use netplay_protocol::{ConnectionId, Identity, PeerKey, PublicKey};
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, HandshakeState, StatelessTransportState};

const PATTERN: &str = "Noise_XX_25519_ChaChaPoly_BLAKE2s";
/// What both must mean by the handshake.
const PROLOGUE: &[u8] = b"netplay relay 1";
/// The largest message of the handshake: two keys, their tags and the payload.
const HANDSHAKE_BYTES: usize = 256;
/// The number in front of a sealed packet.
const NUMBER_BYTES: usize = 8;
const TAG_BYTES: usize = SEAL_BYTES - NUMBER_BYTES;
/// How far back a number is told from one that was there before.
const MEMORY: u64 = 128;

/// Why a message of the handshake or a sealed packet is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealError {
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

/// The keys between us and one peer.
pub(super) struct Sealing {
    identity: Identity,
    remote: PeerKey,
    /// The handshake that is under way.
    handshake: Option<(ConnectionId, HandshakeState)>,
    session: Option<Session>,
    /// The one before: what was on its way when the keys changed can still be opened.
    before: Option<Session>,
}

struct Session {
    state: StatelessTransportState,
    sent: u64,
    received: ReplayWindow,
}

impl Sealing {
    pub(super) fn new(identity: Identity, remote: PeerKey) -> Self {
        Self { identity, remote, handshake: None, session: None, before: None }
    }

    /// Whether packets can be sealed.
    pub(super) fn is_ready(&self) -> bool {
        self.session.is_some()
    }

    /// Whether a handshake is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.handshake.is_some()
    }

    /// Begins a handshake; returns its first message.
    pub(super) fn begin(&mut self, connection: ConnectionId) -> Result<String, SealError> {
        let secret = self.identity.x25519_secret();
        let mut state = builder(&secret)?.build_initiator().map_err(|_| SealError::Handshake)?;
        let message = write(&mut state, &[])?;
        self.handshake = Some((connection, state));
        Ok(message)
    }

    /// Takes a message of a handshake; returns the answer, if there is one.
    pub(super) fn handshake(
        &mut self,
        connection: ConnectionId,
        message: &str,
    ) -> Result<Option<String>, SealError> {
        let message = hex::decode(message).map_err(|_| SealError::Handshake)?;
        match self.handshake.take() {
            Some((known, state)) if known == connection => self.go_on(connection, state, &message),
            ours => {
                let answer = self.answer(connection, &message);
                if answer.is_err() {
                    // Whatever that was, it is not ours.
                    self.handshake = ours;
                }
                answer.map(Some)
            }
        }
    }

    /// The second message, to a first one.
    fn answer(&mut self, connection: ConnectionId, message: &[u8]) -> Result<String, SealError> {
        let secret = self.identity.x25519_secret();
        let mut state = builder(&secret)?.build_responder().map_err(|_| SealError::Handshake)?;
        read(&mut state, message)?;
        let answer = write(&mut state, &self.identity.public().to_bytes())?;
        self.handshake = Some((connection, state));
        Ok(answer)
    }

    fn go_on(
        &mut self,
        connection: ConnectionId,
        mut state: HandshakeState,
        message: &[u8],
    ) -> Result<Option<String>, SealError> {
        let shown = read(&mut state, message)?;
        let shown = shown.try_into().ok().as_ref().and_then(PublicKey::from_bytes);
        let theirs = shown.filter(|key| {
            key.peer_key() == self.remote && state.get_remote_static() == Some(&key.x25519()[..])
        });
        theirs.ok_or(SealError::Stranger)?;
        let answer = match state.is_handshake_finished() {
            true => None,
            false => Some(write(&mut state, &self.identity.public().to_bytes())?),
        };
        if !state.is_handshake_finished() {
            self.handshake = Some((connection, state));
            return Ok(answer);
        }
        let state = state.into_stateless_transport_mode().map_err(|_| SealError::Handshake)?;
        let session = Session { state, sent: 0, received: ReplayWindow::default() };
        self.before = self.session.replace(session);
        Ok(answer)
    }

    /// Seals a packet. `channel` is authenticated with it.
    pub(super) fn seal(&mut self, channel: u8, packet: &[u8]) -> Result<Vec<u8>, SealError> {
        let session = self.session.as_mut().ok_or(SealError::NoKey)?;
        let number = session.sent << 1 | u64::from(channel & 1);
        let mut sealed = vec![0; packet.len() + SEAL_BYTES];
        sealed[..NUMBER_BYTES].copy_from_slice(&number.to_le_bytes());
        session
            .state
            .write_message(number, packet, &mut sealed[NUMBER_BYTES..])
            .map_err(|_| SealError::Forged)?;
        session.sent += 1;
        Ok(sealed)
    }

    /// Opens what the peer sealed for this channel.
    pub(super) fn open(&mut self, channel: u8, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let session = self.session.as_mut().ok_or(SealError::NoKey)?;
        match (session.open(channel, sealed), &mut self.before) {
            (Err(SealError::Forged), Some(before)) => before.open(channel, sealed),
            (opened, _) => opened,
        }
    }
}

impl Session {
    fn open(&mut self, channel: u8, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (number, sealed) = sealed.split_first_chunk().ok_or(SealError::Forged)?;
        let number = u64::from_le_bytes(*number);
        if number & 1 != u64::from(channel & 1) || sealed.len() < TAG_BYTES {
            return Err(SealError::Forged);
        }
        let mut packet = vec![0; sealed.len()];
        let length =
            self.state.read_message(number, sealed, &mut packet).map_err(|_| SealError::Forged)?;
        // Only what is authentic may move the window.
        if !self.received.is_new(number >> 1) {
            return Err(SealError::Replayed);
        }
        packet.truncate(length);
        Ok(packet)
    }
}

/// Which numbers have come (RFC 6479 does the same for IPsec).
#[derive(Debug, Default)]
struct ReplayWindow {
    /// One more than the highest.
    next: u64,
    /// Bit n: `next - 1 - n` has come.
    seen: u128,
}

impl ReplayWindow {
    fn is_new(&mut self, number: u64) -> bool {
        if number >= self.next {
            let ahead = number - self.next + 1;
            let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.next = number.saturating_add(1);
            return true;
        }
        let behind = self.next - 1 - number;
        let bit = if behind < MEMORY { 1 << behind } else { return false };
        let new = self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

fn builder(secret: &[u8; 32]) -> Result<Builder<'_>, SealError> {
    let params = PATTERN.parse().map_err(|_| SealError::Handshake)?;
    Builder::with_resolver(params, Box::new(Resolver))
        .local_private_key(secret)
        .and_then(|builder| builder.prologue(PROLOGUE))
        .map_err(|_| SealError::Handshake)
}

fn write(state: &mut HandshakeState, payload: &[u8]) -> Result<String, SealError> {
    let mut message = [0; HANDSHAKE_BYTES];
    let length = state.write_message(payload, &mut message).map_err(|_| SealError::Handshake)?;
    Ok(hex::encode(&message[..length]))
}

fn read(state: &mut HandshakeState, message: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut payload = vec![0; HANDSHAKE_BYTES];
    let length = state.read_message(message, &mut payload).map_err(|_| SealError::Handshake)?;
    payload.truncate(length);
    Ok(payload)
}

/// snow's own primitives, with the randomness of the system on every platform.
struct Resolver;

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(SystemRandom))
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

struct SystemRandom;

impl Random for SystemRandom {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), snow::Error> {
        getrandom::fill(dest).map_err(|_| snow::Error::Rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ConnectionId = ConnectionId(1);

    fn identity(name: u8) -> Identity {
        Identity::from_secret(&[name; 32])
    }

    fn sealing(us: u8, them: u8) -> Sealing {
        Sealing::new(identity(us), identity(them).peer_key())
    }

    fn agree(a: &mut Sealing, b: &mut Sealing, id: ConnectionId) {
        let first = a.begin(id).unwrap();
        let second = b.handshake(id, &first).unwrap().unwrap();
        let third = a.handshake(id, &second).unwrap().unwrap();
        assert_eq!(b.handshake(id, &third), Ok(None));
    }

    fn agreed() -> (Sealing, Sealing) {
        let (mut a, mut b) = (sealing(1, 2), sealing(2, 1));
        agree(&mut a, &mut b, ID);
        assert!(a.is_ready() && b.is_ready() && !a.is_under_way() && !b.is_under_way());
        (a, b)
    }

    #[test]
    fn what_one_seals_the_other_opens_in_both_directions() {
        let (mut a, mut b) = agreed();
        for length in [0, 1, 1176, 16_000] {
            let packet = vec![7; length];
            let sealed = a.seal(0, &packet).unwrap();
            assert_eq!(sealed.len(), length + SEAL_BYTES);
            assert_eq!(b.open(0, &sealed), Ok(packet.clone()));
            let sealed = b.seal(1, &packet).unwrap();
            assert_eq!(a.open(1, &sealed), Ok(packet));
        }
    }

    #[test]
    fn nothing_can_be_read_changed_moved_or_replayed_on_the_way() {
        let (mut a, mut b) = agreed();
        let sealed = a.seal(0, b"a secret of two").unwrap();
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(b.open(0, &changed), Err(SealError::Forged), "{place}");
        }
        for length in 0..sealed.len() {
            assert_eq!(b.open(0, &sealed[..length]), Err(SealError::Forged));
        }
        assert_eq!(b.open(1, &sealed), Err(SealError::Forged), "another channel");
        assert_eq!(a.open(0, &sealed), Err(SealError::Forged), "back to its sender");
        assert!(b.open(0, &sealed).is_ok());
        assert_eq!(b.open(0, &sealed), Err(SealError::Replayed));
    }

    #[test]
    fn packets_may_overtake_each_other_and_none_comes_twice() {
        let (mut a, mut b) = agreed();
        let sealed: Vec<_> = (0..300).map(|_| a.seal(0, b"x").unwrap()).collect();
        let order = (0..300).filter(|n| n % 2 == 1).chain((0..300).filter(|n| n % 2 == 0));
        let opened = order.filter(|n| b.open(0, &sealed[*n]).is_ok()).count();
        // The odd ones, then those even ones that are not too far back to tell.
        assert_eq!(opened, 150 + MEMORY as usize / 2);
        assert!(sealed.iter().all(|packet| b.open(0, packet).is_err()));
    }

    #[test]
    fn somebody_in_the_middle_is_found_out() {
        // The server speaks to each with keys of its own.
        let (mut a, mut middle) = (sealing(1, 2), sealing(9, 1));
        let first = a.begin(ID).unwrap();
        let second = middle.handshake(ID, &first).unwrap().unwrap();
        assert_eq!(a.handshake(ID, &second), Err(SealError::Stranger));
        assert!(!a.is_ready());
        let (mut b, mut middle) = (sealing(2, 1), sealing(9, 2));
        let second = b.handshake(ID, &middle.begin(ID).unwrap()).unwrap().unwrap();
        let third = middle.handshake(ID, &second).unwrap().unwrap();
        assert_eq!(b.handshake(ID, &third), Err(SealError::Stranger));
        assert!(!b.is_ready());
    }

    #[test]
    fn garbage_ends_no_session_and_a_new_handshake_replaces_it_when_it_is_complete() {
        let (mut a, mut b) = agreed();
        let old = a.seal(0, b"old").unwrap();
        for garbage in ["", "zz", "00", &"ab".repeat(400)] {
            assert!(b.handshake(ConnectionId(2), garbage).is_err());
        }
        // A first message, replayed: the session stays.
        let replayed = sealing(1, 2).begin(ConnectionId(3)).unwrap();
        assert!(b.handshake(ConnectionId(3), &replayed).is_ok());
        assert_eq!(b.open(0, &old), Ok(b"old".to_vec()));
        let mut restarted = sealing(1, 2);
        agree(&mut restarted, &mut b, ConnectionId(4));
        let new = restarted.seal(0, b"new").unwrap();
        assert_eq!(b.open(0, &new), Ok(b"new".to_vec()));
        // What was on its way is opened, until the keys change once more.
        let late = a.seal(0, b"late").unwrap();
        assert_eq!(b.open(0, &late), Ok(b"late".to_vec()));
        assert_eq!(b.open(0, &late), Err(SealError::Replayed));
        agree(&mut restarted, &mut b, ConnectionId(5));
        assert_eq!(b.open(0, &a.seal(0, b"x").unwrap()), Err(SealError::Forged));
    }

    #[test]
    fn before_the_handshake_nothing_is_sealed_or_opened() {
        let mut a = sealing(1, 2);
        assert_eq!(a.seal(0, b"x"), Err(SealError::NoKey));
        assert_eq!(a.open(0, &[0; 40]), Err(SealError::NoKey));
    }
}
