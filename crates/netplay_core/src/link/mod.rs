//! The link: everything between us and one peer, whatever path carries it.
//!
//! A link has any number of paths. Its [agent](crate::agent) decides which of them carries; a datagram that
//! travels on two of them is taken once; reliable messages arrive once and in order, whatever becomes of the
//! paths. What is known of the path that carries makes a [`Quality`] that a game can show. A peer that sends
//! more than its [budget](BudgetConfig) is not listened to.
//!
//! The driver's obligation:
//!
//! * tell the link what happens to paths, attempts and the server ([`Link::path_opened`] and its
//!   neighbours), and hand it every packet ([`Link::receive`], [`Link::receive_reliable`]);
//! * call [`Link::handle_timeout`] once a frame;
//! * after any of these, and after sending, carry out every [`Link::next_command`], and read every
//!   [`Link::next_event`] and [`Link::next_message`].
//!
//! `now` never goes back.

mod budget;
mod config;
mod instance;
mod quality;
mod reliable;
mod says;

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES, SEAL_BYTES};
use netplay_protocol::{DatagramHeader, DatagramKind, ReliableHeader};

use crate::agent::{Agent, Decision, Path};
use crate::path::{Arrival, Channel, PathId, PathKind, PathPolicy, ReceiveWindow};
use budget::{Budget, Expense, Verdict};
use instance::{Instances, Whose};
use quality::QualityGauge;
use reliable::Reliable;

pub use budget::BudgetConfig;
pub use config::LinkConfig;
pub use quality::Quality;
pub use reliable::Backlog;
pub use says::{
    LinkCommand, LinkCounters, LinkEvent, LinkStats, MessageError, Opened, ReceiveError, TooLong,
};

/// After how long between two calls of [`Link::handle_timeout`] we count as having stood still ourselves.
const STOOD_STILL: Duration = Duration::from_millis(200);

/// One link. See the [module](self) for what the driver owes it.
#[derive(Debug)]
pub struct Link {
    config: LinkConfig,
    agent: Agent,
    paths: Vec<Path>,
    next_sequence: u16,
    received: ReceiveWindow,
    last_heard: Duration,
    last_timeout: Duration,
    silent: bool,
    instances: Instances,
    reliable: Reliable,
    budget: Budget,
    quality: QualityGauge,
    counters: LinkCounters,
    inputs: [u64; 4],
    decisions: VecDeque<Decision>,
    commands: VecDeque<LinkCommand>,
    events: VecDeque<LinkEvent>,
}

impl Link {
    /// The most bytes the payload of a datagram may have.
    pub const MAX_PAYLOAD: usize = MAX_DATAGRAM_BYTES - SEAL_BYTES - DatagramHeader::BYTES;
    /// The most bytes a reliable message may have.
    pub const MAX_MESSAGE: usize = MAX_CONTROL_BYTES - SEAL_BYTES - ReliableHeader::BYTES;

    /// A link that begins now, without a path. `yields`: whether we give way when attempts cross; of two
    /// peers, exactly one does. `instance`: at random, not 0, and another when the process is started anew.
    pub fn new(
        config: LinkConfig,
        policy: PathPolicy,
        yields: bool,
        instance: u32,
        now: Duration,
    ) -> Self {
        Self {
            agent: Agent::new(policy, yields, now),
            paths: Vec::new(),
            next_sequence: 0,
            received: ReceiveWindow::default(),
            last_heard: now,
            last_timeout: now,
            silent: false,
            instances: Instances::new(instance),
            reliable: Reliable::default(),
            budget: Budget::new(&config.budget, now),
            quality: QualityGauge::new(),
            counters: LinkCounters::default(),
            inputs: [0; 4],
            decisions: VecDeque::new(),
            commands: VecDeque::new(),
            events: VecDeque::new(),
            config,
        }
    }

    /// A path is there.
    pub fn path_opened(&mut self, now: Duration, id: PathId, kind: PathKind) {
        if self.path(id).is_none() {
            self.paths.push(Path::new(&self.config, now, id, kind));
        }
        self.agent.opened(id, kind);
        self.decide(now);
    }

    /// It became known how a path travels.
    pub fn path_known(&mut self, id: PathId, kind: PathKind) {
        let Some(path) = self.path(id) else { return };
        let guessed = std::mem::replace(&mut path.kind, kind);
        let counted = std::mem::take(&mut path.inputs_while_guessed);
        self.inputs[guessed as usize] -= counted;
        self.inputs[kind as usize] += counted;
    }

