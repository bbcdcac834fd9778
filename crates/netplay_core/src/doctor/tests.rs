//! Each finding from the evidence for it, and none when all is well.

use std::time::Duration;

use netplay_protocol::Identity;
use netplay_protocol::signaling::{Entry, IceServer, Refusal, ServerMessage, VERSION};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::signaling::{Frame, SocketEvent};
use crate::transport::{JoinRequest, TransportOptions};

/// What the clocks say when an examination begins.
const UNIX_S: u64 = 1_800_000_000;

fn request(server: &str, ice: &[&str], surroundings: Surroundings) -> DoctorRequest {
    let mut join = JoinRequest::new(Entry::New, 2, Identity::from_secret(&[7; 32]));
    join.servers = vec![server.to_owned()];
    let ice_servers = ice
        .iter()
        .map(|url| {
            let text = url.starts_with("turn").then(|| "user".to_owned());
            IceServer { urls: vec![(*url).to_owned()], username: text.clone(), credential: text }
        })
        .collect();
    join.options = TransportOptions { ice_servers, ..TransportOptions::default() };
    DoctorRequest { join, surroundings, unix_s: UNIX_S }
}

/// An examination on virtual time.
struct Examination {
    doctor: Doctor,
    now: Duration,
}

impl Examination {
    fn new(request: DoctorRequest) -> Self {
        Self { doctor: Doctor::new(request, Duration::ZERO), now: Duration::ZERO }
    }

    fn native(server: &str, ice: &[&str]) -> Self {
        Self::new(request(server, ice, Surroundings::Native))
    }

    fn page(server: &str, ice: &[&str], is_https: bool) -> Self {
        Self::new(request(server, ice, Surroundings::Page { is_https }))
    }

    fn saw(&mut self, evidence: DoctorEvidence) -> &mut Self {
        self.now += Duration::from_millis(10);
        self.doctor.handle_evidence(self.now, evidence);
        self
    }

    fn received(&mut self, text: impl ToString) -> &mut Self {
        let frame = Frame::Text(text.to_string());
        self.saw(DoctorEvidence::Socket(SocketEvent::Received(frame)))
    }

    /// The server up to an open WebSocket.
    fn opened(&mut self) -> &mut Self {
        self.saw(DoctorEvidence::Resolved(Ok(1)))
            .saw(DoctorEvidence::TcpConnected(Ok(())))
            .saw(DoctorEvidence::TlsStarted(Ok(())))
            .saw(DoctorEvidence::Opened(Ok(Some(UNIX_S))))
    }

    /// The server up to a room, where it says that it is this time.
    fn in_room(&mut self, unix_s: u64) -> &mut Self {
        self.opened().received(challenge(VERSION)).received(welcome()).received(roster(unix_s))
    }

    fn stun(&mut self, number: usize, server: u8, mapped: Result<&str, IceFailure>) -> &mut Self {
        let mapping = |mapped: &str| StunMapping {
            socket: 0,
            server: server.into(),
            mapped: mapped.parse().unwrap(),
        };
        let answer = IceAnswer {
            server: Some([192, 0, 2, server].into()),
            result: mapped.map(mapping).map(Some),
        };
        self.saw(DoctorEvidence::Stun { number, answer })
    }

    fn turn(&mut self, number: usize, server: u8, result: Result<(), IceFailure>) -> &mut Self {
        let server = Some([192, 0, 2, server].into());
        let answer = IceAnswer { server, result: result.map(|()| None) };
        self.saw(DoctorEvidence::Turn { number, answer })
    }

    fn time_out(&mut self) -> &mut Self {
        self.now = self.doctor.poll_timeout().unwrap();
        self.doctor.handle_timeout(self.now);
        self
    }

    fn commands(&mut self) -> Vec<DoctorCommand> {
        std::iter::from_fn(|| self.doctor.poll_command()).collect()
    }

