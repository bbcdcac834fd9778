//! Session descriptions and candidates: checks that they are well formed, the kind of path that a candidate makes,
//! and what a path policy allows.

use netplay_protocol::limits::{MAX_CANDIDATE_BYTES, MAX_SDP_BYTES};
use serde::Deserialize;

use crate::path::{CandidateKind, PathPolicy};

/// Why a description or a candidate is not passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// A session description of so many bytes.
    #[error("a session description of {0} bytes is too large")]
    DescriptionTooLarge(usize),
    /// A session description without this line.
    #[error("a session description without {0}")]
    Missing(&'static str),
    /// A line that is not of a session description.
    #[error("a line that is no session description: {0:?}")]
    BadLine(String),
    /// A session description with so many media sections.
    #[error("a session description with {0} media sections instead of one for data")]
    WrongMedia(usize),
    /// A candidate of so many bytes.
    #[error("a candidate of {0} bytes is too large")]
    CandidateTooLarge(usize),
    /// A malformed candidate, and what is wrong with it.
    #[error("a malformed candidate: {0}")]
    BadCandidate(&'static str),
}

/// What an offer or answer for data channels must carry (RFC 8841; RFC 8839; RFC 8122).
const REQUIRED: [&str; 5] =
    ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:", "a=sctp-port:"];

/// Checks that a description is one for data channels and nothing else.
pub(super) fn check_description(sdp: &str) -> Result<(), SdpError> {
    if sdp.len() > MAX_SDP_BYTES {
        return Err(SdpError::DescriptionTooLarge(sdp.len()));
    }
    let mut lines = sdp.lines();
    if lines.next() != Some("v=0") {
        return Err(SdpError::Missing("v=0 at its start"));
    }
    for line in lines {
        let mut bytes = line.bytes();
        let typed = bytes.next().is_some_and(|kind| kind.is_ascii_lowercase());
        if !typed || bytes.next() != Some(b'=') || !line.is_ascii() {
            return Err(SdpError::BadLine(line.chars().take(40).collect()));
        }
    }
    for required in ["o=", "s=", "t="].iter().chain(&REQUIRED) {
        if !sdp.lines().any(|line| line.starts_with(required)) {
            return Err(SdpError::Missing(required));
        }
    }
    let media: Vec<&str> = sdp.lines().filter(|line| line.starts_with("m=")).collect();
    match media[..] {
        [line] if line.starts_with("m=application ") => {}
        _ => return Err(SdpError::WrongMedia(media.len())),
    }
    for candidate in sdp.lines().filter_map(|line| line.strip_prefix("a=candidate:")) {
        kind_of(candidate)?;
    }
    Ok(())
}

/// The description without the candidates that the policy forbids.
pub fn keep_allowed(sdp: &str, policy: PathPolicy) -> String {
    sdp.lines()
        .filter(|line| match line.strip_prefix("a=candidate:") {
            Some(candidate) => kind_of(candidate).is_ok_and(|kind| allows(policy, kind)),
            None => true,
        })
        .flat_map(|line| [line, "\r\n"])
        .collect()
}

/// The description with these candidates in its media section, in the form
/// `a=candidate:…` (RFC 8839 section 5.1). The peer's ICE agent then has a pair to check the moment it
/// starts, instead of waiting for candidates that follow.
pub fn with_candidates<'a>(sdp: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let mut folded = sdp.to_owned();
    for candidate in candidates {
        folded.extend(["a=", candidate, "\r\n"]);
    }
    folded
}

/// A candidate as browsers write it (`RTCIceCandidateInit`).
#[derive(Deserialize)]
struct CandidateInit {
    candidate: String,
}

/// The `candidate:…` line inside a candidate's JSON and its kind. `None` marks the end of the
/// candidates: an empty line or JSON's `null` (RFC 8838 section 14).
///
/// # Errors
///
/// [`SdpError`] where the candidate is malformed.
pub fn read_candidate(json: &str) -> Result<Option<(String, CandidateKind)>, SdpError> {
    if json.len() > MAX_CANDIDATE_BYTES {
        return Err(SdpError::CandidateTooLarge(json.len()));
    }
    let parsed: Option<CandidateInit> =
        serde_json::from_str(json).map_err(|_| SdpError::BadCandidate("not JSON"))?;
    let Some(CandidateInit { candidate }) = parsed else { return Ok(None) };
    if candidate.is_empty() {
        return Ok(None);
    }
    let fields = candidate
        .strip_prefix("candidate:")
        .ok_or(SdpError::BadCandidate("it does not begin with candidate:"))?;
    let kind = kind_of(fields)?;
    Ok(Some((candidate, kind)))
}

/// Whether a policy lets a candidate of this kind out or in.
pub fn allows(policy: PathPolicy, kind: CandidateKind) -> bool {
    match policy {
        PathPolicy::Any => true,
        PathPolicy::Direct => kind != CandidateKind::Relay,
        PathPolicy::Turn => kind == CandidateKind::Relay,
        PathPolicy::Relay => false,
    }
}

