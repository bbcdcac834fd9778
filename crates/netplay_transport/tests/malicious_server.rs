//! A malicious server: it changes, moves and replays what it forwards.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use async_tungstenite::tungstenite::Message;
use async_tungstenite::tungstenite::client::IntoClientRequest;
use futures::StreamExt;
use netplay_protocol::limits::MAX_SIGNALING_BYTES;
use netplay_protocol::signaling::{Entry, IceServer, PATH, Refusal, ServerMessage, Signal};
use netplay_protocol::{ConnectionId, Roster};
use netplay_server::ServerConfig;
use netplay_transport::{
    Channel, JoinRequest, LeaveReason, PathPolicy, Transport, TransportEvent, TransportOptions,
    TransportRequest,
};

use crate::support::{Peer, ends, key, patient, request, server, server_with, until};

/// What a malicious server does to a message for a player: it forwards these instead.
type Lie = dyn FnMut(Message) -> Vec<Message> + Send;

/// A proxy between players and a server that changes what the players receive.
struct Liar {
    addr: SocketAddr,
}

impl Liar {
    fn new(server: SocketAddr, lie: impl FnMut(Message) -> Vec<Message> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let lie: Arc<Mutex<Box<Lie>>> = Arc::new(Mutex::new(Box::new(lie)));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                smol::spawn(pass(client.unwrap(), server, lie.clone())).detach();
            }
        });
        Self { addr }
    }

    fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }
}

async fn pass(client: std::net::TcpStream, server: SocketAddr, lie: Arc<Mutex<Box<Lie>>>) {
    let dialed = client.local_addr().unwrap().to_string();
    let client = smol::Async::new(client).unwrap();
    let client = async_tungstenite::accept_async(client).await.unwrap();
    // A server without configured names takes the header `Host` for its name, and the one in the middle sets that.
    let mut request = format!("ws://{server}{PATH}").into_client_request().unwrap();
    request.headers_mut().insert("host", dialed.parse().unwrap());
    let (server, _) = async_tungstenite::smol::connect_async(request).await.unwrap();
    let (mut to_client, mut from_client) = client.split();
    let (mut to_server, mut from_server) = server.split();
    let up = async {
        while let Some(Ok(message)) = from_client.next().await {
            if to_server.send(message).await.is_err() {
                break;
            }
        }
    };
    let down = async {
        while let Some(Ok(message)) = from_server.next().await {
            let told = (lie.lock().unwrap())(message);
            for message in told {
                if to_client.send(message).await.is_err() {
                    return;
                }
            }
        }
    };
    futures::future::join(up, down).await;
}

fn text(message: &Message) -> Option<&str> {
    match message {
        Message::Text(text) => Some(text.as_str()),
        _ => None,
    }
}

fn malformed<'a>(peer: &'a Peer) -> Vec<&'a str> {
    let reason = |event: &'a TransportEvent| match event {
        TransportEvent::MalformedSignal { reason, .. } => Some(reason.as_str()),
        _ => None,
    };
    peer.events.iter().filter_map(reason).collect()
}

/// Two players; the second one receives what the server sends through a malicious proxy.
fn behind_malicious_server(
    policy: PathPolicy,
    lie: impl FnMut(Message) -> Vec<Message> + Send + 'static,
) -> [Peer; 2] {
    let server = server();
    let liar = Liar::new(server.addr(), lie);
    let join = |url: &str, n| Peer::join(JoinRequest { policy, ..request(url, n, 2) });
    let pair = [join(&server.url(), 1), join(&liar.url(), 2)];
    // The server ends with the test that called.
    std::mem::forget(server);
    pair
}

