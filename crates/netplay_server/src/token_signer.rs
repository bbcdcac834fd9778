//! Makes and checks what only a server can make: resume tokens, signatures of rosters and salts of passwords.
//!
//! Everything is an HMAC under one secret, so the server stores nothing per peer, and servers with the same
//! secret accept each other's tokens and rosters: also the server that runs after a restart. Tokens and rosters name the
//! incarnation of the room and the time at which they were issued; [`admission`](crate::hub) refuses old ones.

use hmac::{Hmac, Mac};
use netplay_protocol::signaling::{GameInfo, SignedRoster};
use netplay_protocol::{PeerKey, RoomCode, RoomNonce, Secret};
use sha2::Sha256;

use crate::ServerError;
use crate::random::Random;

/// The shortest secret that the server accepts, in bytes.
pub(crate) const MIN_SECRET_BYTES: usize = 16;

/// See the [module](self).
pub(crate) struct TokenSigner {
    secret: Vec<u8>,
    issuer: String,
}

/// What a resume token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenClaims {
    /// The incarnation of the room.
    pub(crate) nonce: RoomNonce,
    /// When the token was issued, in seconds since 1970.
    pub(crate) issued: u64,
}

/// The claims of a token in bytes: the time, the nonce, and the HMAC.
const TIME_BYTES: usize = 8;
const NONCE_BYTES: usize = 16;
const MAC_BYTES: usize = 32;

/// Written by hand because the secret must not appear in a log.
impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner")
    }
}

impl TokenSigner {
    /// A signer with this secret, or with a random one that is lost with it.
    pub(crate) fn new(secret: Option<&Secret>) -> Result<Self, ServerError> {
        Self::with_random(secret, &Random::system()?)
    }

    /// A signer with this secret, or with a random one that is lost when this server stops.
    pub(crate) fn with_random(
        secret: Option<&Secret>,
        random: &Random,
    ) -> Result<Self, ServerError> {
        let secret = match secret {
            Some(secret) if secret.expose().len() < MIN_SECRET_BYTES => {
                return Err(ServerError::ShortSecret { name: "secret" });
            }
            Some(secret) => secret.expose().as_bytes().to_vec(),
            None => random.next().to_vec(),
        };
        let mut signer = Self { secret, issuer: String::new() };
        let issuer = signer.mac("issuer", &[]).finalize().into_bytes();
        signer.issuer = hex::encode(&issuer[..8]);
        Ok(signer)
    }

    /// Names the servers with this secret. Says nothing about the secret.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The resume token of a peer in a room: the issuer, a full stop, and the claims with their HMAC in hexadecimal
    /// digits.
    pub(crate) fn resume_token(
        &self,
        room: &RoomCode,
        key: PeerKey,
        claims: TokenClaims,
    ) -> Secret {
        let TokenClaims { nonce, issued } = claims;
        let mac = self.resume_mac(room, key, claims).finalize().into_bytes();
        let token = [&issued.to_be_bytes()[..], &nonce.0, &mac].concat();
        format!("{}.{}", self.issuer, hex::encode(token)).into()
    }

    /// The claims of a resume token, if a server with this secret issued it to this peer for this room. Takes the same
    /// time whatever is wrong with the HMAC.
    pub(crate) fn check_resume(
        &self,
        room: &RoomCode,
        key: PeerKey,
        token: &Secret,
    ) -> Option<TokenClaims> {
        let (_, digits) = token.expose().split_once('.')?;
        let mut bytes = [0; TIME_BYTES + NONCE_BYTES + MAC_BYTES];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        let (time, rest) = bytes.split_first_chunk::<TIME_BYTES>()?;
        let (nonce, mac) = rest.split_first_chunk::<NONCE_BYTES>()?;
        let (nonce, issued) = (RoomNonce(*nonce), u64::from_be_bytes(*time));
        let claims = TokenClaims { nonce, issued };
        self.resume_mac(room, key, claims).verify_slice(mac).is_ok().then_some(claims)
    }

    /// The signature of a roster, apart from its [`signature`](SignedRoster::signature).
    pub(crate) fn sign_roster(&self, room: &RoomCode, roster: &SignedRoster) -> String {
        hex::encode(self.roster_mac(room, roster).finalize().into_bytes())
    }

    /// Whether a server with this secret signed this roster for this room.
    pub(crate) fn check_roster(&self, room: &RoomCode, signed: &SignedRoster) -> bool {
        verify(self.roster_mac(room, signed), &signed.signature)
    }

    /// The salt for the password of a room: the same for all peers, and secret.
    pub(crate) fn salt(&self, room: &RoomCode) -> [u8; 32] {
        self.mac("password", &[room.as_str().as_bytes()]).finalize().into_bytes().into()
    }

