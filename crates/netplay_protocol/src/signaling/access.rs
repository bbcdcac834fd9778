//! Who is in a room: who may remove a member, whether new peers are admitted, and the list of public rooms.

use serde::{Deserialize, Serialize};

use crate::RoomCode;
use crate::limits::{
    MAX_GAME_ID_BYTES, MAX_LISTING_INFO_BYTES, MAX_LISTING_NAME_BYTES, MAX_PLAYERS,
    MAX_ROOMS_PER_PAGE, MIN_PLAYERS,
};

/// Who may remove a member from a room. The peer that creates the room chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KickRule {
    /// The [first player](crate::Roster::first_player) alone.
    #[default]
    FirstPlayer,
    /// [More than half](Self::votes_needed) of the other members.
    Vote,
}

impl KickRule {
    /// How many votes remove a member, where so many others are in the room: more than half of them, and at least two,
    /// because one vote is none. In a room of two nobody is removed by a vote.
    pub fn votes_needed(others: usize) -> usize {
        (others / 2 + 1).max(2)
    }
}

/// What the peer that creates a room sets besides its size and its password. In other joins it changes nothing. A room
/// of the queue has no creator: it is not public, and its members [vote](KickRule::Vote).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomOptions {
    /// Who may remove a member.
    pub kick: KickRule,
    /// What others read of the room in the list of public rooms. None: the room is not in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<Listing>,
}

impl RoomOptions {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What the creator of a public room says about it. The list also has the code of the room, so everybody who reads the
/// list can join it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The name of the room, at most [`MAX_LISTING_NAME_BYTES`].
    #[serde(default)]
    pub name: String,
    /// What the game wants to say of the room, such as its map, at most [`MAX_LISTING_INFO_BYTES`].
    #[serde(default)]
    pub info: String,
}

impl Listing {
    /// Whether both texts are within their limits.
    pub fn fits(&self) -> bool {
        self.name.len() <= MAX_LISTING_NAME_BYTES && self.info.len() <= MAX_LISTING_INFO_BYTES
    }
}

/// What every member knows of its room besides the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    /// Whether the room admits new peers, as long as there is a place. The first player opens and closes it. A closed
    /// room admits only members that return.
    pub open: bool,
    /// Who may remove a member.
    pub kick: KickRule,
    /// Whether the room is in the list of public rooms, as long as it admits new peers.
    pub public: bool,
    /// Whether more than half of the members have played a match here.
    pub has_played: bool,
}

impl RoomState {
    /// Whether it is a match that so many members say at one time that they play: more than half of all, and at least two,
    /// so that one peer alone cannot claim it.
    pub fn is_match(playing: usize, members: usize) -> bool {
        playing >= 2 && 2 * playing > members
    }
}

impl Default for RoomState {
    fn default() -> Self {
        Self { open: true, kick: KickRule::default(), public: false, has_played: false }
    }
}

/// A request for one page of the list of public rooms: those of a game that admit new peers, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRooms {
    /// [`VERSION`](super::VERSION) of the client.
    pub version: u16,
    /// The name of the game.
    #[serde(default)]
    pub game: String,
    /// The version of the game.
    #[serde(default)]
    pub game_version: String,
    /// The mode. None: every mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// [`RoomPage::next`] of the page before. None: the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

impl ListRooms {
    /// Whether every text is within [`MAX_GAME_ID_BYTES`].
    pub fn fits(&self) -> bool {
        let texts = [&self.game, &self.game_version].into_iter().chain(&self.mode);
        texts.into_iter().all(|text| text.len() <= MAX_GAME_ID_BYTES)
    }
}

/// A room of the list of public rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicRoom {
    /// Its code.
    pub room: RoomCode,
    /// What its creator says about it.
    #[serde(flatten)]
    pub listing: Listing,
    /// Its mode.
    #[serde(default)]
    pub mode: String,
    /// How many players are in it.
    pub players: u8,
    /// How many players it is for.
    pub size: u8,
    /// Whether it has a password.
    #[serde(default)]
    pub password: bool,
}

impl PublicRoom {
    /// Whether every value is one that a room can have.
    pub fn fits(&self) -> bool {
        self.listing.fits()
            && self.mode.len() <= MAX_GAME_ID_BYTES
            && (MIN_PLAYERS..=MAX_PLAYERS).contains(&self.size)
            && (1..self.size).contains(&self.players)
    }
}

