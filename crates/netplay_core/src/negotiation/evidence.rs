//! What the candidates of both sides show of their networks, and why none of them reached the other.
//!
//! Two NATs that map a socket to one address (RFC 4787, section 4.1) let packets through once both sides have sent to
//! each other, as ICE does. So where both sides know a public address, the addresses differ and no check has succeeded,
//! at least one of the NATs maps each destination to another address: it is symmetric.

use std::net::{IpAddr, Ipv4Addr};

use netplay_protocol::signaling::{IceServer, IceUrlKind, parse_ice_url};

use super::AttemptSignal;
use super::sdp;
use crate::doctor::Finding;
use crate::path::{CandidateKind, PathPolicy};
use crate::room::printable::printable;

/// What is known of one attempt.
#[derive(Debug)]
pub(super) struct AttemptEvidence {
    policy: PathPolicy,
    local: Side,
    remote: Side,
    has_stun: bool,
    has_turn: bool,
}

/// The candidates of one side.
#[derive(Debug, Default)]
struct Side {
    /// Whether there are any.
    has_candidates: bool,
    /// Whether it has an address that is not of a local network.
    is_public: bool,
    /// That address, if it is one of IPv4: NATs are for these.
    public: Option<Ipv4Addr>,
    /// The address that a STUN server sees.
    reflexive: Option<Ipv4Addr>,
    has_relay: bool,
}

impl AttemptEvidence {
    /// An attempt that is given these servers.
    pub(super) fn new(policy: PathPolicy, ice_servers: &[IceServer]) -> Self {
        let urls = || ice_servers.iter().flat_map(|server| &server.urls);
        let has = |kind| urls().any(|url| parse_ice_url(url) == Ok(kind));
        // A TURN server answers as a STUN server does.
        let has_turn = has(IceUrlKind::Turn);
        let has_stun = has_turn || has(IceUrlKind::Stun);
        let (local, remote) = (Side::default(), Side::default());
        Self { policy, local, remote, has_stun, has_turn: has_turn && policy != PathPolicy::Direct }
    }

    /// A signal of the local side that is sent.
    pub(super) fn note_local(&mut self, signal: &AttemptSignal) {
        self.local.note(signal);
    }

    /// A signal of the other side that is passed on.
    pub(super) fn note_remote(&mut self, signal: &AttemptSignal) {
        self.remote.note(signal);
    }

    /// Why no check succeeded, as far as it is known. `troubles` is what went wrong at STUN and TURN servers.
    pub(super) fn diagnose(&self, troubles: &[String]) -> Option<Finding> {
        let Self { local, remote, .. } = self;
        if !remote.has_candidates {
            return None;
        }
        if self.has_turn && !local.has_relay {
            let said = troubles.iter().find(|trouble| trouble.starts_with("turn"));
            let detail = said.map_or("nobody has said why".to_owned(), |said| printable(said));
            return Some(Finding::NoTurnAddress { detail });
        }
        if self.policy == PathPolicy::Turn || local.has_relay || remote.has_relay {
            return None;
        }
        match (local.outside(), remote.outside()) {
            (None, _) if local.is_public => None,
            (None, _) if self.has_stun => Some(Finding::NoPublicAddress),
            (None, _) => Some(Finding::NoIceServers),
            (Some(_), None) if remote.is_public => None,
            (Some(_), None) => Some(Finding::PeerWithoutPublicAddress),
            (Some(local), Some(remote)) if local == remote => Some(Finding::SameNetwork),
            (Some(_), Some(_)) => Some(Finding::SymmetricNats),
        }
    }
}

impl Side {
    fn note(&mut self, signal: &AttemptSignal) {
        match signal {
            AttemptSignal::Offer(sdp) | AttemptSignal::Answer(sdp) => {
                sdp::candidates(sdp).for_each(|line| self.candidate(line));
            }
            AttemptSignal::Candidate(json) => {
                if let Ok(Some((line, _))) = sdp::read_candidate(json) {
                    self.candidate(&line);
                }
            }
        }
    }

    fn candidate(&mut self, line: &str) {
        let Ok(kind) = sdp::kind_of(line) else { return };
        let address = sdp::address_of(line);
        let v4 = address.and_then(|address| match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
        self.has_candidates = true;
        match kind {
            CandidateKind::Host if address.is_some_and(is_public) => {
                self.is_public = true;
                self.public = self.public.or(v4);
            }
            CandidateKind::ServerReflexive => self.reflexive = self.reflexive.or(v4),
            CandidateKind::Relay => self.has_relay = true,
            CandidateKind::Host | CandidateKind::PeerReflexive => {}
        }
    }

    /// The address of its NAT. None where there is no NAT, or it is not known.
    fn outside(&self) -> Option<Ipv4Addr> {
        self.reflexive.filter(|address| self.public != Some(*address))
    }
}

/// Whether an address is not one of a local network (RFC 1918, RFC 6598, RFC 4193), of this host, or of none.
fn is_public(address: IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && second & 0xC0 == 64;
            address.is_private() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    };
    !(is_local || address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
