//! Which path is primary, and when another one replaces it.

use std::time::Duration;

use super::{AgentConfig, PathChange, SwitchReason};
use crate::path::{Path, PathHealth, PathId, PathKind, Paths};

/// A path that is left as dead or impaired within this after becoming primary makes the next one prove itself for
/// longer.
const STRIKE_WITHIN: Duration = Duration::from_secs(60);

/// The primary path and the candidates for its place.
#[derive(Debug)]
pub(super) struct Selection {
    primary: Primary,
    /// How often in a row a primary path has failed or been left as bad soon after it replaced another.
    strikes: u32,
    retiring: Option<Retiring>,
    challenger: Option<Challenger>,
}

#[derive(Clone, Copy, Debug)]
enum Primary {
    /// There has been no path yet.
    None,
    /// The primary path was closed, and there was no other.
    Lost { kind: PathKind },
    Path {
        id: PathId,
        since: Duration,
        /// Whether it replaced another path.
        replaced: bool,
    },
}

/// The primary path before, which is sent on for a moment longer (make before break).
#[derive(Clone, Copy, Debug)]
struct Retiring {
    path: PathId,
    until: Duration,
}

/// A path that is cheaper than the primary one.
#[derive(Clone, Copy, Debug)]
struct Challenger {
    path: PathId,
    since: Duration,
}

impl Selection {
    pub(super) fn new() -> Self {
        Self { primary: Primary::None, strikes: 0, retiring: None, challenger: None }
    }

    /// The primary path.
    pub(super) fn primary(&self) -> Option<PathId> {
        match self.primary {
            Primary::Path { id, .. } => Some(id),
            Primary::None | Primary::Lost { .. } => None,
        }
    }

    /// How long the primary path has been primary.
    pub(super) fn primary_for(&self, now: Duration) -> Duration {
        match self.primary {
            Primary::Path { since, .. } => now.saturating_sub(since),
            Primary::None | Primary::Lost { .. } => Duration::ZERO,
        }
    }

    /// The path that is sent on beside the primary one.
    pub(super) fn retiring(&self, now: Duration) -> Option<PathId> {
        self.retiring.filter(|retiring| now < retiring.until).map(|retiring| retiring.path)
    }

    /// A path was closed and is no longer among the paths.
    pub(super) fn handle_closed(&mut self, now: Duration, path: &Path) {
        if self.primary() == Some(path.id) {
            self.count_strike(now);
            self.primary = Primary::Lost { kind: path.kind() };
        }
        self.retiring = self.retiring.filter(|retiring| retiring.path != path.id);
    }

    /// Replaces the primary path if there is reason to.
    pub(super) fn evaluate(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        paths: &Paths,
    ) -> Option<PathChange> {
        let (to, reason) = self.choose(config, now, paths)?;
        let from = match self.primary {
            Primary::None => None,
            Primary::Lost { kind } => Some(kind),
            Primary::Path { id, .. } => {
                let until = now + config.make_before_break;
                self.retiring = Some(Retiring { path: id, until });
                if matches!(reason, SwitchReason::Unhealthy(_)) {
                    self.count_strike(now);
                }
                paths.get(id).map(Path::kind)
            }
        };
        self.primary = Primary::Path { id: to.id, since: now, replaced: from.is_some() };
        self.challenger = None;
        Some(PathChange { at: now, from, to: to.kind(), reason })
    }

    /// The path that should be primary instead of the present one, and why.
    fn choose<'a>(
        &mut self,
        config: &AgentConfig,
        now: Duration,
        paths: &'a Paths,
    ) -> Option<(&'a Path, SwitchReason)> {
        let alive = paths.iter().filter(|path| !path.health.is_dead());
        let best = alive.min_by(|a, b| a.rank(b, now))?;
        let Some(primary) = self.primary().and_then(|id| paths.get(id)) else {
            let reason = match self.primary {
                Primary::None => SwitchReason::First,
                Primary::Lost { .. } | Primary::Path { .. } => SwitchReason::Closed,
            };
            return Some((best, reason));
        };
        if best.id == primary.id {
            self.challenger = None;
            return None;
        }
        // A path that the peer has selected already need not prove itself for longer than any other.
        let proof = match best.peer_use.is_recent(now) {
            true => config.proven_after,
            false => self.proof(config),
        };
        let unhealthy = primary.health.unhealthy_reason().map(SwitchReason::Unhealthy);
        if primary.health.is_dead() {
            return unhealthy.map(|reason| (best, reason));
        }
        // A path that is not impaired yet, but would be if this lasted, is no improvement.
        if best.health.health() < primary.health.health() && !best.health.is_suspect() {
            let proven = best.health.alive_for(now) >= proof;
            return unhealthy.filter(|_| proven).map(|reason| (best, reason));
        }
        if primary.health.health() == PathHealth::Healthy && best.kind() < primary.kind() {
            let proven = best.health.healthy_for(now) >= proof && !best.health.is_suspect();
            return proven.then_some((best, SwitchReason::Preferred));
        }
        let bound = best.cost(now).mul_f32(1.0 + config.better_by) + config.better_by_time;
        if bound > primary.cost(now) {
            self.challenger = None;
            return None;
        }
        let since = match self.challenger {
            Some(Challenger { path, since }) if path == best.id => since,
            _ => now,
        };
        self.challenger = Some(Challenger { path: best.id, since });
        (now.saturating_sub(since) >= proof).then_some((best, SwitchReason::Better))
    }

    /// How long a path must have worked before it replaces a primary path that works.
    fn proof(&self, config: &AgentConfig) -> Duration {
        (config.proven_after * (1 << self.strikes.min(16))).min(config.proven_at_most)
    }

    /// The primary path failed, or is left because it is bad.
    fn count_strike(&mut self, now: Duration) {
        let again = matches!(self.primary, Primary::Path { since, replaced: true, .. }
            if now.saturating_sub(since) < STRIKE_WITHIN);
        self.strikes = if again { self.strikes.saturating_add(1) } else { 0 };
    }
}