#[test]
fn a_description_that_was_changed_on_its_way_is_refused_and_nothing_opens() {
    // A man in the middle needs another fingerprint.
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Direct, |message| {
        let changed = text(&message)
            .map(|text| text.replace("fingerprint:sha-256 ", "fingerprint:sha-256 66:"));
        vec![changed.map_or(message, |text| Message::Text(text.into()))]
    });
    until(&mut [&mut first, &mut second], |peers| {
        malformed(peers[1]).iter().any(|reason| reason.contains("signature is wrong"))
    });
    assert!(!first.is_up(2) && !second.is_up(1));
    assert_eq!((first.left(), second.left()), (None, None));
}

#[test]
fn a_description_without_its_signature_is_refused() {
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Direct, |message| {
        let stripped = text(&message).and_then(|text| {
            let at = text.find("a=netplay-identity:")?;
            let end = at + text[at..].find("\\r\\n")? + 4;
            Some(format!("{}{}", &text[..at], &text[end..]))
        });
        vec![stripped.map_or(message, |text| Message::Text(text.into()))]
    });
    until(&mut [&mut first, &mut second], |peers| {
        malformed(peers[1]).iter().any(|reason| reason.contains("not signed"))
    });
    assert!(!first.is_up(2) && !second.is_up(1));
}

#[test]
fn an_attempt_that_is_replayed_or_moved_to_another_is_refused_and_the_real_one_opens() {
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Direct, |message| {
        let offer = text(&message).filter(|text| text.contains("\"offer\"")).map(|text| {
            // The same offer, as one of another attempt.
            let connection = text.find("\"connection\":\"").map(|at| at + 14);
            let moved = connection
                .map(|at| format!("{}{}{}", &text[..at], "0123456789abcdef", &text[at + 16..]));
            Message::Text(moved.unwrap_or_default().into())
        });
        match offer {
            Some(moved) => vec![moved, message.clone(), message],
            None => vec![message],
        }
    });
    // The peer with the lower key offers; only the second peer receives changed messages.
    second.transport.request(TransportRequest::Attempt(key(1)));
    first.transport.request(TransportRequest::Attempt(key(2)));
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    let refused = malformed(&second);
    assert!(
        refused.is_empty() || refused.iter().any(|reason| reason.contains("signature is wrong")),
        "{refused:?}"
    );
}

#[test]
fn relayed_packets_that_were_changed_or_replayed_never_arrive() {
    let [mut first, mut second] =
        behind_malicious_server(PathPolicy::Relay, |message| match message {
            Message::Binary(packet) => {
                let mut changed = packet.to_vec();
                if let Some(last) = changed.last_mut() {
                    *last ^= 1;
                }
                // Changed, unchanged, and replayed.
                let packets = [changed, packet.to_vec(), packet.to_vec(), vec![1], vec![]];
                packets.into_iter().map(|packet| Message::Binary(packet.into())).collect()
            }
            other => vec![other],
        });
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    for n in 0..50u8 {
        first.send(2, Channel::Reliable, &[n; 30]);
    }
    first.send(2, Channel::Reliable, b"last");
    until(&mut [&mut first, &mut second], |peers| {
        peers[1].received(Channel::Reliable).last() == Some(&&b"last"[..])
    });
    let expected: Vec<Vec<u8>> = (0..50u8).map(|n| vec![n; 30]).collect();
    assert_eq!(second.received(Channel::Reliable)[..50], expected, "each once, and as it was");
    assert_eq!(second.received(Channel::Reliable).len(), 51);
}

#[test]
fn a_server_that_speaks_for_somebody_else_in_the_handshake_is_found_out() {
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Relay, |message| {
        // The first message of a handshake is replaced by one with a key of the server's own.
        let own = "9".repeat(64);
        let changed = text(&message).filter(|text| text.contains("\"handshake\":\"")).map(|text| {
            let at = text.find("\"handshake\":\"").map_or(0, |at| at + 13);
            format!("{}{own}{}", &text[..at], &text[at + 64..])
        });
        vec![changed.map_or(message, |text| Message::Text(text.into()))]
    });
    until(&mut [&mut first, &mut second], |peers| {
        !malformed(peers[0]).is_empty() || !malformed(peers[1]).is_empty()
    });
    assert!(!first.is_up(2) && !second.is_up(1));
}

