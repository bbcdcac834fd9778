//! Two links with one path on a virtual clock.

use netplay_protocol::PathStamp;

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MS: Duration = Duration::from_millis(1);
const PATH: PathId = PathId(1);

/// A link with one path.
fn link() -> Link {
    let mut link = Link::new(LinkConfig::default(), PathPolicy::Direct, false, 1, Duration::ZERO);
    link.path_opened(Duration::ZERO, PATH, PathKind::Direct);
    assert!(link.next_event().is_some_and(|event| matches!(event, LinkEvent::PathChanged { .. })));
    link
}

/// The datagrams that a link wants to be sent.
fn sent(link: &mut Link) -> Vec<Vec<u8>> {
    let packet = |command| match command {
        LinkCommand::Transmit { channel: Channel::Datagram, packet, .. } => Some(packet),
        _ => None,
    };
    std::iter::from_fn(|| link.next_command()).filter_map(packet).collect()
}

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
            self.ends[end].receive(at, PATH, &datagram).unwrap();
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
    assert!(matches!(&events[0], LinkEvent::Heard { after } if *after > MS * 1500), "{events:?}");
}

#[test]
fn a_datagram_that_comes_twice_is_dropped_and_counted() {
    let (mut a, mut b) = (link(), link());
    a.send(MS, 3, b"x", true).unwrap();
    let datagram = &sent(&mut a)[0];
    let opened = b.receive(MS * 2, PATH, datagram).unwrap();
    assert_eq!(opened, Opened { kind: DatagramKind::Match, epoch: 3, payload: b"x" });
    assert_eq!(b.receive(MS * 3, PATH, datagram), Err(ReceiveError::Duplicate));
    assert_eq!(b.receive(MS * 3, PathId(2), datagram), Err(ReceiveError::Duplicate));
    assert_eq!(b.stats(MS * 3).counters.duplicates, 2);
}

