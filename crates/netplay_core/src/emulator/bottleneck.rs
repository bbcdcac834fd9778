//! The narrow place of a network: packets wait in a queue until those before them got through.

use std::collections::VecDeque;
use std::time::Duration;

const NANOS: u128 = 1_000_000_000;

/// A queue in front of a limited bandwidth, first in, first out. Who puts something in may be told that there is no
/// room.
#[derive(Clone, Debug)]
pub(super) struct Bottleneck<T> {
    /// In bits per second; none where nothing ever waits.
    bandwidth: Option<u64>,
    /// How long a packet may wait before the first bit of it gets through.
    queue: Duration,
    /// What has not got through yet: how many bits of it are left, and the packet.
    waiting: VecDeque<(u64, T)>,
    /// How many bits are left of all of them.
    backlog: u64,
    /// The moment at which so many were left.
    at: Duration,
    /// What got through, and when.
    through: VecDeque<(Duration, T)>,
}

impl<T> Bottleneck<T> {
    /// Without a limit.
    pub(super) fn new() -> Self {
        Self {
            bandwidth: None,
            queue: Duration::ZERO,
            waiting: VecDeque::new(),
            backlog: 0,
            at: Duration::ZERO,
            through: VecDeque::new(),
        }
    }

    /// Sets the limit, 1 bit per second or more, and the longest wait. What waits already goes on at the new bandwidth,
    /// and none of it is lost.
    pub(super) fn set(&mut self, now: Duration, bandwidth: Option<u64>, queue: Duration) {
        self.advance(now);
        if let (Some(before), Some((left, _))) = (self.bandwidth, self.waiting.front_mut()) {
            let passed = now.saturating_sub(self.at).as_nanos();
            let sent = (passed * u128::from(before) / NANOS).min(u128::from(*left)) as u64;
            *left -= sent;
            self.backlog -= sent;
            self.at = self.at.max(now);
        }
        (self.bandwidth, self.queue) = (bandwidth, queue);
        self.advance(now);
    }

    /// Puts a packet in. False if there is no room for it: then it is not in. One that `may_exceed` the queue always
    /// is.
    pub(super) fn push(
        &mut self,
        now: Duration,
        bytes: usize,
        may_exceed: bool,
        packet: T,
    ) -> bool {
        self.advance(now);
        if !may_exceed && self.wait(now) > self.queue {
            return false;
        }
        if self.waiting.is_empty() {
            self.at = self.at.max(now);
        }
        let bits = bytes as u64 * 8;
        self.backlog += bits;
        self.waiting.push_back((bits, packet));
        self.advance(now);
        true
    }

    /// The next packet that got through by `now`, and when it did.
    pub(super) fn pop(&mut self, now: Duration) -> Option<(Duration, T)> {
        self.advance(now);
        self.through.pop_front()
    }

    /// When the next packet gets through.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let through = self.through.front().map(|(at, _)| *at);
        through.or_else(|| Some(self.at + self.time(self.waiting.front()?.0)))
    }

    /// How many packets are in it.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.through.len()
    }

    /// Whether packets get through at once, and none waits.
    pub(super) fn is_open(&self) -> bool {
        self.bandwidth.is_none() && self.len() == 0
    }

    /// The packets in it, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let through = self.through.iter().map(|(_, packet)| packet);
        through.chain(self.waiting.iter().map(|(_, packet)| packet))
    }

    /// Takes out the packets that this is true of, in their order.
    pub(super) fn extract(&mut self, mut is: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut out = Vec::new();
        for (at, packet) in std::mem::take(&mut self.through) {
            if is(&packet) {
                out.push(packet);
            } else {
                self.through.push_back((at, packet));
            }
        }
        for (bits, packet) in std::mem::take(&mut self.waiting) {
            if is(&packet) {
                self.backlog -= bits;
                out.push(packet);
            } else {
                self.waiting.push_back((bits, packet));
            }
        }
        out
    }

    /// How long a packet that comes now waits before the first bit of it gets through.
    fn wait(&self, now: Duration) -> Duration {
        self.time(self.backlog).saturating_sub(now.saturating_sub(self.at))
    }

    /// How long so many bits take.
    fn time(&self, bits: u64) -> Duration {
        self.bandwidth.map_or(Duration::ZERO, |bandwidth| {
            let nanos = (u128::from(bits) * NANOS).div_ceil(u128::from(bandwidth.max(1)));
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        })
    }

    /// Lets through what gets through by `now`.
    fn advance(&mut self, now: Duration) {
        while let Some((bits, _)) = self.waiting.front() {
            let at = self.at + self.time(*bits);
            if at > now {
                break;
            }
            self.at = at;
            if let Some((bits, packet)) = self.waiting.pop_front() {
                self.backlog -= bits;
                self.through.push_back((at, packet));
            }
        }
    }
}
