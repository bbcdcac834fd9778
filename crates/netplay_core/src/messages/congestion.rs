//! How much may be under way: a window that keeps queues short (the ideas are those of LEDBAT, RFC 6817).
//!
//! Every acknowledgement tells how long a packet was on its way, but for the difference of two clocks. The least of these
//! delays is that of an empty path; what is above it was spent in queues, below the transport or on the way. While the
//! queues are shorter than the [target](TARGET) the window grows, and while they are longer it shrinks. Inputs wait in
//! the same queues, so that messages in one direction lengthen their round trip by about the target, and messages in
//! both by twice as much.
//!
//! What differs from LEDBAT: the window shrinks in proportion to itself, it is halved only for losses of more than
//! [a few](MANY_LOST) in a round trip, and every [few seconds](SLOW_DOWN_EVERY) so little is sent for two round trips
//! that the queues drain and the delay of the empty path is measured again.

use std::collections::VecDeque;
use std::time::Duration;

/// The largest packet, in bytes.
pub(super) const PACKET: f64 = 1176.0;
/// How long packets may wait in queues.
const TARGET: Duration = Duration::from_millis(7);
/// The least window, in bytes.
const MIN_WINDOW: f64 = 2.0 * PACKET;
/// The window before anything is known, in bytes: at 2 Mbit/s it is sent in 20 ms.
const INITIAL_WINDOW: f64 = 4.0 * PACKET;
/// The most packets under way.
pub(super) const MAX_PACKETS: usize = 2048;
/// What the window grows by in a round trip at most, as a fraction of itself; or a packet, if that is more.
const GROWTH: f64 = 1.0 / 16.0;
/// What is more than this fraction of the packets of a round trip, and more than two, are many losses: the path has less
/// room than the window.
const MANY_LOST: f64 = 0.15;
/// On paths with a shorter round trip than this the window is doubled with each, in the beginning. What is sent too
/// much then waits for a round trip at most.
const SHORT_ROUND_TRIP: Duration = Duration::from_millis(20);
/// How much faster than a window in a round trip packets leave.
const PACE: f64 = 1.25;
/// How often the queues are drained.
const SLOW_DOWN_EVERY: Duration = Duration::from_secs(8);
/// For how long a delay counts for the least one: longer than it takes until the queues are drained again.
const BASE_SLICE: Duration = Duration::from_secs(10);
const BASE_SLICES: usize = 3;
/// After how long without anything under way the window counts for nothing.
const IDLE: Duration = Duration::from_secs(1);

/// How much may be under way on one path.
#[derive(Debug)]
pub(super) struct Congestion {
    window: f64,
    /// Up to which window it grows fast.
    threshold: f64,
    delays: Delays,
    round: Round,
    /// Since when packets have been under way without a pause, or since the queues were drained.
    busy_since: Option<Duration>,
    slow_until: Duration,
    last_sent: Duration,
    /// How many bytes may be sent at once, and when that was reckoned.
    pace: (f64, Duration),
    rtt: Duration,
}

/// What became of the packets of a round trip.
#[derive(Debug, Default)]
struct Round {
    /// It ends when this packet is acknowledged.
    ends_at: u64,
    acked: f64,
    lost: f64,
}

/// What is acknowledged at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acked {
    /// How many bytes are acknowledged now and were not before.
    pub(super) bytes: usize,
    /// The highest number that is acknowledged.
    pub(super) largest: u64,
    /// The number of the packet that is sent next.
    pub(super) next: u64,
    /// How long the packet with that number was on its way, in µs, wrapping, on two clocks.
    pub(super) delay: u32,
    /// How many bytes were under way before.
    pub(super) in_flight: usize,
    /// The smoothed round trip time.
    pub(super) rtt: Duration,
}

