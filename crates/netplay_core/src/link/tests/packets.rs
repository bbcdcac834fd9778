//! What a link makes of single packets.

use netplay_protocol::{DatagramKind, PathStamp};

use super::*;
use crate::path::{CandidateKind, Candidates};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_datagram_that_comes_twice_is_dropped_and_counted() {
    let (mut a, mut b) = (link(), link());
    a.send(MS, 3, b"x", true).unwrap();
    let datagram = &sent(&mut a)[0];
    let opened = b.handle_datagram(MS * 2, PATH, datagram).unwrap();
    assert_eq!(opened, ReceivedDatagram { kind: DatagramKind::Match, epoch: 3, payload: b"x" });
    assert_eq!(b.handle_datagram(MS * 3, PATH, datagram), Err(ReceiveError::Duplicate));
    assert_eq!(b.handle_datagram(MS * 3, PathId(2), datagram), Err(ReceiveError::Duplicate));
    assert_eq!(b.stats(MS * 3).counters.duplicates, 2);
}

#[test]
fn a_malformed_packet_is_counted_and_changes_no_estimate() {
    let mut link = link();
    for bytes in [&[][..], &[1], &[9; 40], &[0xff; 12], &[0; 2000]] {
        assert!(link.handle_datagram(MS, PATH, bytes).is_err());
        assert!(link.handle_reliable(MS, PATH, bytes).is_err());
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
    link.handle_datagram(MS, PATH, bytemuck::bytes_of(&header)).unwrap();
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
fn inputs_are_counted_for_the_kind_that_the_path_turns_out_to_be() {
    let mut link = link();
    for _ in 0..3 {
        link.send(MS, 1, b"input", true).unwrap();
    }
    link.send(MS, 1, b"acknowledgement", false).unwrap();
    assert_eq!((link.inputs_sent(PathKind::Direct), link.inputs_sent(PathKind::Turn)), (3, 0));
    let candidates =
        Candidates { local: CandidateKind::Relay, remote: CandidateKind::ServerReflexive };
    link.handle_path_known(PATH, PathKind::Turn, candidates);
    assert_eq!((link.inputs_sent(PathKind::Direct), link.inputs_sent(PathKind::Turn)), (0, 3));
    let stats = link.stats(MS);
    assert_eq!((stats.path, stats.candidates), (Some(PathKind::Turn), Some(candidates)));
}

#[test]
fn a_flood_is_muted_and_reported_and_the_link_lives() {
    let mut link = link();
    for ms in 0..40_000 {
        let _ = link.handle_datagram(MS * ms, PATH, b"garbage");
    }
    let reported =
        std::iter::from_fn(|| link.poll_event()).any(|event| event == LinkEvent::Flooded);
    let counters = link.stats(MS * 40_000).counters;
    assert!(reported && counters.muted > 30_000, "{counters:?}");
}

#[test]
fn a_restarted_peer_is_received_from_its_first_packet() {
    let (mut local, mut before, mut restarted) = (link_of(1), link_of(5), link_of(6));
    for _ in 0..300 {
        before.send(MS, 1, b"old", true).unwrap();
    }
    before.send_reliable(MS, b"hello".to_vec()).unwrap();
    let last = sent(&mut before).pop().unwrap();
    before.send_reliable(MS, b"late".to_vec()).unwrap();
    let late = sent_reliably(&mut before);
    assert_eq!(local.handle_reliable(MS, PATH, &late[0]), Ok(false));
    assert!(local.handle_datagram(MS, PATH, &last).is_ok());
    local.send_reliable(MS, b"for the one before".to_vec()).unwrap();

    restarted.send_reliable(MS, b"hello again".to_vec()).unwrap();
    restarted.send(MS, 0, b"new", true).unwrap();
    let datagram = sent(&mut restarted).pop().unwrap();
    assert_eq!(local.handle_datagram(MS, PATH, &datagram), Err(ReceiveError::Stale));
    restarted.handle_timeout(MS * 900);
    let again = sent_reliably(&mut restarted);
    assert_eq!(local.handle_reliable(MS * 900, PATH, &again[0]), Ok(true));
    assert_eq!(local.poll_message(), Some(b"hello again".to_vec()), "nothing of the predecessor");
    assert!(local.handle_datagram(MS * 900, PATH, &datagram).is_ok());
    assert_eq!(local.handle_datagram(MS * 900, PATH, &last), Err(ReceiveError::Stale));
    assert_eq!(local.handle_reliable(MS * 900, PATH, &late[0]), Err(ReceiveError::Stale));

    // What was to be sent to the predecessor is lost; what is sent now arrives.
    local.send_reliable(MS * 901, b"welcome back".to_vec()).unwrap();
    for packet in sent_reliably(&mut local) {
        let received = restarted.handle_reliable(MS * 901, PATH, &packet);
        assert!(matches!(received, Ok(false) | Err(ReceiveError::Stale)), "{received:?}");
    }
    assert_eq!(restarted.poll_message(), Some(b"welcome back".to_vec()));
    assert_eq!(restarted.poll_message(), None);
}
