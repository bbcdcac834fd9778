//! [`MatchRecord`]: the samples of the match that is played, or was played last.

use std::time::Duration;

use bevy::prelude::*;
use netplay_protocol::PeerKey;
use netplay_report::session::{LinkSeries, MatchSeries};

use super::build::ms;
use super::series::Series;
use crate::stats::{LinkSample, MatchSample};
use crate::{LinkPath, PeerLinks, RollbackMetrics};

/// The samples of the match that is played, or was played last.
#[derive(Resource, Debug, Default)]
pub(crate) struct MatchRecord {
    /// When the match started, since the App did.
    pub(super) started: Duration,
    simulation: Series<MatchSample>,
    /// By peer, with the time of the last sample.
    links: Vec<(PeerKey, Duration, Series<LinkSample>)>,
    last: Duration,
}

impl MatchRecord {
    /// A match starts.
    pub(crate) fn new(now: Duration) -> Self {
        Self { started: now, ..Self::default() }
    }

    /// The simulation over time.
    pub(super) fn simulation(&self) -> MatchSeries {
        let samples = self.simulation.samples();
        MatchSeries {
            at_ms: column(samples, |it| ms(it.at)),
            frame: column(samples, |it| it.frame),
            frames: column(samples, |it| it.frames),
            updates: column(samples, |it| it.updates),
            longest_update_ms: column(samples, |it| ms(it.longest_update)),
            rollbacks: column(samples, |it| it.rollbacks),
            depth: column(samples, |it| it.depth),
            rollback_ms: column(samples, |it| ms(it.rollback_time)),
            stalled: column(samples, |it| it.stalled),
            lost_ms: column(samples, |it| ms(it.lost_time)),
            confirmed_lag: column(samples, |it| it.confirmed_lag),
            frame_advantage: column(samples, |it| rounded(it.frame_advantage.into())),
            input_delay: column(samples, |it| it.input_delay),
        }
    }

    /// The link to a peer over time.
    pub(super) fn link(&self, peer: PeerKey) -> LinkSeries {
        let series = self.links.iter().find(|(key, ..)| *key == peer);
        let samples = series.map_or(&[][..], |(_, _, series)| series.samples());
        LinkSeries {
            at_ms: column(samples, |it| ms(it.at)),
            path: samples.iter().map(|it| letter(it.path)).collect(),
            rtt_ms: column(samples, |it| ms(it.rtt)),
            jitter_ms: column(samples, |it| ms(it.jitter)),
            loss: column(samples, |it| rounded(it.loss.into())),
            datagrams_sent: column(samples, |it| it.sent.datagrams),
            bytes_sent: column(samples, |it| it.sent.bytes),
            datagrams_received: column(samples, |it| it.received.datagrams),
            bytes_received: column(samples, |it| it.received.bytes),
            inputs: column(samples, |it| it.inputs),
            frame_advantage: column(samples, |it| rounded(it.frame_advantage.into())),
            input_lag: column(samples, |it| it.input_lag),
        }
    }
}

/// Takes over the samples that are new.
pub(super) fn record_samples(
    mut record: ResMut<MatchRecord>,
    metrics: Res<RollbackMetrics>,
    links: Res<PeerLinks>,
) {
    let record = &mut *record;
    if let Some(sample) = metrics.history.last().filter(|sample| sample.at > record.last) {
        record.last = sample.at;
        record.simulation.push(sample);
    }
    for link in links.iter() {
        let known = record.links.iter().position(|(peer, ..)| *peer == link.peer);
        let index = known.unwrap_or_else(|| {
            // What was sampled before the match is not a part of it.
            let last = link.history.last().map_or(Duration::ZERO, |sample| sample.at);
            record.links.push((link.peer, last, Series::default()));
            record.links.len() - 1
        });
        let (_, last, series) = &mut record.links[index];
        if let Some(sample) = link.history.last().filter(|sample| sample.at > *last) {
            *last = sample.at;
            series.push(sample);
        }
    }
}

fn column<T, C>(samples: &[T], value: impl Fn(&T) -> C) -> Vec<C> {
    samples.iter().map(value).collect()
}

/// Thousandths are enough for a drawing, and take less space.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn letter(path: Option<LinkPath>) -> char {
    match path {
        Some(LinkPath::Memory) => 'm',
        Some(LinkPath::Direct) => 'd',
        Some(LinkPath::Turn) => 't',
        Some(LinkPath::Relay) => 'r',
        None => '-',
    }
}