impl Congestion {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            window: INITIAL_WINDOW,
            threshold: f64::MAX,
            delays: Delays::default(),
            round: Round::default(),
            busy_since: None,
            slow_until: Duration::ZERO,
            last_sent: now,
            pace: (INITIAL_WINDOW, now),
            rtt: Duration::ZERO,
        }
    }

    /// Whether so many bytes more may be sent while so many are under way. Over a long path a window is spread over the
    /// round trip: who is driven by frames would send all of it at once, and it would wait.
    pub(super) fn allows(&mut self, now: Duration, in_flight: usize, bytes: usize) -> bool {
        let (ready, then) = self.pace;
        let (least, ready) = if self.rtt < SHORT_ROUND_TRIP {
            (0.0, self.window)
        } else {
            let passed = now.saturating_sub(then).as_secs_f64() / self.rtt.as_secs_f64();
            let most = (self.window / 2.0).max(INITIAL_WINDOW);
            (PACKET, (ready + self.window * PACE * passed).min(most))
        };
        self.pace = (ready, now);
        let fits = (in_flight + bytes) as f64 <= self.window && ready >= least;
        in_flight == 0 || fits
    }

    /// A packet of so many bytes is sent while so many are under way.
    pub(super) fn handle_sent(&mut self, now: Duration, in_flight: usize, bytes: usize) {
        self.pace.0 -= bytes as f64;
        if in_flight == 0 {
            if now.saturating_sub(self.last_sent) >= IDLE && self.window > INITIAL_WINDOW {
                self.threshold = self.window;
                self.window = INITIAL_WINDOW;
            }
            self.busy_since = None;
        }
        self.busy_since.get_or_insert(now);
        self.last_sent = now;
    }

    /// Packets were acknowledged.
    pub(super) fn handle_acked(&mut self, now: Duration, acked: Acked) {
        self.rtt = acked.rtt;
        let queued = self.delays.sample(now, acked.delay).as_secs_f64();
        self.round.acked += acked.bytes as f64;
        let (bytes, target) = (acked.bytes as f64, TARGET.as_secs_f64());
        // Who sends less than the window allows learns nothing of a greater one.
        let is_used = acked.in_flight as f64 >= self.window / 2.0;
        let slow = now < self.slow_until;
        if self.window < self.threshold {
            if queued > target * 0.75 {
                self.window *= 0.6;
                self.threshold = self.window;
            } else if is_used && !slow {
                // A threshold is a window that was not too great before.
                let doubles = acked.rtt < SHORT_ROUND_TRIP || self.threshold < f64::MAX;
                self.window += if doubles { bytes } else { bytes / 2.0 };
            }
        } else {
            let off = ((target - queued) / target).clamp(-1.0, 1.0);
            if off < 0.0 {
                self.window += bytes / 2.0 * off;
            } else if is_used && !slow {
                self.window += PACKET.max(self.window * GROWTH) * off * bytes / self.window;
            }
        }
        if acked.largest >= self.round.ends_at {
            self.end_round(acked.next);
        }
        self.bound();
        let is_due = |since| now.saturating_sub(since) >= SLOW_DOWN_EVERY;
        if self.busy_since.is_some_and(is_due) {
            self.busy_since = Some(now);
            self.slow_until = now + acked.rtt * 2 + Duration::from_millis(30);
            // What was under way comes back little by little: all at once it would wait.
            (self.threshold, self.window) = (self.window, MIN_WINDOW);
        }
    }

    /// Packets were lost.
    pub(super) fn handle_lost(&mut self, bytes: usize) {
        self.round.lost += bytes as f64;
    }

    /// Nothing has been acknowledged for long, again.
    pub(super) fn handle_timeout(&mut self) {
        self.threshold = (self.window / 2.0).max(MIN_WINDOW);
        self.window = MIN_WINDOW;
        self.round.lost = 0.0;
    }

    fn end_round(&mut self, next: u64) {
        let Round { acked, lost, .. } = std::mem::take(&mut self.round);
        self.round.ends_at = next;
        if lost > 0.0 {
            let many = lost > (acked + lost) * MANY_LOST && lost > 2.0 * PACKET;
            self.window *= if many { 0.5 } else { 0.85 };
            self.bound();
            self.threshold = self.window;
        }
    }

    fn bound(&mut self) {
        self.window = self.window.clamp(MIN_WINDOW, MAX_PACKETS as f64 * PACKET);
    }
}

/// The delays of packets, on two clocks.
#[derive(Debug, Default)]
struct Delays {
    /// The last one as it came, and without its wrapping.
    last: Option<(u32, i64)>,
    before: Option<i64>,
    /// The beginning of each slice of time and the least delay in it.
    least: VecDeque<(Duration, i64)>,
}

