//! The JSON form of the messages, their limits and their debug texts.

use super::*;
use crate::join_proof::JoinContext;
use crate::limits::SIGNATURE_LINE_BYTES;
use crate::{Challenge, Identity, KeyProof, Secret};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn proof(entry: &Entry) -> KeyProof {
    let (server, challenge) = (&"a.example:1".parse().unwrap(), Challenge([2; 32]));
    let context = JoinContext { action: entry.action(), server, challenge };
    Identity::from_secret(&[1; 32]).sign_join(&context)
}

#[test]
fn the_json_of_a_message_is_what_other_clients_would_write() {
    let (key, signature) = ("01".repeat(32), "02".repeat(64));
    let join = format!(
        r#"{{"type":"join","version":{VERSION},"proof":{{"key":"{key}","server":"a.example:1","signature":"{signature}"}},"entry":{{"room":"ABC"}},"size":2,"game":{{"game":"","version":"","mode":""}}}}"#
    );
    let message: ClientMessage = serde_json::from_str(&join).unwrap();
    assert_eq!(serde_json::to_string(&message).unwrap(), join);

    let challenge =
        format!(r#"{{"type":"challenge","version":{VERSION},"challenge":"{key}","issuer":"ab"}}"#);
    let message: ServerMessage = serde_json::from_str(&challenge).unwrap();
    let Challenge(bytes) = Challenge([1; 32]);
    assert!(matches!(message, ServerMessage::Challenge { challenge, .. } if challenge.0 == bytes));
    assert_eq!(serde_json::to_string(&message).unwrap(), challenge);

    let signal = r#"{"type":"signal","from":"00000000000000000000000000000001","connection":"00000000000000ff","signal":{"offer":"v=0"}}"#;
    let message: ServerMessage = serde_json::from_str(signal).unwrap();
    assert_eq!(serde_json::to_string(&message).unwrap(), signal);
}

#[test]
fn the_json_of_a_connection_names_its_type() {
    let text = r#"{"type":"connected","to":"00000000000000000000000000000001","path":"reflexive"}"#;
    let message: ClientMessage = serde_json::from_str(text).unwrap();
    assert!(matches!(message, ClientMessage::Connected { path: ConnectionType::Reflexive, .. }));
    assert_eq!(serde_json::to_string(&message).unwrap(), text);
    assert!(serde_json::from_str::<ClientMessage>(&text.replace("reflexive", "memory")).is_err());
}

#[test]
fn optional_fields_of_a_join_can_be_omitted() {
    for (entry, expected) in [
        (r#""new""#, Entry::New),
        (r#"{"existing":"a"}"#, Entry::Existing("a".into())),
        (r#"{"queue":{}}"#, Entry::Queue { skill: None }),
        (r#"{"queue":{"skill":-3}}"#, Entry::Queue { skill: Some(-3) }),
    ] {
        let proof = serde_json::to_string(&proof(&expected)).unwrap();
        let text =
            format!(r#"{{"type":"join","version":{VERSION},"proof":{proof},"entry":{entry}}}"#);
        let Ok(ClientMessage::Join(join)) = serde_json::from_str(&text) else { panic!("{text}") };
        assert_eq!((join.entry, join.size), (expected, None));
        assert_eq!((join.password, join.token), (None, None));
    }
}

#[test]
fn secrets_are_in_the_json_and_not_in_the_debug_text() {
    let join = Join {
        version: VERSION,
        proof: proof(&Entry::New),
        entry: Entry::New,
        size: Some(2),
        least: None,
        players: 1,
        game: GameInfo::default(),
        password: Some(Secret::from("hunter2")),
        token: Some(Secret::from("hunter3")),
        options: RoomOptions::default(),
    };
    let json = serde_json::to_string(&join).unwrap();
    assert!(json.contains("hunter2") && json.contains("hunter3"), "{json}");
    assert!(!format!("{join:?}").contains("hunter"));
}

#[test]
fn a_refusal_is_a_sentence_and_survives_json() {
    let refusal = Refusal::RoomFull { size: 2 };
    assert_eq!(refusal.to_string(), "the room is full: it is for 2 players");
    let json = serde_json::to_string(&ServerMessage::Refused { reason: refusal.clone() }).unwrap();
    let back: ServerMessage = serde_json::from_str(&json).unwrap();
    assert_eq!(back, ServerMessage::Refused { reason: refusal });
    let differs = Refusal::RoomSizeDiffers { size: 4, asked: 2 }.to_string();
    assert!(differs.contains("for 4 players, not 2"), "{differs}");
    let starts = Refusal::RoomStartDiffers { least: Some(3), asked: None }.to_string();
    let (here, asked) = ("with at least 3 players who are ready", "when the room is full");
    assert!(starts.contains(&format!("start {here}, and not {asked}")), "{starts}");
    let limited = Refusal::RateLimited { what: "messages".into(), retry_after_ms: 1001 };
    assert!(limited.to_string().ends_with("wait 2 s and try again"), "{limited}");
}

#[test]
fn signals_and_game_infos_over_the_limit_do_not_fit() {
    assert!(Signal::Offer("x".repeat(MAX_SDP_BYTES)).fits());
    assert!(!Signal::Offer("x".repeat(MAX_SDP_BYTES + 1)).fits());
    let most = MAX_CANDIDATE_BYTES + SIGNATURE_LINE_BYTES;
    assert!(Signal::Candidate("x".repeat(most)).fits());
    assert!(!Signal::Candidate("x".repeat(most + 1)).fits());
    let info = |length| GameInfo { mode: "x".repeat(length), ..GameInfo::default() };
    assert!(info(64).fits() && !info(65).fits());
}
