//! Receiving: what is checked before a packet is believed, and what is learned from its header.

use std::time::Duration;

use netplay_protocol::{DatagramHeader, DatagramKind, ReliableHeader};

use super::incarnation::Sender;
use super::rate_limiter::{Admission, PacketClass};
use super::reliable::ReliableMessages;
use super::{Link, LinkEvent, ReceiveError};
use crate::messages::MessageError;
use crate::path::{Arrival, InputCounts, PathId, ReceiveWindow};

/// A datagram that was received: well-formed and not seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedDatagram<'a> {
    /// What the payload is.
    pub kind: DatagramKind,
    /// The match that it belongs to.
    pub epoch: u16,
    /// The payload, not read yet.
    pub payload: &'a [u8],
}

impl Link {
    /// Takes a datagram that came at `at` and returns its payload.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`] says why it was dropped.
    pub fn handle_datagram<'a>(
        &mut self,
        at: Duration,
        id: PathId,
        datagram: &'a [u8],
    ) -> Result<ReceivedDatagram<'a>, ReceiveError> {
        self.counters.bytes_received += datagram.len() as u64;
        self.admit(at, PacketClass::Datagram)?;
        let (header, kind, payload) = match DatagramHeader::split(datagram) {
            Ok(split) => split,
            Err(error) => {
                self.count_malformed(at);
                return Err(error.into());
            }
        };
        let sender = self.incarnations.judge_datagram(header.incarnation());
        self.reset_if_restarted(at, sender)?;
        let stamp = header.stamp();
        if let Some(path) = self.agent.path_mut(id) {
            if path.estimator.arrive(at, stamp) == Arrival::Implausible {
                self.count_malformed(at);
                return Err(ReceiveError::ImplausibleSequence);
            }
            if let Some(ack) = stamp.ack {
                path.estimator.acknowledged(at, ack);
            }
        }
        match kind {
            DatagramKind::Match => self.agent.handle_peer_use(at, id),
            DatagramKind::KeepAlive => self.agent.handle_probe(at, id),
            DatagramKind::Reliable => {}
        }
        match self.received.arrive(header.sequence()) {
            Arrival::Newest { .. } | Arrival::Late => {}
            Arrival::Duplicate => {
                self.counters.duplicates += 1;
                return Err(ReceiveError::Duplicate);
            }
            Arrival::Implausible => {
                self.count_malformed(at);
                return Err(ReceiveError::ImplausibleSequence);
            }
        }
        self.counters.datagrams_received += 1;
        self.handle_heard(at);
        Ok(ReceivedDatagram { kind, epoch: header.epoch(), payload })
    }

    /// Takes a reliable packet that came at `at`. Messages that are complete come out of
    /// [`Self::poll_message`].
    ///
    /// Returns whether the peer's process restarted: it knows nothing of what was sent before, and messages
    /// from now on are those of the new incarnation.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`] says why the packet was dropped.
    pub fn handle_reliable(
        &mut self,
        at: Duration,
        id: PathId,
        packet: &[u8],
    ) -> Result<bool, ReceiveError> {
        self.counters.bytes_received += packet.len() as u64;
        self.handle_message(at, id, packet)
    }

    /// Takes a packet of the reliable channel that came as the payload of a datagram
    /// ([`DatagramKind::Reliable`]). What it returns is what [`handle_reliable`](Self::handle_reliable) does.
    ///
    /// # Errors
    ///
    /// [`ReceiveError`] says why the packet was dropped.
    pub fn handle_message(
        &mut self,
        at: Duration,
        id: PathId,
        packet: &[u8],
    ) -> Result<bool, ReceiveError> {
        self.admit(at, PacketClass::Message)?;
        let (header, message) = match ReliableHeader::split(packet) {
            Ok(split) => split,
            Err(error) => {
                self.count_malformed(at);
                return Err(error.into());
            }
        };
        let sender = self.incarnations.judge_message(header);
        self.reset_if_restarted(at, sender)?;
        self.reliable.handle_packet(header, message);
        if let Some(path) = self.agent.path_mut(id) {
            path.estimator.heard(at);
        }
        self.handle_heard(at);
        Ok(sender == Sender::Restarted)
    }

    /// Counts a packet that was well-formed but whose payload turned out not to be.
    pub fn count_malformed(&mut self, at: Duration) {
        self.counters.malformed += 1;
        // The packet is dropped already; only the count towards the limit matters.
        let _ = self.admit(at, PacketClass::Malformed);
    }

    /// Counts inputs that a datagram brought and that were not known before.
    pub fn count_inputs(&mut self, id: PathId, inputs: u64) {
        let Some(path) = self.agent.path_mut(id).filter(|_| inputs > 0) else { return };
        let inputs = InputCounts { sent: 0, received: inputs };
        path.count_inputs(inputs);
        self.inputs[path.kind() as usize] += inputs;
    }

    fn admit(&mut self, at: Duration, class: PacketClass) -> Result<(), ReceiveError> {
        let admission = self.rate_limiter.admit(&self.config.rate_limits, at, class);
        match admission {
            Admission::Accepted => return Ok(()),
            Admission::Muted => {}
            Admission::Flooded => self.events.push_back(LinkEvent::Flooded),
        }
        self.counters.muted += 1;
        Err(ReceiveError::Muted)
    }

    /// Resets the receive windows when the sender of a packet numbers from the beginning, and the reliable
    /// messages when it restarted. The local sequence numbers go on.
    fn reset_if_restarted(&mut self, at: Duration, sender: Sender) -> Result<(), ReceiveError> {
        match sender {
            Sender::Known => return Ok(()),
            Sender::Stale => return Err(ReceiveError::Stale),
            Sender::Unconfirmed => {}
            // What was to be sent was for the predecessor.
            Sender::Restarted => {
                self.reliable = ReliableMessages::default();
                self.messages.reset(at, MessageError::PeerRestarted);
            }
        }
        self.received = ReceiveWindow::default();
        self.agent.paths_mut().for_each(|path| path.estimator.reset_received());
        Ok(())
    }

    pub(super) fn handle_heard(&mut self, at: Duration) {
        self.agent.handle_heard();
        if let Some(after) = self.liveness.handle_heard(at) {
            self.events.push_back(LinkEvent::Heard { after });
        }
    }
}