impl Delays {
    /// Takes a delay in µs. Returns how long packets wait in queues: the shorter one of this and the one before, so that
    /// what holds up a single packet does not count.
    fn sample(&mut self, now: Duration, delay: u32) -> Duration {
        let whole = match self.last {
            Some((last, whole)) => whole + i64::from(delay.wrapping_sub(last) as i32),
            None => i64::from(delay),
        };
        self.last = Some((delay, whole));
        match self.least.back_mut() {
            Some((start, least)) if now.saturating_sub(*start) < BASE_SLICE => {
                *least = whole.min(*least);
            }
            _ => self.least.push_back((now, whole)),
        }
        if self.least.len() > BASE_SLICES {
            self.least.pop_front();
        }
        let least = self.least.iter().map(|(_, least)| *least).min().unwrap_or(whole);
        let current = whole.min(self.before.replace(whole).unwrap_or(whole));
        Duration::from_micros(u64::try_from(current - least).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const MS: Duration = Duration::from_millis(1);

    fn acked(round: u64, delay_ms: u32, window: usize) -> Acked {
        Acked {
            bytes: window,
            largest: round,
            next: round + 1,
            // The clocks differ, and the difference wraps.
            delay: (u32::MAX - 20_000).wrapping_add(delay_ms * 1000),
            in_flight: window,
            rtt: MS * 40,
        }
    }

    /// The window after so many round trips, each of which has this delay.
    fn after(rounds: u64, delay: impl Fn(f64) -> u32) -> f64 {
        let mut congestion = Congestion::new(Duration::ZERO);
        for round in 0..rounds {
            let now = MS * 40 * round as u32;
            congestion.handle_sent(now, 0, 0);
            let window = congestion.window;
            congestion.handle_acked(now, acked(round, delay(window), window as usize));
        }
        congestion.window
    }

    #[test]
    fn the_window_grows_on_an_empty_path_and_settles_where_queues_are_short() {
        assert_eq!(after(100, |_| 30), MAX_PACKETS as f64 * PACKET);
        // A path that takes 50 KB in a round trip of 40 ms: what is above that waits.
        let window = after(300, |window| 30 + ((window - 50_000.0).max(0.0) / 1250.0) as u32);
        assert!((50_000.0..62_500.0).contains(&window), "{window}");
    }

    #[test]
    fn one_packet_that_is_held_up_does_not_count_and_two_do() {
        let mut delays = Delays::default();
        let queued: Vec<_> = [5000, 4000, 40_000, 4000, 30_000, 20_000]
            .map(|delay| delays.sample(MS, delay).as_millis())
            .into();
        assert_eq!(queued, [0, 0, 0, 0, 0, 16]);
    }

    #[test]
    fn a_delay_of_the_empty_path_is_forgotten_after_half_a_minute() {
        let mut delays = Delays::default();
        delays.sample(Duration::ZERO, 1000);
        for second in 0..60 {
            delays.sample(MS * 1000 * second, 9000);
        }
        assert_eq!(delays.sample(MS * 60_000, 9000), Duration::ZERO);
    }

    #[test]
    fn losses_halve_the_window_if_they_are_many_and_lessen_it_if_they_are_few() {
        let after_loss = |part: f64| {
            let mut congestion = Congestion::new(Duration::ZERO);
            congestion.window = 100.0 * PACKET;
            let before = congestion.window;
            congestion.handle_lost((before * part) as usize);
            congestion.handle_acked(MS, Acked { in_flight: 0, ..acked(1, 30, before as usize) });
            congestion.window / before
        };
        assert_eq!([0.0, 0.1, 0.5].map(after_loss), [1.0, 0.85, 0.5]);
    }

    #[test]
    fn queues_are_drained_every_few_seconds() {
        let mut congestion = Congestion::new(Duration::ZERO);
        congestion.handle_sent(Duration::ZERO, 0, 0);
        let mut narrow = 0;
        for ms in 0..20_000 {
            congestion.handle_sent(MS * ms, 10_000, 0);
            congestion.handle_acked(MS * ms, acked(u64::from(ms), 30, 10_000));
            narrow += u32::from(!congestion.allows(MS * ms, 3000, 1000));
        }
        assert!((200..=240).contains(&narrow), "{narrow} ms");
    }
}
