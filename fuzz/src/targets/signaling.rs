//! Signaling messages in both directions: what the server reads of clients, and clients of the server.

use std::time::Duration;

use netplay_core::signaling::{Frame, RoomListClient, SocketEvent};
use netplay_protocol::identity::Signed;
use netplay_protocol::join_proof::{JoinAction, JoinContext, KeyProof};
use netplay_protocol::limits::MAX_SIGNALING_BYTES;
use netplay_protocol::signaling::{
    ClientMessage, ConnectionType, Entry, GameInfo, IceServer, Join, KickRule, ListRooms, Listing,
    Presence, PublicRoom, Refusal, Resume, RoomOptions, RoomPage, RoomState, ServerMessage, Signal,
    SignedRoster, VERSION,
};
use netplay_protocol::{Challenge, RoomCode, Secret};
use netplay_server::fuzzing::parse_message;
use rand::RngExt;
use rand::seq::IndexedRandom;

use super::names::json;
use super::{control, description};
use crate::{Random, Target, examples};

/// The longest text that a client is told of what is wrong with its message, in characters.
const MAX_DETAIL_CHARS: usize = 160;

/// The server that proofs of keys are for.
pub const SERVER_NAME: &str = "play.example.org";

const WORDS: &[&str] = &[
    "\"type\":",
    "\"version\":8",
    "\"list_rooms\"",
    "\"rooms\":",
    "\"options\":",
    "\"join\"",
    "\"resume\"",
    "\"signal\"",
    "\"connected\"",
    "\"path\":",
    "\"challenge\"",
    "\"proof\":",
    "\"welcome\"",
    "\"roster\"",
    "\"refused\"",
    "\"kind\":",
    "null",
    "true",
    "{}",
    "[]",
    "[[[[[[[[",
    "\\u0000",
    "\\ud800",
    "\"queue\"",
    "1e999",
];

pub const CLIENT_MESSAGE: Target = Target {
    name: "client_message",
    check: check_client,
    example: |random| serde_json::to_vec(&client_message(random)).unwrap_or_default(),
    words: WORDS,
    test_runs: 300_000,
};

pub const SERVER_MESSAGE: Target = Target {
    name: "server_message",
    check: check_server,
    example: |random| serde_json::to_vec(&server_message(random)).unwrap_or_default(),
    words: WORDS,
    test_runs: 300_000,
};

fn check_client(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    json::<ClientMessage>(text);
    match parse_message(text, MAX_SIGNALING_BYTES) {
        Ok(message) => {
            if let ClientMessage::Signal { signal, .. } = &message {
                assert!(signal.fits());
            }
            let again = serde_json::to_string(&message).expect("what was read can be written");
            assert_eq!(parse_message(&again, usize::MAX), Ok(message));
        }
        Err(refusal) => {
            if let Refusal::Malformed { detail } = &refusal {
                assert!(detail.chars().count() <= MAX_DETAIL_CHARS, "{detail}");
            }
            // The client reads the same.
            let refused = ServerMessage::Refused { reason: refusal };
            let sent = serde_json::to_string(&refused).expect("a refusal can be written");
            assert_eq!(json::<ServerMessage>(&sent), Some(refused));
        }
    }
}

fn check_server(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(message) = json::<ServerMessage>(text) else { return };
    match &message {
        // It is shown to the player.
        ServerMessage::Refused { reason } => assert!(!reason.to_string().is_empty()),
        ServerMessage::Rooms(page) => check_page(text, page),
        _ => {}
    }
}

/// What a client makes of a page, whatever it asked for: rooms that can be, or a sentence.
fn check_page(text: &str, page: &RoomPage) {
    for before in [None, Some(0), Some(u64::MAX)] {
        let servers = vec!["ws://play.example.org".to_owned()];
        let request = ListRooms {
            version: VERSION,
            game: String::new(),
            game_version: String::new(),
            mode: None,
            before,
        };
        let mut client = RoomListClient::new(servers, request, Duration::ZERO);
        let challenge = ServerMessage::Challenge {
            version: VERSION,
            challenge: examples::CHALLENGE,
            issuer: String::new(),
        };
        let challenge = serde_json::to_string(&challenge).expect("it can be written");
        for text in [challenge.as_str(), text] {
            let frame = Frame::Text(text.to_owned());
            client.handle_socket(Duration::ZERO, SocketEvent::Received(frame));
        }
        let read = client.poll_outcome().is_some_and(|outcome| outcome.is_ok());
        assert_eq!(read, page.answers(before) && text.len() <= MAX_SIGNALING_BYTES);
    }
}

