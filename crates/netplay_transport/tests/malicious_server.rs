//! A malicious server: it changes, moves and replays what it forwards.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use async_tungstenite::tungstenite::Message;
use futures::StreamExt;
use netplay_protocol::signaling::PATH;
use netplay_transport::{
    Channel, JoinRequest, PathPolicy, Transport, TransportEvent, TransportRequest,
};

use crate::support::{Peer, key, request, server, until};

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
    let client = smol::Async::new(client).unwrap();
    let client = async_tungstenite::accept_async(client).await.unwrap();
    let url = format!("ws://{server}{PATH}");
    let (server, _) = async_tungstenite::smol::connect_async(url).await.unwrap();
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
