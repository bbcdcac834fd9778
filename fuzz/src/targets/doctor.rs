//! A doctor whose server sends anything, and whose STUN and TURN servers have any URL and give any answer.

use std::time::Duration;

use netplay_core::doctor::{
    Doctor, DoctorCommand, DoctorEvidence, DoctorRequest, IceAnswer, IceFailure, StunMapping,
    Surroundings,
};
use netplay_core::signaling::{Frame, SocketEvent};
use netplay_core::transport::JoinRequest;
use netplay_protocol::signaling::{Entry, ServerMessage, VERSION};
use rand::RngExt;

use super::signaling;
use crate::{Random, Target, examples, packets};

pub const DOCTOR: Target = Target {
    name: "doctor",
    check,
    example,
    words: &["\"type\":", "\"version\":", "\"ice_servers\":", "stun:", "turn:", "null"],
    test_runs: 15_000,
};

/// An examination ends, whatever is received, and what it shows is in proportion to that.
fn check(input: &[u8]) {
    let mut join = JoinRequest::new(Entry::New, 2, examples::identity(0));
    join.servers = vec!["ws://one.example.org".into()];
    let is_page = input.first().is_some_and(|byte| byte & 1 == 1);
    let surroundings =
        if is_page { Surroundings::Page { is_https: false } } else { Surroundings::Native };
    let mut now = Duration::ZERO;
    let mut doctor = Doctor::new(DoctorRequest { join, surroundings, unix_s: 0 }, now);
    for evidence in [
        DoctorEvidence::Resolved(Ok(1)),
        DoctorEvidence::TcpConnected(Ok(())),
        DoctorEvidence::Opened(Ok(None)),
    ] {
        doctor.handle_evidence(now, evidence);
    }
    let mut commands = 0;
    for packet in packets::split(input) {
        now += Duration::from_millis(u64::from(packet.kind >> 3) * 50);
        let number = packet.bytes.first().copied().unwrap_or_default().into();
        let mapped = ([192, 0, 2, packet.kind], u16::from(packet.kind)).into();
        let mapping = StunMapping { socket: 0, server: packet.kind.into(), mapped };
        doctor.handle_evidence(
            now,
            match packet.kind & 7 {
                0 => DoctorEvidence::Socket(SocketEvent::Disconnected(None)),
                1 => {
                    let result = Err(IceFailure::Refused(u16::from(packet.kind) * 2));
                    DoctorEvidence::Turn { number, answer: IceAnswer { server: None, result } }
                }
                2 => DoctorEvidence::Stun {
                    number,
                    answer: IceAnswer { server: None, result: Ok(Some(mapping)) },
                },
                3 => DoctorEvidence::TcpProbed { number, accepts: true },
                _ => {
                    let text = String::from_utf8_lossy(packet.bytes).into_owned();
                    DoctorEvidence::Socket(SocketEvent::Received(Frame::Text(text)))
                }
            },
        );
        commands += take(&mut doctor);
        doctor.handle_timeout(now);
    }
    let report = loop {
        commands += take(&mut doctor);
        if let Some(report) = doctor.poll_report() {
            break report;
        }
        // It always waits for something that ends.
        now = doctor.poll_timeout().expect("it waits for nothing");
        doctor.handle_timeout(now);
    };
    assert!(commands < 64 && report.steps.len() < 32, "{commands} commands, {report:?}");
    for step in &report.steps {
        let text = step.outcome.to_string();
        assert!(text.len() < 2048 && !text.contains('\u{202e}'), "{text}");
    }
}

fn take(doctor: &mut Doctor) -> usize {
    let commands = std::iter::from_fn(|| doctor.poll_command());
    commands.filter(|command| !matches!(command, DoctorCommand::Close)).count()
}

/// An examination up to a room, and answers of its servers.
fn example(random: &mut Random) -> Vec<u8> {
    let mut input = Vec::new();
    let text = |message: &ServerMessage| serde_json::to_vec(message).unwrap_or_default();
    let challenge = ServerMessage::Challenge {
        version: VERSION - u16::from(random.random_bool(0.1)),
        challenge: netplay_protocol::Challenge([random.random(); 32]),
        issuer: "one".into(),
    };
    packets::push(&mut input, 4, &text(&challenge));
    for _ in 0..random.random_range(0..8) {
        packets::push(&mut input, 4, &text(&signaling::server_message(random)));
    }
    for _ in 0..random.random_range(0..8) {
        packets::push(&mut input, random.random_range(0..=255), &[random.random_range(0..8)]);
    }
    input
}
