//! Descriptions and candidates, well formed and not.

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
    for required in ["v=0", "o=", "t=", "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=sctp-port"]
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
    let hidden = description() + "a=x\ra=candidate:1 1 udp 1 1.2.3.4 5 typ host\r\n";
    assert!(matches!(check_description(&hidden), Err(SdpError::BadLine(_))));
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

#[test]
fn only_addresses_of_one_host_are_accepted() {
    let policy = PathPolicy::Any;
    for bad in ["224.0.0.251", "255.255.255.255", "0.0.0.0", "ff02::fb", "::"] {
        let address = bad.parse().ok();
        assert!(!accepts(policy, CandidateKind::Host, address), "{bad}");
        let line = format!("candidate:1 1 udp 1 {bad} 5353 typ host");
        let sdp = keep_accepted(&with_candidates(&description(), [line.as_str()]), policy);
        assert_eq!(candidates(&sdp).count(), 0, "{bad}");
    }
    assert!(accepts(policy, CandidateKind::Host, None), "a name of mDNS");
    for kind in [CandidateKind::Relay, CandidateKind::ServerReflexive] {
        assert!(!accepts(policy, kind, None), "a name of mDNS that is no host");
    }
}

#[test]
fn candidates_are_taken_out_of_a_description_and_listed() {
    let (host, _) = read_candidate(HOST).unwrap().unwrap();
    let (turn, _) = read_candidate(TURN).unwrap().unwrap();
    let both = with_candidates(&description(), [host.as_str(), turn.as_str()]);
    assert_eq!(candidates(&both).collect::<Vec<_>>(), [host.as_str(), turn.as_str()]);
    assert_eq!(without_candidates(&both), description());
}
