//! Opening and closing paths.

use netplay_core::path::{PathId, PathKind};
use netplay_protocol::PeerKey;

use super::state::{MemberId, State};
use super::wire::{Transmission, Wire};
use crate::{TransportEvent, TransportRequest};

impl State {
    pub(super) fn request(&mut self, id: MemberId, request: TransportRequest) {
        match request {
            TransportRequest::Attempt(peer) => {
                self.attempts.push((self.now + self.attempts_take, id, peer));
                if let Some(other) = self.neighbour(id, peer)
                    && let Some(key) = self.members.get(&id).map(|member| member.key)
                    && !self.obstacles.no_server
                {
                    self.tell(other, TransportEvent::PeerAttempts { peer: key });
                }
                self.finish_attempts();
            }
            TransportRequest::OpenRelay(peer) => self.open_relay(id, peer),
            TransportRequest::Close(peer, path) => self.close(id, peer, path),
            TransportRequest::Forget(peer) => {
                for path in self.paths_to(id, peer) {
                    self.close(id, peer, path);
                }
            }
            TransportRequest::Kick { peer, ban } => self.kick(id, peer, ban),
            TransportRequest::Open(open) => self.set_open(id, open),
            // A match does not close a room.
            TransportRequest::Playing(playing) => self.set_playing(id, playing),
            // There is no server: no connection to check, and nobody counts.
            TransportRequest::CheckServer | TransportRequest::Connected(..) => {}
        }
    }

    fn paths_to(&self, id: MemberId, peer: PeerKey) -> Vec<PathId> {
        let Some(member) = self.members.get(&id) else { return Vec::new() };
        let paths = member.paths.keys().filter(|(other, _)| *other == peer);
        paths.map(|(_, path)| *path).collect()
    }

    /// The member of the same room that is this peer.
    pub(super) fn neighbour(&self, id: MemberId, peer: PeerKey) -> Option<MemberId> {
        let room = self.rooms.get(self.members.get(&id)?.room.as_ref()?)?;
        let is = |other: &&MemberId| self.members.get(other).is_some_and(|m| m.key == peer);
        room.members.iter().find(is).copied()
    }

    /// Ends the attempts that are due.
    pub(super) fn finish_attempts(&mut self) {
        let now = self.now;
        let due: Vec<_> = self.attempts.extract_if(.., |(at, ..)| *at <= now).collect();
        for (_, id, peer) in due {
            let Some(key) = self.members.get(&id).map(|member| member.key) else { continue };
            let neighbour = self.neighbour(id, peer);
            let blocked = self.obstacles.no_server
                || self.obstacles.block(key, peer, PathKind::Memory)
                || self.obstacles.block(peer, key, PathKind::Memory);
            match neighbour {
                Some(other) if !blocked => {
                    self.paths_made += 1;
                    let path = PathId(self.paths_made);
                    self.connect((id, key), (other, peer), path, PathKind::Memory);
                    self.connect((other, peer), (id, key), path, PathKind::Memory);
                }
                _ => {
                    let failed = |peer| {
                        let reason = "nothing got through".to_owned();
                        TransportEvent::AttemptFailed { peer, reason, finding: None }
                    };
                    self.tell(id, failed(peer));
                    if let Some(other) = neighbour {
                        self.tell(other, failed(key));
                    }
                }
            }
        }
    }

    fn open_relay(&mut self, id: MemberId, peer: PeerKey) {
        let Some(key) = self.members.get(&id).map(|member| member.key) else { return };
        if let Some(other) = self.neighbour(id, peer)
            && !self.obstacles.no_server
        {
            self.connect((id, key), (other, peer), PathId::RELAY, PathKind::Relay);
        }
    }

    /// Makes the wire from one member to another, and tells the sender.
    fn connect(
        &mut self,
        (from, from_key): (MemberId, PeerKey),
        (to, to_key): (MemberId, PeerKey),
        path: PathId,
        kind: PathKind,
    ) {
        let pair = (from_key, to_key);
        let conditions = self.overrides.get(&pair).unwrap_or(&self.conditions);
        let seed = self.seed.wrapping_add(self.wires_made.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        self.wires_made += 1;
        let wire = || Wire::new(pair, kind, conditions, seed);
        self.wires.entry((to, from, path)).or_insert_with(wire);
        if let Some(member) = self.members.get_mut(&from) {
            member.paths.insert((to_key, path), to);
        }
        self.tell(from, TransportEvent::PathUp { peer: to_key, path, kind });
    }

    fn close(&mut self, id: MemberId, peer: PeerKey, path: PathId) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let Some(other) = member.paths.remove(&(peer, path)) else { return };
        // Each side opens and closes its own direction of the relay.
        if path != PathId::RELAY {
            self.wires.remove(&(id, other, path));
            self.put((other, id, path), Transmission::Down("the other side closed it"));
        }
    }

    /// Closes every connection between two peers at once.
    pub(super) fn reset(&mut self, a: PeerKey, b: PeerKey) {
        let between = |wire: &Wire| {
            let ends = (wire.from, wire.to);
            wire.kind != PathKind::Relay && (ends == (a, b) || ends == (b, a))
        };
        let reset: Vec<_> =
            self.wires.iter().filter(|(_, wire)| between(wire)).map(|(id, _)| *id).collect();
        for (to, from, path) in reset {
            self.wires.remove(&(to, from, path));
            self.down(to, from, path, "the connection was reset");
        }
    }

    /// Takes the signaling server away, or brings it back.
    pub(super) fn set_server(&mut self, there: bool) {
        if self.obstacles.no_server != there {
            return;
        }
        self.obstacles.no_server = !there;
        for id in self.members.keys().copied().collect::<Vec<_>>() {
            let event = match there {
                true => TransportEvent::SignalingRestored,
                false => TransportEvent::SignalingLost { reason: "it was switched off".into() },
            };
            self.tell(id, event);
        }
        if !there {
            let relayed: Vec<_> =
                self.wires.keys().copied().filter(|(.., path)| *path == PathId::RELAY).collect();
            for (to, from, path) in relayed {
                self.wires.remove(&(to, from, path));
                self.down(from, to, path, "the server is lost");
            }
        }
    }

    /// Takes a path from one member to another down.
    pub(super) fn down(&mut self, id: MemberId, other: MemberId, path: PathId, reason: &str) {
        let Some(peer) = self.members.get(&other).map(|member| member.key) else { return };
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.paths.remove(&(peer, path)).is_some() {
            let reason = reason.to_owned();
            member.events.push_back(TransportEvent::PathDown { peer, path, reason });
        }
    }

    pub(super) fn tell(&mut self, id: MemberId, event: TransportEvent) {
        if let Some(member) = self.members.get_mut(&id).filter(|member| member.room.is_some()) {
            member.events.push_back(event);
        }
    }
}
