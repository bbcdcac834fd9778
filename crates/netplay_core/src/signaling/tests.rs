//! The client's life on virtual time, without a socket.

use std::time::Duration;

use netplay_protocol::join_proof::JoinAction;
use netplay_protocol::limits::{MAX_PLAYERS, MAX_SIGNALING_BYTES};
use netplay_protocol::signaling::{
    ClientMessage, Entry, Refusal, Resume, RoomPage, RoomState, ServerMessage, Signal, VERSION,
};
use netplay_protocol::{
    Challenge, ConnectionId, Identity, PeerKey, RelayChannel, RelayHeader, RoomNonce, Roster,
    Secret, ServerName,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::backoff::{FIRST_WAIT, LONGEST_WAIT};
use super::client::{PING_TIMEOUT, SILENCE_TIMEOUT};
use super::dial::DIAL_TIMEOUT;
use super::outbox::MAX_UNSENT_TO_ONE;
use super::*;
use crate::transport::JoinRequest;

const GRACE: Duration = Duration::from_secs(30);
const PEER: PeerKey = PeerKey::from_bytes([9; 16]);
const NONCE: RoomNonce = RoomNonce([5; 16]);
const CHALLENGE: Challenge = Challenge([6; 32]);
const TOKEN: &str = "issuer.token";

#[test]
fn a_client_dials_says_hello_and_is_welcomed() {
    let mut driver = Driver::join(&["ws://a"]);
    assert!(driver.client.is_joining() && !driver.client.is_online());
    assert_eq!(driver.dialed(), Some("ws://a/netplay"));
    driver.socket(SocketEvent::Connected);
    assert_eq!(driver.sent(), [], "nothing before the server has sent its challenge");
    driver.message(challenge());
    assert!(matches!(&driver.sent()[..], [ClientMessage::Join(join)] if join.size == Some(2)));
    driver.message(welcome());
    assert!(driver.client.is_online() && !driver.client.is_joining());
    assert_eq!(driver.client.grace(), GRACE);
    assert_eq!(driver.events(), [SignalingEvent::Message(welcome())]);
}

#[test]
fn the_first_server_that_lets_the_client_in_is_the_one() {
    let mut driver = Driver::join(&["ws://a", "ws://b", "ws://c", "ws://d", "ws://e"]);
    driver.socket(SocketEvent::DialFailed("no route".into()));
    assert_eq!(driver.dialed(), Some("ws://b/netplay"), "at once");
    driver.advance(DIAL_TIMEOUT);
    assert_eq!(driver.closed, 1, "a socket that does not open is given up");
    assert_eq!(driver.dialed(), Some("ws://c/netplay"));
    driver.connected();
    driver.message(ServerMessage::Pong);
    assert_eq!(driver.dialed(), Some("ws://d/netplay"), "that was no answer to a hello");
    driver.connected();
    driver.message(refused(Refusal::Draining));
    assert_eq!(driver.dialed(), Some("ws://e/netplay"));
    driver.connected();
    driver.message(welcome());
    assert!(driver.client.is_online());
    assert_eq!(driver.events(), [SignalingEvent::Message(welcome())]);
    // After a loss the servers are dialed in turn, from that one on.
    driver.socket(SocketEvent::Disconnected(None));
    let dialed: Vec<_> = (0..6).map(|_| driver.fail_to_resume()).collect();
    assert_eq!(dialed, ["e", "a", "b", "c", "d", "e"].map(|name| format!("ws://{name}/netplay")));
}

#[test]
fn joining_ends_with_what_the_last_server_failed_with() {
    let mut driver = Driver::join(&["ws://a", "ws://b"]);
    driver.socket(SocketEvent::DialFailed("no route".into()));
    driver.advance(DIAL_TIMEOUT);
    let unreachable = LeaveReason::Unreachable {
        server: "ws://b".into(),
        detail: "no answer within 10 s".into(),
    };
    assert_eq!(driver.events(), [SignalingEvent::Closed(unreachable)]);
    for (answer, expected) in [
        (None, "it closed the connection"),
        (Some(Frame::Text("<html>".into())), "it does not speak this game's signaling"),
        (Some(Frame::Binary(vec![1; 40])), "it does not speak this game's signaling"),
    ] {
        let mut driver = Driver::join(&["ws://a"]);
        driver.connected();
        driver.socket(answer.map_or(SocketEvent::Disconnected(None), SocketEvent::Received));
        let reason = LeaveReason::ServerGone(expected.into());
        assert_eq!(driver.events(), [SignalingEvent::Closed(reason)]);
        assert_eq!(driver.client.poll_timeout(), None);
    }
}

#[test]
fn a_refusal_for_good_or_a_bad_address_ends_joining() {
    let mut driver = Driver::join(&["ws://a", "ws://b"]);
    driver.connected();
    driver.message(refused(Refusal::NoSuchRoom));
    let reason = LeaveReason::Refused(Refusal::NoSuchRoom);
    assert_eq!(driver.events(), [SignalingEvent::Closed(reason)]);
    assert_eq!((driver.dialed(), driver.closed), (None, 1));
    for (servers, bad) in [(vec!["localhost", "ws://b"], "localhost"), (vec![], "")] {
        let mut driver = Driver::join(&servers);
        assert_eq!(driver.dialed(), None);
        let reason = LeaveReason::BadAddress(bad.into());
        assert_eq!(driver.events(), [SignalingEvent::Closed(reason)]);
    }
}

#[test]
fn a_resume_token_that_the_server_no_longer_knows_makes_the_client_join_like_any_other() {
    let request = JoinRequest { resume_token: Some(TOKEN.into()), ..request(&["ws://a"]) };
    let mut driver = Driver::new(request, true);
    driver.connected();
    let sent = driver.sent();
    assert!(
        matches!(&sent[..], [ClientMessage::Resume(Resume { restarted: true, .. })]),
        "{sent:?}"
    );
    driver.message(refused(Refusal::CannotResume));
    assert_eq!(driver.dialed(), Some("ws://a/netplay"), "the same server");
    driver.connected();
    assert!(matches!(&driver.sent()[..], [ClientMessage::Join(_)]));
    driver.message(refused(Refusal::Locked));
    let reason = LeaveReason::Refused(Refusal::Locked);
    assert_eq!(driver.events(), [SignalingEvent::Closed(reason)]);
}

#[test]
fn a_lost_socket_is_resumed_with_the_token_and_the_signed_roster() {
    let mut driver = Driver::online();
    let roster = Roster::new(2, vec![PEER]);
    let signature = "signature".to_owned();
    driver.message(ServerMessage::Roster {
        revision: 7,
        roster: roster.clone(),
        issued: 8,
        signature,
    });
    driver.events();
    driver.socket(SocketEvent::Disconnected(Some("reset".into())));
    assert_eq!(driver.events(), [SignalingEvent::Lost("reset".into())]);
    assert!(!driver.client.is_online() && !driver.client.is_joining());
    assert_eq!(driver.dialed(), None, "not before the wait is over");
    driver.advance(FIRST_WAIT);
    assert_eq!(driver.dialed(), Some("ws://a/netplay"));
    driver.connected();
    let sent = driver.sent();
    let [ClientMessage::Resume(resume)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((resume.version, resume.restarted), (VERSION, false));
    assert_eq!((&resume.room[..], resume.resume.expose()), ("ABC", TOKEN));
    let signed = resume.roster.as_ref().unwrap();
    assert_eq!((&signed.roster, &signed.signature[..]), (&roster, "signature"));
    assert_eq!((signed.nonce, signed.revision, signed.issued), (NONCE, 7, 8));
    driver.message(welcome());
    let restored = [SignalingEvent::Message(welcome()), SignalingEvent::Restored];
    assert_eq!(driver.events(), restored);
    // The roster of before is shown again if the connection is lost before another one comes.
    driver.socket(SocketEvent::Disconnected(None));
    driver.advance(FIRST_WAIT);
    driver.connected();
    let sent = driver.sent();
    assert!(
        matches!(&sent[..], [ClientMessage::Resume(Resume { roster: Some(_), .. })]),
        "{sent:?}"
    );
}

#[test]
fn signals_wait_for_the_connection_up_to_a_bound_and_other_messages_do_not() {
    let mut driver = Driver::online();
    // Handed to the client while it was online, and never to the socket.
    driver.client.send(signal(0));
    driver.client.send(ClientMessage::Playing { playing: true });
    driver.client.relay(PEER, RelayChannel::Datagram, b"lost");
    driver.socket(SocketEvent::Disconnected(None));
    for n in 1..100 {
        driver.client.send(signal(n));
        driver.client.send(ClientMessage::Relay { to: PEER, open: true });
        driver.client.relay(PEER, RelayChannel::Reliable, b"lost");
    }
    assert_eq!(driver.sent(), []);
    driver.advance(FIRST_WAIT);
    driver.connected();
    assert_eq!(driver.sent().len(), 1, "the hello alone");
    driver.message(welcome());
    let oldest: Vec<_> = (0..MAX_UNSENT_TO_ONE as u64).map(signal).collect();
    assert_eq!(driver.sent(), oldest);
}

#[test]
fn signals_to_every_peer_of_the_largest_room_wait_for_the_connection() {
    let mut driver = Driver::online();
    driver.socket(SocketEvent::Disconnected(None));
    // An offer and twenty candidates to each of the others, and more than enough to the first of them.
    let mut wanted = Vec::new();
    for (peer, signals) in (0..MAX_PLAYERS - 1).zip([100, 21, 21, 21, 21, 21, 21]) {
        let to = PeerKey::from_bytes([peer; 16]);
        let signals: Vec<_> = (0..signals).map(|number| signal_to(to, number)).collect();
        signals.iter().for_each(|signal| driver.client.send(signal.clone()));
        wanted.extend(signals.into_iter().take(MAX_UNSENT_TO_ONE));
    }
    driver.advance(FIRST_WAIT);
    driver.connected();
    driver.sent();
    driver.message(welcome());
    assert_eq!(driver.sent(), wanted);
}

#[test]
fn without_a_welcome_there_is_nothing_to_resume() {
    let mut driver = Driver::join(&["ws://a"]);
    driver.connected();
    driver.message(ServerMessage::Queued { waiting: 1 });
    assert!(driver.client.is_online());
    driver.events();
    driver.socket(SocketEvent::Disconnected(None));
    let reason = LeaveReason::ServerGone("the server closed the connection".into());
    assert_eq!(driver.events(), [SignalingEvent::Closed(reason)]);
    assert_eq!(driver.client.poll_timeout(), None);
}

#[test]
fn a_silent_server_is_lost_where_its_pings_can_be_seen() {
    let mut driver = Driver::online();
    driver.advance(SILENCE_TIMEOUT - Duration::from_millis(1));
    driver.socket(SocketEvent::Alive);
    driver.advance(SILENCE_TIMEOUT - Duration::from_millis(1));
    driver.message(ServerMessage::Pong);
    driver.advance(SILENCE_TIMEOUT - Duration::from_millis(1));
    assert!(driver.client.is_online());
    driver.events();
    driver.advance(Duration::from_millis(1));
    assert_eq!(driver.events(), [SignalingEvent::Lost("nothing was heard of it".into())]);
    assert_eq!(driver.closed, 1);

    let mut page = Driver::welcomed(Driver::new(request(&["ws://a"]), false));
    for _ in 0..10 {
        page.advance(SILENCE_TIMEOUT);
    }
    assert!(page.client.is_online() && page.events().is_empty());
}

#[test]
fn a_server_that_does_not_answer_a_ping_is_lost_soon() {
    for sees_pings in [true, false] {
        let mut driver = Driver::welcomed(Driver::new(request(&["ws://a"]), sees_pings));
        driver.client.check(driver.now);
        assert_eq!(driver.sent(), [ClientMessage::Ping]);
        driver.advance(PING_TIMEOUT / 2);
        // A second ping gives the server no more time than before.
        driver.client.check(driver.now);
        driver.message(ServerMessage::Pong);
        driver.events();
        driver.advance(PING_TIMEOUT);
        assert!(driver.client.is_online(), "it has answered");
        driver.client.check(driver.now);
        driver.advance(PING_TIMEOUT);
        assert_eq!(driver.events(), [SignalingEvent::Lost("nothing was heard of it".into())]);
    }
}

#[test]
fn a_draining_server_sends_the_client_to_another_one() {
    let mut driver = Driver::welcomed(Driver::join(&["ws://a", "ws://other"]));
    driver.message(ServerMessage::Draining { within_ms: 1000, alternate_server: None });
    assert!(driver.client.is_online() && driver.events().len() == 1);
    let alternate_server = Some("ws://other".to_owned());
    driver.message(ServerMessage::Draining { within_ms: 1000, alternate_server });
    let reason = "the server sends its players elsewhere".to_owned();
    assert_eq!((driver.events(), driver.closed), (vec![SignalingEvent::Lost(reason)], 1));
    driver.advance(FIRST_WAIT);
    assert_eq!(driver.dialed(), Some("ws://other/netplay"));
    driver.socket(SocketEvent::DialFailed("no route".into()));
    driver.advance(FIRST_WAIT);
    assert_eq!(driver.dialed(), Some("ws://a/netplay"));
}

#[test]
fn an_open_connection_that_is_refused_is_resumed_only_if_that_can_help() {
    let mut driver = Driver::online();
    driver.message(refused(Refusal::TooSlow));
    let events = driver.events();
    assert!(matches!(&events[..], [SignalingEvent::Lost(_)]), "{events:?}");
    let mut driver = Driver::online();
    driver.message(refused(Refusal::Superseded));
    let reason = LeaveReason::Refused(Refusal::Superseded);
    assert_eq!(driver.events(), [SignalingEvent::Closed(reason)]);
    assert_eq!((driver.closed, driver.client.poll_timeout()), (1, None));
}

#[test]
fn resuming_ends_when_every_server_has_refused_for_good() {
    let mut driver = Driver::welcomed(Driver::join(&["ws://a", "ws://b"]));
    driver.socket(SocketEvent::Disconnected(None));
    driver.events();
    for answer in
        [Refusal::CannotResume, Refusal::ShuttingDown, Refusal::CannotResume, Refusal::CannotResume]
    {
        assert!(driver.events().is_empty());
        driver.advance(LONGEST_WAIT);
        driver.connected();
        driver.message(refused(answer));
    }
    let reason = LeaveReason::Refused(Refusal::CannotResume);
    assert_eq!(driver.events(), [SignalingEvent::Closed(reason)]);
}

#[test]
fn resuming_never_ends_while_a_server_cannot_be_reached() {
    let mut driver = Driver::online();
    driver.socket(SocketEvent::Disconnected(None));
    driver.events();
    let began = driver.now;
    for _ in 0..100 {
        driver.fail_to_resume();
    }
    assert!(driver.events().is_empty());
    let average = (driver.now - began) / 100;
    assert!((LONGEST_WAIT / 4..LONGEST_WAIT).contains(&average), "{average:?}");
    driver.advance(LONGEST_WAIT);
    driver.connected();
    driver.advance(DIAL_TIMEOUT);
    assert!(driver.events().is_empty(), "a server that takes the hello and stays silent is none");
    driver.advance(LONGEST_WAIT);
    driver.connected();
    driver.message(welcome());
    assert_eq!(driver.events().last(), Some(&SignalingEvent::Restored));
}

#[test]
fn malformed_frames_are_dropped_and_relayed_packets_handed_on() {
    let mut driver = Driver::online();
    for frame in [
        Frame::Text("{}".into()),
        Frame::Text("\"".repeat(MAX_SIGNALING_BYTES + 1)),
        Frame::Binary(vec![1; 5]),
    ] {
        driver.socket(SocketEvent::Received(frame));
    }
    assert!(driver.client.is_online() && driver.events().is_empty());
    let frame = RelayHeader::new(RelayChannel::Reliable, PEER).frame(b"packet");
    driver.socket(SocketEvent::Received(Frame::Binary(frame.clone())));
    let (from, channel) = (PEER, RelayChannel::Reliable);
    let packet = SignalingEvent::Packet { from, channel, packet: b"packet".to_vec() };
    assert_eq!(driver.events(), [packet]);
    driver.client.relay(PEER, RelayChannel::Reliable, b"packet");
    assert_eq!(driver.client.poll_transmit(), Some(Frame::Binary(frame)));
}

#[test]
fn what_is_reported_of_a_closed_socket_changes_nothing() {
    let mut driver = Driver::online();
    driver.message(refused(Refusal::Superseded));
    driver.events();
    driver.connected();
    driver.message(welcome());
    driver.socket(SocketEvent::DialFailed("no".into()));
    driver.socket(SocketEvent::Disconnected(None));
    driver.client.check(driver.now);
    driver.client.send(signal(1));
    assert!(driver.events().is_empty() && driver.sent().is_empty() && driver.dialed().is_none());
}

#[test]
fn who_is_removed_from_the_room_does_not_come_back_by_itself() {
    for banned in [false, true] {
        let mut driver = Driver::online();
        driver.message(refused(Refusal::Kicked { banned }));
        let reason = LeaveReason::Refused(Refusal::Kicked { banned });
        assert!(reason.is_kick());
        assert_eq!(driver.events(), [SignalingEvent::Closed(reason)]);
        assert_eq!((driver.closed, driver.client.poll_timeout()), (1, None));
    }
    // Nor where it finds out only when it resumes.
    let mut driver = Driver::online();
    driver.socket(SocketEvent::Disconnected(None));
    driver.advance(FIRST_WAIT);
    driver.connected();
    driver.message(refused(Refusal::CannotResume));
    assert_eq!(driver.client.poll_timeout(), None);
}

#[test]
fn a_draining_server_cannot_send_the_client_to_a_stranger() {
    for (alternate, follows) in
        [("ws://evil", false), ("ws://a.evil", false), ("nonsense", false), ("ws://a:2", true)]
    {
        let mut driver = Driver::online();
        let alternate_server = Some(alternate.to_owned());
        let draining = ServerMessage::Draining { within_ms: 1000, alternate_server };
        driver.message(draining.clone());
        assert_eq!(driver.client.is_online(), !follows, "{alternate}");
        if !follows {
            assert_eq!(driver.events(), [SignalingEvent::Message(draining)]);
            driver.socket(SocketEvent::Disconnected(None));
        }
        driver.advance(FIRST_WAIT);
        let expected = if follows { "ws://a:2/netplay" } else { "ws://a/netplay" };
        assert_eq!(driver.dialed(), Some(expected), "{alternate}");
    }
}

#[test]
fn the_first_message_proves_the_key_to_the_server_that_was_dialed() {
    let mut driver = Driver::join(&["ws://A:3536/"]);
    driver.connected();
    let sent = driver.sent();
    let [ClientMessage::Join(join)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(join.proof.server, "a:3536".parse::<ServerName>().unwrap());
    assert_eq!(join.peer(), Identity::from_secret(&[1; 32]).peer_key());
    assert_eq!(join.proof.verify(JoinAction::Room("ABC"), CHALLENGE), Ok(()));
    driver.message(welcome());
    driver.socket(SocketEvent::Disconnected(None));
    driver.advance(FIRST_WAIT);
    driver.connected();
    let sent = driver.sent();
    let [ClientMessage::Resume(resume)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(resume.proof.verify(JoinAction::Resume("ABC"), CHALLENGE), Ok(()));
}

#[test]
fn a_resume_token_goes_only_to_servers_of_its_issuer() {
    // Of an earlier process: the client joins like any other.
    let token = Some(Secret::from("another.token"));
    let mut driver = Driver::new(JoinRequest { resume_token: token, ..request(&["ws://a"]) }, true);
    driver.connected();
    assert_eq!((driver.sent(), driver.dialed()), (vec![], Some("ws://a/netplay")));
    driver.connected();
    assert!(matches!(&driver.sent()[..], [ClientMessage::Join(_)]));
    // Of this one: other servers are tried.
    let mut driver = Driver::welcomed(Driver::join(&["ws://a", "ws://b"]));
    driver.socket(SocketEvent::Disconnected(None));
    driver.advance(FIRST_WAIT);
    driver.socket(SocketEvent::Connected);
    driver.message(ServerMessage::Challenge {
        version: VERSION,
        challenge: CHALLENGE,
        issuer: "another".into(),
    });
    assert_eq!(driver.sent(), []);
    driver.advance(LONGEST_WAIT);
    assert_eq!(driver.dialed(), Some("ws://b/netplay"));
    driver.connected();
    assert!(matches!(&driver.sent()[..], [ClientMessage::Resume(_)]));
}

#[test]
fn a_server_of_another_version_is_refused_before_anything_is_sent() {
    let mut driver = Driver::join(&["ws://a"]);
    driver.socket(SocketEvent::Connected);
    let version = VERSION + 1;
    let (challenge, issuer) = (CHALLENGE, "issuer".into());
    driver.message(ServerMessage::Challenge { version, challenge, issuer });
    assert_eq!(driver.sent(), []);
    let reason = Refusal::Version { server: version, client: VERSION };
    assert_eq!(driver.events(), [SignalingEvent::Closed(LeaveReason::Refused(reason))]);
}

#[test]
fn what_no_server_sends_ends_the_connection_with_a_sentence() {
    let roster = |size, members| {
        let roster = Roster::new(size, members);
        ServerMessage::Roster { revision: 9, roster, issued: 0, signature: String::new() }
    };
    let keys = |count: u8| (0..count).map(|name| PeerKey::from_bytes([name; 16])).collect();
    let ServerMessage::Welcome { version, size, resume, grace_ms, ice_servers, state, .. } =
        welcome()
    else {
        panic!()
    };
    let welcome = |room: &str, nonce, size| ServerMessage::Welcome {
        version,
        room: room.parse().unwrap(),
        nonce,
        size,
        least: None,
        resume: resume.clone(),
        grace_ms,
        ice_servers: ice_servers.clone(),
        state,
    };
    let with_least = |least| match welcome("ABC", NONCE, 2) {
        ServerMessage::Welcome {
            version,
            room,
            nonce,
            size,
            resume,
            grace_ms,
            ice_servers,
            state,
            ..
        } => {
            let least = Some(least);
            ServerMessage::Welcome {
                version,
                room,
                nonce,
                size,
                least,
                resume,
                grace_ms,
                ice_servers,
                state,
            }
        }
        other => other,
    };
    for message in [
        roster(3, keys(4)),
        roster(255, keys(200)),
        roster(0, keys(0)),
        roster(2, vec![PEER, PEER]),
        welcome("OTHER", NONCE, size),
        welcome("ABC", RoomNonce([6; 16]), size),
        welcome("ABC", NONCE, 9),
        with_least(1),
        with_least(3),
    ] {
        let mut driver = Driver::online();
        driver.message(message.clone());
        let events = driver.events();
        assert!(
            matches!(&events[..], [SignalingEvent::Closed(LeaveReason::ServerGone(_))]),
            "{message:?}: {events:?}"
        );
        assert_eq!(driver.closed, 1);
    }
    // Before the client is in a room.
    let mut driver = Driver::join(&["ws://a"]);
    driver.connected();
    driver.message(welcome("OTHER", NONCE, size));
    let events = driver.events();
    assert!(matches!(&events[..], [SignalingEvent::Closed(LeaveReason::ServerGone(_))]));
    // Late: dropped, and the connection goes on.
    let mut driver = Driver::online();
    driver.message(challenge());
    driver.message(ServerMessage::Queued { waiting: 1 });
    driver.message(ServerMessage::Rooms(RoomPage::default()));
    assert!(driver.client.is_online());
    assert_eq!((driver.events(), driver.sent()), (vec![], vec![]));
}

fn request(servers: &[&str]) -> JoinRequest {
    let entry = Entry::Room("ABC".into());
    let servers = servers.iter().map(|server| (*server).to_owned()).collect();
    JoinRequest { servers, seed: 7, ..JoinRequest::new(entry, 2, Identity::from_secret(&[1; 32])) }
}

fn welcome() -> ServerMessage {
    ServerMessage::Welcome {
        version: VERSION,
        room: "ABC".parse().unwrap(),
        nonce: NONCE,
        size: 2,
        least: None,
        resume: TOKEN.into(),
        grace_ms: GRACE.as_millis() as u32,
        ice_servers: Vec::new(),
        state: RoomState::default(),
    }
}

fn challenge() -> ServerMessage {
    ServerMessage::Challenge { version: VERSION, challenge: CHALLENGE, issuer: "issuer".into() }
}

fn refused(reason: Refusal) -> ServerMessage {
    ServerMessage::Refused { reason }
}

fn signal(n: u64) -> ClientMessage {
    signal_to(PEER, n)
}

fn signal_to(to: PeerKey, n: u64) -> ClientMessage {
    let signal = Signal::Candidate("null".into());
    ClientMessage::Signal { to, connection: ConnectionId(n), signal }
}

/// A client and a clock. Commands are noted when they are given.
struct Driver {
    client: SignalingClient,
    now: Duration,
    dialed: Option<String>,
    closed: usize,
}

impl Driver {
    fn new(request: JoinRequest, sees_pings: bool) -> Self {
        let now = Duration::from_secs(5);
        let client = SignalingClient::new(request, sees_pings, now);
        Self { client, now, dialed: None, closed: 0 }.noted()
    }

    fn join(servers: &[&str]) -> Self {
        Self::new(request(servers), true)
    }

    /// Lets the client in.
    fn welcomed(mut self) -> Self {
        self.connected();
        self.message(welcome());
        self.sent();
        self.events();
        self
    }

    fn online() -> Self {
        Self::welcomed(Self::join(&["ws://a"]))
    }

    fn noted(mut self) -> Self {
        self.note();
        self
    }

    fn note(&mut self) {
        while let Some(command) = self.client.poll_command() {
            match command {
                SocketCommand::Dial { url } => self.dialed = Some(url),
                SocketCommand::Close => {
                    self.dialed = None;
                    self.closed += 1;
                }
            }
        }
    }

    fn socket(&mut self, event: SocketEvent) {
        self.dialed = None;
        self.client.handle_socket(self.now, event);
        self.note();
    }

    /// The socket opens, and the server sends its challenge.
    fn connected(&mut self) {
        self.socket(SocketEvent::Connected);
        self.message(challenge());
    }

    fn message(&mut self, message: ServerMessage) {
        let text = serde_json::to_string(&message).unwrap();
        self.socket(SocketEvent::Received(Frame::Text(text)));
    }

    /// Lets time pass, from one time-out to the next.
    fn advance(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.client.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.client.handle_timeout(self.now);
            self.note();
            if self.dialed.is_some() {
                break;
            }
        }
        self.now = self.now.max(until);
    }

    /// Waits until a server is dialed, which cannot be reached. Returns its URL.
    fn fail_to_resume(&mut self) -> String {
        let due = self.client.poll_timeout().unwrap();
        self.now = self.now.max(due);
        self.client.handle_timeout(self.now);
        self.note();
        let dialed = self.dialed.clone().unwrap();
        self.socket(SocketEvent::DialFailed("no route".into()));
        dialed
    }

    fn dialed(&self) -> Option<&str> {
        self.dialed.as_deref()
    }

    fn events(&mut self) -> Vec<SignalingEvent> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    /// The messages that are sent, packets left out.
    fn sent(&mut self) -> Vec<ClientMessage> {
        let frames = std::iter::from_fn(|| self.client.poll_transmit());
        let messages = frames.filter_map(|frame| match frame {
            Frame::Text(text) => Some(serde_json::from_str(&text).unwrap()),
            Frame::Binary(_) => None,
        });
        messages.collect()
    }
}
