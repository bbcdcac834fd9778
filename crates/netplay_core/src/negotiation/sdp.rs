//! Session descriptions and candidates: checks that they are well formed, the kind of path that a candidate makes,
//! and what a path policy allows.

use std::net::IpAddr;

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
        // For some parsers a carriage return alone ends a line: a candidate could hide behind it.
        let plain = line.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
        if !typed || bytes.next() != Some(b'=') || !plain {
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

/// How many candidates a description has.
pub(super) fn count_candidates(sdp: &str) -> usize {
    sdp.lines().filter(|line| line.starts_with("a=candidate:")).count()
}

/// The description without the candidates that the policy forbids.
pub fn keep_allowed(sdp: &str, policy: PathPolicy) -> String {
    keep(sdp, |candidate| kind_of(candidate).is_ok_and(|kind| allows(policy, kind)))
}

/// The description of the other peer without the candidates that are of no use, as [`accepts`] says.
pub(super) fn keep_accepted(sdp: &str, policy: PathPolicy) -> String {
    keep(sdp, |candidate| {
        kind_of(candidate).is_ok_and(|kind| accepts(policy, kind, address_of(candidate)))
    })
}

/// The candidates in a description, as the lines that [`read_candidate`] returns.
pub fn candidates(sdp: &str) -> impl Iterator<Item = &str> {
    sdp.lines().filter_map(|line| line.strip_prefix("a=").filter(|line| is_candidate(line)))
}

/// The description without any candidates.
pub fn without_candidates(sdp: &str) -> String {
    keep(sdp, |_| false)
}

fn is_candidate(line: &str) -> bool {
    line.starts_with("candidate:")
}

fn keep(sdp: &str, allowed: impl Fn(&str) -> bool) -> String {
    sdp.lines()
        .filter(|line| line.strip_prefix("a=candidate:").is_none_or(&allowed))
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

/// Whether a candidate of the other peer, of this kind and with this address, is handed to a WebRTC stack: a kind that
/// the policy allows, and an address that is one host's. Only a host has a name (mDNS) instead of an address.
pub(super) fn accepts(policy: PathPolicy, kind: CandidateKind, address: Option<IpAddr>) -> bool {
    let one_host = match address {
        Some(IpAddr::V4(address)) => {
            !address.is_multicast() && !address.is_broadcast() && !address.is_unspecified()
        }
        Some(IpAddr::V6(address)) => !address.is_multicast() && !address.is_unspecified(),
        None => kind == CandidateKind::Host,
    };
    one_host && allows(policy, kind)
}

/// The address in `candidate:…` or in what follows the colon; none where there is a name in its place.
pub(super) fn address_of(candidate: &str) -> Option<IpAddr> {
    candidate.split(' ').nth(4)?.parse().ok()
}

/// The kind of `<foundation> <component> <transport> <priority> <address> <port> typ <type> …`, or why it is none.
pub(super) fn kind_of(fields: &str) -> Result<CandidateKind, SdpError> {
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
    if address.parse::<IpAddr>().is_err() && !address.ends_with(".local") {
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
#[path = "sdp_tests.rs"]
pub(super) mod tests;