    fn report(&mut self) -> DoctorReport {
        let report = self.doctor.poll_report().expect("the examination has not ended");
        assert_eq!(self.doctor.poll_timeout(), None);
        let steps: Vec<Step> = std::iter::from_fn(|| self.doctor.poll_step()).collect();
        assert_eq!(report.steps, steps);
        report
    }

    /// The codes of the findings.
    #[track_caller]
    fn findings(&mut self) -> Vec<&'static str> {
        self.report().findings.iter().map(Finding::code).collect()
    }
}

fn challenge(version: u16) -> serde_json::Value {
    json!({ "type": "challenge", "version": version, "challenge": "ab".repeat(32), "issuer": "one" })
}

fn welcome() -> serde_json::Value {
    json!({
        "type": "welcome", "version": VERSION, "room": "ABCDEF", "nonce": "ab".repeat(16), "size": 2,
        "resume": "one.token", "grace_ms": 10000, "ice_servers": [],
    })
}

fn roster(unix_s: u64) -> serde_json::Value {
    json!({
        "type": "roster", "revision": 1, "issued": unix_s, "signature": "",
        "roster": { "size": 2, "members": [Identity::from_secret(&[7; 32]).peer_key()], "players": [1] },
    })
}

const WS: &str = "ws://play.example:3536";
const WSS: &str = "wss://play.example";
const STUN: [&str; 2] = ["stun:a.example", "stun:b.example"];

#[test]
fn nothing_is_found_when_all_is_well() {
    let mut it = Examination::native(WSS, &[STUN[0], STUN[1], "turn:a.example"]);
    it.in_room(UNIX_S)
        .stun(0, 1, Ok("198.51.100.1:4000"))
        .stun(1, 2, Ok("198.51.100.1:4000"))
        .turn(2, 1, Ok(()));
    let report = it.report();
    assert!(report.is_well(), "{report:?}");
    assert_eq!(report.nat, NatMapping::EndpointIndependent);
    let names: Vec<String> = report.steps.iter().map(|step| step.kind.to_string()).collect();
    let server = ["name", "tcp", "tls", "websocket", "signaling", "room", "clock"];
    let ice = [STUN[0], STUN[1], "turn:a.example", "nat"];
    assert_eq!(names, [&server[..], &ice[..]].concat());
    assert_eq!(report.steps[0].took, Duration::from_millis(10));
}