#[test]
fn what_is_not_a_datagram_is_counted_and_teaches_nothing() {
    let mut link = link();
    for bytes in [&[][..], &[1], &[9; 40], &[0xff; 12], &[0; 2000]] {
        assert!(link.receive(MS, PATH, bytes).is_err());
        assert!(link.receive_reliable(MS, PATH, bytes).is_err());
    }
    let stats = link.stats(MS);
    assert_eq!((stats.counters.malformed, stats.counters.datagrams_received), (10, 0));
    assert_eq!(stats.rtt, None);
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_is_ignored() {
    let mut link = link();
    let stamp = PathStamp { sequence: 0, sent: 0, ack: Some((999, 0)) };
    let header = DatagramHeader::new(DatagramKind::KeepAlive, 0, 0, 1, stamp);
    link.receive(MS, PATH, bytemuck::bytes_of(&header)).unwrap();
    assert_eq!(link.stats(MS).rtt, None);
}

#[test]
fn a_keepalive_is_sent_only_when_nothing_else_was() {
    let mut link = link();
    let mut at = |ms| {
        link.handle_timeout(MS * ms);
        if ms == 150 {
            link.send(MS * ms, 1, b"input", true).unwrap();
        }
        sent(&mut link).len()
    };
    assert_eq!([10, 99, 109, 110, 150, 249, 250].map(&mut at), [1, 0, 0, 1, 1, 0, 1]);
}

#[test]
fn a_payload_or_message_that_does_not_fit_is_refused() {
    let mut link = link();
    let payload = vec![0; Link::MAX_PAYLOAD + 1];
    assert_eq!(link.send(MS, 1, &payload, true), Err(TooLong(Link::MAX_PAYLOAD + 1)));
    let message = vec![0; Link::MAX_MESSAGE + 1];
    let refused = link.send_reliable(MS, message);
    assert_eq!(refused, Err(MessageError::TooLong(TooLong(Link::MAX_MESSAGE + 1))));
}

#[test]
fn inputs_are_counted_for_what_the_path_turns_out_to_be() {
    let mut link = link();
    for _ in 0..3 {
        link.send(MS, 1, b"input", true).unwrap();
    }
    link.send(MS, 1, b"acknowledgement", false).unwrap();
    assert_eq!((link.inputs_by(PathKind::Direct), link.inputs_by(PathKind::Turn)), (3, 0));
    link.path_known(PATH, PathKind::Turn);
    assert_eq!((link.inputs_by(PathKind::Direct), link.inputs_by(PathKind::Turn)), (0, 3));
    assert_eq!(link.stats(MS).path, Some(PathKind::Turn));
}

#[test]
fn a_flood_is_muted_and_told_and_the_link_lives() {
    let mut link = link();
    for ms in 0..40_000 {
        let _ = link.receive(MS * ms, PATH, b"garbage");
    }
    let told = std::iter::from_fn(|| link.next_event()).any(|event| event == LinkEvent::Flooded);
    let counters = link.stats(MS * 40_000).counters;
    assert!(told && counters.muted > 30_000, "{counters:?}");
}

#[test]
fn standing_still_ourselves_says_nothing_about_the_path() {
    let mut pair = Pair::new(MS * 10);
    for _ in 0..50 {
        pair.tick(|_| false);
    }
    pair.now += MS * 3000;
    let now = pair.now;
    pair.ends[0].handle_timeout(now);
    assert_eq!(pair.ends[0].stats(now).path, Some(PathKind::Direct));
    let commands: Vec<_> = std::iter::from_fn(|| pair.ends[0].next_command()).collect();
    let asked = |command: &LinkCommand| !matches!(command, LinkCommand::Transmit { .. });
    assert!(!commands.iter().any(asked), "{commands:?}");
}

/// The reliable packets that a link wants to be sent.
fn said(link: &mut Link) -> Vec<Vec<u8>> {
    let packet = |command| match command {
        LinkCommand::Transmit { channel: Channel::Reliable, packet, .. } => Some(packet),
        _ => None,
    };
    std::iter::from_fn(|| link.next_command()).filter_map(packet).collect()
}

#[test]
fn a_peer_that_was_started_anew_is_heard_from_its_beginning() {
    let start = |instance| {
        let config = LinkConfig::default();
        let mut link = Link::new(config, PathPolicy::Direct, false, instance, Duration::ZERO);
        link.path_opened(Duration::ZERO, PATH, PathKind::Direct);
        link
    };
    let (mut us, mut before, mut anew) = (start(1), start(5), start(6));
    for _ in 0..300 {
        before.send(MS, 1, b"old", true).unwrap();
    }
    before.send_reliable(MS, b"hello".to_vec()).unwrap();
    let last = sent(&mut before).pop().unwrap();
    before.send_reliable(MS, b"late".to_vec()).unwrap();
    let late = said(&mut before);
    assert_eq!(us.receive_reliable(MS, PATH, &late[0]), Ok(false));
    assert!(us.receive(MS, PATH, &last).is_ok());
    us.send_reliable(MS, b"for the one before".to_vec()).unwrap();

    anew.send_reliable(MS, b"hello again".to_vec()).unwrap();
    anew.send(MS, 0, b"new", true).unwrap();
    let datagram = sent(&mut anew).pop().unwrap();
    assert_eq!(us.receive(MS, PATH, &datagram), Err(ReceiveError::Stale));
    anew.handle_timeout(MS * 900);
    let again = said(&mut anew);
    assert_eq!(us.receive_reliable(MS * 900, PATH, &again[0]), Ok(true));
    assert_eq!(us.next_message(), Some(b"hello again".to_vec()), "nothing of the one before");
    assert!(us.receive(MS * 900, PATH, &datagram).is_ok());
    assert_eq!(us.receive(MS * 900, PATH, &last), Err(ReceiveError::Stale));
    assert_eq!(us.receive_reliable(MS * 900, PATH, &late[0]), Err(ReceiveError::Stale));

    // What was to be said to the one before is for nobody; what is said now is.
    us.send_reliable(MS * 901, b"welcome back".to_vec()).unwrap();
    for packet in said(&mut us) {
        let taken = anew.receive_reliable(MS * 901, PATH, &packet);
        assert!(matches!(taken, Ok(false) | Err(ReceiveError::Stale)), "{taken:?}");
    }
    assert_eq!(anew.next_message(), Some(b"welcome back".to_vec()));
    assert_eq!(anew.next_message(), None);
}
