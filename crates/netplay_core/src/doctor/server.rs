//! The steps at the server: from its name to a room.

use std::time::Duration;

use netplay_protocol::limits::{MAX_ICE_SERVERS, MAX_SIGNALING_BYTES};
use netplay_protocol::signaling::{ClientMessage, IceServer, ServerMessage, VERSION};
use netplay_protocol::{Challenge, ServerName};
use serde::Deserialize;

use super::client::State;
use super::report::{Step, StepOutcome};
use super::{Doctor, DoctorCommand, DoctorEvidence, Finding, OpenFailure, StepKind, Surroundings};
use super::{TcpFailure, TlsFailure};
use crate::room::printable::printable;
use crate::signaling::messages::read;
use crate::signaling::{Frame, SocketEvent};

/// By how much clocks may differ, in seconds. Tokens are commonly valid for minutes.
const MAX_CLOCK_DIFFERENCE_S: u64 = 5 * 60;

/// Which step at the server is under way.
#[derive(Debug)]
pub(super) enum ServerState {
    Name,
    Tcp,
    Tls,
    Opening,
    Challenge,
    /// The server has the request to join.
    Joining,
    /// It has let the game into the room, and named these servers. The roster has its time.
    Welcomed(Vec<IceServer>),
}

/// The part of a challenge that every version has.
#[derive(Deserialize)]
struct VersionOnly {
    #[serde(rename = "type")]
    kind: String,
    version: u16,
}

impl Doctor {
    pub(super) fn begin_server(&mut self, now: Duration) {
        self.since = now;
        let (url, host, port) = self.target();
        match self.request.surroundings {
            Surroundings::Native => {
                self.state = State::Server(ServerState::Name);
                self.command(DoctorCommand::Resolve { host, port });
            }
            Surroundings::Page { is_https: true }
                if url.starts_with("ws://") && !is_loopback(&host) =>
            {
                let server = self.server.clone();
                self.fail(now, StepKind::Address, Finding::MixedContent { server });
                self.begin_ice(now, &[]);
            }
            Surroundings::Page { .. } => {
                self.state = State::Server(ServerState::Opening);
                self.command(DoctorCommand::OpenWebSocket { url });
            }
        }
    }

    /// The URL of the WebSocket, the host without brackets, and the port.
    fn target(&self) -> (String, String, u16) {
        let Some(address) = &self.address else { return Default::default() };
        let usual = if address.url.starts_with("wss://") { 443 } else { 80 };
        let (name, host) = (address.name.as_str(), address.name.host());
        let port = name[host.len()..].trim_start_matches(':').parse().unwrap_or(usual);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        (address.url.clone(), host, port)
    }

    pub(super) fn handle_server(&mut self, now: Duration, evidence: DoctorEvidence) {
        let State::Server(state) = &self.state else { return };
        match (state, evidence) {
            (ServerState::Name, DoctorEvidence::Resolved(found)) => self.resolved(now, found),
            (ServerState::Tcp, DoctorEvidence::TcpConnected(result)) => {
                self.tcp_connected(now, result);
            }
            (ServerState::Tls, DoctorEvidence::TlsStarted(result)) => self.tls_started(now, result),
            (ServerState::Opening, DoctorEvidence::Opened(result)) => self.opened(now, result),
            (
                ServerState::Challenge | ServerState::Joining | ServerState::Welcomed(_),
                DoctorEvidence::Socket(event),
            ) => self.handle_socket(now, event),
            // Of a step that was given up.
            _ => {}
        }
    }

    fn resolved(&mut self, now: Duration, found: Result<usize, String>) {
        let (_, host, _) = self.target();
        match found {
            Ok(addresses @ 1..) => {
                let addresses = match addresses {
                    1 => "1 address".to_owned(),
                    more => format!("{more} addresses"),
                };
                self.pass(now, StepKind::Name, format!("{host} has {addresses}"));
                self.state = State::Server(ServerState::Tcp);
                self.command(DoctorCommand::ConnectTcp);
            }
            Ok(0) => self.name_not_found(now, "it has no address"),
            Err(detail) => self.name_not_found(now, &detail),
        }
    }

    fn name_not_found(&mut self, now: Duration, detail: &str) {
        let (_, host, _) = self.target();
        let finding = Finding::NameNotFound { host, detail: printable(detail) };
        self.server_failed(now, StepKind::Name, finding);
    }

