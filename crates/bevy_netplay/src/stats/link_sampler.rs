//! [`LinkSampler`]: makes samples of what a link is at each update.

use std::time::Duration;

use bevy::prelude::*;

use super::history::History;
use super::links::PeerLink;
use super::samples::{LinkSample, LinkTraffic, SAMPLE, SECOND};

/// The sample that is not complete yet, and what was counted when it began.
#[derive(Clone, Debug, Default, Reflect)]
pub(super) struct LinkSampler {
    sample: LinkSample,
    since: Option<Duration>,
    sent: LinkTraffic,
    received: LinkTraffic,
    inputs: u64,
}

impl LinkSampler {
    /// Takes the link as it is, `at` a time since the local peer joined the room. Returns a sample that is complete.
    pub(super) fn poll(&mut self, at: Duration, link: &PeerLink) -> Option<LinkSample> {
        let since = *self.since.get_or_insert(at);
        let now = LinkSample {
            at,
            length: Duration::ZERO,
            path: link.path,
            quality: link.quality,
            rtt: link.rtt.unwrap_or_default(),
            jitter: link.jitter,
            loss: link.loss,
            sent: LinkTraffic::default(),
            received: LinkTraffic::default(),
            inputs: 0,
            frame_advantage: link.frame_advantage.unwrap_or_default(),
            input_lag: link.input_lag.unwrap_or_default(),
        };
        self.sample.merge(&now);
        let length = at.saturating_sub(since);
        if length < SAMPLE {
            return None;
        }
        let counters = &link.counters;
        let sent = LinkTraffic { datagrams: counters.datagrams_sent, bytes: counters.bytes_sent };
        let received =
            LinkTraffic { datagrams: counters.datagrams_received, bytes: counters.bytes_received };
        let inputs = link.inputs_received;
        let sample = LinkSample {
            length,
            sent: sent.since(self.sent),
            received: received.since(self.received),
            inputs: inputs.saturating_sub(self.inputs),
            ..std::mem::take(&mut self.sample)
        };
        *self = Self { sample: LinkSample::default(), since: Some(at), sent, received, inputs };
        Some(sample)
    }
}

/// The traffic per second, over the last second.
pub(super) fn per_second(
    history: &History<LinkSample>,
    traffic: fn(&LinkSample) -> LinkTraffic,
) -> LinkTraffic {
    let mut sum = LinkTraffic::default();
    let mut length = Duration::ZERO;
    for sample in history.iter().rev().take(SECOND) {
        sum.add(traffic(sample));
        length += sample.length;
    }
    let rate = |amount: u64| match length.is_zero() {
        true => 0,
        false => (amount as f64 / length.as_secs_f64()).round() as u64,
    };
    LinkTraffic { datagrams: rate(sum.datagrams), bytes: rate(sum.bytes) }
}
