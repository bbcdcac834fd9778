//! The steps at STUN and TURN servers, which are all asked at the same time, and what follows from all of them.

use std::collections::BTreeSet;
use std::time::Duration;

use netplay_protocol::Secret;
use netplay_protocol::signaling::{IceServer, IceUrlKind};

use super::client::State;
use super::nat::nat_mapping;
use super::report::{Step, StepOutcome};
use super::{
    Doctor, DoctorCommand, Finding, IceAddress, IceAnswer, IceFailure, NatMapping, StepKind,
    StunMapping, Surroundings,
};
use crate::room::printable::printable;

/// How many STUN and TURN URLs are examined.
const MAX_URLS: usize = 16;

/// STUN and TURN servers, and what they answered.
#[derive(Debug, Default)]
pub(super) struct IceSteps {
    checks: Vec<IceCheck>,
    /// Whether any URL is one of TURN, used here or not.
    has_turn: bool,
    mappings: Vec<StunMapping>,
    phase: Phase,
}

/// What is waited for.
#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The answers of the servers.
    #[default]
    Asking,
    /// What all STUN servers see of one connection.
    Comparing,
    /// Whether the servers that are silent accept TCP.
    Probing,
}

/// One server.
#[derive(Debug)]
struct IceCheck {
    address: IceAddress,
    state: CheckState,
    took: Duration,
    /// Its IP address, or its name where only that is known.
    host: String,
    /// Whether it accepts TCP. None until that is known.
    accepts_tcp: Option<bool>,
}

#[derive(Debug)]
enum CheckState {
    Waiting,
    /// It works: what was seen.
    Answered(String),
    /// It answered, or could not be asked, in a way that is its own fault.
    Failed(Finding),
    Silent,
}

impl Doctor {
    /// Asks the STUN and TURN servers that these and the game name.
    pub(super) fn begin_ice(&mut self, now: Duration, of_server: &[IceServer]) {
        self.since = now;
        let mut steps = IceSteps::default();
        let servers = self.request.join.options.ice_servers(of_server);
        let urls =
            servers.iter().flat_map(|server| server.urls.iter().map(move |url| (server, url)));
        for (server, url) in urls.take(MAX_URLS) {
            self.add_check(&mut steps, server, url);
        }
        self.state = State::Ice(steps);
        self.advance_ice(now);
    }

    fn add_check(&mut self, steps: &mut IceSteps, server: &IceServer, url: &str) {
        let skip = |outcome, kind| Step { kind, outcome, took: Duration::ZERO };
        let address = match IceAddress::read(url) {
            Ok(address) => address,
            Err(error) => {
                let (url, detail) = (printable(url), printable(&error.to_string()));
                let kind = StepKind::Stun(url.clone());
                let finding = Finding::BadIceUrl { url, detail };
                return self.push(skip(StepOutcome::Failed(finding), kind));
            }
        };
        let kind = step_kind(&address);
        let is_turn = address.kind == IceUrlKind::Turn;
        steps.has_turn |= is_turn;
        if steps.checks.iter().any(|check| check.address.url == address.url) {
            return;
        }
        if !address.is_udp && self.request.surroundings == Surroundings::Native {
            let text = "not asked: only UDP is supported outside of browsers".to_owned();
            return self.push(skip(StepOutcome::Skipped(text), kind));
        }
        let number = steps.checks.len();
        if is_turn {
            let (Some(username), Some(credential)) = (&server.username, &server.credential) else {
                let finding = Finding::TurnWithoutCredentials { url: address.url };
                return self.push(skip(StepOutcome::Failed(finding), kind));
            };
            self.command(DoctorCommand::AskTurn {
                number,
                address: address.clone(),
                username: username.clone(),
                credential: Secret::from(credential.as_str()),
            });
        } else {
            self.command(DoctorCommand::AskStun { number, address: address.clone() });
        }
        let host = address.host.clone();
        steps.checks.push(IceCheck {
            address,
            state: CheckState::Waiting,
            took: Duration::ZERO,
            host,
            accepts_tcp: None,
        });
    }

