//! When the signaling server is asked to relay, and when it no longer has to.

use std::time::Duration;

use crate::path::PeerUse;

/// For how long the relay stays open without being wanted.
const RELAY_LINGERS: Duration = Duration::from_secs(2);
/// How long to wait for the relay before the server is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The demand for the relay.
#[derive(Debug)]
pub(super) struct RelayDemand {
    /// When the server was asked; none once the relay is open, and when the connection to the server changed.
    requested: Option<Duration>,
    last_wanted: Duration,
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
        Self { requested: None, last_wanted: now, peer_use: PeerUse::default() }
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
        (open && lingered).then_some(RelayAction::Close)
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
    fn the_relay_is_closed_two_seconds_after_it_was_last_wanted() {
        let mut relay = RelayDemand::new(Duration::ZERO);
        relay.evaluate(MS * 1000, true, true, true);
        assert_eq!(relay.evaluate(MS * 2999, false, true, true), None);
        assert_eq!(relay.evaluate(MS * 3000, false, true, true), Some(RelayAction::Close));
        assert_eq!(relay.evaluate(MS * 3001, false, false, true), None);
    }
}