    fn tcp_connected(&mut self, now: Duration, result: Result<(), TcpFailure>) {
        let server = self.server.clone();
        let finding = match result {
            Ok(()) => {
                self.pass(now, StepKind::Tcp, format!("{server} accepts connections"));
                let (url, host, _) = self.target();
                let is_tls = url.starts_with("wss://");
                self.state =
                    State::Server(if is_tls { ServerState::Tls } else { ServerState::Opening });
                return self.command(match is_tls {
                    true => DoctorCommand::StartTls { host },
                    false => DoctorCommand::OpenWebSocket { url },
                });
            }
            Err(TcpFailure::Refused) => Finding::ServerRefused { server },
            Err(TcpFailure::Other(detail)) => {
                Finding::ServerUnreachable { server, detail: printable(&detail) }
            }
        };
        self.server_failed(now, StepKind::Tcp, finding);
    }

    fn tls_started(&mut self, now: Duration, result: Result<(), TlsFailure>) {
        let (url, host, _) = self.target();
        let finding = match result {
            Ok(()) => {
                self.pass(now, StepKind::Tls, format!("the certificate of {host} is valid"));
                self.state = State::Server(ServerState::Opening);
                return self.command(DoctorCommand::OpenWebSocket { url });
            }
            Err(TlsFailure::Expired) => Finding::CertificateExpired { host },
            Err(TlsFailure::NotYetValid) => Finding::CertificateNotYetValid { host },
            Err(TlsFailure::WrongName) => Finding::CertificateWrongName { host },
            Err(TlsFailure::Untrusted) => Finding::CertificateUntrusted { host },
            Err(TlsFailure::NotTls) => Finding::NotTls { host },
            Err(TlsFailure::Other(detail)) => {
                Finding::TlsFailed { host, detail: printable(&detail) }
            }
        };
        self.server_failed(now, StepKind::Tls, finding);
    }

    fn opened(&mut self, now: Duration, result: Result<Option<u64>, OpenFailure>) {
        let (url, server) = (self.target().0, self.server.clone());
        let finding = match result {
            Ok(date) => {
                self.clocks = date.map(|date| (date, self.unix_s(now)));
                self.pass(now, StepKind::WebSocket, format!("{url} is open"));
                self.state = State::Server(ServerState::Challenge);
                return;
            }
            Err(OpenFailure::Status(404)) => Finding::WrongPath { url: printable(&url) },
            // A page, or what asks for another protocol.
            Err(OpenFailure::Status(status @ (200..=399 | 426))) => {
                let detail = format!("it answers with HTTP status {status}");
                Finding::NotNetplayServer { server, detail }
            }
            Err(OpenFailure::Status(status)) => {
                Finding::HttpStatus { url: printable(&url), status }
            }
            Err(OpenFailure::NotHttp) => {
                let detail = match url.starts_with("ws://") {
                    true => "it does not answer in HTTP; if it has TLS, use wss://".to_owned(),
                    false => "it does not answer in HTTP".to_owned(),
                };
                Finding::NotNetplayServer { server, detail }
            }
            Err(OpenFailure::Broken(detail)) => {
                let detail = printable(&detail);
                Finding::NotNetplayServer { server, detail }
            }
            Err(OpenFailure::Hidden) => Finding::CannotTell { server },
        };
        self.server_failed(now, StepKind::WebSocket, finding);
    }

    fn handle_socket(&mut self, now: Duration, event: SocketEvent) {
        match event {
            SocketEvent::Connected | SocketEvent::Alive => {}
            SocketEvent::DialFailed(detail) => self.closed(now, &detail),
            SocketEvent::Disconnected(reason) => {
                self.closed(now, reason.as_deref().unwrap_or("it closed the connection"));
            }
            SocketEvent::Received(Frame::Binary(_)) => self.closed(now, "it sent binary data"),
            SocketEvent::Received(Frame::Text(text)) => self.handle_text(now, &text),
        }
    }

    fn handle_text(&mut self, now: Duration, text: &str) {
        let State::Server(state) = &self.state else { return };
        match (state, read(text)) {
            (
                ServerState::Challenge,
                Ok(ServerMessage::Challenge { version: VERSION, challenge, .. }),
            ) => self.challenged(now, challenge),
            (ServerState::Challenge, Ok(ServerMessage::Challenge { version, .. })) => {
                self.other_version(now, version);
            }
            (ServerState::Challenge, Err(_)) => match version_of(text) {
                Some(version) if version != VERSION => self.other_version(now, version),
                _ => self.closed(now, "it does not speak signaling"),
            },
            (ServerState::Joining, Ok(ServerMessage::Welcome { ice_servers, .. })) => {
                let servers: Vec<_> = ice_servers.into_iter().take(MAX_ICE_SERVERS).collect();
                self.state = State::Server(ServerState::Welcomed(servers));
            }
            (ServerState::Welcomed(_), Ok(ServerMessage::Roster { issued, .. })) => {
                self.clocks = Some((issued, self.unix_s(now)));
                self.in_room(now);
            }
            (_, Ok(ServerMessage::Refused { reason })) => {
                let detail = printable(&reason.to_string());
                self.server_failed(now, StepKind::Room, Finding::RoomRefused { detail });
            }
            (ServerState::Challenge, Ok(_)) => self.closed(now, "it does not speak signaling"),
            // Others say more than is needed here.
            _ => {}
        }
    }

