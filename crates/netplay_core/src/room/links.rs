//! Between the links and the driver: paths, packets, and what links conclude.

use std::time::Duration;

use log::{debug, info};
use netplay_protocol::{ControlMessage, DatagramKind, MessagePacket, PeerKey, ReliableError};

use super::disconnect::Disconnect;
use super::peer::Peer;
use super::phase::Phase;
use super::printable::printable;
use super::progress::Progress;
use super::{EndReason, Room, RoomEvent};
use crate::link::{LinkEvent, ReceiveError};
use crate::match_::PayloadTaken;
use crate::path::{Channel, PathId};
use crate::transport::{TransportEvent, TransportRequest};

/// How many times the disconnect timeout a player may take to come back into the match, however slowly it goes on.
const MAX_REJOIN: u32 = 6;

impl Room {
    /// Whether paths to a peer are of use: not to a stranger, nor to a player who was dropped.
    pub(super) fn takes_paths_to(&self, peer: PeerKey) -> bool {
        self.peers.get(&peer).is_some_and(|peer| !peer.is_disconnected())
    }

    /// Passes an event of the transport to the links: each takes those of its peer and those that concern all.
    pub(super) fn pass_to_links(&mut self, now: Duration, event: &TransportEvent) {
        self.peers.values_mut().for_each(|peer| peer.link.handle_event(now, event));
    }

    /// Takes a packet that came at `at`.
    pub(super) fn handle_packet(
        &mut self,
        now: Duration,
        at: Duration,
        (from, path, channel): (PeerKey, PathId, Channel),
        packet: &[u8],
    ) {
        if self.peers.get(&from).is_none_or(Peer::is_disconnected) {
            return;
        }
        if channel == Channel::Datagram && MessagePacket::is(packet) {
            return self.handle_message_packet(at, (from, path), packet);
        }
        match channel {
            Channel::Datagram => self.handle_datagram(now, at, (from, path), packet),
            Channel::Reliable => {
                let peer = self.peers.get_mut(&from);
                if let Some(taken) = peer.map(|it| it.link.handle_reliable(at, path, packet)) {
                    self.handle_messages(now, at, from, taken);
                }
            }
        }
    }

