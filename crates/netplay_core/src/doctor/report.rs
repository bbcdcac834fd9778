//! What the doctor did and found.

use std::fmt;
use std::time::Duration;

use super::{Finding, NatMapping};

/// What the doctor did and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoctorReport {
    /// The server that was examined.
    pub server: String,
    /// The steps, in the order in which they ended.
    pub steps: Vec<Step>,
    /// What is wrong, in the order of the steps. Empty when all is well.
    pub findings: Vec<Finding>,
    /// How the NAT of this side maps addresses.
    pub nat: NatMapping,
}

impl DoctorReport {
    /// The report of an examination that its driver could not carry out, with what happened.
    pub fn broke_off(detail: &str) -> Self {
        let finding = Finding::BrokeOff { detail: detail.to_owned() };
        let outcome = StepOutcome::Failed(finding.clone());
        let step = Step { kind: StepKind::Address, outcome, took: Duration::ZERO };
        let (steps, findings) = (vec![step], vec![finding]);
        Self { server: String::new(), steps, findings, nat: NatMapping::Unknown }
    }

    /// Whether nothing is wrong.
    pub fn is_well(&self) -> bool {
        self.findings.is_empty()
    }
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which one.
    pub kind: StepKind,
    /// What became of it.
    pub outcome: StepOutcome,
    /// How long it took.
    pub took: Duration,
}

/// Which step. The text is its name, which scripts may rely on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// The address of the server is read.
    Address,
    /// The name of the server is looked up.
    Name,
    /// A connection to the server opens.
    Tcp,
    /// TLS starts on it.
    Tls,
    /// The WebSocket opens.
    WebSocket,
    /// The server says which version it speaks.
    Signaling,
    /// The server lets the game into a new room.
    Room,
    /// The clocks of both machines are compared.
    Clock,
    /// A STUN server is asked.
    Stun(String),
    /// A TURN server is asked.
    Turn(String),
    /// How UDP leaves this network, by all answers together.
    Nat,
}

/// What became of a step. The text says what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// All is well.
    Passed(String),
    /// Something is wrong.
    Failed(Finding),
    /// It could not be taken, or there was nothing to do.
    Skipped(String),
}

impl Step {
    /// Whether nothing is wrong as far as this step tells.
    pub fn is_ok(&self) -> bool {
        !matches!(self.outcome, StepOutcome::Failed(_))
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("address"),
            Self::Name => f.write_str("name"),
            Self::Tcp => f.write_str("tcp"),
            Self::Tls => f.write_str("tls"),
            Self::WebSocket => f.write_str("websocket"),
            Self::Signaling => f.write_str("signaling"),
            Self::Room => f.write_str("room"),
            Self::Clock => f.write_str("clock"),
            Self::Stun(url) | Self::Turn(url) => f.write_str(url),
            Self::Nat => f.write_str("nat"),
        }
    }
}

impl fmt::Display for StepOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(text) | Self::Skipped(text) => f.write_str(text),
            Self::Failed(finding) => finding.fmt(f),
        }
    }
}