/// One page of the list of public rooms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPage {
    /// The rooms, the newest first: at most [`MAX_ROOMS_PER_PAGE`].
    pub rooms: Vec<PublicRoom>,
    /// For [`ListRooms::before`] of the next page. None: this is the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

impl RoomPage {
    /// Whether this can answer a request for the page before this number: the rooms are as many as a page has and each
    /// [fits](PublicRoom::fits), and the pages come to an end.
    pub fn answers(&self, before: Option<u64>) -> bool {
        let goes_on = |next| before.is_none_or(|before| next < before) && !self.rooms.is_empty();
        self.rooms.len() <= MAX_ROOMS_PER_PAGE
            && self.rooms.iter().all(PublicRoom::fits)
            && self.next.is_none_or(goes_on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_SIGNALING_BYTES;
    use crate::signaling::{ClientMessage, ServerMessage, VERSION};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn room(text: &str) -> PublicRoom {
        PublicRoom {
            room: RoomCode::from_entropy(7),
            listing: Listing { name: text.repeat(64), info: text.repeat(256) },
            mode: text.repeat(64),
            players: 7,
            size: 8,
            password: true,
        }
    }

    #[test]
    fn a_vote_needs_more_than_half_of_the_others_and_never_one_alone() {
        let needed = (1..8).map(KickRule::votes_needed).collect::<Vec<_>>();
        assert_eq!(needed, [2, 2, 2, 3, 3, 4, 4]);
    }

    #[test]
    fn the_largest_page_fits_into_a_message() {
        // A control character takes six bytes in JSON.
        let page =
            RoomPage { rooms: vec![room("\u{1}"); MAX_ROOMS_PER_PAGE], next: Some(u64::MAX) };
        assert!(page.answers(None));
        let json = serde_json::to_string(&ServerMessage::Rooms(page)).unwrap();
        assert!(json.len() <= MAX_SIGNALING_BYTES, "{}", json.len());
    }

    #[test]
    fn a_page_that_cannot_be_is_no_answer() {
        let good = RoomPage { rooms: vec![room("a")], next: Some(5) };
        assert!(good.answers(None) && good.answers(Some(6)));
        assert!(!good.answers(Some(5)), "the same page again");
        assert!(RoomPage::default().answers(Some(0)));
        assert!(!RoomPage { rooms: Vec::new(), next: Some(1) }.answers(None), "pages of nothing");
        assert!(
            !RoomPage { rooms: vec![room("a"); MAX_ROOMS_PER_PAGE + 1], next: None }.answers(None)
        );
        let long = |listing| PublicRoom { listing, ..room("a") };
        for bad in [
            long(Listing { name: "a".repeat(65), info: String::new() }),
            long(Listing { name: String::new(), info: "a".repeat(257) }),
            PublicRoom { mode: "a".repeat(65), ..room("a") },
            PublicRoom { size: 9, ..room("a") },
            PublicRoom { size: 1, players: 0, ..room("a") },
            PublicRoom { players: 8, ..room("a") },
            PublicRoom { players: 0, ..room("a") },
        ] {
            assert!(!RoomPage { rooms: vec![bad.clone()], next: None }.answers(None), "{bad:?}");
        }
    }

    #[test]
    fn the_json_is_short_where_nothing_is_asked_for() {
        let list = ListRooms {
            version: VERSION,
            game: "a".into(),
            game_version: String::new(),
            mode: None,
            before: None,
        };
        assert!(list.fits());
        assert!(!ListRooms { mode: Some("a".repeat(65)), ..list.clone() }.fits());
        let json = serde_json::to_string(&ClientMessage::ListRooms(list.clone())).unwrap();
        let text = format!(r#"{{"type":"list_rooms","version":{VERSION},"game":"a"}}"#);
        assert_eq!(
            serde_json::from_str::<ClientMessage>(&text).unwrap(),
            ClientMessage::ListRooms(list)
        );
        assert!(!json.contains("mode") && !json.contains("before"), "{json}");
        let room = r#"{"room":"ABC","name":"Friday","info":"","mode":"","players":1,"size":2,"password":false}"#;
        let read: PublicRoom = serde_json::from_str(room).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), room);
        let state = serde_json::to_string(&ServerMessage::RoomState(RoomState::default())).unwrap();
        assert_eq!(
            state,
            r#"{"type":"room_state","open":true,"kick":"first_player","public":false,"has_played":false}"#
        );
    }
}