    fn challenged(&mut self, now: Duration, challenge: Challenge) {
        let text = format!("the server speaks signaling version {VERSION}, as this game does");
        self.pass(now, StepKind::Signaling, text);
        let Some(name) = self.address.as_ref().map(|address| address.name.clone()) else { return };
        self.send(&self.hello(&name, challenge));
        self.state = State::Server(ServerState::Joining);
    }

    fn hello(&self, name: &ServerName, challenge: Challenge) -> ClientMessage {
        self.request.join.hello(name, challenge)
    }

    fn send(&mut self, message: &ClientMessage) {
        // Texts and numbers can always be written.
        if let Ok(text) = serde_json::to_string(message) {
            self.command(DoctorCommand::Send(Frame::Text(text)));
        }
    }

    fn other_version(&mut self, now: Duration, server: u16) {
        let client = VERSION;
        let finding = match server < client {
            true => Finding::ServerOlder { server, client },
            false => Finding::ServerNewer { server, client },
        };
        self.server_failed(now, StepKind::Signaling, finding);
    }

    /// The server let the game in.
    fn in_room(&mut self, now: Duration) {
        let State::Server(ServerState::Welcomed(servers)) = &mut self.state else { return };
        let servers = std::mem::take(servers);
        self.pass(now, StepKind::Room, "the server opened a room for this game");
        self.send(&ClientMessage::Leave);
        self.end_server(now, &servers);
    }

    /// The connection ended, or what was received is nothing that a server sends.
    fn closed(&mut self, now: Duration, detail: &str) {
        let detail = printable(detail);
        match &self.state {
            State::Server(ServerState::Joining | ServerState::Welcomed(_)) => {
                self.server_failed(now, StepKind::Room, Finding::RoomRefused { detail });
            }
            _ => {
                let server = self.server.clone();
                let finding = Finding::NotNetplayServer { server, detail };
                self.server_failed(now, StepKind::Signaling, finding);
            }
        }
    }

    pub(super) fn handle_server_timeout(&mut self, now: Duration) {
        let State::Server(state) = &self.state else { return };
        let silent = format!("no answer within {} s", super::client::STEP_TIMEOUT.as_secs());
        let server = self.server.clone();
        match state {
            ServerState::Name => self.name_not_found(now, &silent),
            ServerState::Tcp => {
                let finding = Finding::ServerUnreachable { server, detail: silent };
                self.server_failed(now, StepKind::Tcp, finding);
            }
            ServerState::Tls => {
                let host = self.target().1;
                self.server_failed(now, StepKind::Tls, Finding::TlsFailed { host, detail: silent });
            }
            ServerState::Opening if self.request.surroundings != Surroundings::Native => {
                self.server_failed(now, StepKind::WebSocket, Finding::CannotTell { server });
            }
            ServerState::Opening => {
                let finding = Finding::NotNetplayServer { server, detail: silent };
                self.server_failed(now, StepKind::WebSocket, finding);
            }
            ServerState::Challenge | ServerState::Joining => self.closed(now, &silent),
            // A server without a roster is known to be none of an older version.
            ServerState::Welcomed(_) => self.closed(now, "it sent no roster"),
        }
    }

    /// The steps at the server end here. Those of the game's STUN and TURN servers do not depend on them.
    fn server_failed(&mut self, now: Duration, kind: StepKind, finding: Finding) {
        self.fail(now, kind, finding);
        self.end_server(now, &[]);
    }

    fn end_server(&mut self, now: Duration, servers: &[IceServer]) {
        self.command(DoctorCommand::Close);
        self.compare_clocks(now);
        self.begin_ice(now, servers);
    }

    fn compare_clocks(&mut self, now: Duration) {
        let Some((server, ours)) = self.clocks else { return };
        let difference = server.abs_diff(ours);
        if difference > MAX_CLOCK_DIFFERENCE_S {
            let (is_ahead, minutes) = (ours > server, difference / 60);
            return self.fail(now, StepKind::Clock, Finding::ClockWrong { is_ahead, minutes });
        }
        let text = format!("the clocks of both machines differ by {difference} s at most");
        self.push(Step {
            kind: StepKind::Clock,
            outcome: StepOutcome::Passed(text),
            took: Duration::ZERO,
        });
    }
}

/// The version of a challenge that this version cannot read.
fn version_of(text: &str) -> Option<u16> {
    if text.len() > MAX_SIGNALING_BYTES {
        return None;
    }
    let challenge: VersionOnly = serde_json::from_str(text).ok()?;
    (challenge.kind == "challenge").then_some(challenge.version)
}

/// Browsers trust plain connections to the own machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}
