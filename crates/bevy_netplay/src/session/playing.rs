//! The match: making ggrs' session, and one datagram per peer and frame.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy::prelude::*;
use ggrs::{DesyncDetection, P2PSession, PlayerType, SessionBuilder};
use netplay_core::link::Link;
use netplay_core::match_::{DropConsensus, MatchTraffic, SharedTraffic};
use netplay_transport::TransportRequest;

use super::netplay::{Joined, Playing};
use crate::ggrs::GgrsBridge;
use crate::input::{GgrsInput, NetplayGgrs, NetplayInput};
use crate::{CurrentMatch, EndReason};

/// Longer than any match.
const NEVER: Duration = Duration::from_secs(1_000_000);

impl Joined {
    /// Makes the ggrs session of a match.
    pub(super) fn start<I: NetplayInput>(
        &mut self,
        now: Duration,
        game: &CurrentMatch,
    ) -> Result<P2PSession<NetplayGgrs<I>>, EndReason> {
        let cannot =
            |detail: &dyn std::fmt::Display| EndReason::CannotStart { detail: detail.to_string() };
        let local_player = game.local_player.index();
        let config = &self.config;
        let pending = config.bounded_max_prediction() + config.bounded_input_delay() + 4;
        if pending * (2 + GgrsInput::<I>::BYTES) > Link::MAX_PAYLOAD - 64 {
            return Err(cannot(&format_args!(
                "inputs of {} bytes with a prediction window of {} do not fit into a datagram",
                size_of::<I>(),
                config.max_prediction
            )));
        }
        let members = self.roster.iter().flat_map(|roster| &roster.members);
        let others = members.clone().enumerate().filter(|(seat, _)| *seat != local_player);
        let traffic = SharedTraffic::new(MatchTraffic::new(
            game.players,
            GgrsInput::<I>::BYTES,
            others.map(|(_, peer)| *peer),
        ));
        let gone = self.gone.iter().filter_map(|seat| members.clone().nth(*seat));
        gone.for_each(|peer| traffic.lock().disconnect(*peer));
        let comeback = self.comeback.take();
        // Whoever comes back goes on with the delay that it had.
        let delay = comeback.as_ref().and_then(|comeback| comeback.input_delay(local_player));
        let mut builder = SessionBuilder::<NetplayGgrs<I>>::new()
            .with_num_players(game.players)
            .and_then(|builder| builder.with_fps(config.frame_rate))
            .map_err(|error| cannot(&error))?
            .with_max_prediction_window(config.bounded_max_prediction())
            .with_input_delay(delay.unwrap_or(config.bounded_input_delay()))
            // Whoever is lost is dropped by us: to ggrs nobody ever is.
            .with_disconnect_timeout(NEVER)
            .with_disconnect_notify_delay(NEVER)
            .with_desync_detection_mode(DesyncDetection::On {
                interval: config.checksum_interval.max(1),
            });
        for (seat, peer) in members.clone().enumerate() {
            let player = match seat == local_player {
                true => PlayerType::Local,
                false => PlayerType::Remote(*peer),
            };
            builder = builder.add_player(player, seat).map_err(|error| cannot(&error))?;
        }
        let mut session = builder
            .start_p2p_session(GgrsBridge::new(traffic.clone()))
            .map_err(|error| cannot(&error))?;
        // The bridge answers ggrs' synchronization; a handful of polls runs through it.
        for _ in 0..8 {
            session.poll_remote_clients();
        }
        if let Some(comeback) = comeback {
            comeback.replay(&mut traffic.lock(), local_player, members);
        }
        self.transport.request(TransportRequest::Playing(true));
        self.ready = game.epoch;
        let gone = self.gone.iter().copied();
        self.game = Some(Playing {
            game: game.clone(),
            traffic,
            consensus: DropConsensus::new(game.players, local_player, gone),
            losses: BTreeMap::new(),
        });
        let mut anew = Vec::new();
        for peer in self.peers.values_mut() {
            peer.returning = None;
            if std::mem::take(&mut peer.restarts) > 0 {
                anew.push(peer.key);
            }
        }
        // Whoever was started anew after it had agreed to this match may hear of it only from those who play it.
        anew.into_iter().for_each(|peer| self.tell_past(now, peer));
        Ok(session)
    }

    /// Sends every peer what is due.
    pub(super) fn send(&mut self, now: Duration, local_frame: i32) {
        if let Some(playing) = &self.game {
            let frame = self.config.frame_duration();
            let mut traffic = playing.traffic.lock();
            traffic.handle_frame(local_frame);
            for peer in self.peers.values_mut().filter(|peer| !peer.gone) {
                traffic.handle_rtt(peer.key, peer.link.stats(now).rtt);
                let Some(due) = traffic.poll_transmit(now, peer.key, frame) else { continue };
                let epoch = playing.game.epoch;
                if let Err(error) = peer.link.send(now, epoch, &due.payload, due.has_inputs) {
                    error!("{error}");
                }
            }
        }
        self.carry_out(now);
    }
}