#[test]
fn the_doctor_leaves_the_room_that_it_opened() {
    let mut it = Examination::native(WS, &[]);
    it.saw(DoctorEvidence::Resolved(Ok(2))).saw(DoctorEvidence::TcpConnected(Ok(())));
    assert!(it.commands().contains(&DoctorCommand::OpenWebSocket { url: format!("{WS}/netplay") }));
    it.saw(DoctorEvidence::Opened(Ok(None))).received(challenge(VERSION)).received(welcome());
    it.commands();
    it.received(roster(UNIX_S));
    let leave = DoctorCommand::Send(Frame::Text(r#"{"type":"leave"}"#.into()));
    assert_eq!(it.commands(), [leave, DoctorCommand::Close]);
    assert!(it.report().is_well());
}

#[test]
fn a_server_that_cannot_be_reached_has_a_finding_for_each_cause() {
    let resolved = DoctorEvidence::Resolved(Ok(1));
    for (evidence, code) in [
        (vec![DoctorEvidence::Resolved(Err("unknown".into()))], "name_not_found"),
        (vec![DoctorEvidence::Resolved(Ok(0))], "name_not_found"),
        (
            vec![resolved.clone(), DoctorEvidence::TcpConnected(Err(TcpFailure::Refused))],
            "server_refused",
        ),
        (
            vec![resolved, DoctorEvidence::TcpConnected(Err(TcpFailure::Other("no route".into())))],
            "server_unreachable",
        ),
    ] {
        let mut it = Examination::native(WS, &[]);
        for evidence in evidence {
            it.saw(evidence);
        }
        assert_eq!(it.findings(), [code]);
    }
    let mut it = Examination::native(WS, &[]);
    it.saw(DoctorEvidence::Resolved(Ok(1))).time_out();
    assert_eq!(it.findings(), ["server_unreachable"]);
    assert_eq!(Examination::native("play.example", &[]).findings(), ["bad_address"]);
}

#[test]
fn a_bad_certificate_has_a_finding_for_each_fault() {
    for (failure, code) in [
        (TlsFailure::Expired, "certificate_expired"),
        (TlsFailure::NotYetValid, "certificate_not_yet_valid"),
        (TlsFailure::WrongName, "certificate_wrong_name"),
        (TlsFailure::Untrusted, "certificate_untrusted"),
        (TlsFailure::NotTls, "not_tls"),
        (TlsFailure::Other("alert".into()), "tls_failed"),
    ] {
        let mut it = Examination::native(WSS, &[]);
        it.saw(DoctorEvidence::Resolved(Ok(1)))
            .saw(DoctorEvidence::TcpConnected(Ok(())))
            .saw(DoctorEvidence::TlsStarted(Err(failure)));
        assert_eq!(it.findings(), [code]);
    }
}

#[test]
fn what_is_no_netplay_server_is_told_by_what_it_answers() {
    for (failure, code) in [
        (OpenFailure::Status(404), "wrong_path"),
        (OpenFailure::Status(200), "not_netplay_server"),
        (OpenFailure::Status(502), "http_status"),
        (OpenFailure::NotHttp, "not_netplay_server"),
        (OpenFailure::Broken("reset".into()), "not_netplay_server"),
    ] {
        let mut it = Examination::native(WS, &[]);
        it.saw(DoctorEvidence::Resolved(Ok(1)))
            .saw(DoctorEvidence::TcpConnected(Ok(())))
            .saw(DoctorEvidence::Opened(Err(failure)));
        assert_eq!(it.findings(), [code]);
    }
    for text in ["hello", r#"{"type":"pong"}"#, "{}"] {
        assert_eq!(
            Examination::native(WSS, &[]).opened().received(text).findings(),
            ["not_netplay_server"]
        );
    }
    assert_eq!(
        Examination::native(WSS, &[]).opened().time_out().findings(),
        ["not_netplay_server"]
    );
}

#[test]
fn the_side_with_the_older_version_is_named() {
    for (version, code) in [(VERSION - 1, "server_older"), (VERSION + 1, "server_newer")] {
        let mut it = Examination::native(WSS, &[]);
        assert_eq!(it.opened().received(challenge(version)).findings(), [code]);
        // A version whose challenge has other parts.
        let other = json!({ "type": "challenge", "version": version, "salt": [1] });
        assert_eq!(Examination::native(WSS, &[]).opened().received(other).findings(), [code]);
    }
}

#[test]
fn a_refusal_of_the_server_is_told_in_its_words() {
    let refused = ServerMessage::Refused {
        reason: Refusal::Unauthorized { detail: "the token has expired".into() },
    };
    let mut it = Examination::native(WSS, &[]);
    it.opened().received(challenge(VERSION));
    it.received(serde_json::to_string(&refused).unwrap());
    let report = it.report();
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].to_string().contains("the token has expired"));
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    for (server, codes) in [
        (UNIX_S + 299, &[][..]),
        (UNIX_S - 299, &[]),
        (UNIX_S + 400, &["clock_wrong"]),
        (UNIX_S - 400, &["clock_wrong"]),
    ] {
        assert_eq!(Examination::native(WSS, &[]).in_room(server).findings(), codes);
    }
    let mut it = Examination::native(WSS, &[]);
    let sentence = it.in_room(UNIX_S - 600).report().findings[0].to_string();
    assert!(sentence.contains("10 minutes ahead of"), "{sentence}");
    // Where the server lets nobody in, its answer to the WebSocket has the time.
    let mut it = Examination::native(WS, &[]);
    it.saw(DoctorEvidence::Resolved(Ok(1)))
        .saw(DoctorEvidence::TcpConnected(Ok(())))
        .saw(DoctorEvidence::Opened(Ok(Some(UNIX_S - 4000))))
        .received(challenge(VERSION))
        .saw(DoctorEvidence::Socket(SocketEvent::Disconnected(None)));
    assert_eq!(it.findings(), ["room_refused", "clock_wrong"]);
}

