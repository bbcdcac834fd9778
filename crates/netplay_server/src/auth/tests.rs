//! Passwords and origins.

use netplay_protocol::Challenge;
use netplay_protocol::signaling::{GameInfo, VERSION};

use super::*;
use crate::test_proof::proof;

fn join(entry: Entry) -> Join {
    let (version, proof, size) = (VERSION, proof(1, entry.action(), Challenge([0; 32])), None);
    let (game, password, token) = (GameInfo::default(), None, None);
    let options = Default::default();
    Join { version, proof, entry, size, least: None, players: 1, game, password, token, options }
}

#[test]
fn a_server_that_requires_passwords_requires_them_for_rooms_and_not_for_queues() {
    let config = AuthConfig { mode: AuthMode::Password, ..AuthConfig::default() };
    let authenticator = Authenticator::new(&config).unwrap();
    for entry in [Entry::New, Entry::Room("a".into()), Entry::Existing("a".into())] {
        assert_eq!(authenticator.check_join(&join(entry.clone())), Err(Refusal::PasswordRequired));
        let with = Join { password: Some("hunter2".into()), ..join(entry) };
        assert_eq!(authenticator.check_join(&with), Ok(()));
    }
    assert_eq!(authenticator.check_join(&join(Entry::Queue { skill: None })), Ok(()));
}

#[test]
fn only_listed_pages_and_programs_without_an_origin_may_connect() {
    let of = |origins: &[&str]| {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Authenticator::new(&AuthConfig { origins, ..AuthConfig::default() }).unwrap()
    };
    assert!(of(&[]).allows_origin(Some("https://anywhere.example")));
    let listed = of(&["https://play.example.org/", "http://localhost:8080"]);
    for (origin, allowed) in [
        (Some("https://play.example.org"), true),
        (Some("HTTPS://PLAY.example.org"), true),
        (Some("http://localhost:8080"), true),
        (None, true),
        (Some("http://play.example.org"), false),
        (Some("https://play.example.org.evil.example"), false),
        (Some("https://play.example.org:444"), false),
        (Some("null"), false),
    ] {
        assert_eq!(listed.allows_origin(origin), allowed, "{origin:?}");
    }
}
