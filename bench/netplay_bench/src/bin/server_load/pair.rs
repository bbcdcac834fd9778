//! Two peers who meet in a room and exchange an offer and an answer, on either server.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Result;
use std::net::SocketAddr;
use std::ops::Range;

use netplay_protocol::join_proof::JoinContext;
use netplay_protocol::signaling::{
    ClientMessage, Entry, GameInfo, Join, PATH, RoomOptions, ServerMessage, Signal, VERSION,
};
use netplay_protocol::{ConnectionId, Identity, PeerKey};

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
    identity(number).peer_key()
}

thread_local! {
    static PREPARED: RefCell<HashMap<u64, Identity>> = RefCell::default();
}

/// Makes the keys of these peers, which takes longer than anything else that a client does, before time is taken.
pub fn prepare(numbers: Range<u64>) {
    PREPARED.with_borrow_mut(|prepared| {
        prepared.extend(numbers.map(|number| (number, new_identity(number))))
    });
}

fn identity(number: u64) -> Identity {
    let prepared = PREPARED.with_borrow(|prepared| prepared.get(&number).cloned());
    prepared.unwrap_or_else(|| new_identity(number))
}

fn new_identity(number: u64) -> Identity {
    let mut secret = [7; 32];
    secret[..8].copy_from_slice(&number.to_le_bytes());
    Identity::from_secret(&secret)
}

fn json(message: &ClientMessage) -> Result<String> {
    Ok(serde_json::to_string(message)?)
}

/// Joins a room as this peer.
pub async fn join(addr: SocketAddr, room: u64, size: u8, number: u64) -> Result<WebSocket> {
    let mut socket = WebSocket::connect(addr, PATH).await?;
    let first = socket.until([b"\"challenge\"", b""]).await?;
    let ServerMessage::Challenge { challenge, .. } = serde_json::from_slice(&first)? else {
        return Err(std::io::Error::other("the server begins without a challenge"));
    };
    let entry = Entry::Room(format!("R{room}"));
    let server = &addr.to_string().parse().map_err(std::io::Error::other)?;
    let proof =
        identity(number).sign_join(&JoinContext { action: entry.action(), server, challenge });
    let (version, game, size) = (VERSION, GameInfo::default(), Some(size));
    let (password, token) = (None, None);
    let options = RoomOptions::default();
    let join = Join {
        version,
        proof,
        entry,
        size,
        least: None,
        players: 1,
        game,
        password,
        token,
        options,
    };
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
