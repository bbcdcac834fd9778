use std::time::Duration;

use super::{AgentConfig, SwitchReason};

/// How fit a path is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fitness {
    Healthy,
    /// Slow, lossy or clogged, and has been so for a while.
    Impaired,
    /// Nothing comes, or nothing arrives.
    Dead,
}

/// What is known of a path at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signs {
    pub(crate) silence: Duration,
    pub(crate) unacknowledged: Duration,
    pub(crate) rtt: Option<Duration>,
    pub(crate) loss: f32,
    /// Bytes that wait to be sent.
    pub(crate) buffered: usize,
}

/// The fitness of a path over time.
#[derive(Debug)]
pub(crate) struct Health {
    fitness: Fitness,
    /// Since when the path has not been dead.
    alive_since: Duration,
    /// Since when the path has been healthy.
    healthy_since: Duration,
    dead_since: Option<Duration>,
    bad: Lasting,
    good: Lasting,
    clogged: Lasting,
    /// Why it is not healthy.
    complaint: SwitchReason,
}

/// Since when something has been so without a break.
#[derive(Clone, Copy, Debug, Default)]
struct Lasting(Option<Duration>);

impl Lasting {
    fn update(&mut self, now: Duration, is_so: bool) -> Duration {
        match is_so {
            true => now.saturating_sub(*self.0.get_or_insert(now)),
            false => {
                self.0 = None;
                Duration::ZERO
            }
        }
    }
}

impl Health {
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            fitness: Fitness::Healthy,
            alive_since: now,
            healthy_since: now,
            dead_since: None,
            bad: Lasting::default(),
            good: Lasting::default(),
            clogged: Lasting::default(),
            complaint: SwitchReason::Silent,
        }
    }

    /// Judges the path by its signs of this moment.
    pub(crate) fn judge(&mut self, config: &AgentConfig, now: Duration, signs: Signs) {
        let slow = signs.rtt.is_some_and(|rtt| rtt > config.impaired_rtt);
        let lossy = signs.loss > config.impaired_loss;
        let bad = self.bad.update(now, slow || lossy) >= config.impaired_after;
        let good = self.good.update(now, !slow && !lossy) >= config.impaired_after;
        let clogged = self.clogged.update(now, signs.buffered > config.impaired_buffer)
            >= config.impaired_buffer_after;
        let deaf = signs.silence >= config.dead_after;
        let unheard = signs.unacknowledged >= config.dead_after + signs.rtt.unwrap_or_default();

        let fitness = if deaf || unheard {
            self.complaint = if deaf { SwitchReason::Silent } else { SwitchReason::Unacknowledged };
            Fitness::Dead
        } else if bad || clogged {
            self.complaint = match (clogged, slow) {
                (true, _) => SwitchReason::Clogged,
                (_, true) => SwitchReason::Slow,
                _ => SwitchReason::Lossy,
            };
            Fitness::Impaired
        } else if self.fitness == Fitness::Impaired && !good {
            Fitness::Impaired
        } else {
            Fitness::Healthy
        };
        if fitness == Fitness::Dead {
            self.dead_since.get_or_insert(now);
        } else {
            self.dead_since = None;
        }
        if self.fitness == Fitness::Dead && fitness != Fitness::Dead {
            self.alive_since = now;
        }
        if self.fitness != Fitness::Healthy && fitness == Fitness::Healthy {
            self.healthy_since = now;
        }
        self.fitness = fitness;
    }

    pub(crate) fn fitness(&self) -> Fitness {
        self.fitness
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.fitness == Fitness::Dead
    }

    /// How long the path has been dead.
    pub(crate) fn dead_for(&self, now: Duration) -> Duration {
        self.dead_since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    /// How long the path has not been dead.
    pub(crate) fn alive_for(&self, now: Duration) -> Duration {
        match self.fitness {
            Fitness::Dead => Duration::ZERO,
            _ => now.saturating_sub(self.alive_since),
        }
    }

    /// How long the path has been healthy.
    pub(crate) fn healthy_for(&self, now: Duration) -> Duration {
        match self.fitness {
            Fitness::Healthy => now.saturating_sub(self.healthy_since),
            _ => Duration::ZERO,
        }
    }

    /// Whether the path shows signs that would impair it if they lasted.
    pub(crate) fn is_suspect(&self) -> bool {
        self.bad.0.is_some() || self.clogged.0.is_some()
    }

    pub(crate) fn complaint(&self) -> SwitchReason {
        self.complaint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    /// The fitness after signs that last for a time each.
    fn after(steps: &[(u32, Signs)]) -> (Fitness, SwitchReason) {
        let config = AgentConfig::default();
        let mut health = Health::new(Duration::ZERO);
        let mut now = Duration::ZERO;
        for (ms, signs) in steps {
            for _ in 0..ms / 10 {
                now += MS * 10;
                health.judge(&config, now, *signs);
            }
        }
        (health.fitness(), health.complaint())
    }

    fn fine() -> Signs {
        Signs { rtt: Some(MS * 40), ..Signs::default() }
    }

    #[test]
    fn silence_and_missing_acknowledgements_kill_at_once() {
        let deaf = |ms| Signs { silence: MS * ms, ..fine() };
        assert_eq!(after(&[(10, deaf(499))]).0, Fitness::Healthy);
        assert_eq!(after(&[(10, deaf(500))]), (Fitness::Dead, SwitchReason::Silent));
        // An acknowledgement takes a round trip.
        let unheard = |ms| Signs { unacknowledged: MS * ms, ..fine() };
        assert_eq!(after(&[(10, unheard(539))]).0, Fitness::Healthy);
        assert_eq!(after(&[(10, unheard(540))]), (Fitness::Dead, SwitchReason::Unacknowledged));
        assert_eq!(after(&[(10, unheard(540)), (10, fine())]).0, Fitness::Healthy);
    }

    #[test]
    fn slow_and_lossy_paths_are_impaired_after_two_seconds_and_recover_after_two() {
        let slow = Signs { rtt: Some(MS * 301), ..fine() };
        let lossy = Signs { loss: 0.21, ..fine() };
        for (signs, reason) in [(slow, SwitchReason::Slow), (lossy, SwitchReason::Lossy)] {
            assert_eq!(after(&[(2000, signs)]).0, Fitness::Healthy);
            assert_eq!(after(&[(2010, signs)]), (Fitness::Impaired, reason));
            assert_eq!(after(&[(1500, signs), (10, fine()), (1500, signs)]).0, Fitness::Healthy);
            assert_eq!(after(&[(2010, signs), (2000, fine())]).0, Fitness::Impaired);
            assert_eq!(after(&[(2010, signs), (2010, fine())]).0, Fitness::Healthy);
        }
        let edge = Signs { rtt: Some(MS * 300), loss: 0.20, ..fine() };
        assert_eq!(after(&[(5000, edge)]).0, Fitness::Healthy);
    }

    #[test]
    fn a_full_send_buffer_impairs_after_a_second() {
        let full = Signs { buffered: 32 * 1024 + 1, ..fine() };
        assert_eq!(after(&[(1000, full)]).0, Fitness::Healthy);
        assert_eq!(after(&[(1010, full)]), (Fitness::Impaired, SwitchReason::Clogged));
    }
}
