//! Who gets in: every way in, by every mode of authentication, with and without the key, with tokens of every age, and
//! on other servers.

use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use netplay_protocol::join_proof::{JoinAction, JoinContext};
use netplay_protocol::signaling::{
    ClientMessage, Entry, Join, Presence, Refusal, Resume, ServerMessage, SignedRoster, VERSION,
};
use netplay_protocol::{KeyProof, PeerKey, RoomNonce, Roster, Secret};
use netplay_server::{AuthConfig, AuthMode, Server, ServerConfig};
use sha2::Sha256;

use crate::client::{Client, identity, join_by, key, patient, start_with, unproven};

const SECRET: &str = "a secret of this server";
const TOKEN_SECRET: &str = "a secret of the backend";
const OWNER: u16 = 1;
const THIEF: u16 = 2;
const DAY: u64 = 24 * 60 * 60;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Join,
    Existing,
    New,
    Queue,
    Resume,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Key {
    /// The peer's own, proven to this server on this connection.
    Own,
    /// The owner's public key, with a signature by the thief's.
    Stolen,
    /// The owner's public key, with a signature that is none.
    NoSignature,
    /// What the owner proved on another connection.
    Replayed,
    /// What the owner proved for something else on this connection: another room.
    OtherRoom,
    /// What the owner proved to a server of another name.
    OtherServer,
}

const WAYS: [Way; 5] = [Way::Join, Way::Existing, Way::New, Way::Queue, Way::Resume];
const KEYS: [Key; 6] =
    [Key::Own, Key::Stolen, Key::NoSignature, Key::Replayed, Key::OtherRoom, Key::OtherServer];

fn config(mode: AuthMode) -> ServerConfig {
    let token_secret = (mode == AuthMode::Token).then(|| TOKEN_SECRET.into());
    let auth = AuthConfig { mode, token_secret, ..Default::default() };
    ServerConfig { auth, secret: Some(SECRET.into()), ..patient() }
}

fn credential(player: PeerKey) -> Secret {
    let claims = serde_json::json!({
        "exp": u32::MAX, "game": "", "room": "*", "player": player.to_string()
    });
    let key = EncodingKey::from_secret(TOKEN_SECRET.as_bytes());
    let token = encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    token.into()
}

/// The first message of the owner in one of the ways, without a proof.
fn request(way: Way, resume: Option<&Secret>) -> ClientMessage {
    let entry = match way {
        Way::Join => Entry::Room("other".into()),
        Way::Existing => Entry::Existing("room".into()),
        Way::New => Entry::New,
        Way::Queue => Entry::Queue { skill: None },
        Way::Resume => {
            return ClientMessage::Resume(Resume {
                version: VERSION,
                room: "room".into(),
                proof: unproven(OWNER),
                resume: resume.unwrap().clone(),
                roster: None,
                restarted: false,
            });
        }
    };
    ClientMessage::Join(Join {
        password: Some("hunter2".into()).filter(|_: &Secret| way != Way::Queue),
        token: Some(credential(key(OWNER))),
        ..join_by(entry, 3, OWNER)
    })
}

fn action(message: &ClientMessage) -> JoinAction<'_> {
    match message {
        ClientMessage::Join(join) => join.entry.action(),
        ClientMessage::Resume(resume) => resume.action(),
        other => panic!("{other:?}"),
    }
}

fn set_proof(message: &mut ClientMessage, by: KeyProof) {
    match message {
        ClientMessage::Join(Join { proof, .. }) | ClientMessage::Resume(Resume { proof, .. }) => {
            *proof = by;
        }
        other => panic!("{other:?}"),
    }
}

/// The proof of this kind for a message on this connection.
async fn proof(
    kind: Key,
    message: &ClientMessage,
    client: &mut Client,
    server: &Server,
) -> KeyProof {
    let challenge = client.challenge().await.unwrap();
    let sign = |number, context: JoinContext<'_>| identity(number).sign_join(&context);
    let context = JoinContext { action: action(message), server: &client.server, challenge };
    match kind {
        Key::Own => sign(OWNER, context),
        Key::Stolen => KeyProof { key: unproven(OWNER).key, ..sign(THIEF, context) },
        Key::NoSignature => KeyProof { signature: [0; 64], ..sign(OWNER, context) },
        Key::Replayed => {
            let mut another = Client::connect(server).await;
            let challenge = another.challenge().await.unwrap();
            sign(OWNER, JoinContext { challenge, ..context })
        }
        Key::OtherRoom => sign(OWNER, JoinContext { action: JoinAction::Resume("x"), ..context }),
        Key::OtherServer => {
            let server = &"play.example.org".parse().unwrap();
            sign(OWNER, JoinContext { server, ..context })
        }
    }
}