#[test]
fn one_silent_server_is_unreachable_and_two_are_a_network_without_udp() {
    let mut it = Examination::native(WSS, &STUN);
    it.in_room(UNIX_S).stun(0, 1, Ok("198.51.100.1:4000")).stun(1, 2, Err(IceFailure::Silent));
    assert_eq!(it.findings(), ["stun_unreachable"]);

    let mut it = Examination::native(WSS, &STUN);
    it.in_room(UNIX_S).time_out();
    assert_eq!(it.findings(), ["udp_blocked"]);

    // Two at one address are one.
    let mut it = Examination::native(WSS, &[STUN[0], "turn:a.example"]);
    it.in_room(UNIX_S).stun(0, 1, Err(IceFailure::Silent)).turn(1, 1, Err(IceFailure::Silent));
    for number in 0..2 {
        it.saw(DoctorEvidence::TcpProbed { number, accepts: false });
    }
    assert_eq!(it.findings(), ["stun_unreachable", "turn_unreachable"]);

    let mut it = Examination::native(WSS, &STUN[..1]);
    it.in_room(UNIX_S).stun(0, 1, Err(IceFailure::Silent));
    it.saw(DoctorEvidence::TcpProbed { number: 0, accepts: true });
    assert_eq!(it.findings(), ["udp_blocked"]);

    // An answer is an answer, though it refuses.
    let mut it = Examination::native(WSS, &[STUN[0], STUN[1], "turn:c.example"]);
    it.in_room(UNIX_S)
        .stun(0, 1, Err(IceFailure::Silent))
        .stun(1, 2, Err(IceFailure::NoName("unknown".into())))
        .turn(2, 3, Err(IceFailure::Refused(401)));
    assert_eq!(it.findings(), ["stun_unreachable", "stun_unreachable", "turn_credentials"]);
}

#[test]
fn a_turn_server_that_grants_nothing_is_told_by_its_code() {
    for (error, code) in [
        (401, "turn_credentials"),
        (403, "turn_forbidden"),
        (437, "turn_allocation_mismatch"),
        (441, "turn_credentials"),
        (486, "turn_quota"),
        (508, "turn_capacity"),
        (500, "turn_refused"),
    ] {
        let mut it = Examination::native(WSS, &["turn:a.example"]);
        it.in_room(UNIX_S).turn(0, 1, Err(IceFailure::Refused(error)));
        let report = it.report();
        assert_eq!(report.findings.iter().map(Finding::code).collect::<Vec<_>>(), [code]);
        assert!(report.findings[0].to_string().contains(&error.to_string()));
        assert_eq!(report.findings[0].severity(), Severity::Warning);
    }
}

#[test]
fn a_symmetric_nat_is_found_by_two_servers_and_matters_without_turn() {
    let maps = ["198.51.100.1:4000", "198.51.100.1:4001"];
    let mut it = Examination::native(WSS, &STUN);
    it.in_room(UNIX_S).stun(0, 1, Ok(maps[0])).stun(1, 2, Ok(maps[1]));
    let report = it.report();
    assert_eq!(
        (&report.findings[..], report.nat),
        (&[Finding::SymmetricNat][..], NatMapping::Symmetric)
    );

    let mut it = Examination::native(WSS, &[STUN[0], STUN[1], "turn:a.example"]);
    it.in_room(UNIX_S).stun(0, 1, Ok(maps[0])).stun(1, 2, Ok(maps[1])).turn(2, 1, Ok(()));
    assert!(it.report().is_well());

    // One server that is named twice tells nothing.
    let mut it = Examination::native(WSS, &STUN);
    it.in_room(UNIX_S).stun(0, 1, Ok(maps[0])).stun(1, 1, Ok(maps[1]));
    let report = it.report();
    assert!(report.is_well());
    assert_eq!(report.nat, NatMapping::Unknown);
}

