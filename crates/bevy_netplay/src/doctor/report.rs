//! What the doctor did and found, as Bevy can reflect it.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::doctor::{Finding, Severity, Step, StepOutcome};

/// What the doctor did and found last, or does now: written after
/// [`run_doctor`](crate::NetplayCommands::run_doctor). Each finding is also a line in the log.
#[derive(Resource, Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DoctorReport {
    /// Whether an examination is under way.
    pub is_running: bool,
    /// The server that is examined. Empty before the first examination.
    pub server: String,
    /// The steps that have ended, in their order.
    pub steps: Vec<DoctorStep>,
    /// What is wrong, once all have ended. Empty when all is well.
    pub findings: Vec<DoctorFinding>,
}

/// A step that the doctor took.
#[derive(Clone, Debug, PartialEq, Reflect)]
#[reflect(Debug, PartialEq)]
#[non_exhaustive]
pub struct DoctorStep {
    /// Its name: `name`, `tcp`, `tls`, `websocket`, `signaling`, `room`, `clock`, `nat`, or the URL of a STUN or TURN
    /// server.
    pub name: String,
    /// What became of it.
    pub result: StepResult,
    /// What was seen; of a step that failed, the sentence of its finding.
    pub text: String,
    /// How long it took.
    pub took: Duration,
}

/// What became of a [`DoctorStep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
pub enum StepResult {
    /// All is well.
    Passed,
    /// Something is wrong.
    Failed,
    /// It could not be taken, or there was nothing to do.
    Skipped,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
#[non_exhaustive]
pub struct DoctorFinding {
    /// Its name, such as `udp_blocked`: it stays the same when the sentence changes.
    pub code: String,
    /// How bad it is.
    pub severity: DoctorSeverity,
    /// What is wrong, and what to do.
    pub sentence: String,
}

/// How bad a [`DoctorFinding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Reflect)]
#[reflect(Debug, PartialEq, Hash)]
pub enum DoctorSeverity {
    /// Matches are possible, and worse than they could be.
    Warning,
    /// No match is possible.
    Error,
}

impl From<Step> for DoctorStep {
    fn from(step: Step) -> Self {
        let result = match step.outcome {
            StepOutcome::Passed(_) => StepResult::Passed,
            StepOutcome::Failed(_) => StepResult::Failed,
            StepOutcome::Skipped(_) => StepResult::Skipped,
        };
        let (name, text) = (step.kind.to_string(), step.outcome.to_string());
        Self { name, result, text, took: step.took }
    }
}

impl From<&Finding> for DoctorFinding {
    fn from(finding: &Finding) -> Self {
        let severity = match finding.severity() {
            Severity::Warning => DoctorSeverity::Warning,
            Severity::Error => DoctorSeverity::Error,
        };
        Self { code: finding.code().to_owned(), severity, sentence: finding.to_string() }
    }
}
