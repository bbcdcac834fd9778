//! Checks signals before the server forwards them.

use std::io::Cursor;

use netplay_protocol::limits::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES};
use rtc_sdp::SessionDescription;
use serde::Deserialize;
use serde_json::Value;

/// The attributes that a session description for data channels has (RFC 8839, RFC 8122, RFC 8841).
const REQUIRED: [&str; 4] = ["ice-ufrag", "ice-pwd", "fingerprint", "setup"];

/// A signal of matchbox.
#[derive(Deserialize)]
enum PeerSignal {
    Offer(String),
    Answer(String),
    /// `RTCIceCandidateInit` as JSON in a string.
    IceCandidate(String),
}

/// `RTCIceCandidateInit` as matchbox clients parse it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CandidateInit {
    candidate: String,
    #[serde(rename = "sdpMid")]
    _sdp_mid: Option<String>,
    #[serde(rename = "sdpMLineIndex")]
    _sdp_m_line_index: Option<u16>,
    #[serde(rename = "usernameFragment")]
    _username_fragment: Option<String>,
}

/// Checks a signal. The error quotes nothing of it.
pub(crate) fn check(data: &Value) -> Result<(), &'static str> {
    match PeerSignal::deserialize(data) {
        Ok(PeerSignal::Offer(sdp) | PeerSignal::Answer(sdp)) => check_description(&sdp),
        Ok(PeerSignal::IceCandidate(json)) => check_candidate(&json),
        Err(_) => Err("a signal is an Offer, an Answer or an IceCandidate"),
    }
}

/// Checks a session description with the parser that native matchbox clients use.
fn check_description(sdp: &str) -> Result<(), &'static str> {
    if sdp.len() > MAX_SDP_BYTES {
        return Err("a session description is too large");
    }
    let description = SessionDescription::unmarshal(&mut Cursor::new(sdp.as_bytes()))
        .map_err(|_| "a session description cannot be parsed")?;
    let [media] = &description.media_descriptions[..] else {
        return Err("a session description is for data channels and nothing else");
    };
    if media.media_name.media != "application" {
        return Err("a session description is for data channels and nothing else");
    }
    let says = |name: &&str| {
        description.attribute(name).is_some()
            || media.attribute(name).is_some_and(|it| it.is_some())
    };
    if REQUIRED.iter().all(says) { Ok(()) } else { Err("a session description is not complete") }
}

fn check_candidate(json: &str) -> Result<(), &'static str> {
    if json.len() > MAX_CANDIDATE_BYTES {
        return Err("a candidate is too large");
    }
    // `null` marks the end of the candidates.
    match serde_json::from_str::<Option<CandidateInit>>(json) {
        Ok(None) => Ok(()),
        Ok(Some(init)) if init.candidate.is_empty() => Ok(()),
        Ok(Some(init)) if init.candidate.starts_with("candidate:") => Ok(()),
        Ok(Some(_)) | Err(_) => Err("a candidate cannot be parsed"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    pub(in super::super) fn description() -> String {
        let lines = [
            "v=0",
            "o=- 1 1 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            "a=fingerprint:sha-256 AA:BB",
            "a=group:BUNDLE 0",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            "a=setup:actpass",
            "a=mid:0",
            "a=ice-ufrag:abcd",
            "a=ice-pwd:abcdefghijklmnopqrstuv",
            "a=sctp-port:5000",
        ];
        lines.iter().flat_map(|line| [*line, "\r\n"]).collect()
    }

    #[test]
    fn signals_of_real_clients_pass() {
        let candidate = r#"{"candidate":"candidate:1 1 udp 1 127.0.0.1 9 typ host","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":null}"#;
        for signal in [
            json!({ "Offer": description() }),
            json!({ "Answer": description() }),
            json!({ "IceCandidate": candidate }),
            json!({ "IceCandidate": "null" }),
            json!({ "IceCandidate": r#"{"candidate":"","sdpMid":"0","sdpMLineIndex":0}"# }),
        ] {
            assert_eq!(check(&signal), Ok(()), "{signal}");
        }
    }

    #[test]
    fn signals_that_would_break_a_client_are_refused() {
        let sound = format!("{}m=audio 9 RTP 0\r\n", description());
        for signal in [
            json!(null),
            json!("Offer"),
            json!({ "Offer": 7 }),
            json!({ "Offer": "" }),
            json!({ "Offer": "v=0" }),
            json!({ "Answer": "garbage" }),
            json!({ "Offer": sound }),
            json!({ "Offer": description().replace("a=ice-pwd", "a=ice-lite") }),
            json!({ "Offer": "x".repeat(MAX_SDP_BYTES + 1) }),
            json!({ "IceCandidate": "garbage" }),
            json!({ "IceCandidate": "{\"candidate\":7}" }),
            json!({ "IceCandidate": "{\"candidate\":\"x\"}" }),
            json!({ "IceCandidate": "x".repeat(MAX_CANDIDATE_BYTES + 1) }),
        ] {
            assert!(check(&signal).is_err(), "{signal}");
        }
    }
}
