//! Round trip time, loss, quality and silence of two links with one path of a fixed delay.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Both ends of a link whose one-way delay is fixed, ticking 60 times a second.
struct Pair {
    ends: [Link; 2],
    now: Duration,
    flying: Vec<(Duration, usize, Vec<u8>)>,
    delay: Duration,
}

impl Pair {
    fn new(delay: Duration) -> Self {
        Self { ends: [link(), link()], now: Duration::ZERO, flying: Vec::new(), delay }
    }

    /// One tick: both ends send a datagram, unless `lose` says it never arrives.
    fn tick(&mut self, mut lose: impl FnMut(usize) -> bool) {
        self.now += MS * 16;
        for end in 0..2 {
            self.ends[end].send(self.now, 1, b"input", true).unwrap();
            for datagram in sent(&mut self.ends[end]) {
                if !lose(end) {
                    self.flying.push((self.now + self.delay, 1 - end, datagram));
                }
            }
        }
        let now = self.now;
        for (at, end, datagram) in self.flying.extract_if(.., |(at, ..)| *at <= now) {
            self.ends[end].handle_datagram(at, PATH, &datagram).unwrap();
        }
        self.ends.iter_mut().for_each(|end| end.handle_timeout(now));
    }

    fn events(&mut self, end: usize) -> Vec<LinkEvent> {
        let events = std::iter::from_fn(|| self.ends[end].poll_event());
        let is_decision = |event: &LinkEvent| {
            matches!(
                event,
                LinkEvent::ConnectionChanged(_)
                    | LinkEvent::AttemptBegun(_)
                    | LinkEvent::RelayRequested(_)
                    | LinkEvent::RelayClosed
            )
        };
        events.filter(|event| !is_decision(event)).collect()
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
    assert_eq!((stats.loss, stats.quality), (0.0, LinkQuality::Good));
    assert_eq!(stats.counters.datagrams_sent, 200);
}

#[test]
fn loss_is_seen_by_the_end_that_does_not_receive_and_counts_at_once() {
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
    assert_ne!(pair.ends[0].stats(pair.now).quality, LinkQuality::Good);
}

#[test]
fn a_slow_link_is_degraded_and_recovers_only_when_it_stays_fast() {
    let mut pair = Pair::new(MS * 90);
    for _ in 0..100 {
        pair.tick(|_| false);
    }
    let degraded = LinkEvent::QualityChanged { from: LinkQuality::Good, to: LinkQuality::Degraded };
    assert_eq!(pair.events(0), [degraded]);
    pair.delay = MS * 5;
    for _ in 0..20 {
        pair.tick(|_| false);
    }
    assert_eq!(pair.events(0), [], "not before it has lasted for a second");
    for _ in 0..100 {
        pair.tick(|_| false);
    }
    let good = LinkEvent::QualityChanged { from: LinkQuality::Degraded, to: LinkQuality::Good };
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
    let lost = LinkEvent::QualityChanged { from: LinkQuality::Good, to: LinkQuality::Lost };
    assert_eq!(pair.events(0), [LinkEvent::Silent, lost]);
    assert_eq!(pair.events(1), []);
    for _ in 0..5 {
        pair.tick(|_| false);
    }
    let events = pair.events(0);
    assert!(matches!(&events[0], LinkEvent::Heard { after } if *after > MS * 1500), "{events:?}");
}

#[test]
fn a_pause_of_the_local_process_says_nothing_about_the_path() {
    let mut pair = Pair::new(MS * 10);
    for _ in 0..50 {
        pair.tick(|_| false);
    }
    pair.now += MS * 3000;
    let now = pair.now;
    pair.ends[0].handle_timeout(now);
    assert_eq!(pair.ends[0].stats(now).path, Some(PathKind::Direct));
    assert_eq!(pair.ends[0].poll_request(), None);
}
