//! Session descriptions with their signatures, and ICE candidates.

use netplay_core::negotiation::fuzzing::is_description;
use netplay_core::negotiation::sdp;
use netplay_core::path::{CandidateKind, PathPolicy};
use netplay_protocol::identity::{IdentityError, SignalContext, Signed};
use netplay_protocol::limits::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES};
use netplay_protocol::{ConnectionId, RoomNonce, RoomScope};
use rand::RngExt;
use rand::seq::IndexedRandom;

use crate::{Random, Target, examples};

const WORDS: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\0",
    "a=candidate:",
    "a=netplay-identity:",
    "m=application ",
    "m=video 9 ",
    "typ host",
    "typ relay",
    " raddr ",
    "tcptype active",
    ".local",
    "::1",
    "\\r\\n",
    "{\"candidate\":\"",
    "candidate:",
    "a=end-of-candidates",
    "udp",
    "4294967295",
    "c=IN IP4 ",
];

pub const DESCRIPTION: Target = Target {
    name: "description",
    check: check_description,
    example: |random| signed(random, Signed::Offer).into(),
    words: WORDS,
    test_runs: 100_000,
};

pub const CANDIDATE: Target = Target {
    name: "candidate",
    check: check_candidate,
    example: |random| candidate(random).into(),
    words: WORDS,
    test_runs: 1_000_000,
};

const POLICIES: [PathPolicy; 4] =
    [PathPolicy::Any, PathPolicy::Direct, PathPolicy::Turn, PathPolicy::Relay];

/// A description for a data channel.
pub const PLAIN: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n\
    a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\na=fingerprint:sha-256 00:11\r\n\
    a=mid:0\r\na=sctp-port:5000\r\n";

/// What is signed is what is handed on, and what is handed on is one description with no candidate that is forbidden.
fn check_description(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let context = context(Signed::Offer);
    if let Ok(sdp) = context.verify(text) {
        assert!(text.starts_with(sdp));
        let again = examples::identity(1).sign_signal(&context, sdp);
        assert_eq!(context.verify(&again), Ok(sdp));
        let [code, other] = [examples::room().0, "ANOTHER".parse().expect("it is a code")];
        let another = RoomNonce([8; 16]);
        for other in [
            SignalContext { what: Signed::Answer, ..context },
            SignalContext { what: Signed::Candidate, ..context },
            SignalContext { room: RoomScope::new(&code, another), ..context },
            SignalContext { room: RoomScope::new(&other, examples::room().1), ..context },
        ] {
            assert_eq!(other.verify(text), Err(IdentityError::Forged), "{other:?}");
        }
        check_plain(sdp);
    }
    check_plain(text);
}

fn check_plain(text: &str) {
    if !is_description(text) {
        return;
    }
    assert!(text.len() <= MAX_SDP_BYTES);
    for policy in POLICIES {
        let kept = sdp::keep_allowed(text, policy);
        assert!(kept.len() <= 2 * text.len() + 2);
        let lines = kept.split(['\r', '\n']).filter(|line| !line.is_empty());
        let kinds = lines.clone().filter_map(|line| line.strip_prefix("a=candidate:"));
        for fields in kinds {
            let json = serde_json::json!({ "candidate": format!("candidate:{fields}") });
            // A candidate alone has fewer bytes than a description may have.
            if fields.len() < MAX_CANDIDATE_BYTES / 2 {
                let read = sdp::read_candidate(&json.to_string());
                let (_, kind) = read.expect("its candidates are read").expect("and are some");
                assert!(sdp::allows(policy, kind));
            }
        }
        assert_eq!(lines.filter(|line| line.starts_with("m=")).count(), 1);
    }
}

/// A candidate is one line, and part of a description that passes.
fn check_candidate(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(Some((line, kind))) = sdp::read_candidate(text) else { return };
    assert!(
        line.starts_with("candidate:") && line.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    );
    let folded = sdp::with_candidates(PLAIN, [line.as_str()]);
    assert!(is_description(&folded));
    for policy in POLICIES {
        let kept = sdp::keep_allowed(&folded, policy);
        assert_eq!(kept.contains(&line), sdp::allows(policy, kind), "{line}");
    }
    let again = serde_json::json!({ "candidate": line }).to_string();
    if again.len() <= MAX_CANDIDATE_BYTES {
        assert_eq!(sdp::read_candidate(&again), Ok(Some((line, kind))));
    }
    assert!(kind != CandidateKind::Relay || !sdp::allows(PathPolicy::Direct, kind));
}

/// What descriptions are signed for: from the second identity to the first.
pub fn context(what: Signed) -> SignalContext {
    let [to, from] = [0, 1].map(|number| examples::identity(number).peer_key());
    SignalContext { what, connection: ConnectionId(1), from, to, room: examples::room_scope() }
}

/// A description, usually with a signature that is right.
pub fn signed(random: &mut Random, what: Signed) -> String {
    let candidates = examples::several(random, 3, line);
    let description = sdp::with_candidates(PLAIN, candidates.iter().map(String::as_str));
    sign(random, what, description)
}

/// A candidate, usually with a signature that is right.
pub fn signed_candidate(random: &mut Random) -> String {
    let candidate = candidate(random);
    sign(random, Signed::Candidate, candidate)
}

fn sign(random: &mut Random, what: Signed, text: String) -> String {
    match random.random_range(0..4) {
        0 => text,
        1 => examples::identity(2).sign_signal(&context(what), &text),
        _ => examples::identity(1).sign_signal(&context(what), &text),
    }
}

fn line(random: &mut Random) -> String {
    let kind = ["host", "srflx", "prflx", "relay", "wild"].choose(random).unwrap_or(&"host");
    let address =
        ["192.168.0.7", "2001:db8::1", "b1c2.local", "0.0.0.0", "::ffff:10.0.0.1", "evil.example"]
            .choose(random)
            .unwrap_or(&"::1");
    let transport = ["udp", "UDP", "tcp"].choose(random).unwrap_or(&"udp");
    let priority = random.random::<u32>();
    format!("candidate:1 1 {transport} {priority} {address} 40000 typ {kind} raddr 0.0.0.0 rport 9")
}

/// A candidate as browsers write it.
pub fn candidate(random: &mut Random) -> String {
    match random.random_range(0..8) {
        0 => "null".to_owned(),
        1 => r#"{"candidate":"","sdpMid":"0","sdpMLineIndex":0}"#.to_owned(),
        _ => serde_json::json!({
            "candidate": line(random), "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": null,
        })
        .to_string(),
    }
}