    fn resume_mac(&self, room: &RoomCode, key: PeerKey, claims: TokenClaims) -> Hmac<Sha256> {
        let TokenClaims { nonce, issued } = claims;
        let code = room.as_str().as_bytes();
        self.mac("resume", &[code, &nonce.0, &issued.to_be_bytes(), &key.to_bytes()])
    }

    fn roster_mac(&self, room: &RoomCode, signed: &SignedRoster) -> Hmac<Sha256> {
        let SignedRoster { roster, nonce, revision, issued, signature: _, game } = signed;
        let members: Vec<u8> = roster.members.iter().flat_map(|key| key.to_bytes()).collect();
        let GameInfo { game, version, mode } = game;
        let [game, version, mode] = [game, version, mode].map(|part| part.as_bytes());
        let (revision, issued) = (revision.to_be_bytes(), issued.to_be_bytes());
        let code = room.as_str().as_bytes();
        let room = [code, &nonce.0, &revision, &issued, game, version, mode];
        self.mac("roster", &[&room[..], &[&[roster.size], &members, &roster.players]].concat())
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

/// Compares in constant time.
fn verify(mac: Hmac<Sha256>, hexadecimal: &str) -> bool {
    hex::decode(hexadecimal).is_ok_and(|bytes| mac.verify_slice(&bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use netplay_protocol::Roster;

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

    const CLAIMS: TokenClaims = TokenClaims { nonce: RoomNonce([3; 16]), issued: 1000 };

    #[test]
    fn a_token_is_valid_for_one_peer_in_one_room_under_one_secret() {
        let ours = signer("sixteen bytes at least");
        let token = ours.resume_token(&room("A"), key(1), CLAIMS);
        assert_eq!(ours.check_resume(&room("a"), key(1), &token), Some(CLAIMS));
        let same = signer("sixteen bytes at least");
        assert_eq!(same.check_resume(&room("A"), key(1), &token), Some(CLAIMS));
        assert!(token.expose().starts_with(&format!("{}.", same.issuer())));
        let other = signer("another secret than that");
        assert_ne!(other.issuer(), ours.issuer());
        assert_eq!(ours.check_resume(&room("A"), key(2), &token), None);
        assert_eq!(ours.check_resume(&room("B"), key(1), &token), None);
        assert_eq!(other.check_resume(&room("A"), key(1), &token), None);
        // Younger, and of another incarnation.
        let text = token.expose();
        let (issuer, digits) = text.split_once('.').unwrap();
        let younger = format!("{issuer}.{}{}", "f".repeat(16), &digits[16..]);
        let elsewhere = format!("{issuer}.{}{}{}", &digits[..16], "0".repeat(32), &digits[48..]);
        for bad in [
            "",
            ".",
            "00",
            "not hexadecimal",
            &text[1..text.len() - 2],
            digits,
            &younger,
            &elsewhere,
        ] {
            assert_eq!(ours.check_resume(&room("A"), key(1), &bad.into()), None, "{bad}");
        }
    }

    #[test]
    fn a_signed_roster_cannot_be_changed() {
        let ours = TokenSigner::new(None).unwrap();
        let roster = Roster::new(3, vec![key(1), key(2)]);
        let game = GameInfo { game: "ab".into(), version: "c".into(), mode: String::new() };
        let mut signed = SignedRoster {
            roster: roster.clone(),
            nonce: RoomNonce([3; 16]),
            revision: 5,
            issued: 1000,
            signature: String::new(),
            game: game.clone(),
        };
        signed.signature = ours.sign_roster(&room("A"), &signed);
        assert!(ours.check_roster(&room("A"), &signed));
        assert!(!ours.check_roster(&room("B"), &signed));
        assert!(!TokenSigner::new(None).unwrap().check_roster(&room("A"), &signed));
        for roster in [
            Roster { size: 2, ..roster.clone() },
            Roster { members: vec![key(2), key(1)], ..roster.clone() },
            Roster { players: vec![1, 2], ..roster.clone() },
            Roster { members: vec![key(1), key(2), key(3)], ..roster },
        ] {
            assert!(!ours.check_roster(&room("A"), &SignedRoster { roster, ..signed.clone() }));
        }
        for changed in [
            SignedRoster { revision: 6, ..signed.clone() },
            SignedRoster { issued: 1001, ..signed.clone() },
            SignedRoster { nonce: RoomNonce([4; 16]), ..signed.clone() },
        ] {
            assert!(!ours.check_roster(&room("A"), &changed), "{changed:?}");
        }
        let shifted = GameInfo { game: "a".into(), version: "bc".into(), ..game };
        assert!(!ours.check_roster(&room("A"), &SignedRoster { game: shifted, ..signed }));
    }

    #[test]
    fn a_short_secret_is_refused_and_no_secret_is_in_the_debug_text() {
        assert!(TokenSigner::new(Some(&"too short".into())).is_err());
        assert_eq!(format!("{:?}", signer("sixteen bytes at least")), "TokenSigner");
    }
}