    /// A path is no more.
    pub fn path_closed(&mut self, now: Duration, id: PathId) {
        let Some(place) = self.paths.iter().position(|path| path.id == id) else { return };
        let path = self.paths.remove(place);
        self.agent.closed(now, id, path.kind);
        self.decide(now);
    }

    /// The peer began an attempt.
    pub fn peer_attempts(&mut self) {
        self.counters.attempts += 1;
        self.agent.peer_attempts();
    }

    /// An attempt, ours or the peer's, came to nothing.
    pub fn attempt_failed(&mut self, now: Duration, reason: String) {
        self.agent.attempt_failed(&self.config.agent, now, reason);
    }

    /// The machine is on another network than before.
    pub fn network_changed(&mut self, now: Duration) {
        self.agent.network_changed(now);
    }

    /// The connection to the signaling server was lost, or is there again.
    pub fn server_changed(&mut self, now: Duration, online: bool) {
        self.agent.server(now, online);
    }

    /// How many bytes wait to be sent on a path.
    pub fn set_buffered(&mut self, id: PathId, bytes: usize) {
        if let Some(path) = self.path(id) {
            path.buffered = bytes;
        }
    }

    /// Sends messages of a match. `inputs` says whether there are inputs among them, to be counted.
    pub fn send(
        &mut self,
        now: Duration,
        epoch: u16,
        payload: &[u8],
        inputs: bool,
    ) -> Result<(), TooLong> {
        if payload.len() > Self::MAX_PAYLOAD {
            return Err(TooLong(payload.len()));
        }
        let sequence = self.number();
        let carriers: Vec<PathId> = self.agent.carriers(now, &self.paths).collect();
        for id in carriers {
            self.transmit(now, id, DatagramKind::Match, epoch, sequence, payload);
            if inputs && let Some(path) = self.path(id) {
                path.inputs_while_guessed += 1;
                let kind = path.kind;
                self.inputs[kind as usize] += 1;
            }
        }
        Ok(())
    }

    /// Sends a message that must arrive.
    pub fn send_reliable(&mut self, now: Duration, message: Vec<u8>) -> Result<(), MessageError> {
        if message.len() > Self::MAX_MESSAGE {
            return Err(TooLong(message.len()).into());
        }
        self.reliable.push(message)?;
        self.send_due(now);
        Ok(())
    }

