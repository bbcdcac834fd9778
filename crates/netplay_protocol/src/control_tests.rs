//! Control messages as they are sent, and what is refused.

use super::*;
use crate::limits::MAX_LOBBY_VALUE_BYTES;
use crate::lobby::LobbyStart;
use crate::seed::SeedTerms;
use crate::{Identity, InputDigest, MessageDelivery, MessageType, PeerKey};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A type of messages.
fn chat() -> MessageType {
    let delivery = MessageDelivery::Reliable;
    MessageType { name: "chat".into(), version: 300, delivery, max_bytes: 1024 }
}

const TERMS: SeedTerms = SeedTerms { roster: 9, epoch: 300, round: 1 };

#[test]
fn messages_come_back_as_they_were_sent() {
    let hello = Hello {
        game: "arena 1".into(),
        registered: 1,
        roster: u64::MAX,
        frame_rate: 60,
        names: vec!["Ann".into(), String::new()],
        key: [4; 32],
    };
    let id = crate::MatchId::new(1, 7, &Roster::new(2, Vec::new()));
    let statement = Identity::from_secret(&[1; 32]).sign_inputs(&id, 59, InputDigest::first());
    let state = RejoinState {
        epoch: 1,
        roster: Roster::new(2, vec![PeerKey::from_bytes([1; 16]); 2]),
        disconnected: vec![1],
        last_frames: vec![-1, 90],
        seed: u64::MAX,
        keys: vec![[4; 32]; 2],
        statements: vec![None, Some(statement)],
        lobby: LobbyValues { room: vec![1], players: vec![vec![], vec![2; 1024]] },
    };
    for short in [
        RejoinState { last_frames: vec![5], ..state.clone() },
        RejoinState { keys: vec![[4; 32]; 3], ..state.clone() },
        RejoinState { statements: vec![], ..state.clone() },
        RejoinState {
            lobby: LobbyValues { players: vec![vec![]], ..state.lobby.clone() },
            ..state.clone()
        },
        RejoinState {
            lobby: LobbyValues { room: vec![0; 1025], ..state.lobby.clone() },
            ..state.clone()
        },
    ] {
        let short = ControlMessage::RejoinState(short).encode().unwrap();
        assert!(ControlMessage::decode(&short).is_err(), "one for every player");
    }
    for message in [
        ControlMessage::Hello(hello),
        ControlMessage::Ready { roster: 9, epoch: 7 },
        ControlMessage::Bye { reason: "left".into() },
        ControlMessage::DropProposal(DropProposal {
            epoch: 1,
            player: 2,
            last_frame: 77,
            inputs: vec![1, 2],
            statement: Some(statement),
            accusations: vec![],
            reason: "left".into(),
        }),
        ControlMessage::RejoinState(state),
        ControlMessage::InputLogChunk(InputLogChunk {
            epoch: 1,
            player: 1,
            start_frame: 2,
            inputs: vec![7],
        }),
        ControlMessage::Fragment { last: true, bytes: vec![3] },
        ControlMessage::SeedCommitment(SeedCommitment { terms: TERMS, hash: [3; 32] }),
        ControlMessage::SeedReveal(SeedReveal { terms: TERMS, exchange: [4; 32], nonce: [5; 32] }),
        ControlMessage::SeedReveals(SeedReveals { exchange: [4; 32], nonces: vec![[5; 32]; 8] }),
        ControlMessage::InputStatements(InputStatements {
            epoch: 1,
            statements: vec![(1, statement); 8],
        }),
        ControlMessage::Equivocation(Equivocation {
            epoch: 1,
            player: 3,
            statements: [statement; 2],
        }),
        ControlMessage::Accusations(Accusations {
            epoch: 1,
            player: 3,
            reason: "left".into(),
            accusations: vec![
                Accusation { accuser: 1, revision: 3, signature: statement.signature };
                8
            ],
        }),
        ControlMessage::InputRequest(InputRequest {
            epoch: 1,
            player: 3,
            after: 130,
            stated: Some(119),
        }),
        ControlMessage::InputResponse(InputResponse {
            inputs: InputLogChunk { epoch: 1, player: 3, start_frame: 131, inputs: vec![7] },
            statements: vec![statement; MAX_STATEMENTS],
        }),
        ControlMessage::SeedWait(SeedWait { roster: 9, epoch: 300, players: 5 }),
        ControlMessage::Kick(Kick { epoch: 300, player: 5, ban: true }),
        ControlMessage::GoingAway,
        ControlMessage::Back,
        ControlMessage::MessageTypes(MessageTypes::new(vec![chat()]).unwrap()),
        ControlMessage::Lobby(LobbyEntry {
            revision: 3,
            epoch: 300,
            playing: true,
            ready: Some([7; 32]),
            start: Some(LobbyStart { members: 5, view: [8; 32] }),
            player: vec![1; MAX_LOBBY_VALUE_BYTES],
            room: Some(vec![2; MAX_LOBBY_VALUE_BYTES]),
        }),
    ] {
        assert_eq!(ControlMessage::decode(&message.encode().unwrap()), Ok(message));
    }
}