    /// Handles the messages that a packet has completed. `taken`: whether the peer's process restarted, or why the packet
    /// was dropped.
    fn handle_messages(
        &mut self,
        now: Duration,
        at: Duration,
        from: PeerKey,
        taken: Result<bool, ReceiveError>,
    ) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        match taken {
            Ok(false) => {}
            Ok(true) => self.peer_restarted(now, from),
            Err(ReceiveError::Stale) => return,
            // In a match all peers speak the same version, so the packet is garbage.
            Err(error @ ReceiveError::Reliable(ReliableError::Version(_)))
                if self.phase.active_match().is_none() =>
            {
                let (player, detail) = (peer.player, error.to_string());
                // So that the other side sees the difference as well.
                self.send_hello(now, from);
                return self.refuse(now, from, EndReason::ProtocolDiffers { player, detail });
            }
            Err(error) => debug!("dropped a reliable packet of {from:?}: {error}"),
        }
        while let Some(peer) = self.peers.get_mut(&from)
            && let Some(message) = peer.link.poll_message()
        {
            if peer.is_refused() {
                continue;
            }
            let whole = ControlMessage::decode(&message);
            // What comes first is a hello, which is short.
            let is_early = matches!(peer.progress, Progress::Linking)
                && matches!(whole, Ok(ControlMessage::Fragment { .. }));
            if is_early {
                self.count_malformed(at, from);
                continue;
            }
            match whole.and_then(|message| peer.fragments.handle(message)) {
                Ok(Some(message)) => self.handle_control(now, from, message),
                Ok(None) => {}
                Err(error) => {
                    debug!("dropped a message of {from:?}: {error}");
                    self.count_malformed(at, from);
                }
            }
            if self.phase.is_ended() {
                return;
            }
        }
    }

    fn handle_datagram(
        &mut self,
        now: Duration,
        at: Duration,
        (from, path): (PeerKey, PathId),
        packet: &[u8],
    ) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let datagram = match peer.link.handle_datagram(at, path, packet) {
            Ok(datagram) => datagram,
            Err(ReceiveError::Duplicate | ReceiveError::Muted | ReceiveError::Stale) => return,
            Err(error) => return debug!("dropped a datagram of {from:?}: {error}"),
        };
        match datagram.kind {
            DatagramKind::KeepAlive => return,
            DatagramKind::Reliable => {
                let taken = peer.link.handle_message(at, path, datagram.payload);
                return self.handle_messages(now, at, from, taken);
            }
            DatagramKind::Match => {}
        }
        let lobby_epoch =
            self.lobby.countdown.as_ref().map_or(self.lobby.last_epoch, |it| it.epoch);
        let epoch = self.phase.active_match().map_or(lobby_epoch, |active| active.start.epoch);
        let finished = self.lobby.finished.as_ref();
        let is_late =
            finished.is_some_and(|it| it.handle_payload(from, datagram.epoch, datagram.payload));
        let distance = datagram.epoch.wrapping_sub(epoch) as i16;
        match &mut self.phase {
            Phase::Playing(active) if distance == 0 => {
                let handled = active.traffic.lock().handle_payload(from, datagram.payload);
                match handled {
                    Ok(taken) => {
                        if let Some(PayloadTaken { inputs, .. }) = taken {
                            peer.link.count_inputs(path, inputs);
                            if inputs > 0
                                && let Some(player) = active.player(from)
                                && let Some(search) = active.input_searches.get_mut(&player)
                            {
                                search.handle_direct();
                            }
                        }
                        if peer.progress.plays() {
                            info!(
                                "player {} is in the match again",
                                self.roster.number(peer.player)
                            );
                            self.send_recent_inputs(now, from);
                            self.send_all_accusations(now, from);
                        }
                        if let Some(PayloadTaken { activity, .. }) = taken {
                            self.handle_activity(now, at, from, activity);
                            self.handle_speed(now, at, from);
                        }
                    }
                    Err(error) => {
                        debug!("dropped a payload of {from:?}: {error}");
                        peer.link.count_malformed(at);
                    }
                }
            }
            Phase::Lobby | Phase::Synchronizing if is_late => {}
            // It plays the match that the local peer rejoins.
            Phase::Rejoining(_) => {}
            // A straggler of a match before, or of a peer that starts the next one a moment earlier: its inputs are
            // repeated until they are acknowledged.
            _ if datagram.epoch != 0 && distance <= 1 => {}
            _ => peer.link.count_malformed(at),
        }
    }

    pub(super) fn count_malformed(&mut self, at: Duration, from: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&from) {
            peer.link.count_malformed(at);
        }
    }

    /// Lets time pass on every link, and takes in what links conclude.
    pub(super) fn check_links(&mut self, now: Duration) {
        let listened = self.peers.values().filter(|peer| !peer.is_disconnected());
        for key in listened.map(|peer| peer.key).collect::<Vec<_>>() {
            let Some(peer) = self.peers.get_mut(&key) else { continue };
            peer.link.handle_timeout(now);
            let mut why = None;
            while let Some(event) = self.peers.get_mut(&key).and_then(|it| it.link.poll_event()) {
                why = why.or(self.handle_link_event(now, key, event));
            }
            self.check_closed_page(now, key);
            if self.phase.is_ended() {
                return;
            }
            let Some(peer) = self.peers.get(&key) else { continue };
            if let Some(why) = why.or_else(|| self.is_lost(now, peer)) {
                self.disconnect_peer(now, key, why);
            }
        }
    }

    /// Whether the connection to a peer counts as lost, and why.
    fn is_lost(&self, now: Duration, peer: &Peer) -> Option<Disconnect> {
        if peer.is_congested {
            return Some(Disconnect::lost("it does not take what it is sent"));
        }
        self.phase.active_match().filter(|_| !peer.waits)?;
        let timeout = self.config.disconnect_timeout;
        if let Some(since) = peer.attendance.away_since() {
            if let Some(why) = self.stays_away(now, since) {
                return Some(why);
            }
        } else if peer.link.silence(now) >= timeout {
            return Some(Disconnect::Silent(format!(
                "nothing was heard for {} s",
                timeout.as_secs()
            )));
        }
        if let Progress::Rejoining { began, since, .. } = peer.progress
            && (now.saturating_sub(since) >= timeout
                || now.saturating_sub(began) >= timeout * MAX_REJOIN)
        {
            return Some(Disconnect::lost("it did not come back into the match in time"));
        }
        // Out of the room, and no way to it: it does not come back.
        let is_out = !self.at_server.members.contains(&peer.key) && !peer.link.has_path();
        is_out.then(|| Disconnect::lost("the other player's game closed"))
    }

    /// Passes on what a link concludes. Returns why the peer is to be disconnected, if it is.
    fn handle_link_event(
        &mut self,
        now: Duration,
        key: PeerKey,
        event: LinkEvent,
    ) -> Option<Disconnect> {
        self.log_link_event(now, key, &event);
        let timeout = self.config.disconnect_timeout;
        let peer = self.peers.get_mut(&key)?;
        let player = peer.player;
        let is_of_player = matches!(
            event,
            LinkEvent::QualityChanged { .. } | LinkEvent::Silent | LinkEvent::Heard { .. }
        );
        if peer.waits && is_of_player {
            // It has no player.
            return None;
        }
        let event = match event {
            LinkEvent::QualityChanged { from, to } => {
                RoomEvent::QualityChanged { peer: key, player, from, to }
            }
            // Where it has said that it goes away, the game knows.
            LinkEvent::Silent if !peer.attendance.silent() => return None,
            LinkEvent::Silent => {
                let time_left = timeout.saturating_sub(peer.link.silence(now));
                RoomEvent::PeerInterrupted { peer: key, player, time_left }
            }
            LinkEvent::Heard { .. } if !peer.attendance.heard() => return None,
            LinkEvent::Heard { after } => RoomEvent::PeerResumed { peer: key, player, after },
            LinkEvent::PathChanged(change) if change.from.is_some() => {
                peer.path_changes.push(change.clone());
                RoomEvent::PathChanged { peer: key, change }
            }
            LinkEvent::PathChanged(_) => {
                if !peer.announce() {
                    return None;
                }
                RoomEvent::PeerJoined { peer: key }
            }
            LinkEvent::ConnectionChanged(connection) => {
                if let Some(kind) = connection.connection_type() {
                    self.requests.push_back(TransportRequest::Connected(key, kind));
                }
                return None;
            }
            LinkEvent::Unreachable { reason } => {
                // While a match is played, silence decides.
                if self.phase.active_match().is_none() {
                    let known = peer.finding.as_ref().map(ToString::to_string);
                    let detail = known.unwrap_or_else(|| printable(&reason));
                    let reason = EndReason::CannotConnect { player, detail };
                    self.cannot_connect(now, key, reason);
                }
                return None;
            }
            LinkEvent::AttemptBegun(_) | LinkEvent::RelayRequested(_) | LinkEvent::RelayClosed => {
                return None;
            }
            LinkEvent::Flooded => return Some(Disconnect::lost("it sent more than it may")),
        };
        self.emit(event);
        None
    }
}