/// Checks `<foundation> <component> <transport> <priority> <address> <port> typ <type> …`.
fn kind_of(fields: &str) -> Result<CandidateKind, SdpError> {
    let bad = SdpError::BadCandidate;
    let fields: Vec<&str> = fields.split(' ').collect();
    let [_, component, transport, priority, address, port, typ, kind, ..] = fields[..] else {
        return Err(bad("too few fields"));
    };
    if !fields.iter().all(|field| field.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(bad("unprintable characters"));
    }
    component.parse::<u16>().map_err(|_| bad("the component is no number"))?;
    if !transport.eq_ignore_ascii_case("udp") && !transport.eq_ignore_ascii_case("tcp") {
        return Err(bad("neither udp nor tcp"));
    }
    priority.parse::<u32>().map_err(|_| bad("the priority is no number"))?;
    port.parse::<u16>().map_err(|_| bad("the port is no number"))?;
    if address.parse::<std::net::IpAddr>().is_err() && !address.ends_with(".local") {
        return Err(bad("neither an address nor an mDNS name"));
    }
    match (typ, kind) {
        ("typ", "host") => Ok(CandidateKind::Host),
        ("typ", "srflx") => Ok(CandidateKind::ServerReflexive),
        ("typ", "prflx") => Ok(CandidateKind::PeerReflexive),
        ("typ", "relay") => Ok(CandidateKind::Relay),
        _ => Err(bad("no known type")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    pub(in crate::negotiation) const HOST: &str =
        r#"{"candidate":"candidate:1 1 udp 2130706431 192.168.0.7 40000 typ host","sdpMid":"0"}"#;
    pub(in crate::negotiation) const TURN: &str = r#"{"candidate":"candidate:2 1 udp 16777215 198.51.100.2 50000 typ relay raddr 0.0.0.0 rport 0"}"#;

    pub(in crate::negotiation) fn description() -> String {
        [
            "v=0",
            "o=- 1 1 IN IP4 0.0.0.0",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "c=IN IP4 0.0.0.0",
            "a=ice-ufrag:abcd",
            "a=ice-pwd:abcdefghijklmnopqrstuvwx",
            "a=setup:actpass",
            "a=fingerprint:sha-256 00:11",
            "a=mid:0",
            "a=sctp-port:5000",
        ]
        .iter()
        .flat_map(|line| [*line, "\r\n"])
        .collect()
    }

    #[test]
    fn a_description_for_data_channels_passes() {
        assert_eq!(check_description(&description()), Ok(()));
    }

    #[test]
    fn everything_else_is_refused_with_a_reason() {
        for required in
            ["v=0", "o=", "t=", "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=sctp-port"]
        {
            let without: String = description()
                .lines()
                .filter(|line| !line.starts_with(required))
                .flat_map(|line| [line, "\r\n"])
                .collect();
            assert!(check_description(&without).is_err(), "{required}");
        }
        let video = description() + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
        assert_eq!(check_description(&video), Err(SdpError::WrongMedia(2)));
        let garbage = description() + "garbage\r\n";
        assert_eq!(check_description(&garbage), Err(SdpError::BadLine("garbage".into())));
        let candidate = description() + "a=candidate:1 1 udp x 1.2.3.4 5 typ host\r\n";
        assert!(check_description(&candidate).is_err());
        let huge = description() + &"a=x\r\n".repeat(4000);
        assert!(matches!(check_description(&huge), Err(SdpError::DescriptionTooLarge(_))));
    }

    #[test]
    fn candidates_are_read_and_malformed_ones_refused() {
        let (line, kind) = read_candidate(HOST).unwrap().unwrap();
        assert_eq!(kind, CandidateKind::Host);
        assert!(line.starts_with("candidate:1 1 udp"));
        assert_eq!(read_candidate("null"), Ok(None));
        assert_eq!(read_candidate(r#"{"candidate":""}"#), Ok(None));
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"candidate":"x"}"#,
            r#"{"candidate":"candidate:1 1 udp"}"#,
            r#"{"candidate":"candidate:1 1 udp 1 evil.example 5 typ host"}"#,
            r#"{"candidate":"candidate:1 1 udp 1 1.2.3.4 99999 typ host"}"#,
            r#"{"candidate":"candidate:1 1 udp 1 1.2.3.4 5 typ host\r\na=x"}"#,
            r#"{"candidate":"candidate:1 1 udp 1 1.2.3.4 5 typ wild"}"#,
        ] {
            assert!(read_candidate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_the_policy_forbids_is_taken_out_of_a_description() {
        let (host, _) = read_candidate(HOST).unwrap().unwrap();
        let (turn, _) = read_candidate(TURN).unwrap().unwrap();
        let both = with_candidates(&description(), [host.as_str(), turn.as_str()]);
        assert_eq!(check_description(&both), Ok(()));
        assert_eq!(keep_allowed(&both, PathPolicy::Any), both);
        let direct = keep_allowed(&both, PathPolicy::Direct);
        assert!(direct.contains("typ host") && !direct.contains("typ relay"));
        let relayed = keep_allowed(&both, PathPolicy::Turn);
        assert!(!relayed.contains("typ host") && relayed.contains("typ relay"));
    }
}
