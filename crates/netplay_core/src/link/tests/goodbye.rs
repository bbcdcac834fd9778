//! The last message of a process.

use netplay_protocol::DatagramKind;

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const OTHER: PathId = PathId(2);

/// A link with two paths.
fn two_paths() -> Link {
    let mut link = link();
    link.handle_path_up(Duration::ZERO, OTHER, PathKind::Direct);
    sent(&mut link);
    link
}

fn transmits(link: &mut Link) -> Vec<Transmit> {
    std::iter::from_fn(|| link.poll_transmit()).collect()
}

/// Hands a packet over as a room does.
fn receive(link: &mut Link, Transmit { path, channel, packet }: &Transmit) {
    match channel {
        Channel::Reliable => drop(link.handle_reliable(MS, *path, packet)),
        Channel::Datagram => {
            if let Ok(datagram) = link.handle_datagram(MS, *path, packet) {
                assert_eq!(datagram.kind, DatagramKind::Reliable);
                link.handle_message(MS, *path, datagram.payload).unwrap();
            }
        }
    }
}

#[test]
fn the_last_message_travels_on_every_path_and_as_a_datagram_and_is_taken_once() {
    let mut a = two_paths();
    a.send_reliable(MS, b"before".to_vec()).unwrap();
    a.send_last(MS, b"bye".to_vec()).unwrap();
    let packets = transmits(&mut a);
    for path in [PATH, OTHER] {
        let channels: Vec<_> =
            packets.iter().filter(|it| it.path == path).map(|it| it.channel).collect();
        // On each path: what is not acknowledged, in its order.
        let expected = [Channel::Reliable, Channel::Reliable, Channel::Datagram];
        assert_eq!(channels, expected, "{path:?}");
    }
    let mut b = two_paths();
    packets.iter().for_each(|packet| receive(&mut b, packet));
    let messages: Vec<_> = std::iter::from_fn(|| b.poll_message()).collect();
    assert_eq!(messages, [b"before".to_vec(), b"bye".to_vec()]);
}

#[test]
fn any_of_its_packets_is_enough() {
    let mut a = two_paths();
    a.send_last(MS, b"bye".to_vec()).unwrap();
    let packets = transmits(&mut a);
    assert_eq!(packets.len(), 4);
    for packet in &packets {
        let mut b = two_paths();
        receive(&mut b, packet);
        assert_eq!(b.poll_message().as_deref(), Some(&b"bye"[..]), "{packet:?}");
    }
}

#[test]
fn a_long_backlog_is_repeated_in_part_and_a_long_message_is_no_datagram() {
    let mut a = two_paths();
    (0..100).for_each(|_| a.send_reliable(MS, vec![0; 100]).unwrap());
    transmits(&mut a);
    a.send_last(MS, vec![1; Link::MAX_PAYLOAD]).unwrap();
    let packets = transmits(&mut a);
    let on_other = packets.iter().filter(|it| it.path == OTHER).count();
    assert_eq!((packets.len(), on_other), (33, 32));
    assert!(packets.iter().all(|it| it.channel == Channel::Reliable));
}
