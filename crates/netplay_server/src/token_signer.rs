//! Makes and checks what only a server can make: resume tokens, signatures of rosters and salts of passwords.
//!
//! Everything is an HMAC under one secret, so the server stores nothing per peer, and servers with the same
//! secret accept each other's tokens and rosters: also the server that runs after a restart.

use hmac::{Hmac, Mac};
use netplay_protocol::signaling::{GameInfo, SignedRoster};
use netplay_protocol::{PeerKey, RoomCode, Roster, Secret};
use sha2::Sha256;

use crate::ServerError;

/// The shortest secret that the server accepts, in bytes.
pub(crate) const MIN_SECRET_BYTES: usize = 16;

/// See the [module](self).
pub(crate) struct TokenSigner {
    secret: Vec<u8>,
}

/// Written by hand because the secret must not appear in a log.
impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner")
    }
}

impl TokenSigner {
    /// A signer with this secret, or with a random one that is lost when this server stops.
    pub(crate) fn new(secret: Option<&Secret>) -> Result<Self, ServerError> {
        let secret = match secret {
            Some(secret) if secret.expose().len() < MIN_SECRET_BYTES => {
                return Err(ServerError::ShortSecret { name: "secret" });
            }
            Some(secret) => secret.expose().as_bytes().to_vec(),
            None => random::<32>()?.to_vec(),
        };
        Ok(Self { secret })
    }

    /// The resume token of a peer in a room.
    pub(crate) fn resume_token(&self, room: &RoomCode, key: PeerKey) -> Secret {
        hex::encode(self.resume_mac(room, key).finalize().into_bytes()).into()
    }

    /// Whether this is the resume token of the peer in the room. Takes the same time whatever is wrong with it.
    pub(crate) fn check_resume(&self, room: &RoomCode, key: PeerKey, token: &Secret) -> bool {
        verify(self.resume_mac(room, key), token.expose())
    }

    /// The signature of a roster.
    pub(crate) fn sign_roster(&self, room: &RoomCode, game: &GameInfo, roster: &Roster) -> String {
        hex::encode(self.roster_mac(room, game, roster).finalize().into_bytes())
    }

    /// Whether a server with this secret signed this roster for this room.
    pub(crate) fn check_roster(&self, room: &RoomCode, signed: &SignedRoster) -> bool {
        verify(self.roster_mac(room, &signed.game, &signed.roster), &signed.signature)
    }

    /// The salt for the password of a room: the same for all peers, and secret.
    pub(crate) fn salt(&self, room: &RoomCode) -> [u8; 32] {
        self.mac("password", &[room.as_str().as_bytes()]).finalize().into_bytes().into()
    }

    fn resume_mac(&self, room: &RoomCode, key: PeerKey) -> Hmac<Sha256> {
        self.mac("resume", &[room.as_str().as_bytes(), &key.to_bytes()])
    }

    fn roster_mac(&self, room: &RoomCode, game: &GameInfo, roster: &Roster) -> Hmac<Sha256> {
        let members: Vec<u8> = roster.members.iter().flat_map(|key| key.to_bytes()).collect();
        let GameInfo { game, version, mode } = game;
        let [game, version, mode] = [game, version, mode].map(|part| part.as_bytes());
        let code = room.as_str().as_bytes();
        self.mac("roster", &[code, game, version, mode, &[roster.size], &members])
    }

    /// HMAC-SHA256 (RFC 2104) over the parts, each after its length: different lists of parts give different
    /// inputs.
    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
        // Unreachable: HMAC accepts keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else { unreachable!() };
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac
    }
}

/// A room code of 40 random bits. Guessing one takes too long, because the failures of an address are limited.
pub(crate) fn random_room_code() -> Result<RoomCode, ServerError> {
    Ok(RoomCode::from_entropy(u64::from_le_bytes(random()?)))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], ServerError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| ServerError::Start(error.into()))?;
    Ok(bytes)
}

/// Compares in constant time.
fn verify(mac: Hmac<Sha256>, hexadecimal: &str) -> bool {
    hex::decode(hexadecimal).is_ok_and(|bytes| mac.verify_slice(&bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secret: &str) -> TokenSigner {
        TokenSigner::new(Some(&secret.into())).unwrap()
    }

    fn key(number: u8) -> PeerKey {
        PeerKey::from_bytes([number; 16])
    }

    fn room(code: &str) -> RoomCode {
        code.parse().unwrap()
    }

    #[test]
    fn a_token_is_valid_for_one_peer_in_one_room_under_one_secret() {
        let ours = signer("sixteen bytes at least");
        let token = ours.resume_token(&room("A"), key(1));
        assert!(ours.check_resume(&room("a"), key(1), &token));
        assert!(signer("sixteen bytes at least").check_resume(&room("A"), key(1), &token));
        assert!(!ours.check_resume(&room("A"), key(2), &token));
        assert!(!ours.check_resume(&room("B"), key(1), &token));
        assert!(!signer("another secret than that").check_resume(&room("A"), key(1), &token));
        for bad in ["", "00", "not hexadecimal", &token.expose()[2..]] {
            assert!(!ours.check_resume(&room("A"), key(1), &bad.into()), "{bad}");
        }
    }

    #[test]
    fn a_signed_roster_cannot_be_changed() {
        let ours = TokenSigner::new(None).unwrap();
        let roster = Roster { size: 3, members: vec![key(1), key(2)] };
        let game = GameInfo { game: "ab".into(), version: "c".into(), mode: String::new() };
        let signature = ours.sign_roster(&room("A"), &game, &roster);
        let signed = SignedRoster { roster: roster.clone(), signature, game: game.clone() };
        assert!(ours.check_roster(&room("A"), &signed));
        assert!(!ours.check_roster(&room("B"), &signed));
        assert!(!TokenSigner::new(None).unwrap().check_roster(&room("A"), &signed));
        for roster in [
            Roster { size: 2, ..roster.clone() },
            Roster { members: vec![key(2), key(1)], ..roster.clone() },
            Roster { members: vec![key(1), key(2), key(3)], ..roster },
        ] {
            assert!(!ours.check_roster(&room("A"), &SignedRoster { roster, ..signed.clone() }));
        }
        let shifted = GameInfo { game: "a".into(), version: "bc".into(), ..game };
        assert!(!ours.check_roster(&room("A"), &SignedRoster { game: shifted, ..signed }));
    }

    #[test]
    fn a_short_secret_is_refused_and_no_secret_is_in_the_debug_text() {
        assert!(TokenSigner::new(Some(&"too short".into())).is_err());
        assert_eq!(format!("{:?}", signer("sixteen bytes at least")), "TokenSigner");
    }

    #[test]
    fn random_room_codes_differ() {
        assert_ne!(random_room_code().unwrap(), random_room_code().unwrap());
    }
}
