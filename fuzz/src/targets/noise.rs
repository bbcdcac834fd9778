//! The encrypted channel between two peers whose packets a server relays: handshakes and packets that the server
//! changes, replays, reorders and invents.

use netplay_core::negotiation::fuzzing::Channel;
use netplay_protocol::ConnectionId;
use rand::RngExt;

use crate::{Random, Target, examples, packets};

pub const NOISE: Target = Target { name: "noise", check, example, words: &[], test_runs: 6_000 };

/// What the receiver decrypts is what the other peer has encrypted, each packet once, and on its channel.
fn check(input: &[u8]) {
    let [local, remote] = [0, 1].map(examples::identity);
    let (local_key, remote_key) = (local.peer_key(), remote.peer_key());
    let mut receiver = Channel::new(local, remote_key, examples::room_scope(), 1);
    let mut sender = Channel::new(remote, local_key, examples::room_scope(), 2);
    let mut server = Server::default();
    for packet in packets::split(input) {
        let connection = ConnectionId(u64::from(packet.kind >> 6));
        match packet.kind & 7 {
            0 => server.handshakes.extend(sender.begin(connection)),
            1 => server.handshakes.extend(receiver.begin(connection)),
            2 | 3 => {
                let message = server.handshake(packet.bytes);
                let to = if packet.kind & 8 == 0 { &mut receiver } else { &mut sender };
                server.handshakes.extend(to.handle_handshake(connection, &message));
            }
            4 => {
                let (channel, number) = (packet.kind >> 3 & 1, server.sent.len() as u32);
                let plain = [&number.to_le_bytes(), packet.bytes].concat();
                if let Some(encrypted) = sender.encrypt(channel, &plain) {
                    assert_eq!(encrypted.len(), plain.len() + netplay_protocol::limits::SEAL_BYTES);
                    server.sent.push((channel, plain, encrypted));
                }
            }
            _ => {
                let channel = packet.kind >> 3 & 1;
                let encrypted = server.packet(packet.bytes);
                if let Some(plain) = receiver.decrypt(channel, &encrypted) {
                    assert!(receiver.is_ready());
                    let sent = server
                        .sent
                        .iter()
                        .position(|(on, sent, _)| (*on, sent) == (channel, &plain));
                    let sent = sent.expect("a packet that nobody has sent");
                    assert!(!server.received.contains(&sent), "a packet that came before");
                    server.received.push(sent);
                }
            }
        }
    }
}

/// What the server in the middle has seen.
#[derive(Default)]
struct Server {
    handshakes: Vec<String>,
    sent: Vec<(u8, Vec<u8>, Vec<u8>)>,
    /// Places of packets in `sent`.
    received: Vec<usize>,
}

impl Server {
    /// A message of a handshake: one that was sent, as it was or changed in one place, or another one.
    fn handshake(&self, bytes: &[u8]) -> String {
        let Some((&[which, place, change], _)) = bytes.split_first_chunk() else {
            return String::new();
        };
        let back = usize::from(which);
        let Some(message) = self.handshakes.iter().rev().nth(back) else {
            return String::from_utf8_lossy(bytes).into_owned();
        };
        let mut message = message.clone().into_bytes();
        if let Some(byte) = message.get_mut(usize::from(place)) {
            *byte ^= change;
        }
        String::from_utf8_lossy(&message).into_owned()
    }

    /// The same of a packet.
    fn packet(&self, bytes: &[u8]) -> Vec<u8> {
        let Some((&[which, place, change], _)) = bytes.split_first_chunk() else {
            return Vec::new();
        };
        let Some((_, _, packet)) = self.sent.iter().rev().nth(usize::from(which)) else {
            return bytes.to_vec();
        };
        let mut packet = packet.clone();
        if let Some(byte) = packet.get_mut(usize::from(place)) {
            *byte ^= change;
        }
        packet
    }
}

/// A handshake of three messages, and packets after it.
fn example(random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    let unchanged = [0, 0, 0];
    // It begins with the sender or the receiver.
    let first: u8 = random.random_range(0..2);
    packets::push(&mut input, first, &[]);
    for step in 0..3 {
        let to = (first + step) % 2 * 8;
        packets::push(&mut input, 2 + to, &unchanged);
    }
    for _ in 0..random.random_range(0..6) {
        let channel = random.random_range(0..2_u8) << 3;
        packets::push(&mut input, 4 + channel, &examples::bytes(random, 60));
        packets::push(&mut input, 5 + channel, &[random.random_range(0..2), 0, 0]);
    }
    input
}
