//! Rooms on a virtual clock. Sockets and peers have the same numbers unless a test says otherwise.

mod access;
mod membership;
mod presence;
mod statistics;
mod traffic;

use netplay_protocol::ConnectionId;
use netplay_protocol::signaling::Signal;

use super::*;

const NONCE: RoomNonce = RoomNonce([3; 16]);
const UNIX_NOW: u64 = 1_000_000;
/// How many peers a room keeps out.
const BANS: usize = 3;
const GRACE: Duration = Duration::from_secs(10);

/// A room and a clock.
struct TestRoom {
    room: Room,
    signer: TokenSigner,
    now: Duration,
}

impl TestRoom {
    fn new(size: u8) -> Self {
        Self {
            room: new_room(size, RoomOptions::default()),
            signer: TokenSigner::new(Some(&"a secret for the tests".into())).unwrap(),
            now: Duration::ZERO,
        }
    }

    fn filled(size: u8, peers: &[u64]) -> Self {
        let mut test = Self::new(size);
        for peer in peers {
            test.join(*peer).unwrap();
        }
        test
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// What the room has queued since the last call.
    fn sent(&mut self) -> Vec<Delivery> {
        std::iter::from_fn(|| self.room.poll_transmit()).collect()
    }

    fn enter(&mut self, request: JoinRequest) -> Result<Vec<Delivery>, Refusal> {
        let joined = self.room.handle_join(rules(&self.signer, self.now), request);
        let sent = self.sent();
        joined.map(|()| sent)
    }

    fn leave(&mut self, socket: u64) -> Vec<Delivery> {
        self.room.handle_leave(rules(&self.signer, self.now), SocketId(socket));
        self.sent()
    }

    fn disconnect(&mut self, socket: u64) -> Vec<Delivery> {
        let rules = rules(&self.signer, self.now);
        self.room.handle_disconnect(rules, SocketId(socket), Presence::Away);
        self.sent()
    }

    fn time_out(&mut self) -> Vec<Delivery> {
        self.room.handle_timeout(rules(&self.signer, self.now));
        self.sent()
    }

    fn resume(&mut self, peer: u64, socket: u64) -> Result<Vec<Delivery>, Refusal> {
        self.resume_as(peer, socket, false)
    }

    fn resume_as(
        &mut self,
        peer: u64,
        socket: u64,
        restarted: bool,
    ) -> Result<Vec<Delivery>, Refusal> {
        let rules = rules(&self.signer, self.now);
        let (socket, key, ice_servers) = (SocketId(socket), key(peer), Vec::new());
        let (nonce, address) = (NONCE, address(peer));
        let request = ResumeRequest { socket, key, address, nonce, restarted, ice_servers };
        let resumed = self.room.handle_resume(rules, request);
        let sent = self.sent();
        resumed.map(|()| sent)
    }

    fn welcome(&self, peer: u64) -> Delivery {
        let claims = TokenClaims { nonce: NONCE, issued: UNIX_NOW };
        let resume = self.signer.resume_token(&code(), key(peer), claims);
        let (version, room, size) = (VERSION, code(), self.room.size);
        let (nonce, grace_ms, ice_servers, state) = (NONCE, 10_000, Vec::new(), self.room.state());
        let welcome = ServerMessage::Welcome {
            version,
            room,
            nonce,
            size,
            least: None,
            resume,
            grace_ms,
            ice_servers,
            state,
        };
        message(&[peer], welcome)
    }

    fn signal(&mut self, socket: u64, to: u64, text: &str) -> Result<SignalOutcome, Refusal> {
        let rules = rules(&self.signer, self.now);
        let signal = Signal::Offer(text.into());
        self.room.handle_signal(rules, SocketId(socket), key(to), ConnectionId(5), signal)
    }

    fn relay(&mut self, socket: u64, to: u64, open: bool) -> Result<Vec<Delivery>, Refusal> {
        let opened = self.room.handle_relay(SocketId(socket), key(to), open);
        let sent = self.sent();
        opened.map(|()| sent)
    }

    fn join(&mut self, peer: u64) -> Result<Vec<Delivery>, Refusal> {
        let size = self.room.size;
        self.enter(join_request(peer, size))
    }

    fn members(&self) -> Vec<u64> {
        let number = |key: &PeerKey| u128::from_be_bytes(key.to_bytes()) as u64;
        self.room.roster().members.iter().map(number).collect()
    }

    fn roster(&self, revision: u64, to: &[u64], members: &[u64]) -> Delivery {
        let members = members.iter().copied().map(key).collect();
        let roster = Roster::new(self.room.size, members);
        let issued = UNIX_NOW;
        let signed = signed(revision, roster.clone());
        let signature = self.signer.sign_roster(&code(), &signed);
        message(to, ServerMessage::Roster { revision, roster, issued, signature })
    }
}

fn rules(signer: &TokenSigner, now: Duration) -> Rules<'_> {
    let (away_messages, away_bytes) = (64, 64 * 1024);
    let (grace, bans, unix_now) = (GRACE, BANS, UNIX_NOW);
    Rules { now, grace, away_messages, away_bytes, bans, signer, unix_now }
}

/// A roster as it is signed.
fn signed(revision: u64, roster: Roster) -> SignedRoster {
    SignedRoster {
        roster,
        nonce: NONCE,
        revision,
        issued: UNIX_NOW,
        signature: String::new(),
        game: GameInfo::default(),
    }
}

fn code() -> RoomCode {
    "ROOM".parse().unwrap()
}

/// The peer on the socket with the same number.
fn key(number: u64) -> PeerKey {
    PeerKey::from_bytes(u128::from(number).to_be_bytes())
}

/// Where the peer with this number connects from.
fn address(number: u64) -> ClientAddress {
    ClientAddress::V4((number as u32).into())
}

fn new_room(size: u8, options: RoomOptions) -> Room {
    Room::new(code(), NONCE, size, GameInfo::default(), None, options, None)
}

fn join_request(peer: u64, size: u8) -> JoinRequest {
    let (socket, key, game) = (SocketId(peer), key(peer), GameInfo::default());
    let (size, ice_servers) = (Some(size), Vec::new());
    let address = address(peer);
    JoinRequest {
        socket,
        key,
        address,
        size,
        least: None,
        players: 1,
        game,
        password: None,
        ice_servers,
    }
}

fn message(to: &[u64], message: ServerMessage) -> Delivery {
    Delivery {
        to: to.iter().copied().map(SocketId).collect(),
        outgoing: Outgoing::Message(message),
    }
}

fn presence(peer: u64, presence: Presence, to: &[u64]) -> Delivery {
    message(to, ServerMessage::Presence { peer: key(peer), presence })
}

fn signaled(from: u64, text: &str) -> ServerMessage {
    let signal = Signal::Offer(text.into());
    ServerMessage::Signal { from: key(from), connection: ConnectionId(5), signal }
}
