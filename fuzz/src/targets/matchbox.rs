//! Messages of matchbox clients.

use netplay_protocol::limits::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES};
use netplay_server::fuzzing::accepts_matchbox_message;
use rand::RngExt;
use serde_json::json;

use super::description;
use crate::{Random, Target, examples};

pub const MATCHBOX: Target = Target {
    name: "matchbox",
    check,
    example,
    words: &[
        "\"Signal\"",
        "\"KeepAlive\"",
        "\"receiver\":",
        "\"Offer\":",
        "\\r\\n",
        "a=",
        "m=audio 9 RTP 0\\r\\n",
        "b=AS:1",
        "r=1 1",
        "z=1",
        "k=",
        "c=IN IP6 ::1",
        "t=99999999999999999999 0",
        "null",
        "{",
        "[[[[",
    ],
    test_runs: 400_000,
};

/// Nothing larger than a signal is passed on, nothing that is no JSON either.
fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if accepts_matchbox_message(text) {
        let value = serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
        let signal = &value["Signal"]["data"];
        let sizes = [
            ("Offer", MAX_SDP_BYTES),
            ("Answer", MAX_SDP_BYTES),
            ("IceCandidate", MAX_CANDIDATE_BYTES),
        ];
        for (name, most) in sizes {
            assert!(signal[name].as_str().is_none_or(|text| text.len() <= most));
        }
    }
}

fn example(random: &mut Random) -> Vec<u8> {
    let sdp = description::PLAIN.replace("a=group", "a=extmap-allow-mixed\r\na=group");
    let data = match random.random_range(0..6) {
        0 => return b"\"KeepAlive\"".to_vec(),
        1 => json!({ "Answer": sdp }),
        2 => json!({ "IceCandidate": description::candidate(random) }),
        3 => json!({ "Offer": examples::text(random, 200) }),
        _ => json!({ "Offer": sdp }),
    };
    let receiver = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    json!({ "Signal": { "receiver": receiver, "data": data } }).to_string().into()
}
