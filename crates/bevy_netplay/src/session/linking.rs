//! Between the links and the transport: what happens on paths, packets, commands.

use std::time::Duration;

use bevy::prelude::*;
use netplay_core::link::{Link, LinkCommand, LinkEvent, ReceiveError};
use netplay_protocol::{ControlMessage, DatagramKind, PeerKey, ReliableError, Roster};
use netplay_transport::{
    Candidates, Channel, PathId, PathKind, SendError, TransportEvent, TransportRequest,
};

use super::dropping::Loss;
use super::netplay::{Joined, Message, Step};
use super::peer::Peer;
use crate::EndReason;
use crate::links::PathChange;
use crate::messages::{
    PathChanged, PeerInterrupted, PeerJoined, PeerLeft, PeerResumed, QualityChanged,
};

impl Joined {
    /// Meets whoever is new in the room. Whoever left it may still have something to say.
    pub(super) fn meet(&mut self, now: Duration, roster: &Roster, steps: &mut Vec<Step>) {
        let us = self.us;
        for (seat, key) in roster.members.iter().enumerate().filter(|(_, key)| **key != us) {
            if self.peers.get(key).is_some_and(|peer| peer.absent) {
                // It is back, started anew: so has the transport.
                self.part(*key, steps);
            }
            let (config, policy) = (self.config.link.clone(), self.config.policy);
            // Of two peers, the one with the higher key yields.
            let instance = self.instance;
            let link = || Link::new(config, policy, us > *key, instance, now);
            let peer = self.peers.entry(*key).or_insert_with(|| Peer::new(*key, link()));
            peer.seat = Some(seat);
            peer.greeted = false;
        }
        for peer in self.peers.values_mut() {
            peer.absent = !roster.members.contains(&peer.key);
        }
    }

    /// A peer is no longer one of the room.
    fn part(&mut self, key: PeerKey, steps: &mut Vec<Step>) {
        if self.peers.remove(&key).is_some_and(|peer| peer.connected) {
            let reason = "the other player left the room".to_owned();
            steps.push(Step::Tell(Message::Left(PeerLeft { peer: key, reason })));
        }
    }

    /// Parts from those who left the lobby and have nothing more to say.
    fn part_absent(&mut self, now: Duration, steps: &mut Vec<Step>) {
        let patience = self.config.link.silent_after;
        let over = |peer: &Peer| !peer.link.has_path() || peer.link.silence(now) >= patience;
        let absent = self.peers.values().filter(|peer| peer.absent && over(peer));
        for key in absent.map(|peer| peer.key).collect::<Vec<_>>() {
            self.part(key, steps);
            self.transport.request(TransportRequest::Forget(key));
        }
    }

