//! Network conditions that the emulator applies.

use std::time::Duration;

/// The longest latency, jitter or queue.
pub(super) const MAX_DELAY: Duration = Duration::from_secs(60);
/// The longest mean burst, in packets.
pub(super) const MAX_BURST: f32 = 1000.0;
/// The least and the greatest bandwidth, in bits per second.
pub(super) const BANDWIDTHS: std::ops::RangeInclusive<u64> = 1000..=10_000_000_000;

/// How bad a network is, in one direction. The default is perfect.
///
/// As text it is the name of a [preset](Self::PRESETS), a list of `name=value` in any order, or a preset and then what
/// differs from it. What is not named is perfect.
///
/// ```
/// use netplay_core::emulator::NetworkConditions;
/// use std::time::Duration;
///
/// let conditions: NetworkConditions = "latency_ms=50,jitter_ms=10,loss=0.05".parse().unwrap();
/// assert_eq!(conditions.latency, Duration::from_millis(50));
/// assert_eq!(conditions.loss, 0.05);
/// let slower: NetworkConditions = "mobile,rate_kbit=500".parse().unwrap();
/// assert_eq!(slower.latency, NetworkConditions::mobile().latency);
/// assert_eq!(slower.bandwidth, Some(500_000));
/// assert!("lag=50".parse::<NetworkConditions>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkConditions {
    /// How long every packet takes at least, one way. As text `latency_ms`, in milliseconds. At most a minute.
    pub latency: Duration,
    /// How much longer a packet may take, evenly distributed between nothing and this. As text
    /// `jitter_ms`, in milliseconds. Jitter alone does not change the order. At most a minute.
    pub jitter: Duration,
    /// The fraction of packets that get lost, 0 to 1. As text `loss`.
    pub loss: f32,
    /// How many packets in a row a loss takes on average (Gilbert-Elliott). Losses that do not depend on
    /// each other have runs of `1 / (1 - loss)`; anything below that, such as the default 0, means so.
    /// As text `burst`.
    pub burst: f32,
    /// The fraction of packets that arrive twice, 0 to 1. As text `duplicate`.
    pub duplication: f32,
    /// The fraction of packets that are held back by up to [`REORDER_HOLD`](super::REORDER_HOLD), so
    /// that later ones overtake them, 0 to 1. As text `reorder`.
    pub reordering: f32,
    /// How many bits of packets get through in a second; none for no limit. As text `rate_kbit`, in 1000 bits per
    /// second, or `rate_kbit=unlimited`. From 1 kbit/s to 10 Gbit/s.
    ///
    /// What counts are the bytes that a link sends and counts. The headers of IP, UDP, DTLS and SCTP, about 90 bytes
    /// for each packet on a data channel, are not counted, so that what is set can be measured.
    pub bandwidth: Option<u64>,
    /// How long packets wait at most for others to get through, where [`bandwidth`](Self::bandwidth) is limited. A
    /// datagram that would wait longer is lost (drop-tail); a reliable packet waits. As text `queue_ms`, in
    /// milliseconds. At most a minute.
    ///
    /// A time and not a size, because a time is what players feel and what a queue adds to the round trip at any
    /// bandwidth.
    pub queue: Duration,
}

impl NetworkConditions {
    /// The queue of a limited bandwidth, unless another one is set.
    pub const DEFAULT_QUEUE: Duration = Duration::from_millis(200);

    /// The named conditions, from the best to the worst. As text, the name alone stands for them. The figures are one
    /// way and in one direction.
    pub const PRESETS: [(&'static str, Self); 5] = [
        ("perfect", Self::perfect()),
        ("wifi", Self::wifi()),
        ("mobile", Self::mobile()),
        ("intercontinental", Self::intercontinental()),
        ("terrible", Self::terrible()),
    ];

    /// Nothing is delayed or lost.
    pub const fn perfect() -> Self {
        Self {
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            burst: 0.0,
            duplication: 0.0,
            reordering: 0.0,
            bandwidth: None,
            queue: Self::DEFAULT_QUEUE,
        }
    }

    /// A wireless network at home, and a player in the same country.
    pub const fn wifi() -> Self {
        Self {
            latency: Duration::from_millis(15),
            jitter: Duration::from_millis(10),
            loss: 0.01,
            burst: 2.0,
            duplication: 0.0,
            reordering: 0.005,
            bandwidth: Some(20_000_000),
            queue: Duration::from_millis(100),
        }
    }

    /// A telephone network on the move.
    pub const fn mobile() -> Self {
        Self {
            latency: Duration::from_millis(45),
            jitter: Duration::from_millis(30),
            loss: 0.03,
            burst: 3.0,
            duplication: 0.001,
            reordering: 0.01,
            bandwidth: Some(4_000_000),
            queue: Duration::from_millis(300),
        }
    }

    /// Two good networks with an ocean between them.
    pub const fn intercontinental() -> Self {
        Self {
            latency: Duration::from_millis(90),
            jitter: Duration::from_millis(8),
            loss: 0.005,
            burst: 2.0,
            duplication: 0.0,
            reordering: 0.005,
            bandwidth: Some(20_000_000),
            queue: Duration::from_millis(100),
        }
    }

    /// What a match must survive, though nobody will enjoy it.
    pub const fn terrible() -> Self {
        Self {
            latency: Duration::from_millis(150),
            jitter: Duration::from_millis(60),
            loss: 0.3,
            burst: 4.0,
            duplication: 0.05,
            reordering: 0.1,
            bandwidth: Some(1_000_000),
            queue: Duration::from_millis(500),
        }
    }

    /// Whether nothing is delayed, lost, doubled or overtaken.
    pub fn is_perfect(&self) -> bool {
        let Self { latency, jitter, loss, burst: _, duplication, reordering, bandwidth, queue: _ } =
            self;
        latency.is_zero()
            && jitter.is_zero()
            && bandwidth.is_none()
            && [loss, duplication, reordering].into_iter().all(|fraction| *fraction <= 0.0)
    }

    /// The same, with every value within its bounds.
    pub(super) fn bounded(self) -> Self {
        // What is no number at all is nothing.
        let within = |value: f32, most: f32| if value > 0.0 { value.min(most) } else { 0.0 };
        Self {
            latency: self.latency.min(MAX_DELAY),
            jitter: self.jitter.min(MAX_DELAY),
            loss: within(self.loss, 1.0),
            burst: within(self.burst, MAX_BURST),
            duplication: within(self.duplication, 1.0),
            reordering: within(self.reordering, 1.0),
            bandwidth: self.bandwidth.map(|it| it.clamp(*BANDWIDTHS.start(), *BANDWIDTHS.end())),
            queue: self.queue.min(MAX_DELAY),
        }
    }
}

impl Default for NetworkConditions {
    fn default() -> Self {
        Self::perfect()
    }
}