/// A server with a room that somebody else is in, and where the way needs it, the owner, whose socket is lost.
async fn prepared(mode: AuthMode, way: Way) -> (Server, Client, Option<Secret>) {
    let server = start_with(config(mode));
    let entry = || Entry::Room("room".into());
    let with = |number| {
        let (password, token) = (Some("hunter2".into()), Some(credential(key(number))));
        ClientMessage::Join(Join { password, token, ..join_by(entry(), 3, number) })
    };
    let mut host = Client::connect(&server).await;
    host.send(&with(3)).await;
    let welcome = host.next().await;
    assert!(matches!(welcome, Some(ServerMessage::Welcome { .. })), "{welcome:?}");
    host.expect_roster(3, &[3]).await;
    if way != Way::Resume {
        return (server, host, None);
    }
    let mut owner = Client::connect(&server).await;
    owner.send(&with(OWNER)).await;
    let Some(ServerMessage::Welcome { resume, .. }) = owner.next().await else { panic!() };
    drop(owner);
    host.expect_roster(3, &[3, OWNER]).await;
    host.expect_presence(OWNER, Presence::Away).await;
    (server, host, Some(resume))
}

#[tokio::test]
async fn nobody_gets_in_under_a_name_without_its_key() {
    for mode in [AuthMode::Open, AuthMode::Password, AuthMode::Token] {
        for way in WAYS {
            for kind in KEYS {
                let cell = format!("{mode:?} {way:?} {kind:?}");
                let (server, _host, resume) = prepared(mode, way).await;
                let mut message = request(way, resume.as_ref());
                let mut client = Client::connect(&server).await;
                let proof = proof(kind, &message, &mut client, &server).await;
                set_proof(&mut message, proof);
                client.send_as_it_is(&message).await;
                let answer = client.next().await;
                match (kind, answer) {
                    (Key::Own, Some(ServerMessage::Welcome { .. })) if way != Way::Queue => {}
                    (Key::Own, Some(ServerMessage::Queued { .. })) if way == Way::Queue => {}
                    (
                        Key::OtherServer,
                        Some(ServerMessage::Refused { reason: Refusal::WrongServerName { asked } }),
                    ) => assert_eq!(asked.as_str(), "play.example.org"),
                    (
                        Key::Stolen | Key::NoSignature | Key::Replayed | Key::OtherRoom,
                        Some(ServerMessage::Refused { reason: Refusal::KeyNotProven }),
                    ) => {}
                    (_, other) => panic!("{cell}: {other:?}"),
                }
                if kind == Key::Own {
                    continue;
                }
                // Nothing of that keeps the owner out.
                let mut owner = Client::connect(&server).await;
                owner.send(&request(way, resume.as_ref())).await;
                let let_in = owner.next().await;
                assert!(
                    matches!(
                        let_in,
                        Some(ServerMessage::Welcome { .. } | ServerMessage::Queued { .. })
                    ),
                    "{cell}: {let_in:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_key_alone_does_not_get_around_password_and_token() {
    for (mode, way, message) in [
        (AuthMode::Password, Way::Join, "password"),
        (AuthMode::Password, Way::Existing, "password"),
        (AuthMode::Password, Way::New, "password"),
        (AuthMode::Token, Way::Join, "sign in"),
        (AuthMode::Token, Way::Existing, "sign in"),
        (AuthMode::Token, Way::New, "sign in"),
        (AuthMode::Token, Way::Queue, "sign in"),
    ] {
        let (server, _host, _) = prepared(mode, way).await;
        let ClientMessage::Join(join) = request(way, None) else { panic!() };
        let mut client = Client::connect(&server).await;
        client.send(&ClientMessage::Join(Join { password: None, token: None, ..join })).await;
        let reason = client.expect_refusal().await.to_string();
        assert!(reason.contains(message), "{mode:?} {way:?}: {reason}");
    }
}

#[tokio::test]
async fn the_second_of_two_with_the_key_is_refused_as_before() {
    let (server, _host, _) = prepared(AuthMode::Open, Way::Join).await;
    let mut first = Client::connect(&server).await;
    first.send(&request(Way::Join, None)).await;
    assert!(matches!(first.next().await, Some(ServerMessage::Welcome { .. })));
    let mut second = Client::connect(&server).await;
    second.send(&request(Way::Join, None)).await;
    assert_eq!(second.expect_refusal().await, Refusal::AlreadyJoined);
}

#[tokio::test]
async fn a_server_with_names_accepts_these_and_no_others() {
    let public_names = vec!["play.example.org".parse().unwrap(), "10.0.0.1:3536".parse().unwrap()];
    let server = start_with(ServerConfig { public_names, ..config(AuthMode::Open) });
    for (name, accepted) in [
        ("play.example.org", true),
        ("10.0.0.1:3536", true),
        ("play.example.org:3536", false),
        ("evil.example", false),
        // The header of the request does not count.
        (&server.addr().to_string(), false),
    ] {
        let mut client = Client::connect(&server).await;
        client.server = name.parse().unwrap();
        client.send(&ClientMessage::Join(join_by(Entry::New, 2, OWNER))).await;
        match client.next().await {
            Some(ServerMessage::Welcome { .. }) => assert!(accepted, "{name}"),
            Some(ServerMessage::Refused { reason }) => {
                assert!(!accepted && reason.to_string().contains("public_names"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What a server with this secret signs: HMAC-SHA256 of the parts, each after its length.
fn mac(secret: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// The token that a server with this secret issued to the owner at this time.
fn token(secret: &str, nonce: RoomNonce, issued: u64) -> Secret {
    let issuer = hex::encode(&mac(secret, &[b"issuer"])[..8]);
    let (time, owner) = (issued.to_be_bytes(), key(OWNER).to_bytes());
    let mac = mac(secret, &[b"resume", b"ROOM", &nonce.0, &time, &owner]);
    format!("{issuer}.{}", hex::encode([&time[..], &nonce.0, &mac].concat())).into()
}

/// The roster with the owner that a server with this secret signed at this time.
fn roster(secret: &str, nonce: RoomNonce, issued: u64) -> SignedRoster {
    let (revision, time) = (2u64.to_be_bytes(), issued.to_be_bytes());
    let members = vec![key(OWNER), key(3)];
    let keys = [members[0].to_bytes(), members[1].to_bytes()].concat();
    let parts: [&[u8]; 11] =
        [b"roster", b"ROOM", &nonce.0, &revision, &time, b"", b"", b"", &[3], &keys, &[1, 1]];
    let signature = hex::encode(mac(secret, &parts));
    let roster = Roster::new(3, members);
    SignedRoster { roster, nonce, revision: 2, issued, signature, game: Default::default() }
}

#[expect(clippy::disallowed_methods, reason = "tokens age by the time of day")]
fn unix_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// What a resume needs, of every age and by every server, to a server that has never heard of the room.
#[tokio::test]
async fn what_a_server_signed_is_good_for_a_day_on_servers_with_its_secret() {
    let (now, nonce, other) = (unix_now(), RoomNonce([5; 16]), RoomNonce([6; 16]));
    // Far enough from the limit that no slow machine matters.
    let (young, old) = (now - DAY / 2, now - DAY - 3600);
    let another = "a secret of another server";
    let cases = [
        ("young", token(SECRET, nonce, young), roster(SECRET, nonce, young), true),
        ("from the future", token(SECRET, nonce, now + 99), roster(SECRET, nonce, now + 99), true),
        ("an old token", token(SECRET, nonce, old), roster(SECRET, nonce, young), false),
        ("an old roster", token(SECRET, nonce, young), roster(SECRET, nonce, old), false),
        ("another room", token(SECRET, other, young), roster(SECRET, nonce, young), false),
        ("another's token", token(another, nonce, young), roster(SECRET, nonce, young), false),
        ("another's roster", token(SECRET, nonce, young), roster(another, nonce, young), false),
    ];
    for (case, resume, roster, let_in) in cases {
        for kind in KEYS {
            let server = start_with(config(AuthMode::Open));
            let mut client = Client::connect(&server).await;
            let mut message = ClientMessage::Resume(Resume {
                version: VERSION,
                room: "room".into(),
                proof: unproven(OWNER),
                resume: resume.clone(),
                roster: Some(roster.clone()),
                restarted: false,
            });
            let proof = proof(kind, &message, &mut client, &server).await;
            set_proof(&mut message, proof);
            client.send_as_it_is(&message).await;
            match client.next().await {
                Some(ServerMessage::Welcome { nonce: restored, .. }) => {
                    assert!(let_in && kind == Key::Own, "{case}, {kind:?}");
                    assert_eq!(restored, nonce);
                }
                Some(ServerMessage::Refused { reason }) => {
                    assert!(!(let_in && kind == Key::Own), "{case}, {kind:?}: {reason}");
                }
                other => panic!("{case}, {kind:?}: {other:?}"),
            }
        }
    }
}

/// A token without the key is worth nothing, wherever it is shown; with the key it is good on a second server with the
/// same secret, if the room comes with it, and nowhere else.
#[tokio::test]
async fn a_token_is_good_on_a_second_server_with_the_same_secret_only() {
    let (first, _host, resume) = prepared(AuthMode::Open, Way::Resume).await;
    let same = start_with(config(AuthMode::Open));
    let other = start_with(ServerConfig { secret: None, ..config(AuthMode::Open) });
    for (server, expected) in [(&same, false), (&other, false), (&first, true)] {
        let mut owner = Client::connect(server).await;
        owner.send(&request(Way::Resume, resume.as_ref())).await;
        match owner.next().await {
            Some(ServerMessage::Welcome { .. }) => assert!(expected),
            Some(ServerMessage::Refused { reason }) => {
                assert_eq!((expected, reason), (false, Refusal::CannotResume));
            }
            unexpected => panic!("{unexpected:?}"),
        }
    }
}