    /// What happened on the paths to a peer.
    pub(super) fn path_event(&mut self, now: Duration, event: TransportEvent) {
        match event {
            TransportEvent::PathUp { peer, path, kind } => match self.peers.get_mut(&peer) {
                Some(peer) if !peer.gone => peer.link.path_opened(now, path, kind),
                _ => self.transport.request(TransportRequest::Close(peer, path)),
            },
            TransportEvent::PathKnown { peer, path, kind, candidates } => {
                self.path_known(peer, path, kind, candidates);
            }
            TransportEvent::PathDown { peer, path, reason } => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    debug!("a path to {:?} went down: {reason}", peer.key);
                    peer.candidates.remove(&path);
                    peer.link.path_closed(now, path);
                }
            }
            TransportEvent::PeerAttempts { peer } => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    peer.link.peer_attempts();
                }
            }
            TransportEvent::AttemptFailed { peer, reason } => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    debug!("an attempt at {:?} failed: {reason}", peer.key);
                    peer.link.attempt_failed(now, reason);
                }
            }
            _ => {}
        }
    }

    fn path_known(&mut self, key: PeerKey, path: PathId, kind: PathKind, candidates: Candidates) {
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.link.path_known(path, kind);
            peer.candidates.insert(path, candidates);
        }
    }

    /// A packet came.
    pub(super) fn packet(
        &mut self,
        now: Duration,
        at: Duration,
        (from, path, channel): (PeerKey, PathId, Channel),
        packet: &[u8],
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let Some(peer) = self.peers.get_mut(&from).filter(|peer| !peer.gone) else {
            return Ok(());
        };
        if channel == Channel::Datagram {
            self.datagram(at, from, path, packet);
            return Ok(());
        }
        match peer.link.receive_reliable(at, path, packet) {
            Ok(false) => {}
            Ok(true) => self.restarted(now, from, steps)?,
            Err(ReceiveError::Stale) => return Ok(()),
            // In a match everybody speaks the same version: then it is garbage.
            Err(error @ ReceiveError::Reliable(ReliableError::Version(_)))
                if self.game.is_none() =>
            {
                // Say hello before we go, so that the other side sees the difference as well.
                self.greet(now, from);
                let player = self.seat(from).into();
                return Err(EndReason::ProtocolDiffers { player, detail: error.to_string() });
            }
            Err(error) => debug!("dropped a reliable packet of {from:?}: {error}"),
        }
        while let Some(message) =
            self.peers.get_mut(&from).and_then(|peer| peer.link.next_message())
        {
            match ControlMessage::decode(&message) {
                Ok(message) => self.control(now, from, message, steps)?,
                Err(error) => {
                    debug!("dropped a message of {from:?}: {error}");
                    if let Some(peer) = self.peers.get_mut(&from) {
                        peer.link.count_malformed(at);
                    }
                }
            }
        }
        Ok(())
    }

    fn datagram(&mut self, at: Duration, from: PeerKey, path: PathId, packet: &[u8]) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let opened = match peer.link.receive(at, path, packet) {
            Ok(opened) => opened,
            Err(ReceiveError::Duplicate | ReceiveError::Muted | ReceiveError::Stale) => return,
            Err(error) => {
                debug!("dropped a datagram of {from:?}: {error}");
                return;
            }
        };
        if opened.kind == DatagramKind::KeepAlive {
            return;
        }
        let epoch = self.game.as_ref().map_or(0, |playing| playing.game.epoch);
        let distance = opened.epoch.wrapping_sub(epoch) as i16;
        match &self.game {
            Some(playing) if distance == 0 => {
                match playing.traffic.lock().handle_payload(from, opened.payload) {
                    Ok(()) => peer.returning = None,
                    Err(error) => {
                        debug!("dropped a payload of {from:?}: {error}");
                        peer.link.count_malformed(at);
                    }
                }
            }
            // It plays a match that we come back to.
            None if self.comeback.is_some() => {}
            // Stragglers of a match before, or a peer that starts the next one a moment before us: its
            // inputs are repeated until we acknowledge them.
            _ if opened.epoch != 0 && distance <= 1 => {}
            _ => peer.link.count_malformed(at),
        }
    }

    /// Lets time pass on every link, and takes in what they have to say.
    pub(super) fn tend_links(
        &mut self,
        now: Duration,
        steps: &mut Vec<Step>,
    ) -> Result<(), EndReason> {
        let timeout = self.config.disconnect_timeout;
        let playing = self.game.is_some();
        if !playing {
            self.part_absent(now, steps);
        }
        let keys: Vec<PeerKey> =
            self.peers.values().filter(|peer| !peer.gone).map(|peer| peer.key).collect();
        for key in keys {
            let player = self.seat(key);
            let absent = playing && !self.present.contains(&key);
            let Some(peer) = self.peers.get_mut(&key) else { continue };
            peer.link.handle_timeout(now);
            let silence = peer.link.silence(now);
            let mut loss = None;
            while let Some(event) = peer.link.next_event() {
                steps.push(Step::Tell(match event {
                    LinkEvent::QualityChanged { from, to } => Message::Quality(QualityChanged {
                        player: player.into(),
                        peer: key,
                        from: from.into(),
                        to: to.into(),
                    }),
                    LinkEvent::Silent => Message::Interrupted(PeerInterrupted {
                        player: player.into(),
                        peer: key,
                        time_left: timeout.saturating_sub(silence),
                    }),
                    LinkEvent::Heard { after } => {
                        Message::Resumed(PeerResumed { player: player.into(), peer: key, after })
                    }
                    LinkEvent::PathChanged { from: Some(from), to, reason } => {
                        let at = now.saturating_sub(self.joined_at);
                        let (from, to) = (from.into(), to.into());
                        let reason = reason.to_string();
                        let change = PathChange { at, from, to, reason: reason.clone() };
                        peer.path_changes.push(change);
                        Message::Path(PathChanged { peer: key, from, to, reason })
                    }
                    LinkEvent::PathChanged { from: None, .. } if !peer.connected => {
                        peer.connected = true;
                        Message::Joined(PeerJoined { peer: key })
                    }
                    LinkEvent::PathChanged { from: None, .. } => continue,
                    LinkEvent::Unreachable { reason } if !playing => {
                        let player = player.into();
                        return Err(EndReason::CannotConnect { player, detail: reason });
                    }
                    // While a match is played, silence decides.
                    LinkEvent::Unreachable { .. } => continue,
                    LinkEvent::Flooded => {
                        loss = Some(Loss::lost("it sent more than it may"));
                        continue;
                    }
                }));
            }
            if playing && silence >= timeout {
                let heard = format!("nothing was heard for {} s", timeout.as_secs());
                loss.get_or_insert(Loss::lost(&heard));
            }
            if peer.returning.is_some_and(|since| now.saturating_sub(since) >= timeout) {
                loss.get_or_insert(Loss::lost("it did not come back into the match in time"));
            }
            // Out of the room, and no way to it: it does not come back.
            if absent && !peer.link.has_path() {
                loss.get_or_insert(Loss::lost("the other player's game closed"));
            }
            if let Some(loss) = loss {
                self.lose(now, player, loss, steps)?;
            }
        }
        Ok(())
    }

    /// Does what the links ask for.
    pub(super) fn carry_out(&mut self, now: Duration) {
        for peer in self.peers.values_mut() {
            while let Some(command) = peer.link.next_command() {
                let request = match command {
                    LinkCommand::Transmit { path, channel, packet } => {
                        match self.transport.send(now, peer.key, path, channel, &packet) {
                            Ok(buffered) => peer.link.set_buffered(path, buffered),
                            // Its event is still on its way.
                            Err(SendError::NoPath) => peer.link.path_closed(now, path),
                            Err(error) => error!("a packet could not be sent: {error}"),
                        }
                        continue;
                    }
                    LinkCommand::Attempt => TransportRequest::Attempt(peer.key),
                    LinkCommand::OpenRelay => TransportRequest::OpenRelay(peer.key),
                    LinkCommand::Close(path) => TransportRequest::Close(peer.key, path),
                    LinkCommand::CheckServer => TransportRequest::CheckServer,
                };
                self.transport.request(request);
            }
        }
    }

    /// Tells every link whether there is a connection to the server.
    pub(super) fn server_changed(&mut self, now: Duration, online: bool) {
        self.peers.values_mut().for_each(|peer| peer.link.server_changed(now, online));
    }

    /// Sends a reliable message to a peer.
    pub(super) fn say(&mut self, now: Duration, to: PeerKey, message: &ControlMessage) {
        let bytes = match message.encode() {
            Ok(bytes) => bytes,
            Err(error) => return error!("a message could not be encoded: {error}"),
        };
        let Some(peer) = self.peers.get_mut(&to) else { return };
        if let Err(error) = peer.link.send_reliable(now, bytes) {
            error!("a message could not be sent: {error}");
        }
    }

    /// Sends a reliable message to every peer.
    pub(super) fn say_to_all(&mut self, now: Duration, message: &ControlMessage) {
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.say(now, peer, message);
        }
    }
}
