//! Reliable packets between peers: their header, control messages, and messages in several packets.

use netplay_protocol::limits::{
    MAX_CONTROL_BYTES, MAX_FRAGMENTED_BYTES, MAX_LOBBY_VALUE_BYTES, MAX_PLAYERS,
};
use netplay_protocol::seed::{SeedCommitment, SeedReveal, SeedReveals, SeedTerms, SeedWait};
use netplay_protocol::{
    Accusation, Accusations, ControlMessage, DropProposal, Equivocation, Fragments, Hello,
    InputLogChunk, InputRequest, InputResponse, InputStatements, Kick, LobbyEntry, LobbyStart,
    LobbyValues, MAX_STATEMENTS, MessageDelivery, MessageType, MessageTypes, RejoinState,
    ReliableHeader, Roster,
};
use rand::RngExt;

use crate::{Random, Target, examples, packets};

pub const CONTROL: Target =
    Target { name: "control", check, example, words: &[], test_runs: 300_000 };

/// Each packet as a peer would send it, one after the other.
fn check(input: &[u8]) {
    let mut fragments = Fragments::default();
    for packet in packets::split(input) {
        let Ok((header, message)) = ReliableHeader::split(packet.bytes) else { continue };
        assert_eq!(header.packet(message), packet.bytes);
        assert!(packet.bytes.len() <= MAX_CONTROL_BYTES);
        let Ok(message) = ControlMessage::decode(message) else { continue };
        let encoded = message.encode().expect("what was decoded fits into a packet");
        assert_eq!(ControlMessage::decode(&encoded).as_ref(), Ok(&message));
        if let Ok(Some(whole)) = fragments.handle(message) {
            check_whole(&whole);
        }
    }
}

/// A message that was put together is sent in packets again, and is the same.
fn check_whole(whole: &ControlMessage) {
    match whole {
        ControlMessage::Fragment { .. } => panic!("a fragment is not handed out"),
        ControlMessage::RejoinState(state) => {
            let members = state.roster.members.len();
            assert!(members <= usize::from(MAX_PLAYERS));
            assert_eq!(state.last_frames.len(), members);
            assert_eq!(state.keys.len(), members);
            assert_eq!(state.statements.len(), members);
            assert!([0, members].contains(&state.lobby.players.len()));
            assert!(state.lobby.fits());
        }
        ControlMessage::Lobby(entry) => {
            assert!(entry.player.len() <= MAX_LOBBY_VALUE_BYTES);
            assert!(entry.room.as_ref().is_none_or(|room| room.len() <= MAX_LOBBY_VALUE_BYTES));
        }
        ControlMessage::SeedReveals(reveals) => {
            assert!(reveals.nonces.len() <= usize::from(MAX_PLAYERS));
        }
        ControlMessage::InputStatements(it) => {
            assert!(it.statements.len() <= usize::from(MAX_PLAYERS));
        }
        ControlMessage::Accusations(it) => {
            assert!(it.accusations.len() <= usize::from(MAX_PLAYERS));
        }
        ControlMessage::DropProposal(it) => {
            assert!(it.accusations.len() <= usize::from(MAX_PLAYERS));
        }
        ControlMessage::MessageTypes(types) => assert!(types.check().is_ok()),
        ControlMessage::InputResponse(it) => assert!(it.statements.len() <= MAX_STATEMENTS),
        _ => {}
    }
    let packets = whole.encode_fragments().expect("what was put together can be sent");
    assert!(packets.iter().map(Vec::len).sum::<usize>() <= MAX_FRAGMENTED_BYTES + 1024);
    let mut fragments = Fragments::default();
    let again: Vec<_> = packets
        .iter()
        .map(|packet| ControlMessage::decode(packet).expect("a fragment fits into a packet"))
        .filter_map(|part| fragments.handle(part).expect("the fragments are a message"))
        .collect();
    assert_eq!(again, std::slice::from_ref(whole));
}

fn example(random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    for _ in 0..random.random_range(1..4) {
        let message = message(random);
        for part in message.encode_fragments().unwrap_or_default() {
            let header = ReliableHeader {
                sequence: examples::number(random) as u32,
                ack: examples::number(random) as u32,
                from: random.random(),
                to: random.random(),
            };
            packets::push(&mut input, 0, &header.packet(&part));
        }
    }
    input
}