#[test]
fn what_the_server_carries_cannot_be_read_by_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Relay, move |message| {
        if let Message::Binary(packet) = &message {
            notes.lock().unwrap().push(packet.to_vec());
        }
        vec![message]
    });
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    first.send(2, Channel::Reliable, b"a secret of two players");
    until(&mut [&mut first, &mut second], |peers| {
        peers[1].received(Channel::Reliable) == [b"a secret of two players"]
    });
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty());
    assert!(!seen.iter().any(|packet| packet.windows(6).any(|bytes| bytes == b"secret")));
}

#[test]
fn a_handshake_that_loses_a_message_begins_again() {
    // Of the two messages that the second peer may receive, the last; of one, that one.
    for lost in [1, 2] {
        let mut heard = 0;
        let [mut first, mut second] = behind_malicious_server(PathPolicy::Relay, move |message| {
            heard += usize::from(text(&message).is_some_and(|text| text.contains("\"handshake\"")));
            if heard == lost && text(&message).is_some_and(|text| text.contains("\"handshake\"")) {
                return Vec::new();
            }
            vec![message]
        });
        until(&mut [&mut first, &mut second], |peers| {
            // A link that needs the relay does the same.
            peers[0].ask_relay(2);
            peers[1].ask_relay(1);
            peers[0].is_up(2) && peers[1].is_up(1)
        });
        until(&mut [&mut first, &mut second], |peers| {
            peers[0].send(2, Channel::Datagram, b"ping");
            peers[1].send(1, Channel::Datagram, b"pong");
            !peers[0].received(Channel::Datagram).is_empty()
                && !peers[1].received(Channel::Datagram).is_empty()
        });
    }
}

#[test]
fn a_server_with_names_takes_no_proof_that_was_made_for_another_server() {
    let public_names = vec!["play.example.org".parse().unwrap()];
    let server = server_with(ServerConfig { public_names, ..patient() });
    let liar = Liar::new(server.addr(), |message| vec![message]);
    let reason = ends(request(&liar.url(), 1, 2));
    let asked = liar.addr.to_string().parse().unwrap();
    assert_eq!(reason, LeaveReason::Refused(Refusal::WrongServerName { asked }));
}

/// The message that the server changes, or None where it is another one.
fn changed(message: &Message, change: impl Fn(&mut ServerMessage) -> bool) -> Option<Message> {
    let mut parsed = serde_json::from_str(text(message)?).ok()?;
    change(&mut parsed).then(|| Message::Text(serde_json::to_string(&parsed).unwrap().into()))
}

#[test]
fn ice_servers_that_no_stack_can_use_are_left_out_and_the_players_connect() {
    let urls = ["stun:", "stun://x", "turn:no.credential.example", "http://x", "\u{0}", ""];
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Direct, move |message| {
        let bad = |message: &mut ServerMessage| match message {
            ServerMessage::Welcome { ice_servers, .. } => {
                let server = |url: &&str| netplay_protocol::signaling::IceServer {
                    urls: vec![(*url).to_owned()],
                    username: None,
                    credential: None,
                };
                *ice_servers = urls.iter().map(server).collect();
                true
            }
            _ => false,
        };
        vec![changed(&message, bad).unwrap_or(message)]
    });
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
}

#[test]
fn candidates_of_the_server_never_reach_a_stack() {
    // For each candidate of the first peer, the server adds one of its own, signed by nobody.
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Direct, |message| {
        let own = |message: &mut ServerMessage| match message {
            ServerMessage::Signal { signal, .. } => {
                let json = r#"{"candidate":"candidate:1 1 udp 1 192.0.2.66 9 typ host"}"#;
                *signal = Signal::Candidate(json.into());
                true
            }
            _ => false,
        };
        changed(&message, own).into_iter().chain([message]).collect()
    });
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    assert!(malformed(&second).iter().any(|reason| reason.contains("not signed")));
}

