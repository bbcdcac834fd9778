//! [`Doctor`]: takes the steps one after the other.

use std::collections::VecDeque;
use std::time::Duration;

use super::ice::IceSteps;
use super::report::{DoctorReport, Step, StepKind, StepOutcome};
use super::server::ServerState;
use super::{DoctorCommand, DoctorEvidence, Finding, NatMapping};
use crate::room::printable::printable;
use crate::signaling::address::{ServerAddress, read_address};
use crate::transport::{JoinRequest, LeaveReason};

/// How long a step at the server may take.
pub(super) const STEP_TIMEOUT: Duration = Duration::from_secs(8);
/// How long STUN and TURN servers may take, all together. Their own exchanges end before.
pub(super) const ICE_TIMEOUT: Duration = Duration::from_secs(8);

/// What to examine.
#[derive(Clone, Debug)]
pub struct DoctorRequest {
    /// How a game would join: the first of its servers is examined, in a new room of its own that nobody else enters.
    /// STUN and TURN servers are those that the server and [`JoinRequest::options`] name.
    pub join: JoinRequest,
    /// Where the game runs.
    pub surroundings: Surroundings,
    /// What the clock of this machine says, in seconds since 1970.
    pub unix_s: u64,
}

/// Where the game runs, which decides what can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surroundings {
    /// It has sockets of its own.
    Native,
    /// It is a page in a browser.
    Page {
        /// Whether the page was loaded over https.
        is_https: bool,
    },
}

/// Takes the steps to a match one after the other, and says what is wrong. See the [module](super).
#[derive(Debug)]
pub struct Doctor {
    pub(super) request: DoctorRequest,
    pub(super) server: String,
    pub(super) address: Option<ServerAddress>,
    /// When the examination began.
    pub(super) started: Duration,
    /// When the step under way began.
    pub(super) since: Duration,
    pub(super) state: State,
    /// What the clocks of the server and of this machine said at the same time, in seconds since 1970.
    pub(super) clocks: Option<(u64, u64)>,
    pub(super) nat: NatMapping,
    commands: VecDeque<DoctorCommand>,
    steps: Vec<Step>,
    /// How many of the steps were given out.
    told: usize,
    report: Option<DoctorReport>,
}

#[derive(Debug)]
pub(super) enum State {
    /// The steps at the server.
    Server(ServerState),
    /// STUN and TURN servers.
    Ice(IceSteps),
    Done,
}

impl Doctor {
    /// Begins an examination.
    pub fn new(request: DoctorRequest, now: Duration) -> Self {
        let server = request.join.servers.first().cloned().unwrap_or_default();
        let address = read_address(&server);
        let mut doctor = Self {
            request,
            server: printable(&server),
            address: None,
            started: now,
            since: now,
            state: State::Done,
            clocks: None,
            nat: NatMapping::Unknown,
            commands: VecDeque::new(),
            steps: Vec::new(),
            told: 0,
            report: None,
        };
        match address {
            Ok(address) => {
                doctor.address = Some(address);
                doctor.begin_server(now);
            }
            Err(LeaveReason::BadAddress(_) | _) => {
                let server = doctor.server.clone();
                doctor.fail(now, StepKind::Address, Finding::BadAddress { server });
                doctor.begin_ice(now, &[]);
            }
        }
        doctor
    }

    /// Takes in what the driver saw.
    pub fn handle_evidence(&mut self, now: Duration, evidence: DoctorEvidence) {
        match evidence {
            DoctorEvidence::Stun { number, answer } | DoctorEvidence::Turn { number, answer } => {
                self.handle_answer(now, number, answer);
            }
            DoctorEvidence::Mapping(mappings) => self.handle_mappings(now, mappings),
            DoctorEvidence::TcpProbed { number, accepts } => {
                self.handle_tcp_probe(now, number, accepts);
            }
            evidence => self.handle_server(now, evidence),
        }
    }

    /// Gives up what has taken too long.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        match &self.state {
            State::Server(_) => self.handle_server_timeout(now),
            State::Ice(_) => self.handle_ice_timeout(now),
            State::Done => {}
        }
    }

    /// When [`Self::handle_timeout`] is to be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Server(_) => Some(self.since + STEP_TIMEOUT),
            State::Ice(_) => Some(self.since + ICE_TIMEOUT),
            State::Done => None,
        }
    }

    /// The next thing to do.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_command(&mut self) -> Option<DoctorCommand> {
        self.commands.pop_front()
    }

    /// The next step that has ended.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_step(&mut self) -> Option<Step> {
        let step = self.steps.get(self.told).cloned()?;
        self.told += 1;
        Some(step)
    }

    /// The report, once.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_report(&mut self) -> Option<DoctorReport> {
        self.report.take()
    }

    pub(super) fn command(&mut self, command: DoctorCommand) {
        self.commands.push_back(command);
    }

    /// The clock of this machine, in seconds since 1970.
    pub(super) fn unix_s(&self, now: Duration) -> u64 {
        self.request.unix_s.saturating_add(now.saturating_sub(self.started).as_secs())
    }

    /// A step has ended, and the next one begins.
    pub(super) fn pass(&mut self, now: Duration, kind: StepKind, text: impl Into<String>) {
        self.end_step(now, kind, StepOutcome::Passed(text.into()));
    }

    pub(super) fn fail(&mut self, now: Duration, kind: StepKind, finding: Finding) {
        self.end_step(now, kind, StepOutcome::Failed(finding));
    }

    fn end_step(&mut self, now: Duration, kind: StepKind, outcome: StepOutcome) {
        let took = now.saturating_sub(self.since);
        self.since = now;
        self.push(Step { kind, outcome, took });
    }

    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(super) fn finish(&mut self) {
        self.state = State::Done;
        let finding = |step: &Step| match &step.outcome {
            StepOutcome::Failed(finding) => Some(finding.clone()),
            StepOutcome::Passed(_) | StepOutcome::Skipped(_) => None,
        };
        let mut findings: Vec<Finding> = Vec::new();
        for finding in self.steps.iter().filter_map(finding) {
            // Each STUN server is a step that may fail by the same cause.
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        let (server, steps, nat) = (self.server.clone(), self.steps.clone(), self.nat);
        self.report = Some(DoctorReport { server, steps, findings, nat });
    }
}
