//! What the signals of one attempt must pass before matchbox sees them.
//!
//! matchbox unwraps what it parses, drops candidates that come before the description and takes a
//! second description for granted. The gate lets through exactly one description, of the right kind,
//! then candidates: those that come earlier wait for it, malformed and forbidden ones never pass.

use netplay_protocol::limits::MAX_CANDIDATES_PER_ATTEMPT;

use super::sdp::{self, SdpError};
use crate::PathPolicy;

/// A step of an attempt, whose signature has been seen to or is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Offer(String),
    Answer(String),
    Candidate(String),
}

/// The side of an attempt that we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Offerer,
    Answerer,
}

/// Why a step is not passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum GateError {
    #[error(transparent)]
    Sdp(#[from] SdpError),
    #[error("a description of the wrong kind, or a second one")]
    UnexpectedDescription,
    #[error("more than {MAX_CANDIDATES_PER_ATTEMPT} candidates")]
    TooManyCandidates,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Gate {
    role: Role,
    policy: PathPolicy,
    described: bool,
    candidates: usize,
    waiting: Vec<Step>,
}

impl Gate {
    pub(super) fn new(role: Role, policy: PathPolicy) -> Self {
        Self { role, policy, described: false, candidates: 0, waiting: Vec::new() }
    }

    /// The steps that may be passed on now, in order.
    pub(super) fn accept(&mut self, step: Step) -> Result<Vec<Step>, GateError> {
        match (step, self.role) {
            (Step::Offer(sdp), Role::Answerer) if !self.described => {
                Ok(self.describe(Step::Offer(self.checked(&sdp)?)))
            }
            (Step::Answer(sdp), Role::Offerer) if !self.described => {
                Ok(self.describe(Step::Answer(self.checked(&sdp)?)))
            }
            (Step::Offer(_) | Step::Answer(_), _) => Err(GateError::UnexpectedDescription),
            (Step::Candidate(json), _) => self.candidate(json),
        }
    }

    fn checked(&self, sdp: &str) -> Result<String, SdpError> {
        sdp::check_description(sdp)?;
        Ok(sdp::keep_allowed(sdp, self.policy))
    }

    fn describe(&mut self, description: Step) -> Vec<Step> {
        self.described = true;
        std::iter::once(description).chain(self.waiting.drain(..)).collect()
    }

    fn candidate(&mut self, json: String) -> Result<Vec<Step>, GateError> {
        self.candidates += 1;
        if self.candidates > MAX_CANDIDATES_PER_ATTEMPT {
            return Err(GateError::TooManyCandidates);
        }
        match sdp::read_candidate(&json)? {
            Some((_, kind)) if !sdp::allows(self.policy, kind) => Ok(Vec::new()),
            _ if self.described => Ok(vec![Step::Candidate(json)]),
            _ => {
                self.waiting.push(Step::Candidate(json));
                Ok(Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sdp::tests::{HOST, TURN, description};
    use super::*;

    fn candidate(json: &str) -> Step {
        Step::Candidate(json.into())
    }

    #[test]
    fn candidates_that_come_before_the_description_wait_for_it() {
        let mut gate = Gate::new(Role::Offerer, PathPolicy::Any);
        assert_eq!(gate.accept(candidate(HOST)), Ok(vec![]));
        let answer = Step::Answer(description());
        assert_eq!(gate.accept(answer.clone()), Ok(vec![answer, candidate(HOST)]));
        assert_eq!(gate.accept(candidate(TURN)), Ok(vec![candidate(TURN)]));
    }

    #[test]
    fn one_description_of_the_right_kind_passes() {
        let mut gate = Gate::new(Role::Answerer, PathPolicy::Any);
        let wrong = gate.accept(Step::Answer(description()));
        assert_eq!(wrong, Err(GateError::UnexpectedDescription));
        assert!(gate.accept(Step::Offer(description())).is_ok());
        let second = gate.accept(Step::Offer(description()));
        assert_eq!(second, Err(GateError::UnexpectedDescription));
    }

    #[test]
    fn forbidden_candidates_never_enter_and_floods_are_refused() {
        let mut gate = Gate::new(Role::Answerer, PathPolicy::Direct);
        gate.accept(Step::Offer(description())).unwrap();
        assert_eq!(gate.accept(candidate(TURN)), Ok(vec![]));
        for _ in 1..MAX_CANDIDATES_PER_ATTEMPT {
            assert_eq!(gate.accept(candidate(HOST)), Ok(vec![candidate(HOST)]));
        }
        assert_eq!(gate.accept(candidate(HOST)), Err(GateError::TooManyCandidates));
    }
}
