//! Tokens: those of joins (JWT), resume tokens, and signatures of rosters.

use std::cell::RefCell;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use netplay_protocol::signaling::{Entry, GameInfo, Join, Refusal, SignedRoster, VERSION};
use netplay_protocol::{KeyProof, PeerKey, RoomCode, RoomNonce, Roster};
use netplay_server::fuzzing::{SignatureCheck, TokenCheck};
use netplay_server::{AuthConfig, AuthMode};
use rand::RngExt;

use super::signaling::SERVER_NAME;
use crate::{Random, Target, examples};

pub const TOKEN: Target = Target {
    name: "token",
    check,
    example,
    words: &[".", "..", "eyJhbGciOiJub25lIn0", "=", "-", "_", "\"exp\":1", "+"],
    test_runs: 150_000,
};

const SECRET: &str = "a secret of sixteen bytes";

thread_local! {
    static TOKENS: RefCell<TokenCheck> = RefCell::new(token_check());
    static PROOF: KeyProof = proof();
}

/// Of the second identity. What is checked here is its name only.
fn proof() -> KeyProof {
    KeyProof {
        key: examples::identity(1).public().to_bytes(),
        server: SERVER_NAME.parse().expect("it is a name"),
        signature: [0; 64],
    }
}

fn token_check() -> TokenCheck {
    let (mode, token_secret) = (AuthMode::Token, Some(SECRET.into()));
    let config = AuthConfig { mode, token_secret, ..AuthConfig::default() };
    TokenCheck::new(&config).expect("the secret is long enough")
}

/// Only what is signed admits, and what is said of the rest does not contain it.
fn check(input: &[u8]) {
    let Ok(token) = std::str::from_utf8(input) else { return };
    let game = GameInfo { game: "arena".into(), ..GameInfo::default() };
    let proof = PROOF.with(KeyProof::clone);
    let key = proof.claimed_peer();
    let join = Join {
        version: VERSION,
        proof,
        entry: Entry::Room("FRIDAY".into()),
        size: None,
        least: None,
        players: 1,
        game: game.clone(),
        password: None,
        token: Some(token.into()),
        options: Default::default(),
    };
    match TOKENS.with_borrow(|tokens| tokens.check(&join)) {
        // Whether it was changed: a signature over two parts, both of which are the token's.
        Ok(()) => assert_eq!(signed_again(token), token, "another token than was signed"),
        Err(Refusal::Unauthorized { detail }) => {
            assert!(token.len() < 20 || !detail.contains(token), "{detail}");
        }
        Err(other) => panic!("{other}"),
    }
    let signatures = SignatureCheck::new(&SECRET.into()).expect("the secret is long enough");
    let room: RoomCode = "FRIDAY".parse().expect("it is a code");
    let is_right = is_resume_token(&signatures, &room, key, token);
    assert_eq!(signatures.accepts_resume(&room, key, &token.into()), is_right);
    let roster = Roster::new(2, vec![key]);
    let (nonce, signature) = (examples::room().1, token.to_owned());
    let signed = SignedRoster { roster, nonce, revision: 1, issued: 1, signature, game };
    assert!(!signatures.accepts_roster(&room, &signed), "nobody has signed this roster");
}

/// Whether the text is the resume token with the claims in it. The issuer before it is for clients.
fn is_resume_token(signatures: &SignatureCheck, room: &RoomCode, key: PeerKey, text: &str) -> bool {
    let claims = |digits: &str| {
        let issued = u64::from_str_radix(digits.get(..16)?, 16).ok()?;
        let nonce = u128::from_str_radix(digits.get(16..48)?, 16).ok()?;
        Some((RoomNonce(nonce.to_be_bytes()), issued))
    };
    let Some((_, digits)) = text.split_once('.') else { return false };
    let Some((nonce, issued)) = claims(digits) else { return false };
    let right = signatures.resume_token(room, key, nonce, issued);
    right.expose().split_once('.').is_some_and(|(_, right)| digits.eq_ignore_ascii_case(right))
}

/// The token with the signature that its first two parts have.
fn signed_again(token: &str) -> String {
    let (message, _) = token.rsplit_once('.').expect("a token has three parts");
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
    format!("{message}.{}", signature.expect("the key signs"))
}

fn example(random: &mut Random) -> Vec<u8> {
    let signatures = SignatureCheck::new(&SECRET.into()).expect("the secret is long enough");
    let room = "FRIDAY".parse().expect("it is a code");
    if random.random_ratio(1, 4) {
        let (peer, nonce) = (examples::peer(random), examples::nonce(random));
        let issued = examples::number(random) as u64;
        return signatures.resume_token(&room, peer, nonce, issued).expose().into();
    }
    let room = ["FRIDAY", "*", "friday", ""][random.random_range(0..4)];
    let claims = serde_json::json!({
        "exp": if random.random_bool(0.8) { u32::MAX.into() } else { examples::number(random) },
        "game": if random.random_bool(0.9) { "arena".to_owned() } else { examples::text(random, 20) },
        "room": room,
        "player": examples::peer(random).to_string(),
    });
    let algorithm =
        [Algorithm::HS256, Algorithm::HS256, Algorithm::HS384][random.random_range(0..3)];
    let secret = if random.random_bool(0.8) { SECRET } else { "another" };
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(algorithm), &claims, &key).unwrap_or_default().into()
}
