//! Two peers who meet in a room and exchange an offer and an answer, on either server.

use std::io::Result;
use std::net::SocketAddr;

use netplay_protocol::signaling::{ClientMessage, Entry, GameInfo, Join, PATH, Signal, VERSION};
use netplay_protocol::{ConnectionId, PeerKey};

use crate::Protocol;
use crate::websocket::WebSocket;

/// How long a session description for data channels is, in bytes.
const SDP_BYTES: usize = 1_500;

/// A session description, as long as a real one, that parses.
pub fn description() -> String {
    let lines = [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
        "a=setup:actpass",
        "a=mid:0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        "a=sctp-port:5000",
    ];
    let mut sdp: String = lines.iter().flat_map(|line| [*line, "\r\n"]).collect();
    while sdp.len() < SDP_BYTES {
        sdp += "a=candidate:1 1 udp 2130706431 192.168.1.2 50000 typ host\r\n";
    }
    sdp
}

/// A room with one peer in it.
pub struct First {
    pub socket: WebSocket,
    number: u64,
}

/// Peers are named by a number: even ones come first.
pub fn key(number: u64) -> PeerKey {
    PeerKey::from_bytes(u128::from(number).to_be_bytes())
}

fn json(message: &ClientMessage) -> Result<String> {
    Ok(serde_json::to_string(message)?)
}

/// Joins a room as this peer.
pub async fn join(addr: SocketAddr, room: u64, size: u8, number: u64) -> Result<WebSocket> {
    let mut socket = WebSocket::connect(addr, PATH).await?;
    let entry = Entry::Room(format!("R{room}"));
    let (version, key, game) = (VERSION, key(number), GameInfo::default());
    let (password, token) = (None, None);
    let join = Join { version, key, entry, size: Some(size), game, password, token };
    socket.text(&json(&ClientMessage::Join(join))?).await?;
    socket.until([b"\"roster\"", key_text(number).as_bytes()]).await?;
    Ok(socket)
}

pub fn key_text(number: u64) -> String {
    key(number).to_string()
}

/// Leaves, and waits until the server has closed.
pub async fn leave(mut socket: WebSocket) -> Result<()> {
    socket.text(&json(&ClientMessage::Leave)?).await?;
    socket.until_closed().await
}

impl First {
    /// Joins a room that nobody is in. `number` is even.
    pub async fn join(protocol: Protocol, addr: SocketAddr, number: u64) -> Result<Self> {
        let socket = match protocol {
            Protocol::Ours => join(addr, number, 2, number).await?,
            Protocol::Matchbox => plain(addr, number).await?.0,
        };
        Ok(Self { socket, number })
    }

    /// Another one joins, and the two exchange an offer and an answer.
    pub async fn meet(
        &mut self,
        protocol: Protocol,
        addr: SocketAddr,
        sdp: &str,
    ) -> Result<WebSocket> {
        match protocol {
            Protocol::Ours => self.meet_ours(addr, sdp).await,
            Protocol::Matchbox => self.meet_plain(addr, sdp).await,
        }
    }

    async fn meet_ours(&mut self, addr: SocketAddr, sdp: &str) -> Result<WebSocket> {
        let (me, you) = (self.number, self.number + 1);
        let mut second = join(addr, me, 2, you).await?;
        self.socket.until([b"\"roster\"", key_text(you).as_bytes()]).await?;
        let signal = |to, signal| {
            json(&ClientMessage::Signal { to: key(to), connection: ConnectionId(1), signal })
        };
        self.socket.text(&signal(you, Signal::Offer(sdp.to_owned()))?).await?;
        second.until([b"\"signal\"", b"\"offer\""]).await?;
        second.text(&signal(me, Signal::Answer(sdp.to_owned()))?).await?;
        self.socket.until([b"\"signal\"", b"\"answer\""]).await?;
        Ok(second)
    }

    async fn meet_plain(&mut self, addr: SocketAddr, sdp: &str) -> Result<WebSocket> {
        let (mut second, _) = plain(addr, self.number).await?;
        let you = id(&self.socket.until([b"NewPeer", b""]).await?)?;
        let signal = |receiver: &str, kind: &str| {
            serde_json::json!({ "Signal": { "receiver": receiver, "data": { kind: sdp } } })
                .to_string()
        };
        self.socket.text(&signal(&you, "Offer")).await?;
        let offer = second.until([b"Signal", b"Offer"]).await?;
        let offer: serde_json::Value = serde_json::from_slice(&offer)?;
        let me = offer["Signal"]["sender"].as_str().unwrap_or_default().to_owned();
        second.text(&signal(&me, "Answer")).await?;
        self.socket.until([b"Signal", b"Answer"]).await?;
        Ok(second)
    }
}

/// A client of matchbox and its id.
pub async fn plain(addr: SocketAddr, room: u64) -> Result<(WebSocket, String)> {
    let mut socket = WebSocket::connect(addr, &format!("/R{room}")).await?;
    let assigned = socket.until([b"IdAssigned", b""]).await?;
    let id = id(&assigned)?;
    Ok((socket, id))
}

/// The id in `{"…":"id"}`.
fn id(event: &[u8]) -> Result<String> {
    let event: std::collections::BTreeMap<String, String> = serde_json::from_slice(event)?;
    Ok(event.into_values().next().unwrap_or_default())
}
