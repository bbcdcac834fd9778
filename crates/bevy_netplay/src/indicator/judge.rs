//! [`Judge`]: what players should know, decided from what was measured.

use std::time::Duration;

use bevy::prelude::*;

use super::gauge::{Gauge, level_of};
use super::{LinkNotice, NoticeKind, NoticeLevel};
use crate::PlayerHandle;

/// The kinds that are a trouble of the local connection when all links have them.
const SHARED: [NoticeKind; 3] = [NoticeKind::Loss, NoticeKind::Latency, NoticeKind::Jitter];

/// What was measured of the simulation in an update.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Of the simulation.
    pub(super) frames_per_second: f32,
    pub(super) progress: Progress,
    /// Whether the machine has been too slow for two seconds.
    pub(super) is_too_slow: bool,
    pub(super) mean_rollback: Option<MeanRollback>,
}

/// What the simulation did in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It went on.
    Simulated,
    /// A frame was due, and waits for inputs.
    Stalled,
    /// No frame was due.
    NotDue,
}

/// The latest rollbacks.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeanRollback {
    /// Their mean depth, in frames.
    pub(super) depth: f32,
    /// The player who caused most of them.
    pub(super) player: PlayerHandle,
}

/// What was measured of a link.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkReading {
    /// The first player on the peer.
    pub(super) player: PlayerHandle,
    /// The frame that is simulated, minus the last one of which the player's input is known.
    pub(super) input_lag: i32,
    pub(super) rtt: Duration,
    pub(super) jitter: Duration,
    /// 0 to 1.
    pub(super) loss: f32,
    /// Nothing is heard: what was measured of the link is old.
    pub(super) is_silent: bool,
    pub(super) is_relayed: bool,
    /// Whether its machine is too slow.
    pub(super) is_too_slow: bool,
}

/// Decides what players should know. It begins with each match.
#[derive(Resource, Debug, Default)]
pub(super) struct Judge {
    links: Vec<LinkGauges>,
    too_slow: Gauge,
    /// Since when the simulation stands still.
    stalled_since: Option<Duration>,
    notices: Vec<LinkNotice>,
}

#[derive(Debug)]
struct LinkGauges {
    player: PlayerHandle,
    waiting: Gauge,
    loss: Gauge,
    latency: Gauge,
    rollbacks: Gauge,
    jitter: Gauge,
    relay: Gauge,
    too_slow: Gauge,
    /// Whether the last reading had this link.
    is_there: bool,
}

impl Judge {
    /// Takes in what was measured in an update: of the simulation, of each link, and the players whose state differs.
    pub(super) fn handle_reading(
        &mut self,
        now: Duration,
        reading: &Reading,
        links: impl Iterator<Item = LinkReading> + Clone,
        desyncs: impl Iterator<Item = PlayerHandle>,
    ) {
        let stalled = self.handle_progress(now, reading.progress);
        self.notices.clear();
        let too_slow = reading.is_too_slow.then_some(NoticeLevel::Warning);
        if let Some(level) = self.too_slow.handle_level(now, too_slow) {
            self.notices.push(LinkNotice { level, kind: NoticeKind::TooSlow, player: None });
        }
        for player in desyncs {
            let player = Some(player);
            let level = NoticeLevel::Critical;
            self.notices.push(LinkNotice { level, kind: NoticeKind::Desync, player });
        }
        self.links.iter_mut().for_each(|link| link.is_there = false);
        // Everybody waits for those whose inputs are missing the longest.
        let longest = links.clone().map(|link| link.input_lag).max().unwrap_or_default();
        for link in links {
            let waited = stalled.filter(|_| link.input_lag == longest).unwrap_or_default();
            self.gauges(link.player).handle_reading(now, reading, &link, waited);
        }
        self.links.retain(|link| link.is_there);
        let notices = self.links.iter().flat_map(LinkGauges::notices);
        self.notices.extend(notices);
        self.merge_shared();
        self.notices
            .sort_by_key(|notice| (std::cmp::Reverse(notice.level), notice.kind, notice.player));
    }

