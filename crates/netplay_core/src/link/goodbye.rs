//! The last message of a process, which may end before anything can be sent again, or go on after a while.

use std::time::Duration;

use netplay_protocol::DatagramKind;

use super::send::{Datagram, take_number};
use super::{Link, MessageError, Transmit};
use crate::path::Channel;

/// How many messages that are not acknowledged are repeated on the other paths. With more the peer is behind anyway.
const MAX_REPEATED: usize = 32;

impl Link {
    /// Sends a message that may be the last one: on every path, and as a datagram besides. A reliable channel repeats
    /// what was lost only as long as the process lives, and where a datagram is lost, the channel may bring the message.
    ///
    /// # Errors
    ///
    /// [`MessageError`], as [`send_reliable`](Self::send_reliable).
    pub fn send_last(&mut self, now: Duration, message: Vec<u8>) -> Result<(), MessageError> {
        self.send_reliable(now, message)?;
        let primary = self.primary_path();
        let packets = self.reliable.latest(MAX_REPEATED, &self.incarnations);
        let fits = |packet: &&Vec<u8>| packet.len() <= Self::MAX_PAYLOAD;
        let datagram = packets.last().filter(fits).map(|packet| Datagram {
            kind: DatagramKind::Reliable,
            epoch: 0,
            sequence: take_number(&mut self.next_sequence),
            incarnation: self.incarnations.lower_half(),
            payload: packet,
        });
        for path in self.agent.paths_mut() {
            let is_primary = Some(path.id) == primary;
            for packet in packets.iter().filter(|_| !is_primary) {
                path.count_sent(now, packet.len());
                self.counters.bytes_sent += packet.len() as u64;
                let (path, packet) = (path.id, packet.clone());
                self.transmits.push_back(Transmit { path, channel: Channel::Reliable, packet });
            }
            if let Some(datagram) = &datagram {
                datagram.queue(now, path, &mut self.counters, &mut self.transmits);
            }
        }
        Ok(())
    }

    /// The process, which had stopped, goes on now: that it has heard nothing meanwhile says nothing of the peer.
    pub fn exclude_silence(&mut self, now: Duration) {
        self.liveness.exclude_silence(now);
    }
}