/// A message of a client with any values.
pub fn client_message(random: &mut Random) -> ClientMessage {
    match random.random_range(0..13) {
        0..=2 => ClientMessage::Join(join(random)),
        3 => ClientMessage::Resume(resume(random)),
        4 => ClientMessage::Signal {
            to: examples::peer(random),
            connection: examples::connection(random),
            signal: signal(random),
        },
        5 => ClientMessage::Playing { playing: random.random() },
        6 => ClientMessage::Relay { to: examples::peer(random), open: random.random() },
        7 => ClientMessage::Ping,
        8 => ClientMessage::Kick { peer: examples::peer(random), ban: random.random() },
        9 => ClientMessage::Open { open: random.random() },
        10 => ClientMessage::ListRooms(list_rooms(random)),
        11 => ClientMessage::Connected { to: examples::peer(random), path: path(random) },
        _ => ClientMessage::Leave,
    }
}

fn path(random: &mut Random) -> ConnectionType {
    *ConnectionType::ALL.choose(random).unwrap_or(&ConnectionType::Host)
}

fn join(random: &mut Random) -> Join {
    let entry = entry(random);
    Join {
        version: version(random),
        proof: proof(random, entry.action()),
        entry,
        size: examples::option(random, |random| random.random_range(0..10)),
        least: examples::option(random, |random| random.random_range(0..10)),
        players: random.random_range(0..6),
        game: game(random),
        password: examples::option(random, secret),
        token: examples::option(random, secret),
        options: RoomOptions { kick: kick_rule(random), public: examples::option(random, listing) },
    }
}

fn kick_rule(random: &mut Random) -> KickRule {
    if random.random() { KickRule::Vote } else { KickRule::FirstPlayer }
}

fn listing(random: &mut Random) -> Listing {
    Listing { name: examples::text(random, 80), info: examples::text(random, 300) }
}

fn list_rooms(random: &mut Random) -> ListRooms {
    ListRooms {
        version: version(random),
        game: examples::text(random, 80),
        game_version: examples::text(random, 80),
        mode: examples::option(random, |random| examples::text(random, 80)),
        before: examples::option(random, |random| examples::number(random) as u64),
    }
}

fn room_page(random: &mut Random) -> RoomPage {
    let room = |random: &mut Random| PublicRoom {
        room: RoomCode::from_entropy(random.random()),
        listing: listing(random),
        mode: examples::text(random, 80),
        players: random.random_range(0..10),
        size: random.random_range(0..10),
        password: random.random(),
    };
    RoomPage {
        rooms: examples::several(random, 24, room),
        next: examples::option(random, |random| examples::number(random) as u64),
    }
}

fn room_state(random: &mut Random) -> RoomState {
    RoomState {
        open: random.random(),
        kick: kick_rule(random),
        public: random.random(),
        has_played: random.random(),
    }
}

fn resume(random: &mut Random) -> Resume {
    let room = room_text(random);
    Resume {
        version: version(random),
        proof: proof(random, JoinAction::Resume(&room)),
        room,
        resume: secret(random),
        roster: examples::option(random, |random| SignedRoster {
            roster: control::roster(random),
            nonce: examples::nonce(random),
            revision: examples::number(random) as u64,
            issued: examples::number(random) as u64,
            signature: examples::text(random, 80),
            game: game(random),
        }),
        restarted: random.random(),
    }
}

/// A proof of one of the identities that it asks for this, of one of them for something else, or none.
fn proof(random: &mut Random, action: JoinAction<'_>) -> KeyProof {
    let identity = examples::identity(random.random_range(0..3));
    let server = &SERVER_NAME.parse().expect("it is a name");
    let mut proof =
        identity.sign_join(&JoinContext { action, server, challenge: examples::CHALLENGE });
    match random.random_range(0..8) {
        0 => proof.key = random.random(),
        1 => random.fill(&mut proof.signature),
        2 => proof.server = "other.example.org:3536".parse().expect("it is a name"),
        _ => {}
    }
    proof
}