    pub(super) fn handle_answer(
        &mut self,
        now: Duration,
        number: usize,
        answer: IceAnswer<Option<StunMapping>>,
    ) {
        let took = now.saturating_sub(self.since);
        let State::Ice(steps) = &mut self.state else { return };
        let waiting = |check: &&mut IceCheck| matches!(check.state, CheckState::Waiting);
        let Some(check) = steps.checks.get_mut(number).filter(waiting) else { return };
        check.took = took;
        if let Some(server) = answer.server {
            check.host = server.to_string();
        }
        let url = printable(&check.address.url);
        let is_turn = check.address.kind == IceUrlKind::Turn;
        check.state = match answer.result {
            Ok(mapping) => {
                steps.mappings.extend(mapping);
                CheckState::Answered(match (is_turn, mapping) {
                    (true, _) => "it granted an allocation".into(),
                    (false, Some(mapping)) => format!("it sees this machine as {}", mapping.mapped),
                    (false, None) => "it reports no error".into(),
                })
            }
            Err(IceFailure::Silent) => CheckState::Silent,
            Err(IceFailure::Refused(code)) if is_turn => {
                CheckState::Failed(Finding::TurnRefused { url, code })
            }
            Err(IceFailure::Refused(code)) => {
                let detail = format!("it answers with error {code}");
                CheckState::Failed(Finding::StunUnreachable { url, detail })
            }
            Err(IceFailure::NoName(detail) | IceFailure::Other(detail)) => {
                CheckState::Failed(unreachable(is_turn, url, printable(&detail)))
            }
        };
        self.advance_ice(now);
    }

    pub(super) fn handle_mappings(&mut self, now: Duration, mappings: Vec<StunMapping>) {
        let State::Ice(steps) = &mut self.state else { return };
        if steps.phase == Phase::Comparing {
            steps.mappings = mappings.into_iter().take(MAX_URLS).collect();
            self.conclude(now);
        }
    }

    pub(super) fn handle_tcp_probe(&mut self, now: Duration, number: usize, accepts: bool) {
        let State::Ice(steps) = &mut self.state else { return };
        if steps.phase == Phase::Probing
            && let Some(check) = steps.checks.get_mut(number)
        {
            check.accepts_tcp.get_or_insert(accepts);
            let unknown = |check: &IceCheck| {
                matches!(check.state, CheckState::Silent) && check.accepts_tcp.is_none()
            };
            if !steps.checks.iter().any(unknown) {
                self.conclude(now);
            }
        }
    }

    /// What did not answer until now is silent.
    pub(super) fn handle_ice_timeout(&mut self, now: Duration) {
        let took = now.saturating_sub(self.since);
        let State::Ice(steps) = &mut self.state else { return };
        if steps.phase != Phase::Asking {
            return self.conclude(now);
        }
        for check in &mut steps.checks {
            if matches!(check.state, CheckState::Waiting) {
                (check.state, check.took) = (CheckState::Silent, took);
            }
        }
        self.advance_ice(now);
    }

    /// Goes on once every server has answered or is known to be silent.
    fn advance_ice(&mut self, now: Duration) {
        let State::Ice(steps) = &mut self.state else { return };
        if steps.checks.iter().any(|check| matches!(check.state, CheckState::Waiting)) {
            return;
        }
        let is_page = self.request.surroundings != Surroundings::Native;
        let answering: Vec<IceAddress> = steps.answering_stun().cloned().collect();
        if is_page && answering.len() > 1 {
            steps.phase = Phase::Comparing;
            self.since = now;
            return self.command(DoctorCommand::CompareMappings { servers: answering });
        }
        let silent = steps.silent();
        if !is_page && !steps.any_answer() && silent.len() == 1 {
            steps.phase = Phase::Probing;
            let probes: Vec<_> = steps.probes().collect();
            self.since = now;
            probes.into_iter().for_each(|probe| self.command(probe));
            return;
        }
        self.conclude(now);
    }