#[test]
fn a_roster_that_no_room_can_have_ends_the_connection_with_a_sentence() {
    let server = server();
    let liar = Liar::new(server.addr(), |message| {
        let flood = |message: &mut ServerMessage| match message {
            ServerMessage::Roster { roster, .. } => {
                *roster = Roster::new(2, (1..100).map(key).collect());
                true
            }
            _ => false,
        };
        vec![changed(&message, flood).unwrap_or(message)]
    });
    let reason = ends(request(&liar.url(), 1, 2));
    assert!(matches!(&reason, LeaveReason::ServerGone(why) if why.contains("99")), "{reason}");
}

#[test]
fn a_message_over_the_limit_is_not_read_and_ends_the_connection() {
    let server = server();
    let liar = Liar::new(server.addr(), |message| match text(&message) {
        Some(text) if text.contains("challenge") => {
            let padding = " ".repeat(MAX_SIGNALING_BYTES);
            vec![Message::Text(format!("{text}{padding}").into())]
        }
        _ => vec![message],
    });
    let reason = ends(request(&liar.url(), 1, 2));
    assert!(
        matches!(&reason, LeaveReason::ServerGone(why) if why.contains("too long")),
        "{reason}"
    );
}

#[test]
fn an_attempt_under_the_number_of_the_relay_is_refused() {
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Direct, |message| {
        let zero = |message: &mut ServerMessage| match message {
            ServerMessage::Signal { connection, .. } => {
                *connection = ConnectionId(0);
                true
            }
            _ => false,
        };
        vec![changed(&message, zero).unwrap_or(message)]
    });
    until(&mut [&mut first, &mut second], |peers| {
        malformed(peers[1]).iter().any(|reason| reason.contains("relay"))
    });
    assert!(!second.is_up(1));
}

#[test]
fn candidates_by_the_hundred_are_counted_and_the_connection_opens() {
    let [mut first, mut second] = behind_malicious_server(PathPolicy::Direct, |message| {
        let times = match text(&message) {
            Some(text) if text.contains("\"candidate\":") => 300,
            _ => 1,
        };
        vec![message; times]
    });
    until(&mut [&mut first, &mut second], |peers| {
        peers[0].is_up(2) && peers[1].is_up(1) && !malformed(peers[1]).is_empty()
    });
    let refused = malformed(&second);
    let counted = |reason: &&str| reason.contains("candidates") || reason.contains("too many");
    assert!(refused.iter().all(counted), "{refused:?}");
    assert_eq!((first.left(), second.left()), (None, None));
}

#[test]
fn ice_servers_that_are_none_do_not_keep_anybody_from_connecting() {
    let urls = [
        "",
        ":",
        "turn:",
        "turn:[",
        "stun:a b",
        "http://a.example",
        "turns:a?transport=x",
        "stun:\u{0}",
    ];
    let bad = |url: &str| IceServer {
        urls: vec![url.to_owned()],
        username: Some("user".into()),
        credential: Some("credential".into()),
    };
    let server = server();
    let join = |n, policy| {
        let ice_servers = urls.map(bad).to_vec();
        let options = TransportOptions { ice_servers, ..TransportOptions::default() };
        let entry = Entry::Room(format!("{policy:?}"));
        Peer::join(JoinRequest { policy, options, entry, ..request(&server.url(), n, 2) })
    };
    let mut pair = [1, 2].map(|n| join(n, PathPolicy::Any));
    let [first, second] = &mut pair;
    until(&mut [first, second], |peers| peers[0].is_up(2) && peers[1].is_up(1));
    // Where only a TURN server would do, the attempt fails and says why.
    let mut pair = [3, 4].map(|n| join(n, PathPolicy::Turn));
    let [first, second] = &mut pair;
    let failed = |event: &TransportEvent| match event {
        TransportEvent::AttemptFailed { reason, .. } => reason.contains("no TURN server"),
        _ => false,
    };
    until(&mut [first, second], |peers| peers[0].events.iter().any(failed));
}
