//! Names as players, files and messages write them: room codes, peer keys, attempts, rosters.

use netplay_protocol::limits::MAX_ROOM_CODE_CHARS;
use netplay_protocol::{ConnectionId, PeerKey, RoomCode, Roster};
use rand::RngExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::control;
use crate::{Random, Target, examples};

pub const NAMES: Target = Target {
    name: "names",
    check,
    example,
    words: &[
        "\"",
        "+",
        "-",
        "_",
        "00",
        "members",
        "players",
        "size",
        "ſ",
        "K",
        "{\"size\":2,\"members\":[],\"players\":[]}",
    ],
    test_runs: 1_000_000,
};

/// What is read as a name is written so that it is read as the same one.
fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(code) = text.parse::<RoomCode>() {
        assert!(code.as_str().len() <= MAX_ROOM_CODE_CHARS && code.as_str().is_ascii());
        assert_eq!(code.to_string().parse::<RoomCode>(), Ok(code));
    }
    if let Ok(key) = text.parse::<PeerKey>() {
        assert!(text.eq_ignore_ascii_case(&key.to_string()), "{text}");
    }
    if let Some(id) = json::<ConnectionId>(text) {
        let digits = serde_json::from_str::<String>(text).expect("it is a string");
        assert!(digits.len() <= 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert_eq!(u64::from_str_radix(&digits, 16), Ok(id.0));
    }
    json::<PeerKey>(text);
    json::<RoomCode>(text);
    if let Some(roster) = json::<Roster>(text) {
        let found = roster.members.iter().filter_map(|peer| roster.place(*peer));
        assert!(found.into_iter().all(|place| place < roster.members.len()));
        let handles = roster.members.iter().filter_map(|peer| roster.handles_of(*peer)).flatten();
        assert!(roster.check().is_err() || handles.eq(0..roster.player_count()), "{text}");
    }
}

/// The value, if the text is one in JSON, which is written and read again to the same one.
pub fn json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    text: &str,
) -> Option<T> {
    let value = serde_json::from_str::<T>(text).ok()?;
    let again = serde_json::to_string(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_str::<T>(&again).ok().as_ref(), Some(&value), "{again}");
    Some(value)
}

fn example(random: &mut Random) -> Vec<u8> {
    let json = match random.random_range(0..6) {
        0 => return RoomCode::from_entropy(random.random()).to_string().into(),
        1 => return examples::peer(random).to_string().into(),
        2 => serde_json::to_vec(&examples::connection(random)),
        3 => serde_json::to_vec(&examples::peer(random)),
        4 => serde_json::to_vec(&RoomCode::from_entropy(random.random())),
        _ => serde_json::to_vec(&control::roster(random)),
    };
    json.unwrap_or_default()
}
