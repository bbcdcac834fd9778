//! A malicious peer: malformed and destructive signals.

use async_tungstenite::tungstenite::Message;
use futures::StreamExt;
use netplay_protocol::identity::{SignalContext, Signed};
use netplay_protocol::join_proof::JoinContext;
use netplay_protocol::signaling::{
    ClientMessage, Entry, GameInfo, Join, PATH, ServerMessage, Signal, VERSION,
};
use netplay_protocol::{ConnectionId, RoomScope, ServerName};
use netplay_server::Server;
use netplay_transport::TransportEvent;

use crate::support::{Peer, identity, key, request, server, until};

/// Joins the room as peer 0, sends the signals to peer 1, each in an attempt of its own, and stays. Offers are signed
/// correctly.
fn hostile(server: &Server, size: u8, signals: Vec<Signal>) -> smol::Task<()> {
    let url = format!("{}{PATH}", server.url());
    smol::spawn(async move {
        let name = ServerName::of_url(&url).unwrap();
        let (mut socket, _) = async_tungstenite::smol::connect_async(url).await.unwrap();
        let ServerMessage::Challenge { challenge, .. } = next(&mut socket).await else { panic!() };
        let entry = Entry::Room("TEST".into());
        let context = JoinContext { action: entry.action(), server: &name, challenge };
        let join = ClientMessage::Join(Join {
            version: VERSION,
            proof: identity(0).sign_join(&context),
            entry,
            size: Some(size),
            least: None,
            players: 1,
            game: GameInfo::default(),
            password: None,
            token: None,
            options: Default::default(),
        });
        send(&mut socket, &join).await;
        let ServerMessage::Welcome { room, nonce, .. } = next(&mut socket).await else { panic!() };
        let room = RoomScope::new(&room, nonce);
        for (signal, attempt) in signals.into_iter().zip(1..) {
            let connection = ConnectionId(attempt);
            let (what, from, to) = (Signed::Offer, key(0), key(1));
            let context = SignalContext { what, connection, from, to, room };
            let signal = match signal {
                Signal::Offer(sdp) => Signal::Offer(identity(0).sign_signal(&context, &sdp)),
                other => other,
            };
            send(&mut socket, &ClientMessage::Signal { to, connection, signal }).await;
        }
        // Reading answers the server's pings.
        while socket.next().await.is_some() {}
    })
}

type Socket = async_tungstenite::WebSocketStream<async_tungstenite::smol::ConnectStream>;

async fn send(socket: &mut Socket, message: &ClientMessage) {
    let text = serde_json::to_string(message).unwrap();
    socket.send(Message::Text(text.into())).await.unwrap();
}

async fn next(socket: &mut Socket) -> ServerMessage {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

fn malformed(peer: &Peer) -> usize {
    let malformed = |event: &&TransportEvent| matches!(event, TransportEvent::MalformedSignal { peer, .. } if *peer == key(0));
    peer.events.iter().filter(malformed).count()
}

/// An offer that passes every check and that no WebRTC stack can use.
fn hollow_offer() -> Signal {
    let lines = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:x",
        "a=ice-pwd:x",
        "a=setup:actpass",
        "a=fingerprint:nonsense",
        "a=sctp-port:x",
    ];
    Signal::Offer(lines.iter().flat_map(|line| [*line, "\r\n"]).collect())
}

#[test]
fn malformed_signals_are_reported_and_the_others_connect() {
    let server = server();
    let mut first = Peer::join(request(&server.url(), 1, 3));
    let mut second = Peer::join(request(&server.url(), 2, 3));
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));

    let offers = ["", "v=0", "garbage", "v=0\r\nm=video 9 RTP 1\r\n", "v=0\r\n\u{0}"];
    let garbage = offers.map(|sdp| Signal::Offer(sdp.into()));
    let hostile = hostile(&server, 3, garbage.to_vec());
    until(&mut [&mut first, &mut second], |peers| malformed(peers[0]) == offers.len());

    first.send(2, netplay_transport::Channel::Reliable, b"still here");
    until(&mut [&mut first, &mut second], |peers| {
        !peers[1].received(netplay_transport::Channel::Reliable).is_empty()
    });
    assert_eq!((first.left(), second.left()), (None, None));
    drop(hostile);
}

#[test]
fn an_offer_that_breaks_the_webrtc_stack_ends_that_attempt_and_nothing_else() {
    let server = server();
    let mut first = Peer::join(request(&server.url(), 1, 3));
    let mut second = Peer::join(request(&server.url(), 2, 3));
    until(&mut [&mut first, &mut second], |peers| peers[0].is_up(2) && peers[1].is_up(1));

    // The malformed one comes last: when it is reported, the others have been handled.
    let signals = vec![hollow_offer(), hollow_offer(), Signal::Offer("end".into())];
    let hostile = hostile(&server, 3, signals);
    until(&mut [&mut first, &mut second], |peers| malformed(peers[0]) == 1);

    first.send(2, netplay_transport::Channel::Reliable, b"still here");
    until(&mut [&mut first, &mut second], |peers| {
        !peers[1].received(netplay_transport::Channel::Reliable).is_empty()
    });
    assert_eq!((first.left(), second.left()), (None, None));
    drop(hostile);
}