#[test]
fn the_bytes_of_a_message_do_not_depend_on_its_name() {
    let proposal = DropProposal {
        epoch: 1,
        player: 2,
        last_frame: -1,
        inputs: vec![9],
        statement: None,
        accusations: vec![],
        reason: "x".into(),
    };
    let roster = Roster::new(2, vec![PeerKey::from_bytes([7; 16])]);
    let state = RejoinState {
        epoch: 300,
        roster: roster.clone(),
        disconnected: vec![1],
        last_frames: vec![64],
        seed: 5,
        keys: vec![[3; 32]],
        statements: vec![None],
        lobby: LobbyValues { room: vec![6], players: vec![vec![]] },
    };
    let chunk = InputLogChunk { epoch: 1, player: 3, start_frame: 2, inputs: vec![7, 8] };
    let encoded = |message: ControlMessage| message.encode().unwrap();
    assert_eq!(
        encoded(ControlMessage::DropProposal(proposal)),
        [3, 1, 2, 1, 1, 9, 0, 0, 1, b'x'],
        "the variant, then the fields in order, frames in zigzag"
    );
    let roster = postcard::to_stdvec(&roster).unwrap();
    assert_eq!(
        encoded(ControlMessage::RejoinState(state)),
        [&[4, 0xac, 2], &roster[..], &[1, 1, 1, 0x80, 1, 5, 1], &[3; 32], &[1, 0, 1, 6, 1, 0]]
            .concat()
    );
    assert_eq!(encoded(ControlMessage::InputLogChunk(chunk)), [5, 1, 3, 4, 2, 7, 8]);
    let fragment = ControlMessage::Fragment { last: true, bytes: vec![7, 8] };
    assert_eq!(encoded(fragment), [6, 1, 2, 7, 8]);
    let commitment = SeedCommitment { terms: TERMS, hash: [8; 32] };
    assert_eq!(
        encoded(ControlMessage::SeedCommitment(commitment)),
        [&[7, 9, 0xac, 2, 1], &[8; 32][..]].concat()
    );
    let reveal = SeedReveal { terms: TERMS, exchange: [6; 32], nonce: [8; 32] };
    assert_eq!(
        encoded(ControlMessage::SeedReveal(reveal)),
        [&[8, 9, 0xac, 2, 1], &[6; 32][..], &[8; 32]].concat()
    );
    let reveals = SeedReveals { exchange: [6; 32], nonces: vec![[8; 32]] };
    assert_eq!(
        encoded(ControlMessage::SeedReveals(reveals)),
        [&[9], &[6; 32][..], &[1], &[8; 32]].concat()
    );
}

#[test]
fn the_types_of_messages_are_told_in_order() {
    let types = MessageTypes::new(vec![chat()]).unwrap();
    assert_eq!(
        ControlMessage::MessageTypes(types).encode().unwrap(),
        [&[19, 1, 4], &b"chat"[..], &[0xac, 2, 0, 0x80, 8]].concat(),
        "the variant, the number, and of each the name, the version, the delivery, the most bytes"
    );
    let swapped = [16, 2, 1, b'b', 1, 0, 9, 1, b'a', 1, 0, 9];
    assert!(ControlMessage::decode(&swapped).is_err());
}

#[test]
fn truncated_and_oversized_messages_are_refused() {
    let bytes = ControlMessage::Bye { reason: "x".repeat(100) }.encode().unwrap();
    for length in 0..bytes.len() {
        assert!(ControlMessage::decode(&bytes[..length]).is_err(), "{length}");
    }
    let huge = ControlMessage::Bye { reason: "x".repeat(MAX_CONTROL_BYTES) };
    assert!(huge.encode().is_err());
    let long = vec![0; MAX_LOBBY_VALUE_BYTES + 1];
    for entry in [
        LobbyEntry { player: long.clone(), ..LobbyEntry::default() },
        LobbyEntry { room: Some(long), ..LobbyEntry::default() },
    ] {
        assert!(ControlMessage::decode(&ControlMessage::Lobby(entry).encode().unwrap()).is_err());
    }
    let nonces = vec![[0; 32]; usize::from(MAX_PLAYERS) + 1];
    let reveals = ControlMessage::SeedReveals(SeedReveals { exchange: [0; 32], nonces });
    assert!(ControlMessage::decode(&reveals.encode().unwrap()).is_err());
}
