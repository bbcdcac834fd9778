//! Accusations: what a player signs when it has lost another one, so that nobody accuses in its name.
//!
//! A player is dropped from a match when more than half of the others have lost it. Who hears a player again withdraws
//! its accusation with the next revision. The signature (Ed25519, RFC 8032) covers `netplay accusation 1` and a zero byte,
//! the match id (32), the key of the accused player (16), that of the accuser (16) and the revision (4, little endian).

use serde::{Deserialize, Serialize};

use crate::{Identity, MatchId, PeerKey, PublicKey, StatementSignature};

/// A player's signed word that it has lost another one, or hears it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accusation {
    /// The player who has lost the other one.
    pub accuser: u8,
    /// How often it has lost the other one and heard it again: odd while the other one is lost.
    pub revision: u32,
    /// Its signature.
    pub signature: StatementSignature,
}

impl Accusation {
    /// Whether the accuser has lost the other player; if not, it hears it again.
    pub fn is_lost(&self) -> bool {
        self.revision % 2 == 1
    }
}

fn signed(id: &MatchId, accused: PeerKey, accuser: PeerKey, revision: u32) -> Vec<u8> {
    let (accused, accuser) = (accused.to_bytes(), accuser.to_bytes());
    let revision = revision.to_le_bytes();
    [b"netplay accusation 1\0".as_slice(), id.bytes(), &accused, &accuser, &revision].concat()
}

impl Identity {
    /// The signature that says that the local player has lost another one in this match, or hears it again.
    pub fn accuse(&self, id: &MatchId, accused: PeerKey, revision: u32) -> StatementSignature {
        StatementSignature(self.sign(&signed(id, accused, self.peer_key(), revision)))
    }
}

impl PublicKey {
    /// Whether the player with this key has signed an accusation of another one, in this match.
    pub fn has_accused(self, id: &MatchId, accused: PeerKey, accusation: &Accusation) -> bool {
        let signed = signed(id, accused, self.peer_key(), accusation.revision);
        self.verifies(&signed, &accusation.signature.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Roster;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_accusation_is_of_one_accuser_one_accused_one_match_and_one_revision() {
        let [first, second, third] = [1, 2, 3].map(|name| Identity::from_secret(&[name; 32]));
        let members = [&first, &second, &third].map(Identity::peer_key).to_vec();
        let roster = Roster::new(3, members);
        let (id, other) = (MatchId::new(1, 7, &roster), MatchId::new(2, 7, &roster));
        let signature = first.accuse(&id, third.peer_key(), 1);
        let accusation = Accusation { accuser: 0, revision: 1, signature };
        assert!(accusation.is_lost());
        assert!(first.public().has_accused(&id, third.peer_key(), &accusation));
        assert!(!first.public().has_accused(&other, third.peer_key(), &accusation));
        assert!(!first.public().has_accused(&id, second.peer_key(), &accusation));
        assert!(!second.public().has_accused(&id, third.peer_key(), &accusation));
        let withdrawn = Accusation { revision: 2, ..accusation };
        assert!(!withdrawn.is_lost());
        assert!(!first.public().has_accused(&id, third.peer_key(), &withdrawn));
    }
}
