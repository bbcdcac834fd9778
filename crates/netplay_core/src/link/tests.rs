//! Two links on a virtual clock.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// Both ends of a link whose one-way delay is fixed, ticking 60 times a second.
struct Pair {
    ends: [Link; 2],
    now: Duration,
    flying: Vec<(Duration, usize, Vec<u8>)>,
    delay: Duration,
}

impl Pair {
    fn new(delay: Duration) -> Self {
        let link = || Link::new(LinkConfig::default(), Duration::ZERO);
        Self { ends: [link(), link()], now: Duration::ZERO, flying: Vec::new(), delay }
    }

    /// One tick: both ends send a datagram, unless `lose` says it never arrives.
    fn tick(&mut self, mut lose: impl FnMut(usize) -> bool) {
        self.now += MS * 16;
        for end in 0..2 {
            let mut datagram = Vec::new();
            self.ends[end].seal(self.now, DatagramKind::Match, 1, b"input", &mut datagram).unwrap();
            if !lose(end) {
                self.flying.push((self.now + self.delay, 1 - end, datagram));
            }
        }
        let now = self.now;
        for (at, end, datagram) in self.flying.extract_if(.., |(at, ..)| *at <= now) {
            self.ends[end].open(at, &datagram).unwrap();
        }
        self.ends.iter_mut().for_each(|end| end.handle_timeout(now));
    }

    fn events(&mut self, end: usize) -> Vec<LinkEvent> {
        std::iter::from_fn(|| self.ends[end].next_event()).collect()
    }
}

#[test]
fn the_round_trip_time_is_that_of_the_network_and_not_of_the_tick() {
    let mut pair = Pair::new(MS * 37);
    for _ in 0..200 {
        pair.tick(|_| false);
    }
    let stats = pair.ends[0].stats(pair.now);
    // The hold time is told in units of 250 µs, rounded down on the way.
    assert!(stats.rtt.unwrap().abs_diff(MS * 74) <= MS, "{stats:?}");
    assert!(stats.rtt_min.unwrap().abs_diff(MS * 74) <= MS, "{stats:?}");
    assert_eq!(stats.jitter, Duration::ZERO);
    assert_eq!((stats.loss, stats.quality), (0.0, Quality::Good));
    assert_eq!(stats.counters.datagrams_sent, 200);
}

#[test]
fn loss_is_seen_by_the_end_that_does_not_receive_and_judged_at_once() {
    let mut pair = Pair::new(MS * 10);
    let mut count = 0;
    for _ in 0..200 {
        pair.tick(|end| {
            count += 1;
            end == 1 && count % 10 == 0
        });
    }
    assert_eq!(pair.ends[1].stats(pair.now).loss, 0.0);
    let loss = pair.ends[0].stats(pair.now).loss;
    assert!((0.15..0.25).contains(&loss), "every fifth of its datagrams is lost: {loss}");
    assert_ne!(pair.ends[0].stats(pair.now).quality, Quality::Good);
}

#[test]
fn a_slow_link_is_degraded_and_recovers_only_when_it_stays_fast() {
    let mut pair = Pair::new(MS * 90);
    for _ in 0..100 {
        pair.tick(|_| false);
    }
    let degraded = LinkEvent::QualityChanged { from: Quality::Good, to: Quality::Degraded };
    assert_eq!(pair.events(0), [degraded]);
    pair.delay = MS * 5;
    for _ in 0..20 {
        pair.tick(|_| false);
    }
    assert_eq!(pair.events(0), [], "not before it has lasted a second");
    for _ in 0..100 {
        pair.tick(|_| false);
    }
    let good = LinkEvent::QualityChanged { from: Quality::Degraded, to: Quality::Good };
    assert_eq!(pair.events(0), [good]);
}

#[test]
fn silence_is_an_event_and_so_is_its_end() {
    let mut pair = Pair::new(MS * 5);
    for _ in 0..50 {
        pair.tick(|_| false);
    }
    for _ in 0..100 {
        pair.tick(|end| end == 1);
    }
    let lost = LinkEvent::QualityChanged { from: Quality::Good, to: Quality::Lost };
    assert_eq!(pair.events(0), [LinkEvent::Silent, lost]);
    assert_eq!(pair.events(1), []);
    for _ in 0..5 {
        pair.tick(|_| false);
    }
    let events = pair.events(0);
    assert!(matches!(events[0], LinkEvent::Heard { after } if after > MS * 1500), "{events:?}");
}

#[test]
fn a_datagram_that_comes_twice_is_dropped_and_counted() {
    let mut pair = Pair::new(MS);
    let mut datagram = Vec::new();
    pair.ends[0].seal(MS, DatagramKind::Match, 3, b"x", &mut datagram).unwrap();
    let opened = pair.ends[1].open(MS * 2, &datagram).unwrap();
    assert_eq!(opened, Opened { kind: DatagramKind::Match, epoch: 3, payload: b"x" });
    assert_eq!(pair.ends[1].open(MS * 3, &datagram), Err(OpenError::Duplicate));
    assert_eq!(pair.ends[1].stats(MS * 3).counters.duplicates, 1);
}

#[test]
fn what_is_not_a_datagram_is_counted_and_teaches_nothing() {
    let mut link = Link::new(LinkConfig::default(), Duration::ZERO);
    for bytes in [&[][..], &[1], &[9; 40], &[0xff; 12], &[0; 2000]] {
        assert!(link.open(MS, bytes).is_err());
    }
    let stats = link.stats(MS);
    assert_eq!((stats.counters.malformed, stats.counters.datagrams_received), (5, 0));
    assert_eq!(stats.rtt, None);
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_ignored() {
    let mut liar = Link::new(LinkConfig::default(), Duration::ZERO);
    let header = DatagramHeader::new(DatagramKind::KeepAlive, 0, 0, 0, 999, 0);
    liar.open(MS, bytemuck::bytes_of(&header)).unwrap();
    assert!(!liar.is_acked(999));
    assert_eq!(liar.stats(MS).rtt, None);
}

#[test]
fn sequences_are_acknowledged_cumulatively() {
    let mut pair = Pair::new(MS);
    for _ in 0..10 {
        pair.tick(|_| false);
    }
    assert!(pair.ends[0].is_acked(0) && pair.ends[0].is_acked(6));
    assert!(!pair.ends[0].is_acked(10));
}

#[test]
fn a_keepalive_is_due_only_when_nothing_else_was_sent() {
    let mut link = Link::new(LinkConfig::default(), Duration::ZERO);
    assert!(!link.keepalive_due(MS * 199));
    assert!(link.keepalive_due(MS * 200));
    link.seal(MS * 200, DatagramKind::KeepAlive, 0, &[], &mut Vec::new()).unwrap();
    assert!(!link.keepalive_due(MS * 399));
}

#[test]
fn a_payload_that_does_not_fit_is_refused() {
    let mut link = Link::new(LinkConfig::default(), Duration::ZERO);
    let payload = vec![0; Link::MAX_PAYLOAD + 1];
    let refused = link.seal(MS, DatagramKind::Match, 1, &payload, &mut Vec::new());
    assert_eq!(refused, Err(PayloadTooLong(Link::MAX_PAYLOAD + 1)));
}
