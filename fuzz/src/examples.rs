//! Random values for examples, as a peer that means harm would choose them: small ones, and those at the ends of types.

use netplay_protocol::statement::StatementSignature;
use netplay_protocol::{
    Challenge, ConnectionId, Identity, InputDigest, InputStatement, PeerKey, RoomCode, RoomNonce,
    RoomScope,
};
use rand::RngExt;
use rand::seq::IndexedRandom;

/// Where the randomness of examples and mutations comes from.
pub type Random = rand_pcg::Pcg32;

/// Numbers at the ends of types and of what the protocols allow.
pub const NUMBERS: [i64; 24] = [
    0,
    1,
    -1,
    2,
    7,
    8,
    16,
    64,
    80,
    96,
    127,
    128,
    255,
    256,
    1200,
    16_384,
    65_535,
    65_536,
    131_072,
    i32::MAX as i64,
    i32::MIN as i64,
    u32::MAX as i64,
    i64::MAX,
    i64::MIN,
];

/// Characters that texts of an attacker have.
const CHARACTERS: [&str; 16] = [
    "\0", "\n", "\r\n", "\t", "\"", "\\", "{", "}", "é", "€", "😀", "\u{202e}", "\u{feff}", "%",
    "/", "ſ",
];

/// A number: mostly a small one, sometimes one at the end of a type.
pub fn number(random: &mut Random) -> i64 {
    match random.random_range(0..4) {
        0 => *NUMBERS.choose(random).unwrap_or(&0),
        1 => random.random(),
        _ => random.random_range(0..200),
    }
}

/// Bytes, at most so many.
pub fn bytes(random: &mut Random, most: usize) -> Vec<u8> {
    let length = length(random, most);
    match random.random_range(0..3) {
        0 => vec![random.random(); length],
        _ => (0..length).map(|_| random.random()).collect(),
    }
}

/// Text of at most so many bytes.
pub fn text(random: &mut Random, most: usize) -> String {
    let length = length(random, most);
    let mut text = String::new();
    while text.len() < length {
        match random.random_range(0..12) {
            0 => text += CHARACTERS.choose(random).unwrap_or(&""),
            _ => text.push(char::from(random.random_range(b' '..=b'~'))),
        }
    }
    let cut = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(cut.unwrap_or(0));
    text
}

/// A length: mostly short, sometimes the longest, sometimes anything between.
fn length(random: &mut Random, most: usize) -> usize {
    match random.random_range(0..16) {
        0 => most,
        1 => random.random_range(0..=most),
        _ => random.random_range(0..=most.min(24)),
    }
}

/// One of three identities: those of the local peer (0) and of two others.
pub fn identity(number: u8) -> Identity {
    Identity::from_secret(&[number + 1; 32])
}

/// The key of one of the identities, or of nobody.
pub fn peer(random: &mut Random) -> PeerKey {
    match random.random_range(0..8) {
        0 => PeerKey::from_bytes(random.random()),
        other => identity(other % 3).peer_key(),
    }
}

/// The room that the identities are in, and its incarnation.
pub fn room() -> (RoomCode, RoomNonce) {
    ("FRIDAY".parse().expect("it is a code"), RoomNonce([7; 16]))
}

/// What signatures and handshakes in that room cover of it.
pub fn room_scope() -> RoomScope {
    let (code, nonce) = room();
    RoomScope::new(&code, nonce)
}

/// An incarnation of a room: usually that of the room of the identities.
pub fn nonce(random: &mut Random) -> RoomNonce {
    if random.random_bool(0.8) { room().1 } else { RoomNonce(random.random()) }
}

/// The challenge that a server sends first.
pub const CHALLENGE: Challenge = Challenge([6; 32]);

/// A statement that nobody has signed.
pub fn statement(random: &mut Random) -> InputStatement {
    let mut signature = [0; 64];
    random.fill(&mut signature);
    InputStatement {
        frame: number(random) as i32,
        digest: InputDigest(random.random()),
        signature: StatementSignature(signature),
    }
}

/// The name of an attempt: one of a few, so that some messages belong together.
pub fn connection(random: &mut Random) -> ConnectionId {
    ConnectionId(match random.random_range(0..4) {
        0 => number(random) as u64,
        _ => random.random_range(0..3),
    })
}

/// Usually something, sometimes nothing.
pub fn option<T>(random: &mut Random, some: impl FnOnce(&mut Random) -> T) -> Option<T> {
    random.random_bool(0.6).then(|| some(random))
}

/// A few of something.
pub fn several<T>(
    random: &mut Random,
    most: usize,
    mut one: impl FnMut(&mut Random) -> T,
) -> Vec<T> {
    (0..random.random_range(0..=most)).map(|_| one(random)).collect()
}