    /// Checks a datagram that came at `at`, learns from its header and hands out its payload.
    pub fn receive<'a>(
        &mut self,
        at: Duration,
        id: PathId,
        datagram: &'a [u8],
    ) -> Result<Opened<'a>, ReceiveError> {
        self.counters.bytes_received += datagram.len() as u64;
        self.spend(at, Expense::Datagram)?;
        let (header, kind, payload) = match DatagramHeader::split(datagram) {
            Ok(split) => split,
            Err(error) => {
                self.count_malformed(at);
                return Err(error.into());
            }
        };
        let whose = self.instances.datagram(header.instance());
        self.heed(whose)?;
        let stamp = header.stamp();
        if let Some(path) = self.path(id) {
            let arrival = path.estimator.arrive(at, stamp);
            if arrival == Arrival::Wild {
                self.count_malformed(at);
                return Err(ReceiveError::WildSequence);
            }
            if let Some(ack) = stamp.ack {
                path.estimator.acknowledged(at, ack);
            }
            if kind == DatagramKind::Match {
                path.peer_used = Some(at);
            }
        }
        if id == PathId::RELAY && kind == DatagramKind::Match {
            self.agent.peer_used_relay(at);
        }
        match self.received.arrive(header.sequence()) {
            Arrival::Newest { .. } | Arrival::Late => {}
            Arrival::Duplicate => {
                self.counters.duplicates += 1;
                return Err(ReceiveError::Duplicate);
            }
            Arrival::Wild => {
                self.count_malformed(at);
                return Err(ReceiveError::WildSequence);
            }
        }
        self.counters.datagrams_received += 1;
        self.heard(at);
        Ok(Opened { kind, epoch: header.epoch(), payload })
    }

    /// Takes a reliable packet in. What is complete comes out of [`Self::next_message`].
    ///
    /// Returns whether the peer's process was started anew: it knows nothing of what was said before, and the
    /// messages from now on are those of the new one.
    pub fn receive_reliable(
        &mut self,
        at: Duration,
        id: PathId,
        packet: &[u8],
    ) -> Result<bool, ReceiveError> {
        self.counters.bytes_received += packet.len() as u64;
        self.spend(at, Expense::Message)?;
        let (header, message) = match ReliableHeader::split(packet) {
            Ok(split) => split,
            Err(error) => {
                self.count_malformed(at);
                return Err(error.into());
            }
        };
        let whose = self.instances.message(header);
        self.heed(whose)?;
        self.reliable.receive(header, message);
        if let Some(path) = self.path(id) {
            path.estimator.heard(at);
        }
        self.heard(at);
        Ok(whose == Whose::Anew)
    }

    /// Lets time pass: judges paths and quality, sends what is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        let passed = now.saturating_sub(std::mem::replace(&mut self.last_timeout, now));
        if passed > STOOD_STILL {
            // Nobody can have been heard, and nothing was sent that could have been acknowledged.
            self.paths.iter_mut().for_each(|path| path.estimator.forgive(now, passed));
        }
        self.decide(now);
        self.keep_alive(now);
        self.send_due(now);
        if !self.silent && self.silence(now) >= self.config.silent_after {
            self.silent = true;
            self.events.push_back(LinkEvent::Silent);
        }
        let (rtt, loss) = self
            .active()
            .map_or((None, 0.0), |path| (path.estimator.rtt(), path.estimator.loss(now)));
        let verdict = match self.silent {
            true => Quality::Lost,
            false => Quality::judge(&self.config, rtt, loss),
        };
        if let Some((from, to)) = self.quality.update(now, verdict, self.config.recover_after) {
            self.events.push_back(LinkEvent::QualityChanged { from, to });
        }
    }

    /// What is to be done next, oldest first.
    pub fn next_command(&mut self) -> Option<LinkCommand> {
        self.commands.pop_front()
    }

    /// The next thing that happened, oldest first.
    pub fn next_event(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    /// The next reliable message of the peer, in order.
    pub fn next_message(&mut self) -> Option<Vec<u8>> {
        self.reliable.next()
    }

    /// How long nothing has been heard.
    pub fn silence(&self, now: Duration) -> Duration {
        now.saturating_sub(self.last_heard)
    }

    /// The path that carries.
    pub fn path_that_carries(&self) -> Option<PathId> {
        self.agent.active()
    }

    /// Whether there is any path, be it one that does not work at the moment.
    pub fn has_path(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Datagrams with inputs that were sent on paths of a kind.
    pub fn inputs_by(&self, kind: PathKind) -> u64 {
        self.inputs[kind as usize]
    }

    /// What the link knows at this moment.
    pub fn stats(&self, now: Duration) -> LinkStats {
        let active = self.active();
        let estimator = active.map(|path| &path.estimator);
        LinkStats {
            path: active.map(|path| path.kind),
            rtt: estimator.and_then(|path| path.rtt()),
            rtt_min: estimator.and_then(|path| path.rtt_min(now)),
            jitter: estimator.map_or(Duration::ZERO, |path| path.jitter()),
            loss: estimator.map_or(0.0, |path| path.loss(now)),
            quality: self.quality.current(),
            counters: self.counters,
        }
    }

    /// Counts something that arrived well-formed but whose payload turned out not to be.
    pub fn count_malformed(&mut self, at: Duration) {
        self.counters.malformed += 1;
        // The packet is dropped already, whatever the budget says.
        let _ = self.spend(at, Expense::Malformed);
    }

    fn path(&mut self, id: PathId) -> Option<&mut Path> {
        self.paths.iter_mut().find(|path| path.id == id)
    }

    fn active(&self) -> Option<&Path> {
        let active = self.agent.active()?;
        self.paths.iter().find(|path| path.id == active)
    }

    fn spend(&mut self, at: Duration, expense: Expense) -> Result<(), ReceiveError> {
        let verdict = self.budget.spend(&self.config.budget, at, expense);
        if verdict == Verdict::Heard {
            return Ok(());
        }
        self.counters.muted += 1;
        if verdict == Verdict::Exceeded {
            self.events.push_back(LinkEvent::Flooded);
        }
        Err(ReceiveError::Muted)
    }

    fn heard(&mut self, at: Duration) {
        self.agent.heard();
        if self.silent {
            self.silent = false;
            self.events.push_back(LinkEvent::Heard { after: at.saturating_sub(self.last_heard) });
        }
        self.last_heard = self.last_heard.max(at);
    }

    /// Begins anew with a peer as far as the process differs that a packet is of. Our own numbers go on.
    fn heed(&mut self, whose: Whose) -> Result<(), ReceiveError> {
        match whose {
            Whose::Known => return Ok(()),
            Whose::Stale => return Err(ReceiveError::Stale),
            Whose::Renumbered => {}
            // What was to be said to it was for the one before.
            Whose::Anew => self.reliable = Reliable::default(),
        }
        self.received = ReceiveWindow::default();
        self.paths.iter_mut().for_each(|path| path.estimator.peer_begins_anew());
        Ok(())
    }

    fn number(&mut self) -> u16 {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        sequence
    }

    fn transmit(
        &mut self,
        now: Duration,
        id: PathId,
        kind: DatagramKind,
        epoch: u16,
        sequence: u16,
        payload: &[u8],
    ) {
        let mark = self.instances.mark();
        let Some(path) = self.path(id) else { return };
        let stamp = path.estimator.stamp(now);
        let header = DatagramHeader::new(kind, epoch, sequence, mark, stamp);
        let mut packet = Vec::with_capacity(DatagramHeader::BYTES + payload.len());
        packet.extend_from_slice(bytemuck::bytes_of(&header));
        packet.extend_from_slice(payload);
        self.counters.datagrams_sent += 1;
        self.counters.bytes_sent += packet.len() as u64;
        let channel = Channel::Datagram;
        self.commands.push_back(LinkCommand::Transmit { path: id, channel, packet });
    }

    /// Sends reliable messages that are due.
    fn send_due(&mut self, now: Duration) {
        let Some(active) = self.active() else { return };
        let (path, rtt) = (active.id, active.estimator.rtt());
        for packet in self.reliable.due(now, rtt, &self.instances) {
            self.counters.bytes_sent += packet.len() as u64;
            let channel = Channel::Reliable;
            self.commands.push_back(LinkCommand::Transmit { path, channel, packet });
        }
    }

    /// Sends on every path on which nothing was sent for a while.
    fn keep_alive(&mut self, now: Duration) {
        let active = self.agent.active();
        let (keep, probe) = (self.config.keepalive_after, self.config.agent.probe_every);
        let every = |path: &Path| match path.id {
            id if Some(id) == active => keep,
            // What comes there is to be acknowledged, though nothing else goes back.
            _ if path.is_used_by_peer(now) => probe / 3,
            _ => probe,
        };
        let idle = self.paths.iter().filter(|path| path.estimator.idle(now) >= every(path));
        for id in idle.map(|path| path.id).collect::<Vec<_>>() {
            let sequence = self.number();
            self.transmit(now, id, DatagramKind::KeepAlive, 0, sequence, &[]);
        }
    }

    /// Lets the agent conclude from what is known now.
    fn decide(&mut self, now: Duration) {
        let config = &self.config.agent;
        self.agent.decide(config, now, &mut self.paths, &mut self.decisions);
        while let Some(decision) = self.decisions.pop_front() {
            match decision {
                Decision::Switched { from, to, reason } => {
                    self.reliable.path_changed();
                    let to = self.path(to).map_or(PathKind::Direct, |path| path.kind);
                    self.events.push_back(LinkEvent::PathChanged { from, to, reason });
                }
                Decision::Attempt => {
                    self.counters.attempts += 1;
                    self.commands.push_back(LinkCommand::Attempt);
                }
                Decision::OpenRelay => self.commands.push_back(LinkCommand::OpenRelay),
                Decision::Close(id) => {
                    self.commands.push_back(LinkCommand::Close(id));
                    if let Some(place) = self.paths.iter().position(|path| path.id == id) {
                        let path = self.paths.remove(place);
                        self.agent.closed(now, id, path.kind);
                    }
                }
                Decision::CheckServer => self.commands.push_back(LinkCommand::CheckServer),
                Decision::Unreachable(reason) => {
                    self.events.push_back(LinkEvent::Unreachable { reason });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
