//! Tokens, valid and not.

use jsonwebtoken::{EncodingKey, Header, encode};
use netplay_protocol::signaling::{GameInfo, Refusal, VERSION};
use netplay_protocol::{Challenge, Secret};
use serde_json::{Value, json};

use super::*;
use crate::auth::{AuthMode, Authenticator};
use crate::test_proof::{key, proof};

const SECRET: &str = "a secret of the backend";

fn join(entry: Entry) -> Join {
    let game = GameInfo { game: "arena".into(), ..GameInfo::default() };
    let (password, token) = (None, None);
    let proof = proof(1, entry.action(), Challenge([0; 32]));
    let (version, size, options) = (VERSION, Some(2), Default::default());
    Join { version, proof, entry, size, least: None, players: 1, game, password, token, options }
}

fn claims() -> Value {
    json!({ "exp": u32::MAX, "game": "arena", "room": "Friday", "player": key(1).to_string() })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

fn hs256(claims: &Value, secret: &str) -> Secret {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).unwrap().into()
}

fn by_secret() -> Authenticator {
    let (mode, token_secret) = (AuthMode::Token, Some(SECRET.into()));
    Authenticator::new(&AuthConfig { mode, token_secret, ..AuthConfig::default() }).unwrap()
}

/// Checks a join to the room `friday` with this token.
fn check(authenticator: &Authenticator, token: Option<Secret>) -> Result<(), String> {
    let join = Join { token, ..join(Entry::Room("friday".into())) };
    authenticator.check_join(&join).map_err(|refusal| match refusal {
        Refusal::Unauthorized { detail } => detail,
        other => panic!("{other}"),
    })
}

#[test]
fn a_token_of_the_shared_secret_admits_its_player_to_its_room() {
    assert_eq!(check(&by_secret(), Some(hs256(&claims(), SECRET))), Ok(()));
}

#[test]
fn a_token_that_is_not_valid_is_refused_with_the_reason() {
    for (name, value, word) in [
        ("game", json!("chess"), "game"),
        ("room", json!("monday"), "room"),
        ("player", json!(key(2).to_string()), "player"),
        ("exp", json!(1), "expired"),
        ("nbf", json!(u32::MAX), "not valid yet"),
        ("exp", Value::Null, "claim"),
        ("player", json!("me"), "claim"),
    ] {
        let refused = check(&by_secret(), Some(hs256(&with(name, value), SECRET))).unwrap_err();
        assert!(refused.contains(word), "{name}: {refused}");
    }
    let mut without_exp = claims();
    without_exp.as_object_mut().unwrap().remove("exp");
    assert!(check(&by_secret(), Some(hs256(&without_exp, SECRET))).is_err());
}

#[test]
fn forged_and_missing_tokens_are_refused_and_never_quoted() {
    let forged = hs256(&claims(), "another secret altogether");
    let refused = check(&by_secret(), Some(forged.clone())).unwrap_err();
    assert!(!refused.contains(forged.expose()), "{refused}");
    // {"alg":"none"} in front of the same claims, without a signature.
    let claims_part = forged.expose().split('.').nth(1).unwrap().to_owned();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims_part}.");
    assert!(check(&by_secret(), Some(unsigned.as_str().into())).is_err());
    for token in [None, Some("".into()), Some("a.b.c".into())] {
        assert!(check(&by_secret(), token).is_err());
    }
}

#[test]
fn new_rooms_and_queues_need_a_token_for_all_rooms() {
    let every = hs256(&with("room", "*"), SECRET);
    let one = hs256(&claims(), SECRET);
    for entry in [Entry::New, Entry::Queue { skill: None }] {
        let with = |token: &Secret| Join { token: Some(token.clone()), ..join(entry.clone()) };
        assert_eq!(by_secret().check_join(&with(&every)), Ok(()));
        assert!(by_secret().check_join(&with(&one)).is_err());
    }
}

#[test]
fn a_token_of_a_private_key_is_checked_with_the_public_key_and_one_algorithm() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let token_public_key = Some(pair.public_key_pem());
    let config = AuthConfig { mode: AuthMode::Token, token_public_key, ..AuthConfig::default() };
    let authenticator = Authenticator::new(&config).unwrap();
    let sign = |claims: &Value, pair: &rcgen::KeyPair| {
        let key = EncodingKey::from_ed_pem(pair.serialize_pem().as_bytes()).unwrap();
        Secret::from(encode(&Header::new(Algorithm::EdDSA), claims, &key).unwrap())
    };
    assert_eq!(check(&authenticator, Some(sign(&claims(), &pair))), Ok(()));
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    assert!(check(&authenticator, Some(sign(&claims(), &other))).is_err());
    // The public key is public: a token that uses it as a shared secret must not pass.
    let confused = hs256(&claims(), &pair.public_key_pem());
    assert!(check(&authenticator, Some(confused)).is_err());
}

#[test]
fn a_configuration_that_cannot_check_tokens_is_refused() {
    let token = AuthConfig { mode: AuthMode::Token, ..AuthConfig::default() };
    let fails = |config: AuthConfig| Authenticator::new(&config).err().unwrap().to_string();
    assert!(fails(token.clone()).contains("token_public_key"));
    let short = AuthConfig { token_secret: Some("short".into()), ..token.clone() };
    assert!(fails(short).contains("auth.token_secret"));
    let bad = AuthConfig { token_public_key: Some("no key".into()), ..token };
    assert!(fails(bad).contains("PEM"));
}
