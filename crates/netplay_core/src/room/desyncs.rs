//! Comparing the states of the peers of a match: the checksums of the simulation, and the desyncs that they show.

use log::error;

use super::{Room, RoomEvent};
use crate::match_::Desync;

impl Room {
    /// The checksum of the state before a frame was simulated, once the frame is confirmed. The driver calls it for
    /// every frame that peers compare, in their order, before [`handle_frame`](Self::handle_frame). A frame that is not
    /// after the one before is ignored.
    pub fn handle_checksum(&mut self, frame: i32, checksum: u64) {
        if let Some(active) = self.phase.active_match() {
            active.traffic.lock().handle_checksum(frame, checksum);
        }
    }

    /// Takes in what comparing with the other peers has shown.
    pub(super) fn update_comparisons(&mut self) {
        let Some(active) = self.phase.active_match() else { return };
        let mut traffic = active.traffic.lock();
        let desyncs: Vec<Desync> = std::iter::from_fn(|| traffic.poll_desync()).collect();
        for peer in self.peers.values_mut() {
            peer.comparison = traffic.comparison(peer.key);
        }
        drop(traffic);
        desyncs.into_iter().for_each(|desync| self.report_desync(desync));
    }

    /// Tells the game, and the developer in the log.
    fn report_desync(&mut self, desync: Desync) {
        let Desync { peer, frame, local, remote, last_equal_frame } = desync;
        let Some(player) = self.player(peer) else { return };
        let name = self.peers.get(&peer).and_then(|peer| peer.name());
        error!("{}", sentence(self.roster.number(player), name, frame, last_equal_frame));
        self.emit(RoomEvent::Desync { peer, player, frame, local, remote, last_equal_frame });
    }
}

/// What a developer is to know of a desync, and can do.
fn sentence(
    number: usize,
    name: Option<&str>,
    frame: i32,
    last_equal_frame: Option<i32>,
) -> String {
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    let before = match last_equal_frame {
        _ if frame == 0 => "the match was set up differently".to_owned(),
        Some(equal) => format!("at frame {equal} they were equal"),
        None => "no frame before it was compared".to_owned(),
    };
    format!(
        "the states of this peer and player {number}{name} differ from frame {frame} on; {before}. The game reads \
         something that is not the same on both machines, or not registered for rollback: a sync test finds most of \
         that on one machine, and with checksum_interval 1 this line names the exact frame"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_desync_is_a_sentence_with_player_name_and_frames() {
        let set_up = sentence(3, None, 0, None);
        let states = "the states of this peer and player";
        let expected =
            format!("{states} 3 differ from frame 0 on; the match was set up differently. ");
        assert!(set_up.starts_with(&expected), "{set_up}");
        let later = sentence(2, Some("Ann"), 30, Some(15));
        let expected =
            format!("{states} 2 (Ann) differ from frame 30 on; at frame 15 they were equal. ");
        assert!(later.starts_with(&expected), "{later}");
        assert!(later.contains("sync test"), "{later}");
    }
}
