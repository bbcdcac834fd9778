//! Pages of rooms that come and go, compared with a simple model.

use std::collections::BTreeMap;
use std::time::Duration;

use netplay_protocol::signaling::{GameInfo, Listing, RoomOptions, VERSION};
use netplay_protocol::{PeerKey, RoomNonce};
use proptest::prelude::*;

use super::*;
use crate::limits::ClientAddress;
use crate::room::{JoinRequest, Rules, SocketId};
use crate::token_signer::TokenSigner;

fn signer() -> TokenSigner {
    TokenSigner::new(Some(&"a secret for the tests".into())).unwrap()
}

fn rules(signer: &TokenSigner) -> Rules<'_> {
    let (now, grace) = (Duration::ZERO, Duration::from_secs(10));
    Rules { now, grace, away_messages: 0, away_bytes: 0, bans: 8, signer, unix_now: 0 }
}

fn code(number: u64) -> RoomCode {
    RoomCode::from_entropy(number)
}

fn key(number: u64) -> PeerKey {
    PeerKey::from_bytes(u128::from(number).to_be_bytes())
}

fn game(mode: &str) -> GameInfo {
    GameInfo { game: "arena".into(), version: "1".into(), mode: mode.into() }
}

/// A room for three with one member.
fn room(signer: &TokenSigner, number: u64, game: &GameInfo, public: bool) -> Room {
    let public = public.then(|| Listing { name: number.to_string(), info: String::new() });
    let options = RoomOptions { public, ..RoomOptions::default() };
    let mut room =
        Room::new(code(number), RoomNonce([0; 16]), 3, game.clone(), None, options, None);
    join(signer, &mut room, 1);
    room
}

fn join(signer: &TokenSigner, room: &mut Room, peer: u64) {
    let (socket, key, game) = (SocketId(peer), key(peer), room.game().clone());
    let address = ClientAddress::V4([127, 0, 0, 1].into());
    let (size, password, ice_servers) = (None, None, Vec::new());
    let request = JoinRequest {
        socket,
        key,
        address,
        size,
        least: None,
        players: 1,
        game,
        password,
        ice_servers,
    };
    room.handle_join(rules(signer), request).unwrap();
}

fn request(mode: Option<&str>, before: Option<u64>) -> ListRooms {
    let (game, game_version) = ("arena".to_owned(), "1".to_owned());
    ListRooms { version: VERSION, game, game_version, mode: mode.map(str::to_owned), before }
}

/// The names of all rooms, page by page.
fn read_all(directory: &Directory, mode: Option<&str>) -> Vec<u64> {
    let (mut names, mut before) = (Vec::new(), None);
    loop {
        let page = directory.page(&request(mode, before));
        assert!(page.answers(before), "{page:?}");
        names.extend(page.rooms.iter().map(|room| room.listing.name.parse::<u64>().unwrap()));
        let Some(next) = page.next else { return names };
        before = Some(next);
    }
}

#[test]
fn rooms_are_listed_by_game_and_mode_with_the_newest_first() {
    let (signer, mut directory) = (signer(), Directory::default());
    for number in 0..50 {
        let mode = if number % 2 == 0 { "duel" } else { "" };
        directory.update(&code(number), Some(&room(&signer, number, &game(mode), true)));
    }
    let other = GameInfo { version: "2".into(), ..game("duel") };
    directory.update(&code(98), Some(&room(&signer, 98, &other, true)));
    directory.update(&code(99), Some(&room(&signer, 99, &game("duel"), false)));
    assert_eq!(read_all(&directory, None), (0..50).rev().collect::<Vec<_>>());
    assert_eq!(
        read_all(&directory, Some("duel")),
        (0..25).rev().map(|it| it * 2).collect::<Vec<_>>()
    );
    assert_eq!(
        read_all(&directory, Some("")),
        (0..25).rev().map(|it| it * 2 + 1).collect::<Vec<_>>()
    );
    assert_eq!(read_all(&directory, Some("ranked")), [0; 0]);
    assert_eq!(
        (directory.len(), directory.page(&request(None, Some(0)))),
        (51, RoomPage::default())
    );
}

#[test]
fn a_room_keeps_its_place_while_it_is_not_listed_and_nothing_is_left_of_one_that_ended() {
    let (signer, mut directory) = (signer(), Directory::default());
    let mut rooms: Vec<_> = (0..3).map(|number| room(&signer, number, &game(""), true)).collect();
    for (number, room) in (0..).zip(&rooms) {
        directory.update(&code(number), Some(room));
    }
    join(&signer, &mut rooms[1], 2);
    directory.update(&code(1), Some(&rooms[1]));
    assert_eq!(directory.page(&request(None, None)).rooms[1].players, 2);
    join(&signer, &mut rooms[1], 3);
    directory.update(&code(1), Some(&rooms[1]));
    assert_eq!(read_all(&directory, None), [2, 0]);
    rooms[1].handle_leave(rules(&signer), SocketId(3));
    directory.update(&code(1), Some(&rooms[1]));
    assert_eq!(read_all(&directory, None), [2, 1, 0]);
    for number in 0..3 {
        directory.update(&code(number), None);
    }
    assert!(directory.rooms.is_empty() && directory.shelves.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Who reads page by page, while rooms begin and end, sees no room twice, and every room that was there all the
    /// time.
    #[test]
    fn pages_of_rooms_that_come_and_go_have_each_room_once(
        begun in 1..60u64,
        changes in proptest::collection::vec(proptest::collection::vec((0..60u64, any::<bool>()), 0..30), 1..5),
    ) {
        let (signer, mut directory) = (signer(), Directory::default());
        let mut there = BTreeMap::new();
        for number in 0..begun {
            directory.update(&code(number), Some(&room(&signer, number, &game(""), true)));
            there.insert(number, true);
        }
        let (mut names, mut before, mut changes) = (Vec::new(), None, changes.into_iter());
        loop {
            let page = directory.page(&request(None, before));
            prop_assert!(page.answers(before));
            names.extend(page.rooms.iter().map(|room| room.listing.name.parse::<u64>().unwrap()));
            let Some(next) = page.next else { break };
            before = Some(next);
            for (number, begins) in changes.next().unwrap_or_default() {
                let code = code(number);
                if begins {
                    directory.update(&code, Some(&room(&signer, number, &game(""), true)));
                    there.entry(number).or_insert(false);
                } else {
                    directory.update(&code, None);
                    there.insert(number, false);
                }
            }
        }
        for (number, _) in there.iter().filter(|(_, all_the_time)| **all_the_time) {
            prop_assert_eq!(names.iter().filter(|name| *name == number).count(), 1, "{}", number);
        }
        // A room that ended and began again under the same code is another one, and newer than what is read.
        names.sort_unstable();
        prop_assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