/// A message of the server with any values.
pub fn server_message(random: &mut Random) -> ServerMessage {
    match random.random_range(0..16) {
        0 => ServerMessage::Queued { waiting: examples::number(random) as u32 },
        1 => ServerMessage::Welcome {
            version: version(random),
            room: RoomCode::from_entropy(random.random()),
            nonce: examples::nonce(random),
            size: random.random_range(0..10),
            least: examples::option(random, |random| random.random_range(0..10)),
            resume: secret(random),
            grace_ms: examples::number(random) as u32,
            ice_servers: examples::several(random, 4, ice_server),
            state: room_state(random),
        },
        2 | 3 => ServerMessage::Roster {
            revision: examples::number(random) as u64,
            roster: control::roster(random),
            issued: examples::number(random) as u64,
            signature: examples::text(random, 80),
        },
        4 => ServerMessage::Presence {
            peer: examples::peer(random),
            presence: *[
                Presence::Online,
                Presence::Restarted,
                Presence::Away,
                Presence::PageClosed,
                Presence::Left,
            ]
            .choose(random)
            .unwrap_or(&Presence::Online),
        },
        5 | 6 => ServerMessage::Signal {
            from: examples::peer(random),
            connection: examples::connection(random),
            signal: signal(random),
        },
        7 => ServerMessage::Relay { from: examples::peer(random), open: random.random() },
        8 => ServerMessage::IceServers { ice_servers: examples::several(random, 4, ice_server) },
        9 => ServerMessage::Draining {
            within_ms: examples::number(random) as u32,
            alternate_server: examples::option(random, |random| match random.random() {
                true => "ws://other.example.org".to_owned(),
                false => examples::text(random, 60),
            }),
        },
        10 => challenge(random),
        11 => ServerMessage::RoomState(room_state(random)),
        12 => ServerMessage::Kicked { peer: examples::peer(random), banned: random.random() },
        13 => ServerMessage::KickVotes {
            peer: examples::peer(random),
            votes: random.random(),
            needed: random.random(),
        },
        14 => ServerMessage::Rooms(room_page(random)),
        _ => ServerMessage::Refused { reason: refusal(random) },
    }
}

fn challenge(random: &mut Random) -> ServerMessage {
    ServerMessage::Challenge {
        version: version(random),
        challenge: Challenge(random.random()),
        issuer: examples::text(random, 20),
    }
}

fn refusal(random: &mut Random) -> Refusal {
    let (size, asked) = (random.random(), random.random());
    match random.random_range(0..15) {
        0 => Refusal::Version { server: random.random(), client: random.random() },
        1 => Refusal::GameDiffers { game: game(random) },
        2 => Refusal::RoomSizeDiffers { size, asked },
        3 => Refusal::RateLimited {
            what: examples::text(random, 20),
            retry_after_ms: examples::number(random) as u32,
        },
        4 => Refusal::TooMany { what: examples::text(random, 20) },
        5 => Refusal::Malformed { detail: examples::text(random, 200) },
        6 => Refusal::Unauthorized { detail: examples::text(random, 200) },
        7 => Refusal::Superseded,
        11 => Refusal::Kicked { banned: random.random() },
        12 => Refusal::Banned,
        13 => Refusal::RoomClosed,
        14 => Refusal::BadListing,
        8 => Refusal::KeyNotProven,
        9 => Refusal::WrongServerName { asked: SERVER_NAME.parse().expect("it is a name") },
        _ => Refusal::NoSuchRoom,
    }
}

fn version(random: &mut Random) -> u16 {
    if random.random_ratio(1, 10) { random.random() } else { VERSION }
}

fn room_text(random: &mut Random) -> String {
    if random.random_ratio(1, 4) { examples::text(random, 40) } else { "FRIDAY".to_owned() }
}

fn entry(random: &mut Random) -> Entry {
    match random.random_range(0..6) {
        0..=2 => Entry::Room(room_text(random)),
        3 => Entry::Existing(room_text(random)),
        4 => Entry::New,
        _ => Entry::Queue {
            skill: examples::option(random, |random| examples::number(random) as i32),
        },
    }
}

fn game(random: &mut Random) -> GameInfo {
    if random.random_bool(0.7) {
        return GameInfo::default();
    }
    let mut part = || examples::text(random, 70);
    GameInfo { game: part(), version: part(), mode: part() }
}

fn secret(random: &mut Random) -> Secret {
    examples::text(random, 100).into()
}

fn ice_server(random: &mut Random) -> IceServer {
    let url = |random: &mut Random| match random.random() {
        true => "turn:turn.example.org:3478?transport=udp".to_owned(),
        false => examples::text(random, 60),
    };
    IceServer {
        urls: examples::several(random, 3, url),
        username: examples::option(random, |random| examples::text(random, 40)),
        credential: examples::option(random, |random| examples::text(random, 40)),
    }
}

/// A signal: of a connection as WebRTC makes it, or anything.
pub fn signal(random: &mut Random) -> Signal {
    match random.random_range(0..6) {
        0 => Signal::Offer(description::signed(random, Signed::Offer)),
        1 => Signal::Answer(description::signed(random, Signed::Answer)),
        2 => Signal::Candidate(description::signed_candidate(random)),
        3 => Signal::Handshake(examples::text(random, 1100)),
        4 => Signal::Handshake(String::new()),
        _ => Signal::Offer(examples::text(random, 17_000)),
    }
}
