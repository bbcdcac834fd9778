//! Players whose machines are too slow for the simulation, and those who stay below the rate that the game sets.
//!
//! A machine says itself that it is too slow: its updates take longer than the frames in them. Others could not tell it
//! from a bad network. Everybody waits for it once the prediction window is full, so all are told whose machine it is.
//! How many inputs a player gives is measured, whatever it says: where the game sets a least rate, who stays below it
//! for ten seconds while all others are further is dropped.

use std::time::Duration;

use netplay_protocol::PeerKey;

use super::disconnect::Disconnect;
use super::{Room, RoomEvent};
use crate::log_limiter::log_limited;
use crate::match_::PeerSpeed;

/// For how long a machine must be fast enough until the game is told so.
const FAST_FOR: Duration = Duration::from_secs(2);

impl Room {
    /// Whether the machine of a peer is too slow for the match, as it says.
    pub fn is_too_slow(&self, peer: PeerKey) -> bool {
        self.phase.active_match().is_some_and(|active| active.slow.contains_key(&peer))
    }

    /// A payload of the match came at `at`, which shows how fast a peer's simulation runs.
    pub(super) fn handle_speed(&mut self, now: Duration, at: Duration, from: PeerKey) {
        let Some(peer) = self.peers.get(&from) else { return };
        let Some(active) = self.phase.active_match_mut() else { return };
        let player = peer.player;
        let least = self.config.min_frame_rate;
        let speed = active.traffic.lock().handle_speed(from, at, least as f32);
        let Some(PeerSpeed { rate, says_slow, is_too_slow }) = speed else { return };
        let number = self.roster.number(player);
        if is_too_slow {
            let why = format!("its machine simulates {rate:.0} frames per second, below {least}");
            return self.accuse(now, player, Disconnect::Stalled(why));
        }
        match (says_slow, active.slow.get(&from).copied()) {
            (true, known) => {
                active.slow.insert(from, at);
                if known.is_some() {
                    return;
                }
                let name = peer.name().unwrap_or("no name");
                let usual = self.config.frame_rate;
                log_limited!(
                    self.logs,
                    now,
                    "is too slow again: the machine of player",
                    number,
                    warn!(
                        "player {number} ({name}) simulates {rate:.0} of {usual} frames per second, and everybody \
                         waits: its machine is too slow"
                    )
                );
                self.emit(RoomEvent::PeerTooSlow {
                    peer: from,
                    player,
                    frame_rate: rate.round() as u32,
                });
            }
            (false, Some(since)) if at.saturating_sub(since) >= FAST_FOR => {
                active.slow.remove(&from);
                log_limited!(
                    self.logs,
                    now,
                    "is fast enough again: the machine of player",
                    number,
                    info!("the machine of player {number} is fast enough again")
                );
                self.emit(RoomEvent::PeerFastEnough { peer: from, player });
            }
            (false, _) => {}
        }
    }
}
