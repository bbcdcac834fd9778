//! The filter that the signals of one attempt pass before a WebRTC stack sees them.
//!
//! A stack may unwrap what it parses, drop candidates that come before the description and take a second
//! description for granted, as matchbox does. The filter lets through exactly one description, of the right kind,
//! then candidates: those that come earlier wait for the description, malformed and forbidden ones never pass.

use netplay_protocol::limits::MAX_CANDIDATES_PER_ATTEMPT;

use super::sdp::{self, SdpError};
use crate::path::PathPolicy;

/// What the two sides of an attempt tell each other, without the signature that travels with a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptSignal {
    /// The session description of the side that begins.
    Offer(String),
    /// The session description of the other side.
    Answer(String),
    /// An ICE candidate, as the JSON of `RTCIceCandidateInit`.
    Candidate(String),
}

/// The side of an attempt that the local peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The side that begins.
    Offerer,
    /// The other side.
    Answerer,
}

/// Why a signal does not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FilterError {
    #[error(transparent)]
    Sdp(#[from] SdpError),
    #[error("a description of the wrong kind, or a second one")]
    UnexpectedDescription,
    #[error("more than {MAX_CANDIDATES_PER_ATTEMPT} candidates")]
    TooManyCandidates,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct SignalFilter {
    role: Role,
    policy: PathPolicy,
    described: bool,
    candidates: usize,
    waiting: Vec<AttemptSignal>,
}

impl SignalFilter {
    pub(super) fn new(role: Role, policy: PathPolicy) -> Self {
        Self { role, policy, described: false, candidates: 0, waiting: Vec::new() }
    }

    /// On which side of the attempt the local peer is.
    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// The signals that may be passed on now, in order.
    pub(super) fn accept(
        &mut self,
        signal: AttemptSignal,
    ) -> Result<Vec<AttemptSignal>, FilterError> {
        match (signal, self.role) {
            (AttemptSignal::Offer(sdp), Role::Answerer) if !self.described => {
                let sdp = self.checked(&sdp)?;
                Ok(self.describe(AttemptSignal::Offer(sdp)))
            }
            (AttemptSignal::Answer(sdp), Role::Offerer) if !self.described => {
                let sdp = self.checked(&sdp)?;
                Ok(self.describe(AttemptSignal::Answer(sdp)))
            }
            (AttemptSignal::Offer(_) | AttemptSignal::Answer(_), _) => {
                Err(FilterError::UnexpectedDescription)
            }
            (AttemptSignal::Candidate(json), _) => self.candidate(json),
        }
    }

    fn checked(&mut self, sdp: &str) -> Result<String, FilterError> {
        sdp::check_description(sdp)?;
        self.count(sdp::count_candidates(sdp))?;
        Ok(sdp::keep_accepted(sdp, self.policy))
    }

    /// Counts candidates, in a description and by themselves alike.
    fn count(&mut self, candidates: usize) -> Result<(), FilterError> {
        self.candidates += candidates;
        match self.candidates > MAX_CANDIDATES_PER_ATTEMPT {
            true => Err(FilterError::TooManyCandidates),
            false => Ok(()),
        }
    }

    fn describe(&mut self, description: AttemptSignal) -> Vec<AttemptSignal> {
        self.described = true;
        std::iter::once(description).chain(self.waiting.drain(..)).collect()
    }

    fn candidate(&mut self, json: String) -> Result<Vec<AttemptSignal>, FilterError> {
        self.count(1)?;
        match sdp::read_candidate(&json)? {
            Some((line, kind)) if !sdp::accepts(self.policy, kind, sdp::address_of(&line)) => {
                Ok(Vec::new())
            }
            _ if self.described => Ok(vec![AttemptSignal::Candidate(json)]),
            _ => {
                self.waiting.push(AttemptSignal::Candidate(json));
                Ok(Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::super::sdp::tests::{HOST, TURN, description};
    use super::*;

    fn candidate(json: &str) -> AttemptSignal {
        AttemptSignal::Candidate(json.into())
    }

    #[test]
    fn candidates_that_come_before_the_description_wait_for_it() {
        let mut filter = SignalFilter::new(Role::Offerer, PathPolicy::Any);
        assert_eq!(filter.accept(candidate(HOST)), Ok(vec![]));
        let answer = AttemptSignal::Answer(description());
        assert_eq!(filter.accept(answer.clone()), Ok(vec![answer, candidate(HOST)]));
        assert_eq!(filter.accept(candidate(TURN)), Ok(vec![candidate(TURN)]));
    }

    #[test]
    fn one_description_of_the_right_kind_passes() {
        let mut filter = SignalFilter::new(Role::Answerer, PathPolicy::Any);
        let wrong = filter.accept(AttemptSignal::Answer(description()));
        assert_eq!(wrong, Err(FilterError::UnexpectedDescription));
        assert!(filter.accept(AttemptSignal::Offer(description())).is_ok());
        let second = filter.accept(AttemptSignal::Offer(description()));
        assert_eq!(second, Err(FilterError::UnexpectedDescription));
    }

    #[test]
    fn forbidden_candidates_never_enter_and_floods_are_refused() {
        let mut filter = SignalFilter::new(Role::Answerer, PathPolicy::Direct);
        filter.accept(AttemptSignal::Offer(description())).unwrap();
        assert_eq!(filter.accept(candidate(TURN)), Ok(vec![]));
        for _ in 1..MAX_CANDIDATES_PER_ATTEMPT {
            assert_eq!(filter.accept(candidate(HOST)), Ok(vec![candidate(HOST)]));
        }
        assert_eq!(filter.accept(candidate(HOST)), Err(FilterError::TooManyCandidates));
    }

    #[test]
    fn candidates_inside_a_description_count_like_any_other() {
        let line = "candidate:1 1 udp 1 192.0.2.1 9 typ host";
        let offer = |count| {
            let lines = std::iter::repeat_n(line, count);
            AttemptSignal::Offer(sdp::with_candidates(&description(), lines))
        };
        let mut filter = SignalFilter::new(Role::Answerer, PathPolicy::Any);
        let flood = filter.accept(offer(MAX_CANDIDATES_PER_ATTEMPT + 1));
        assert_eq!(flood, Err(FilterError::TooManyCandidates));
        let mut filter = SignalFilter::new(Role::Answerer, PathPolicy::Any);
        assert!(filter.accept(offer(MAX_CANDIDATES_PER_ATTEMPT - 1)).is_ok());
        assert!(filter.accept(candidate(HOST)).is_ok());
        assert_eq!(filter.accept(candidate(HOST)), Err(FilterError::TooManyCandidates));
    }

    #[test]
    fn candidates_that_name_many_hosts_or_a_host_where_there_is_a_relay_never_enter() {
        let mut filter = SignalFilter::new(Role::Answerer, PathPolicy::Turn);
        filter.accept(AttemptSignal::Offer(description())).unwrap();
        for line in [
            "candidate:1 1 udp 1 239.255.255.250 1900 typ relay",
            "candidate:1 1 udp 1 0f3c.local 5 typ relay",
            "candidate:1 1 udp 1 192.168.0.7 5 typ host",
        ] {
            let json = format!(r#"{{"candidate":"{line}"}}"#);
            assert_eq!(filter.accept(candidate(&json)), Ok(vec![]), "{line}");
        }
    }
}