    /// Everything is known.
    fn conclude(&mut self, now: Duration) {
        let State::Ice(steps) = std::mem::replace(&mut self.state, State::Done) else { return };
        let is_blocked = steps.is_udp_blocked();
        self.nat = nat_mapping(&steps.mappings);
        let is_empty = steps.checks.is_empty();
        for check in steps.checks {
            let kind = step_kind(&check.address);
            let url = printable(&check.address.url);
            let outcome = match check.state {
                CheckState::Answered(text) => StepOutcome::Passed(text),
                CheckState::Failed(finding) => StepOutcome::Failed(finding),
                CheckState::Silent if is_blocked => StepOutcome::Failed(Finding::UdpBlocked),
                CheckState::Silent | CheckState::Waiting => {
                    let is_turn = check.address.kind == IceUrlKind::Turn;
                    StepOutcome::Failed(unreachable(is_turn, url, "no answer".into()))
                }
            };
            self.push(Step { kind, outcome, took: check.took });
        }
        let outcome = match self.nat {
            _ if is_blocked => StepOutcome::Failed(Finding::UdpBlocked),
            NatMapping::Symmetric if !steps.has_turn => {
                StepOutcome::Failed(Finding::SymmetricNat)
            }
            NatMapping::Symmetric => StepOutcome::Passed(
                "the NAT is symmetric: connections to others like it use the TURN server".into(),
            ),
            NatMapping::EndpointIndependent => StepOutcome::Passed(
                "different servers see this machine at the same address: direct connections are possible".into(),
            ),
            NatMapping::Unknown if is_empty => StepOutcome::Skipped(
                "no STUN server is named: players of different networks are connected through the server's relay".into(),
            ),
            NatMapping::Unknown => {
                StepOutcome::Skipped("it takes answers of two STUN servers to tell".into())
            }
        };
        let took = now.saturating_sub(self.since);
        self.push(Step { kind: StepKind::Nat, outcome, took });
        self.finish();
    }
}

impl IceSteps {
    fn answering_stun(&self) -> impl Iterator<Item = &IceAddress> {
        let stun = |check: &&IceCheck| {
            check.address.kind == IceUrlKind::Stun && matches!(check.state, CheckState::Answered(_))
        };
        self.checks.iter().filter(stun).map(|check| &check.address)
    }

    /// Whether any server answered over UDP, a refusal included.
    fn any_answer(&self) -> bool {
        self.checks.iter().any(|check| {
            check.address.is_udp
                && match &check.state {
                    CheckState::Answered(_) => true,
                    CheckState::Failed(finding) => matches!(finding, Finding::TurnRefused { .. }),
                    CheckState::Silent | CheckState::Waiting => false,
                }
        })
    }

    /// The hosts that do not answer over UDP.
    fn silent(&self) -> BTreeSet<&str> {
        let silent =
            |check: &&IceCheck| check.address.is_udp && matches!(check.state, CheckState::Silent);
        self.checks.iter().filter(silent).map(|check| check.host.as_str()).collect()
    }

    fn probes(&self) -> impl Iterator<Item = DoctorCommand> + '_ {
        let silent = |(_, check): &(usize, &IceCheck)| matches!(check.state, CheckState::Silent);
        self.checks.iter().enumerate().filter(silent).map(|(number, check)| {
            DoctorCommand::ProbeTcp { number, address: check.address.clone() }
        })
    }

    /// Whether UDP does not leave this network: nothing answers, and either several hosts are silent or the one that is
    /// accepts TCP.
    fn is_udp_blocked(&self) -> bool {
        let silent = self.silent();
        let accepts_tcp = self.checks.iter().any(|check| check.accepts_tcp == Some(true));
        !self.any_answer() && (silent.len() > 1 || silent.len() == 1 && accepts_tcp)
    }
}

fn step_kind(address: &IceAddress) -> StepKind {
    let url = printable(&address.url);
    match address.kind {
        IceUrlKind::Stun => StepKind::Stun(url),
        IceUrlKind::Turn => StepKind::Turn(url),
    }
}

fn unreachable(is_turn: bool, url: String, detail: String) -> Finding {
    match is_turn {
        true => Finding::TurnUnreachable { url, detail },
        false => Finding::StunUnreachable { url, detail },
    }
}
