//! Messages of the game between the peers of a room.

use std::sync::Arc;

use netplay_protocol::{MessageDelivery, MessagePacket, MessageType, MessageTypes};

use super::network::{Network, key, peer};
use crate::messages::tests::noise;
use crate::messages::{EncodedMessage, MessageError, MessageEvent};
use crate::path::Channel;
use crate::room::RoomConfig;
use crate::transport::TransportEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn message_type(name: &str, version: u16) -> MessageType {
    let delivery = MessageDelivery::Reliable;
    MessageType { name: name.into(), version, delivery, max_bytes: 16_000_000 }
}

const CHAT: u8 = 0;
const FILE: u8 = 1;

/// Types in an order of their own for each peer.
fn with_types(joining: usize, config: &mut RoomConfig) {
    let mut types = vec![message_type("chat", 1), message_type("file", 1)];
    if joining % 2 == 1 {
        types.reverse();
    }
    config.messages = Arc::new(MessageTypes::new(types).unwrap());
}

fn send(
    network: &mut Network,
    from: usize,
    to: usize,
    number: u8,
    id: u64,
    bytes: &[u8],
) -> Result<(), MessageError> {
    let room = &mut network.nodes.get_mut(&from).unwrap().room;
    let it = room.config().messages.get(number).unwrap().clone();
    room.send_message(key(to), number, id, &EncodedMessage::new(&it, bytes.to_vec())?)
}

/// What happened to messages at a peer since the last call.
fn events(network: &mut Network, at: usize) -> Vec<(usize, MessageEvent)> {
    let room = &mut network.nodes.get_mut(&at).unwrap().room;
    std::iter::from_fn(|| room.poll_message_event()).map(|(from, it)| (peer(from), it)).collect()
}

fn received(number: u8, bytes: &[u8]) -> MessageEvent {
    MessageEvent::Received { message_type: number, message: bytes.to_vec() }
}

#[test]
fn messages_arrive_in_the_lobby_and_during_a_match() {
    let mut network = Network::configured(300, 3, with_types);
    network.join(0);
    network.join(1);
    network.run(60);
    send(&mut network, 0, 1, CHAT, 1, b"hello").unwrap();
    network.run(10);
    assert_eq!(events(&mut network, 1), [(0, received(CHAT, b"hello"))]);
    assert_eq!(events(&mut network, 0), [(1, MessageEvent::Delivered { id: 1 })]);
    assert_eq!(send(&mut network, 0, 2, CHAT, 2, b"hello"), Err(MessageError::NoSuchPeer));
    network.join(2);
    network.run_until("a match runs", |network| network.confirmed(0..3) >= 60);
    let file = noise(1, 1_000_000);
    for to in [1, 2] {
        send(&mut network, 0, to, FILE, 3, &file).unwrap();
    }
    send(&mut network, 2, 1, CHAT, 4, b"good luck").unwrap();
    network.run_until("both have it", |network| {
        let outgoing = |peer: &crate::room::Peer| peer.link.messages().outgoing().count();
        network.nodes[&0].room.peers().map(outgoing).sum::<usize>() == 0
    });
    let at_one = events(&mut network, 1);
    assert!(
        at_one.contains(&(2, received(CHAT, b"good luck")))
            && at_one.contains(&(0, received(FILE, &file)))
    );
    assert_eq!(
        events(&mut network, 2),
        [(0, received(FILE, &file)), (1, MessageEvent::Delivered { id: 4 })]
    );
    network.play_on(&[0, 1, 2]);
}

#[test]
fn another_version_of_a_type_is_not_exchanged_and_the_room_plays() {
    let mut network = Network::configured(301, 2, |joining, config| {
        let version = joining as u16 + 1;
        let types = vec![message_type("chat", 1), message_type("file", version)];
        config.messages = Arc::new(MessageTypes::new(types).unwrap());
    });
    network.join(0);
    // It is not known yet what the other one knows.
    network.join(1);
    network.run(2);
    send(&mut network, 0, 1, FILE, 1, b"early").unwrap();
    network.run_until("a match runs", |network| network.confirmed(0..2) >= 60);
    let reason = MessageError::NotKnown;
    assert_eq!(events(&mut network, 0), [(1, MessageEvent::Failed { id: 1, reason })]);
    assert_eq!(send(&mut network, 0, 1, FILE, 2, b"late"), Err(reason));
    send(&mut network, 0, 1, CHAT, 3, b"hello").unwrap();
    network.run(10);
    assert_eq!(events(&mut network, 1), [(0, received(CHAT, b"hello"))]);
    network.play_on(&[0, 1]);
}

#[test]
fn a_transfer_ends_with_an_error_when_the_process_of_the_receiver_restarts_and_it_can_be_sent_again()
 {
    let mut network = Network::playing_with(302, 3, with_types);
    let file = noise(1, 2_000_000);
    for to in [1, 2] {
        send(&mut network, 0, to, FILE, 7, &file).unwrap();
    }
    network.run(20);
    assert!(network.nodes[&1].room.peers().any(|peer| peer.link.messages().incoming().count() > 0));
    network.restart(1);
    network.run_until("it is told", |network| {
        let link = &network.nodes[&0].room.peers[&key(1)].link;
        link.messages().outgoing().count() == 0
    });
    let reason = MessageError::PeerRestarted;
    assert!(events(&mut network, 0).contains(&(1, MessageEvent::Failed { id: 7, reason })));
    send(&mut network, 0, 1, FILE, 8, &file).unwrap();
    network.run_until("it has arrived", |network| {
        let links = network.nodes[&0].room.peers.values();
        links.map(|peer| peer.link.messages().outgoing().count()).sum::<usize>() == 0
    });
    let delivered = events(&mut network, 0);
    assert!(delivered.contains(&(1, MessageEvent::Delivered { id: 8 })), "{delivered:?}");
    assert!(delivered.contains(&(2, MessageEvent::Delivered { id: 7 })), "{delivered:?}");
    assert_eq!(events(&mut network, 1), [(0, received(FILE, &file))]);
    network.play_on(&[0, 1, 2]);
}

#[test]
fn a_transfer_to_a_peer_that_leaves_fails() {
    let mut network = Network::configured(303, 3, with_types);
    (0..2).for_each(|peer| network.join(peer));
    network.run(60);
    send(&mut network, 0, 1, FILE, 1, &noise(1, 5_000_000)).unwrap();
    network.run(10);
    network.leave(1);
    network.run(120);
    let reason = MessageError::NoSuchPeer;
    assert_eq!(events(&mut network, 0), [(1, MessageEvent::Failed { id: 1, reason })]);
}

#[test]
fn a_peer_that_breaks_the_rules_of_messages_is_muted_and_its_inputs_count() {
    let mut network = Network::playing_with(304, 2, with_types);
    let link = &network.nodes[&0].room.peers[&key(1)].link;
    let (from, to) = link.message_incarnations().unwrap();
    let packet = MessagePacket { from, to, number: 1_000_000, sent: 0 }.header();
    let packet = [&packet[..], &[99, 99]].concat();
    let path = network.path(0, 1).unwrap();
    let (peer, at, channel) = (key(0), network.now, Channel::Datagram);
    network.deliver(1, TransportEvent::Received { peer, path, at, channel, packet });
    network.run(5);
    let messages = network.nodes[&1].room.peers[&key(0)].link.messages();
    assert!(messages.is_muted());
    assert_eq!(messages.counters().malformed, 1);
    assert_eq!(send(&mut network, 1, 0, CHAT, 1, b"hello"), Err(MessageError::PeerMuted));
    network.play_on(&[0, 1]);
    assert!(network.dropped(1).is_empty());
}
