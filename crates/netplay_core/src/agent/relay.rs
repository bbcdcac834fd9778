//! When the signaling server is asked to relay, and when it no longer has to.

use std::time::Duration;

use crate::path::PeerUse;

/// For how long the relay stays open without being wanted.
const RELAY_LINGERS: Duration = Duration::from_secs(2);
/// For how long the relay is opened for a peer that probes it. It works in both directions only if both have opened it,
/// and the peer has to find that out before it can use it.
const FOR_PEER: Duration = Duration::from_secs(10);
/// For how long after it was closed the relay is not opened for the peer's probes. By then the peer has closed it as
/// well, unless it has a reason of its own: two peers must not keep it open for each other.
const NOT_FOR_PEER: Duration = Duration::from_secs(15);
/// How long to wait for the relay before the server is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The demand for the relay.
#[derive(Debug)]
pub(super) struct RelayDemand {
    /// When the server was asked; none once the relay is open, and when the connection to the server changed.
    requested: Option<Duration>,
    last_wanted: Duration,
    /// Until when it is opened for the peer, who probes it.
    for_peer_until: Duration,
    closed: Option<Duration>,
    /// Whether the peer sends the match through the relay. It may, without a relay path of the local peer.
    pub(super) peer_use: PeerUse,
}

/// What is to be done about the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RelayAction {
    Open,
    Close,
}

impl RelayDemand {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            requested: None,
            last_wanted: now,
            for_peer_until: Duration::ZERO,
            closed: None,
            peer_use: PeerUse::default(),
        }
    }

    /// A probe of the peer came through the relay, which is not open on this side.
    pub(super) fn handle_probe(&mut self, at: Duration) {
        if self.closed.is_none_or(|closed| at.saturating_sub(closed) >= NOT_FOR_PEER) {
            self.for_peer_until = at + FOR_PEER;
        }
    }

    /// Whether the peer needs the relay: it sends the match there, or is about to find out whether it works.
    pub(super) fn is_wanted_by_peer(&self, now: Duration) -> bool {
        self.peer_use.is_recent(now) || now < self.for_peer_until
    }

    pub(super) fn handle_opened(&mut self) {
        self.requested = None;
    }

    /// The connection to the server was lost or restored: it may not know of the last request.
    pub(super) fn handle_server_change(&mut self) {
        self.requested = None;
    }

    /// Concludes from whether the relay is wanted, whether it is open and whether the server can be asked.
    pub(super) fn evaluate(
        &mut self,
        now: Duration,
        wanted: bool,
        open: bool,
        server_online: bool,
    ) -> Option<RelayAction> {
        if wanted {
            self.last_wanted = now;
            let asked = self.requested.is_some_and(|at| now.saturating_sub(at) < ASK_AGAIN);
            if open || asked || !server_online {
                return None;
            }
            self.requested = Some(now);
            return Some(RelayAction::Open);
        }
        let lingered = now.saturating_sub(self.last_wanted) >= RELAY_LINGERS;
        if !open || !lingered {
            return None;
        }
        self.closed = Some(now);
        Some(RelayAction::Close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_server_is_asked_again_every_second_until_the_relay_is_open() {
        let mut relay = RelayDemand::new(Duration::ZERO);
        let asked: Vec<u32> = (0..3000)
            .filter(|ms| relay.evaluate(MS * *ms, true, false, true) == Some(RelayAction::Open))
            .collect();
        assert_eq!(asked, [0, 1000, 2000]);
        assert_eq!(relay.evaluate(MS * 3500, true, true, true), None);
    }

    #[test]
    fn a_server_that_is_away_is_asked_as_soon_as_it_is_back() {
        let mut relay = RelayDemand::new(Duration::ZERO);
        assert_eq!(relay.evaluate(MS, true, false, true), Some(RelayAction::Open));
        relay.handle_server_change();
        assert_eq!(relay.evaluate(MS * 2, true, false, false), None);
        relay.handle_server_change();
        assert_eq!(relay.evaluate(MS * 3, true, false, true), Some(RelayAction::Open));
    }

    #[test]
    fn two_peers_do_not_keep_the_relay_open_for_each_other() {
        // The first one needs it from 5 s to 8 s.
        let mut relays = [0, 1].map(|_| RelayDemand::new(Duration::ZERO));
        let (mut open, mut opened) = ([false; 2], [0; 2]);
        for ms in (0..120_000u32).step_by(100) {
            let now = MS * ms;
            for end in 0..2 {
                if open[1 - end] && !open[end] {
                    relays[end].handle_probe(now);
                }
                let needs = end == 0 && (5000..8000).contains(&ms);
                let wanted = needs || relays[end].is_wanted_by_peer(now);
                match relays[end].evaluate(now, wanted, open[end], true) {
                    Some(RelayAction::Open) => {
                        (open[end], opened[end]) = (true, opened[end] + 1);
                        relays[end].handle_opened();
                    }
                    Some(RelayAction::Close) => open[end] = false,
                    None => {}
                }
            }
            assert!(ms < 30_000 || open == [false; 2], "{ms} ms");
        }
        assert_eq!(opened, [1; 2]);
    }

    #[test]
    fn the_relay_is_closed_two_seconds_after_it_was_last_wanted() {
        let mut relay = RelayDemand::new(Duration::ZERO);
        relay.evaluate(MS * 1000, true, true, true);
        assert_eq!(relay.evaluate(MS * 2999, false, true, true), None);
        assert_eq!(relay.evaluate(MS * 3000, false, true, true), Some(RelayAction::Close));
        assert_eq!(relay.evaluate(MS * 3001, false, false, true), None);
    }
}
