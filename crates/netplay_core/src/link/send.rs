//! Sending: datagrams on every path that they are to travel on, reliable messages on the primary one.

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::{DatagramHeader, DatagramKind};

use super::{Link, LinkCounters, MessageError, TooLong};
use crate::path::{Channel, InputCounts, Path, PathId};

/// A packet to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// On which path.
    pub path: PathId,
    /// On which of its channels.
    pub channel: Channel,
    /// The packet.
    pub packet: Vec<u8>,
}

/// The parts of a datagram that are the same on every path.
pub(super) struct Datagram<'a> {
    pub(super) kind: DatagramKind,
    pub(super) epoch: u16,
    pub(super) sequence: u16,
    pub(super) incarnation: u16,
    pub(super) payload: &'a [u8],
}

impl Link {
    /// Sends a datagram of the match. `has_inputs` says whether there are inputs in it, to be counted.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the payload has more than [`Self::MAX_PAYLOAD`] bytes.
    pub fn send(
        &mut self,
        now: Duration,
        epoch: u16,
        payload: &[u8],
        has_inputs: bool,
    ) -> Result<(), TooLong> {
        if payload.len() > Self::MAX_PAYLOAD {
            return Err(TooLong(payload.len()));
        }
        let datagram = Datagram {
            kind: DatagramKind::Match,
            epoch,
            sequence: take_number(&mut self.next_sequence),
            incarnation: self.incarnations.lower_half(),
            payload,
        };
        for path in self.agent.send_paths(now) {
            datagram.queue(now, path, &mut self.counters, &mut self.transmits);
            if has_inputs {
                let inputs = InputCounts { sent: 1, received: 0 };
                path.count_inputs(inputs);
                self.inputs[path.kind() as usize] += inputs;
            }
        }
        Ok(())
    }

    /// Sends a message that must arrive.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the message is longer than [`Self::MAX_MESSAGE`] or too many wait.
    pub fn send_reliable(&mut self, now: Duration, message: Vec<u8>) -> Result<(), MessageError> {
        if message.len() > Self::MAX_MESSAGE {
            return Err(TooLong(message.len()).into());
        }
        self.reliable.push(message)?;
        self.queue_reliable(now);
        Ok(())
    }

    /// Queues the reliable packets that are due on the primary path.
    pub(super) fn queue_reliable(&mut self, now: Duration) {
        let Some(primary) = self.agent.primary_mut() else { return };
        let (path, rtt) = (primary.id, primary.estimator.rtt());
        while let Some(packet) = self.reliable.poll_transmit(now, rtt, &self.incarnations) {
            primary.count_sent(now, packet.len());
            self.counters.bytes_sent += packet.len() as u64;
            self.transmits.push_back(Transmit { path, channel: Channel::Reliable, packet });
        }
    }

    /// Queues a datagram without payload on every path on which nothing was sent for a while.
    pub(crate) fn queue_keepalives(&mut self, now: Duration) {
        let incarnation = self.incarnations.lower_half();
        for path in self.agent.idle_paths(now, self.config.keepalive_after) {
            let datagram = Datagram {
                kind: DatagramKind::KeepAlive,
                epoch: 0,
                sequence: take_number(&mut self.next_sequence),
                incarnation,
                payload: &[],
            };
            datagram.queue(now, path, &mut self.counters, &mut self.transmits);
        }
    }
}

impl Datagram<'_> {
    /// Stamps the datagram for a path and queues it.
    pub(super) fn queue(
        &self,
        now: Duration,
        path: &mut Path,
        counters: &mut LinkCounters,
        transmits: &mut VecDeque<Transmit>,
    ) {
        let bytes = DatagramHeader::BYTES + self.payload.len();
        let stamp = path.estimator.stamp(now, bytes);
        let header =
            DatagramHeader::new(self.kind, self.epoch, self.sequence, self.incarnation, stamp);
        let mut packet = Vec::with_capacity(bytes);
        packet.extend_from_slice(bytemuck::bytes_of(&header));
        packet.extend_from_slice(self.payload);
        path.count_sent(now, packet.len());
        counters.datagrams_sent += 1;
        counters.bytes_sent += packet.len() as u64;
        transmits.push_back(Transmit { path: path.id, channel: Channel::Datagram, packet });
    }
}

/// The next sequence number of the link.
pub(super) fn take_number(next: &mut u16) -> u16 {
    let number = *next;
    *next = number.wrapping_add(1);
    number
}