#[test]
fn urls_that_cannot_be_used_are_told_or_skipped() {
    let mut request = request(WSS, &["http://a.example", "turns:a.example"], Surroundings::Native);
    let urls = vec!["turn:b.example".to_owned()];
    let open = IceServer { urls, username: None, credential: None };
    request.join.options.ice_servers.push(open);
    let mut it = Examination::new(request);
    let report = it.in_room(UNIX_S).report();
    let codes: Vec<_> = report.findings.iter().map(Finding::code).collect();
    assert_eq!(codes, ["bad_ice_url", "turn_without_credentials"]);
    assert!(report.steps.iter().any(|step| matches!(step.outcome, StepOutcome::Skipped(_))));
}

#[test]
fn a_page_shares_one_sentence_for_what_it_cannot_tell() {
    let mut it = Examination::page(WSS, &[], true);
    assert_eq!(it.commands(), [DoctorCommand::OpenWebSocket { url: format!("{WSS}/netplay") }]);
    it.saw(DoctorEvidence::Opened(Err(OpenFailure::Hidden)));
    let sentence = it.report().findings[0].to_string();
    for cause in ["port", "path", "certificate"] {
        assert!(sentence.contains(cause), "{sentence}");
    }
    assert_eq!(Examination::page(WSS, &[], true).time_out().findings(), ["cannot_tell"]);
}

#[test]
fn a_page_over_https_reaches_plain_servers_on_its_own_machine_only() {
    assert_eq!(Examination::page(WS, &[], true).findings(), ["mixed_content"]);
    for (server, is_https) in [(WS, false), ("ws://localhost:1", true), ("ws://127.0.0.1:1", true)]
    {
        let mut it = Examination::page(server, &[], is_https);
        it.saw(DoctorEvidence::Opened(Ok(None)))
            .received(challenge(VERSION))
            .received(welcome())
            .received(roster(UNIX_S));
        assert!(it.report().is_well());
    }
}

#[test]
fn a_page_compares_what_servers_see_of_one_connection() {
    for (second, nat) in [
        ("198.51.100.1:4000", NatMapping::EndpointIndependent),
        ("198.51.100.1:4001", NatMapping::Symmetric),
    ] {
        let mut it = Examination::page(WS, &STUN, false);
        it.saw(DoctorEvidence::Opened(Err(OpenFailure::Hidden)));
        // Each on a connection of its own: different addresses tell nothing.
        it.stun(0, 1, Ok("198.51.100.1:1")).stun(1, 2, Ok("198.51.100.1:2"));
        let asked = it.commands();
        assert!(matches!(asked.last(), Some(DoctorCommand::CompareMappings { .. })), "{asked:?}");
        let mapping = |server, mapped: &str| StunMapping {
            socket: 9,
            server,
            mapped: mapped.parse().unwrap(),
        };
        let mappings = vec![mapping(1, "198.51.100.1:4000"), mapping(2, second)];
        it.saw(DoctorEvidence::Mapping(mappings));
        assert_eq!(it.report().nat, nat);
    }
}

#[test]
fn late_and_repeated_evidence_changes_nothing() {
    let mut it = Examination::native(WS, &STUN[..1]);
    it.saw(DoctorEvidence::Resolved(Ok(1))).time_out();
    it.saw(DoctorEvidence::TcpConnected(Ok(())));
    it.stun(7, 1, Ok("198.51.100.1:1")).stun(0, 1, Ok("198.51.100.1:1"));
    it.stun(0, 1, Err(IceFailure::Silent))
        .saw(DoctorEvidence::TcpProbed { number: 3, accepts: true });
    assert_eq!(it.findings(), ["server_unreachable"]);
}
