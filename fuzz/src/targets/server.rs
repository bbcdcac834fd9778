//! A server that several clients send anything to.

use std::time::Duration;

use netplay_protocol::join_proof::{JoinAction, JoinContext, KeyProof};
use netplay_protocol::signaling::{ClientMessage, ServerMessage};
use netplay_protocol::{Challenge, RelayChannel, RelayHeader};
use netplay_server::ServerConfig;
use netplay_server::simulation::{ClientId, Frame, SimulatedServer};
use rand::RngExt;

use super::signaling::{self, SERVER_NAME};
use crate::{Random, Target, examples, packets};

pub const SERVER: Target = Target {
    name: "server",
    check,
    example,
    words: &["\"type\":", "\"join\"", "\"resume\"", "\"version\":8", "null", "\\u0000"],
    test_runs: 3_000,
};

const CLIENTS: usize = 3;
/// How many messages one message of a client makes, at most: it may let members see each other's presence.
const MAX_ANSWERS: usize = 256;

/// The server answers in messages that clients read, and in proportion.
fn check(input: &[u8]) {
    let secret = Some("a secret of sixteen bytes".into());
    let public_names = vec![SERVER_NAME.parse().expect("it is a name")];
    let config = ServerConfig { secret, public_names, ..ServerConfig::default() };
    let mut server = SimulatedServer::new(config, [9; 32]).expect("the configuration is sound");
    let mut clients: [Option<Client>; CLIENTS] = [None; CLIENTS];
    for packet in packets::split(input) {
        let place = usize::from(packet.kind & 3) % CLIENTS;
        if clients[place].is_none_or(|client| !server.is_connected(client.id)) {
            clients[place] = connect(&mut server);
        }
        let Some(Client { id: client, challenge }) = clients[place] else { continue };
        match packet.kind >> 2 & 7 {
            0 => server.disconnect(client),
            1 => server.receive(client, Frame::Binary(packet.bytes.to_vec())),
            2 => server.pass(Duration::from_millis(u64::from(packet.kind >> 5) * 700)),
            kind => {
                let text = String::from_utf8_lossy(packet.bytes).into_owned();
                // Nobody but the owner of a key can make proofs that are right: the clients sign most of what they send.
                let signed = if kind < 6 { signed(&text, challenge) } else { None };
                server.receive(client, Frame::Text(signed.unwrap_or(text)));
            }
        }
        let answers = clients.iter().flatten().map(|client| answers(&mut server, client.id));
        assert!(answers.sum::<usize>() <= MAX_ANSWERS);
    }
}

/// A client, and what the server has sent it first.
#[derive(Clone, Copy)]
struct Client {
    id: ClientId,
    challenge: Challenge,
}

fn connect(server: &mut SimulatedServer) -> Option<Client> {
    let id = server.connect().ok()?;
    let Some(Frame::Text(first)) = server.transmit(id) else { panic!("no challenge") };
    match serde_json::from_str(&first) {
        Ok(ServerMessage::Challenge { challenge, .. }) => Some(Client { id, challenge }),
        other => panic!("{other:?} came before the challenge"),
    }
}

/// The message with the proof that its sender has the key that it names, if it is one of the identities.
fn signed(text: &str, challenge: Challenge) -> Option<String> {
    let prove = |proof: &KeyProof, action: JoinAction<'_>| {
        let mut identities = (0..3).map(examples::identity);
        let identity = identities.find(|it| it.peer_key() == proof.claimed_peer())?;
        let context = JoinContext { action, server: &proof.server, challenge };
        Some(identity.sign_join(&context))
    };
    let mut message = serde_json::from_str(text).ok()?;
    match &mut message {
        ClientMessage::Join(join) => join.proof = prove(&join.proof, join.entry.action())?,
        ClientMessage::Resume(resume) => {
            resume.proof = prove(&resume.proof, JoinAction::Resume(&resume.room))?;
        }
        _ => return None,
    }
    serde_json::to_string(&message).ok()
}

fn answers(server: &mut SimulatedServer, client: ClientId) -> usize {
    let frames = std::iter::from_fn(|| server.transmit(client));
    let read = |frame| match frame {
        Frame::Text(text) => {
            let message = serde_json::from_str::<ServerMessage>(&text);
            assert!(message.is_ok(), "no client reads {text}");
        }
        Frame::Binary(frame) => assert!(RelayHeader::split(&frame).is_ok()),
        Frame::Ping | Frame::Pong => {}
    };
    frames.map(read).count()
}

fn example(random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    for _ in 0..random.random_range(1..16) {
        let client = random.random_range(0..CLIENTS as u8);
        match random.random_range(0..10) {
            0 => {
                let header = RelayHeader::new(RelayChannel::Datagram, examples::peer(random));
                let frame = header.frame(&examples::bytes(random, 200));
                packets::push(&mut input, client | 1 << 2, &frame);
            }
            1 => packets::push(&mut input, client | random.random_range(0..8) << 5 | 2 << 2, &[]),
            2 => packets::push(&mut input, client, &[]),
            _ => {
                let message = signaling::client_message(random);
                let text = serde_json::to_vec(&message).unwrap_or_default();
                // Most of them are signed.
                let kind: u8 = random.random_range(3..7);
                packets::push(&mut input, client | kind << 2, &text);
            }
        }
    }
    input
}