    /// What players should know, the worst first.
    pub(super) fn notices(&self) -> &[LinkNotice] {
        &self.notices
    }

    /// For how long the simulation has stood still.
    fn handle_progress(&mut self, now: Duration, progress: Progress) -> Option<Duration> {
        match progress {
            Progress::Simulated => self.stalled_since = None,
            Progress::Stalled => {
                self.stalled_since.get_or_insert(now);
            }
            // On a display that is faster than the simulation.
            Progress::NotDue => {}
        }
        self.stalled_since.map(|since| now.saturating_sub(since))
    }

    fn gauges(&mut self, player: PlayerHandle) -> &mut LinkGauges {
        let known = self.links.iter().position(|link| link.player == player);
        let index = known.unwrap_or_else(|| {
            self.links.push(LinkGauges::new(player));
            self.links.len() - 1
        });
        &mut self.links[index]
    }

    /// What all of two or more links have is a trouble of the local one.
    fn merge_shared(&mut self) {
        let links = self.links.len();
        if links < 2 {
            return;
        }
        for kind in SHARED {
            let those = self.notices.iter().filter(|notice| notice.kind == kind);
            if those.clone().count() == links
                && let Some(level) = those.map(|notice| notice.level).min()
            {
                self.notices.retain(|notice| notice.kind != kind);
                self.notices.push(LinkNotice { level, kind, player: None });
            }
        }
    }
}

impl LinkGauges {
    fn new(player: PlayerHandle) -> Self {
        Self {
            player,
            waiting: Gauge::default(),
            loss: Gauge::default(),
            latency: Gauge::default(),
            rollbacks: Gauge::default(),
            jitter: Gauge::default(),
            relay: Gauge::default(),
            too_slow: Gauge::default(),
            is_there: true,
        }
    }

    /// `waited` is for how long the simulation has been waiting for this player.
    fn handle_reading(
        &mut self,
        now: Duration,
        reading: &Reading,
        link: &LinkReading,
        waited: Duration,
    ) {
        self.is_there = true;
        let ms = |duration: Duration| duration.as_secs_f32() * 1000.0;
        self.waiting.handle_level(now, level_of(ms(waited), 250.0, 1000.0));
        // Of a link that is silent, old numbers say nothing.
        let [rtt, jitter, loss] = match link.is_silent {
            true => [0.0; 3],
            false => [ms(link.rtt), link.jitter.as_secs_f32(), link.loss],
        };
        self.loss.handle_level(now, level_of(loss, 0.05, 0.2));
        self.latency.handle_level(now, level_of(rtt, 150.0, 300.0));
        self.jitter.handle_level(now, level_of(jitter * reading.frames_per_second, 1.0, 2.0));
        let caused = reading.mean_rollback.filter(|rollback| rollback.player == self.player);
        let depth = caused.map_or(0.0, |rollback| rollback.depth);
        self.rollbacks.handle_level(now, level_of(depth, 4.0, 7.0));
        self.relay.handle_level(now, link.is_relayed.then_some(NoticeLevel::Info));
        self.too_slow.handle_level(now, link.is_too_slow.then_some(NoticeLevel::Warning));
    }

    fn notices(&self) -> impl Iterator<Item = LinkNotice> {
        let player = Some(self.player);
        let gauges = [
            (NoticeKind::Waiting, self.waiting),
            (NoticeKind::Loss, self.loss),
            (NoticeKind::Latency, self.latency),
            (NoticeKind::Rollbacks, self.rollbacks),
            (NoticeKind::Jitter, self.jitter),
            (NoticeKind::Relay, self.relay),
            (NoticeKind::TooSlow, self.too_slow),
        ];
        gauges.into_iter().filter_map(move |(kind, gauge)| {
            Some(LinkNotice { level: gauge.level()?, kind, player })
        })
    }
}

#[cfg(test)]
mod tests;