/// A control message with any values.
pub fn message(random: &mut Random) -> ControlMessage {
    let epoch = random.random_range(0..3);
    let player = random.random_range(0..10);
    let frame = |random: &mut Random| examples::number(random) as i32;
    let terms =
        SeedTerms { roster: random.random(), epoch, round: examples::number(random) as u64 };
    match random.random_range(0..21) {
        0 => ControlMessage::Hello(Hello {
            game: examples::text(random, 70),
            registered: random.random(),
            roster: random.random(),
            frame_rate: examples::number(random) as u16,
            names: examples::several(random, 6, |random| examples::text(random, 70)),
            key: random.random(),
        }),
        1 => ControlMessage::Ready { roster: random.random(), epoch },
        2 => ControlMessage::Bye { reason: examples::text(random, 400) },
        3 => ControlMessage::DropProposal(DropProposal {
            epoch,
            player,
            last_frame: frame(random),
            inputs: examples::bytes(random, 120_000),
            statement: examples::option(random, examples::statement),
            accusations: examples::several(random, 9, accusation),
            reason: examples::text(random, 100),
        }),
        4 => ControlMessage::RejoinState(rejoin_state(random, epoch)),
        5 => ControlMessage::InputLogChunk(chunk(random, epoch)),
        6 => {
            ControlMessage::Fragment { last: random.random(), bytes: examples::bytes(random, 200) }
        }
        7 => ControlMessage::SeedCommitment(SeedCommitment { terms, hash: random.random() }),
        8 => ControlMessage::SeedReveal(SeedReveal {
            terms,
            exchange: random.random(),
            nonce: random.random(),
        }),
        9 => ControlMessage::SeedReveals(SeedReveals {
            exchange: random.random(),
            nonces: examples::several(random, 9, |random| random.random()),
        }),
        10 => ControlMessage::InputStatements(InputStatements {
            epoch,
            statements: examples::several(random, 9, |random| {
                (random.random_range(0..10), examples::statement(random))
            }),
        }),
        11 => {
            let statements = [examples::statement(random), examples::statement(random)];
            ControlMessage::Equivocation(Equivocation { epoch, player, statements })
        }
        12 => ControlMessage::SeedWait(SeedWait {
            roster: random.random(),
            epoch,
            players: random.random(),
        }),
        13 => ControlMessage::Accusations(Accusations {
            epoch,
            player,
            reason: examples::text(random, 100),
            accusations: examples::several(random, 9, accusation),
        }),
        14 => ControlMessage::InputRequest(InputRequest {
            epoch,
            player,
            after: frame(random),
            stated: examples::option(random, |random| examples::number(random) as i32),
        }),
        15 => ControlMessage::GoingAway,
        16 => ControlMessage::Back,
        17 => ControlMessage::Kick(Kick { epoch, player, ban: random.random() }),
        18 => ControlMessage::MessageTypes(message_types(random)),
        19 => ControlMessage::Lobby(LobbyEntry {
            revision: random.random(),
            epoch,
            playing: random.random(),
            ready: examples::option(random, |random| random.random()),
            start: examples::option(random, |random| LobbyStart {
                members: random.random(),
                view: random.random(),
            }),
            player: lobby_value(random),
            room: examples::option(random, lobby_value),
        }),
        _ => ControlMessage::InputResponse(InputResponse {
            inputs: chunk(random, epoch),
            statements: examples::several(random, 5, examples::statement),
        }),
    }
}

fn chunk(random: &mut Random, epoch: u16) -> InputLogChunk {
    InputLogChunk {
        epoch,
        player: random.random_range(0..10),
        start_frame: examples::number(random) as i32,
        inputs: examples::bytes(random, 9000),
    }
}

/// Types that are in order.
fn message_types(random: &mut Random) -> MessageTypes {
    let types = examples::several(random, 66, |random| {
        let delivery =
            if random.random() { MessageDelivery::Reliable } else { MessageDelivery::Latest };
        MessageType {
            name: examples::text(random, 66),
            version: examples::number(random) as u16,
            delivery,
            max_bytes: examples::number(random) as u32,
        }
    });
    MessageTypes::new(types).unwrap_or_default()
}

/// A value that is usually short enough.
fn lobby_value(random: &mut Random) -> Vec<u8> {
    let most = if random.random_ratio(1, 16) { 1100 } else { 40 };
    examples::bytes(random, most)
}

fn accusation(random: &mut Random) -> Accusation {
    Accusation {
        accuser: random.random_range(0..10),
        revision: random.random_range(0..4),
        signature: examples::statement(random).signature,
    }
}

/// A state whose lists usually have an entry for each player.
fn rejoin_state(random: &mut Random, epoch: u16) -> RejoinState {
    let roster = roster(random);
    let mut count = || roster.members.len() + usize::from(random.random_ratio(1, 32));
    let counts = [count(), count(), count(), count()];
    RejoinState {
        epoch,
        roster,
        disconnected: examples::bytes(random, 10),
        last_frames: (0..counts[0]).map(|_| examples::number(random) as i32).collect(),
        seed: random.random(),
        keys: (0..counts[1]).map(|_| random.random()).collect(),
        statements: (0..counts[2]).map(|_| examples::option(random, examples::statement)).collect(),
        lobby: LobbyValues {
            room: lobby_value(random),
            players: match random.random() {
                true => (0..counts[3]).map(|_| lobby_value(random)).collect(),
                false => Vec::new(),
            },
        },
    }
}

/// A roster with any members.
pub fn roster(random: &mut Random) -> Roster {
    let members = examples::several(random, 9, examples::peer);
    let count = members.len() + usize::from(random.random_ratio(1, 32));
    let players = (0..count).map(|_| random.random_range(0..6)).collect();
    Roster { size: random.random_range(0..10), members, players }
}
