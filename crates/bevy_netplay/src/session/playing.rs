//! The match: making ggrs' session, and one datagram per peer and frame.

use std::time::Duration;

use bevy::prelude::*;
use ggrs::{DesyncDetection, P2PSession, PlayerType, SessionBuilder};
use netplay_core::link::Link;
use netplay_protocol::DatagramKind;
use netplay_transport::{Channel, SendError};

use super::netplay::{Joined, Playing};
use crate::ggrs_wire::{GgrsSocket, MatchWire, Pace, SharedWire};
use crate::input::{NetplayGgrs, NetplayInput};
use crate::{EndReason, Match};

/// The shortest and longest wait for an acknowledgement before the last datagram is repeated.
const REPEAT: [Duration; 2] = [Duration::from_millis(34), Duration::from_millis(200)];

impl Joined {
    /// Makes the ggrs session of a match.
    pub(super) fn start<I: NetplayInput>(
        &mut self,
        game: &Match,
    ) -> Result<P2PSession<NetplayGgrs<I>>, EndReason> {
        let cannot = |detail: &dyn std::fmt::Display| EndReason::CannotStart(detail.to_string());
        let config = &self.config;
        let pending = config.bounded_max_prediction() + config.bounded_input_delay() + 4;
        if pending * (2 + size_of::<I>()) > Link::MAX_PAYLOAD - 64 {
            return Err(cannot(&format_args!(
                "inputs of {} bytes with a prediction window of {} do not fit into a datagram",
                size_of::<I>(),
                config.max_prediction
            )));
        }
        let members = self.roster.iter().flat_map(|roster| &roster.members);
        let others = members.clone().enumerate().filter(|(seat, _)| *seat != game.local_player);
        let wire = SharedWire::new(MatchWire::new(
            game.players,
            size_of::<I>(),
            others.map(|(_, peer)| *peer),
        ));
        let mut builder = SessionBuilder::<NetplayGgrs<I>>::new()
            .with_num_players(game.players)
            .and_then(|builder| builder.with_fps(config.frame_rate))
            .map_err(|error| cannot(&error))?
            .with_max_prediction_window(config.bounded_max_prediction())
            .with_input_delay(config.bounded_input_delay())
            .with_disconnect_timeout(config.disconnect_timeout)
            .with_disconnect_notify_delay(config.link.silent_after)
            .with_desync_detection_mode(DesyncDetection::On {
                interval: config.checksum_interval.max(1),
            });
        for (seat, peer) in members.enumerate() {
            let player = match seat == game.local_player {
                true => PlayerType::Local,
                false => PlayerType::Remote(*peer),
            };
            builder = builder.add_player(player, seat).map_err(|error| cannot(&error))?;
        }
        let mut session =
            builder.start_p2p_session(GgrsSocket(wire.clone())).map_err(|error| cannot(&error))?;
        // Our socket answers ggrs' synchronization; a handful of polls runs through it.
        for _ in 0..8 {
            session.poll_remote_clients();
        }
        self.transport.set_playing(true);
        self.game = Some(Playing { game: game.clone(), wire });
        Ok(session)
    }

    /// Sends every peer what is due.
    pub(super) fn send(&mut self, now: Duration, local_frame: i32) {
        let frame = self.config.frame_duration();
        let mut datagram = Vec::new();
        for peer in self.peers.values_mut() {
            let stats = peer.link.stats(now);
            let mut kept_alive = false;
            if let Some(playing) = &self.game {
                let rtt = stats.rtt.unwrap_or(REPEAT[1]);
                let pace = Pace {
                    // A steady input every second frame: just under two frames, for the timer's sake.
                    steady: frame * 3 / 2,
                    repeat: (rtt + frame * 2).clamp(REPEAT[0], REPEAT[1]),
                };
                let mut wire = playing.wire.lock();
                wire.update(local_frame, peer.key, stats.rtt);
                let acked = |sequence| peer.link.is_acked(sequence);
                if let Some(due) = wire.due(peer.key, now, acked, pace) {
                    let kind = DatagramKind::Match;
                    let epoch = playing.game.epoch;
                    match peer.link.seal(now, kind, epoch, &due.bytes, &mut datagram) {
                        Ok(sequence) => wire.sent(peer.key, now, sequence, &due),
                        Err(error) => {
                            error!("{error}");
                            continue;
                        }
                    }
                    if due.has_input {
                        peer.count_input();
                    }
                    kept_alive = true;
                }
            }
            if !kept_alive {
                let sealed = peer.path.is_some()
                    && peer.link.keepalive_due(now)
                    && peer.link.seal(now, DatagramKind::KeepAlive, 0, &[], &mut datagram).is_ok();
                if !sealed {
                    continue;
                }
            }
            match self.transport.send(now, peer.key, Channel::Datagram, &datagram) {
                // A link that is down says so by an event.
                Ok(()) | Err(SendError::NoLink) => {}
                Err(error) => error!("a datagram could not be sent: {error}"),
            }
        }
    }
}
