//! What a local description or candidate says of the local network, and what is left of it before it is sent.
//!
//! A candidate of a STUN or TURN server carries the address of the socket that it was learned through (`raddr`, RFC
//! 8839 section 5.1), and a description may carry a default address (`c=`). Neither is of use to the other peer, and
//! both can be addresses of the local network: they are replaced, under every policy. Host candidates are addresses of
//! the local network themselves; which kinds of candidate are sent is the [policy's](super::sdp::allows) to say.

use serde::{Deserialize, Serialize};

use super::sdp::{self, SdpError};
use crate::path::{CandidateKind, PathPolicy};

/// The fields of `RTCIceCandidateInit`. Others, such as the URL of the server that a stack learned the candidate from,
/// are left out.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct CandidateInit {
    candidate: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sdp_mid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sdp_m_line_index: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    username_fragment: Option<String>,
}

/// A local candidate as it may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concealed {
    /// The JSON of an `RTCIceCandidateInit`.
    pub json: String,
    /// The line in it, such as `candidate:…`.
    pub line: String,
    /// Its kind.
    pub kind: CandidateKind,
}

/// A local candidate as it may be sent; `None` where the policy forbids its kind, and for the mark of the end.
///
/// # Errors
///
/// [`SdpError`] where the candidate is malformed.
pub fn candidate(json: &str, policy: PathPolicy) -> Result<Option<Concealed>, SdpError> {
    let Some((line, kind)) = sdp::read_candidate(json)? else { return Ok(None) };
    if !sdp::allows(policy, kind) {
        return Ok(None);
    }
    let line = without_base(&line);
    let malformed = |_| SdpError::BadCandidate("not JSON");
    let mut init: CandidateInit = serde_json::from_str(json).map_err(malformed)?;
    init.candidate.clone_from(&line);
    let json = serde_json::to_string(&init).map_err(malformed)?;
    Ok(Some(Concealed { json, line, kind }))
}

/// A local description as it may be sent: without the candidates that the policy forbids and without a default
/// address.
pub fn description(sdp: &str, policy: PathPolicy) -> String {
    let allowed = sdp::keep_allowed(sdp, policy);
    let mut concealed = String::with_capacity(allowed.len());
    for line in allowed.lines() {
        if line.starts_with("c=") {
            concealed.push_str("c=IN IP4 0.0.0.0");
        } else if line.starts_with("a=candidate:") {
            concealed.push_str(&without_base(line));
        } else if let Some(rest) = line.strip_prefix("m=application ") {
            let rest = rest.split_once(' ').map_or("", |(_port, rest)| rest);
            concealed.extend(["m=application 9 ", rest]);
        } else {
            concealed.push_str(line);
        }
        concealed.push_str("\r\n");
    }
    concealed
}

/// A candidate's line whose related address says nothing.
fn without_base(line: &str) -> String {
    let mut fields = line.split(' ');
    let mut concealed = String::with_capacity(line.len());
    while let Some(field) = fields.next() {
        if !concealed.is_empty() {
            concealed.push(' ');
        }
        concealed.push_str(field);
        let nothing = match field {
            "raddr" => " 0.0.0.0",
            "rport" => " 0",
            _ => continue,
        };
        fields.next();
        concealed.push_str(nothing);
    }
    concealed
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::super::sdp::tests::{HOST, description as plain};
    use super::*;

    const RELAY: &str = r#"{"candidate":"candidate:3 1 udp 41819902 198.51.100.2 50000 typ relay raddr 192.168.0.7 rport 40001 generation 0","sdpMid":"0","sdpMLineIndex":0,"url":"turn:turn.example"}"#;

    #[test]
    fn what_a_relay_candidate_is_based_on_is_not_told() {
        for policy in [PathPolicy::Any, PathPolicy::Turn] {
            let sent = candidate(RELAY, policy).unwrap().unwrap();
            let expected = "candidate:3 1 udp 41819902 198.51.100.2 50000 typ relay raddr 0.0.0.0 rport 0 generation 0";
            assert_eq!((sent.line.as_str(), sent.kind), (expected, CandidateKind::Relay));
            assert!(sent.json.contains(expected) && sent.json.contains(r#""sdpMid":"0""#));
            assert!(!sent.json.contains("192.168") && !sent.json.contains("turn.example"));
        }
    }

    #[test]
    fn what_the_policy_forbids_is_not_sent() {
        assert_eq!(candidate(HOST, PathPolicy::Turn), Ok(None));
        assert_eq!(candidate(RELAY, PathPolicy::Direct), Ok(None));
        assert_eq!(candidate(RELAY, PathPolicy::Relay), Ok(None));
        assert_eq!(candidate("null", PathPolicy::Any), Ok(None));
        assert!(candidate(HOST, PathPolicy::Direct).unwrap().is_some());
        assert!(candidate("{}", PathPolicy::Any).is_err());
    }

    #[test]
    fn a_description_has_no_default_address() {
        let (host, _) = sdp::read_candidate(HOST).unwrap().unwrap();
        let (relay, _) = sdp::read_candidate(RELAY).unwrap().unwrap();
        let gathered = plain()
            .replace("c=IN IP4 0.0.0.0", "c=IN IP4 192.168.0.7")
            .replace("m=application 9 ", "m=application 40000 ");
        let gathered = sdp::with_candidates(&gathered, [host.as_str(), relay.as_str()]);
        let sent = description(&gathered, PathPolicy::Turn);
        assert!(sdp::check_description(&sent).is_ok());
        assert!(!sent.contains("192.168") && !sent.contains("40000"), "{sent}");
        assert!(sent.contains("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
        assert!(sent.contains("198.51.100.2 50000 typ relay raddr 0.0.0.0 rport 0"));
        assert!(description(&gathered, PathPolicy::Direct).contains("192.168.0.7 40000 typ host"));
    }
}
