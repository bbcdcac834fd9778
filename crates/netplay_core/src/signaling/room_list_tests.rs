//! Reading the list of public rooms, from servers good and bad, on virtual time.

use netplay_protocol::Challenge;
use netplay_protocol::limits::MAX_ROOMS_PER_PAGE;
use netplay_protocol::signaling::{Listing, PublicRoom};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const NOW: Duration = Duration::from_secs(5);

fn ask(servers: &[&str], before: Option<u64>) -> RoomListClient {
    let servers = servers.iter().map(|server| (*server).to_owned()).collect();
    let (game, game_version, mode) = ("arena".to_owned(), String::new(), None);
    RoomListClient::new(servers, ListRooms { version: 0, game, game_version, mode, before }, NOW)
}

fn dialed(client: &mut RoomListClient) -> Vec<SocketCommand> {
    std::iter::from_fn(|| client.poll_command()).collect()
}

fn dial(server: &str) -> SocketCommand {
    SocketCommand::Dial { url: format!("ws://{server}/netplay") }
}

fn receive(client: &mut RoomListClient, message: &ServerMessage) {
    let text = serde_json::to_string(message).unwrap();
    client.handle_socket(NOW, SocketEvent::Received(Frame::Text(text)));
}

/// The server speaks, and is asked.
fn challenge(client: &mut RoomListClient) -> Option<ClientMessage> {
    client.handle_socket(NOW, SocketEvent::Connected);
    let (version, challenge, issuer) = (VERSION, Challenge([1; 32]), String::new());
    receive(client, &ServerMessage::Challenge { version, challenge, issuer });
    match client.poll_transmit() {
        Some(Frame::Text(text)) => Some(serde_json::from_str(&text).unwrap()),
        _ => None,
    }
}

fn room(name: &str) -> PublicRoom {
    PublicRoom {
        room: "ABC".parse().unwrap(),
        listing: Listing { name: name.into(), info: "map\u{1}3".into() },
        mode: String::new(),
        players: 1,
        size: 2,
        password: false,
    }
}

#[test]
fn a_page_is_read_from_the_first_server_that_answers() {
    let mut client = ask(&["ws://a", "ws://b", "ws://c"], None);
    assert_eq!(dialed(&mut client), [dial("a")]);
    client.handle_socket(NOW, SocketEvent::DialFailed("no route".into()));
    assert_eq!(dialed(&mut client), [SocketCommand::Close, dial("b")]);
    assert_eq!(client.poll_timeout(), Some(NOW + DIAL_TIMEOUT));
    client.handle_timeout(NOW + DIAL_TIMEOUT);
    assert_eq!(dialed(&mut client), [SocketCommand::Close, dial("c")]);
    let asked = challenge(&mut client);
    let Some(ClientMessage::ListRooms(request)) = asked else { panic!("{asked:?}") };
    assert_eq!((request.version, request.game.as_str()), (VERSION, "arena"));
    let page = RoomPage { rooms: vec![room("Fri\u{202e}day\n")], next: Some(4) };
    receive(&mut client, &ServerMessage::Rooms(page));
    assert_eq!((dialed(&mut client), client.poll_timeout()), (vec![SocketCommand::Close], None));
    let page = client.poll_outcome().unwrap().unwrap();
    assert_eq!((page.rooms[0].listing.name.as_str(), page.next), ("Friday", Some(4)));
    assert_eq!(page.rooms[0].listing.info, "map\u{1}3", "that is for the game to read");
    assert_eq!(client.poll_outcome(), None);
}

#[test]
fn a_list_that_cannot_be_is_none() {
    let rooms = |count| vec![room("a"); count];
    for page in [
        RoomPage { rooms: rooms(MAX_ROOMS_PER_PAGE + 1), next: None },
        RoomPage { rooms: rooms(1), next: Some(7) },
        RoomPage { rooms: rooms(1), next: Some(u64::MAX) },
        RoomPage { rooms: Vec::new(), next: Some(1) },
        RoomPage { rooms: vec![PublicRoom { players: 2, ..room("a") }], next: None },
        RoomPage { rooms: vec![PublicRoom { size: 200, ..room("a") }], next: None },
        RoomPage { rooms: vec![room(&"a".repeat(65))], next: None },
    ] {
        let mut client = ask(&["ws://a"], Some(7));
        challenge(&mut client);
        receive(&mut client, &ServerMessage::Rooms(page.clone()));
        let outcome = client.poll_outcome();
        assert!(matches!(outcome, Some(Err(LeaveReason::ServerGone(_)))), "{page:?}: {outcome:?}");
    }
}

#[test]
fn what_is_no_list_moves_on_to_the_next_server_or_ends_with_a_sentence() {
    let version = ServerMessage::Challenge {
        version: VERSION + 1,
        challenge: Challenge([1; 32]),
        issuer: String::new(),
    };
    let limited = Refusal::RateLimited { what: "lists".into(), retry_after_ms: 100 };
    for (message, ends) in [
        (ServerMessage::Rooms(RoomPage::default()), false),
        (ServerMessage::Pong, false),
        (ServerMessage::Refused { reason: Refusal::Draining }, false),
        (ServerMessage::Refused { reason: limited }, false),
        (ServerMessage::Refused { reason: Refusal::BadGame }, true),
        (version, true),
    ] {
        let mut client = ask(&["ws://a", "ws://b"], None);
        dialed(&mut client);
        client.handle_socket(NOW, SocketEvent::Connected);
        receive(&mut client, &message);
        let expected = match ends {
            true => vec![SocketCommand::Close],
            false => vec![SocketCommand::Close, dial("b")],
        };
        assert_eq!(dialed(&mut client), expected, "{message:?}");
        assert_eq!(matches!(client.poll_outcome(), Some(Err(LeaveReason::Refused(_)))), ends);
    }
    let mut client = ask(&["ws://a"], None);
    challenge(&mut client);
    receive(&mut client, &ServerMessage::Draining { within_ms: 1, alternate_server: None });
    assert_eq!(client.poll_outcome(), None);
    client.handle_socket(NOW, SocketEvent::Received(Frame::Binary(vec![0; 40])));
    assert!(matches!(client.poll_outcome(), Some(Err(LeaveReason::ServerGone(_)))));
    for servers in [&[][..], &["localhost"]] {
        assert!(matches!(ask(servers, None).poll_outcome(), Some(Err(LeaveReason::BadAddress(_)))));
    }
}
