//! Relayed packets.

use futures::StreamExt;
use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES};
use netplay_protocol::signaling::{
    ClientMessage, ConnectionType, Presence, Refusal, ServerMessage,
};
use netplay_protocol::{RelayChannel, RelayHeader};
use netplay_server::{LimitsConfig, Server, ServerConfig};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, generous, key, metric, patient, start, start_with, within};

fn relay(to: u16, open: bool) -> ClientMessage {
    ClientMessage::Relay { to: key(to), open }
}

fn packet(channel: RelayChannel, to: u16, bytes: &[u8]) -> Message {
    Message::binary(RelayHeader::new(channel, key(to)).frame(bytes))
}

/// Two peers of a room with an open relay from the first to the second.
async fn opened(server: &Server) -> (Client, Client) {
    opened_in(server, "room").await
}

async fn opened_in(server: &Server, room: &str) -> (Client, Client) {
    let mut first = Client::joined(server, room, 3, 1, &[1]).await;
    let mut second = Client::joined(server, room, 3, 2, &[1, 2]).await;
    first.expect_roster(3, &[1, 2]).await;
    first.send(&relay(2, true)).await;
    second.expect_relay(1, true).await;
    (first, second)
}

#[tokio::test]
async fn a_packet_is_relayed_unchanged_with_the_key_of_its_sender() {
    let server = start();
    let (mut first, mut second) = opened(&server).await;
    let largest = vec![9; MAX_CONTROL_BYTES];
    for (channel, bytes) in [
        (RelayChannel::Datagram, &b""[..]),
        (RelayChannel::Datagram, &[7; MAX_DATAGRAM_BYTES]),
        (RelayChannel::Reliable, &largest),
    ] {
        first.send_raw(packet(channel, 2, bytes)).await;
        let frame = second.next_packet().await;
        assert_eq!(RelayHeader::split(&frame), Ok((channel, key(1), bytes)));
    }
    let relayed = metric(&server, "netplay_relayed_packets_total{channel=\"datagram\"}").await;
    assert_eq!(relayed, 2);
}

#[tokio::test]
async fn packets_are_relayed_only_on_open_relays_and_within_the_room() {
    let server = start();
    let mut stranger = Client::joined(&server, "other", 2, 9, &[9]).await;
    let (mut first, mut second) = opened(&server).await;
    // Not to another room, not in the other direction, and not after closing.
    first.send(&relay(9, true)).await;
    first.send_raw(packet(RelayChannel::Reliable, 9, b"to a stranger")).await;
    second.send_raw(packet(RelayChannel::Reliable, 1, b"not asked for")).await;
    first.send_raw(packet(RelayChannel::Reliable, 2, b"carried")).await;
    first.send(&relay(2, false)).await;
    first.send_raw(packet(RelayChannel::Reliable, 2, b"too late")).await;
    first.send(&relay(2, true)).await;
    assert_eq!(second.next_packet().await[RelayHeader::BYTES..], *b"carried");
    second.expect_relay(1, false).await;
    second.expect_relay(1, true).await;
    // The next message that each of the others receives is another one.
    Client::joined(&server, "other", 2, 8, &[9, 8]).await;
    stranger.expect_roster(2, &[9, 8]).await;
    second.send(&ClientMessage::Leave).await;
    first.expect_presence(2, Presence::Left).await;
    assert_eq!(metric(&server, "netplay_relay_dropped_total").await, 3);
}

#[tokio::test]
async fn open_relays_are_counted_in_all_rooms_and_a_relayed_pair_once() {
    let server = start();
    let open = async || metric(&server, "netplay_open_relays").await;
    let relayed = async || metric(&server, "netplay_links_total{path=\"relay\"}").await;
    let (mut first, mut second) = opened(&server).await;
    let (mut third, mut fourth) = opened_in(&server, "other").await;
    second.send(&relay(1, true)).await;
    first.expect_relay(2, true).await;
    assert_eq!((open().await, relayed().await), (3, 0));
    for (peer, to) in [(&mut first, 2), (&mut second, 1), (&mut third, 9)] {
        let connected = |to| ClientMessage::Connected { to: key(to), path: ConnectionType::Relay };
        peer.send(&connected(to)).await;
        peer.send(&connected(to)).await;
        // What was sent before has been handled once this is answered.
        peer.send(&ClientMessage::Ping).await;
        assert_eq!(peer.next().await, Some(ServerMessage::Pong));
    }
    // Of the second pair, which could count, nobody has said so.
    assert_eq!(relayed().await, 1);
    third.send(&ClientMessage::Leave).await;
    fourth.expect_presence(1, Presence::Left).await;
    assert_eq!(open().await, 2);
}

#[tokio::test]
async fn a_malformed_packet_costs_the_slot() {
    let server = start();
    let long = vec![0; MAX_DATAGRAM_BYTES + 1];
    for frame in [
        Message::binary(Vec::new()),
        Message::binary(vec![1; 17]),
        Message::binary(vec![2; 30]),
        packet(RelayChannel::Datagram, 2, &long),
    ] {
        let mut client = Client::joined(&server, "room", 2, 1, &[1]).await;
        client.send_raw(frame).await;
        assert!(matches!(client.expect_refusal().await, Refusal::Malformed { .. }));
    }
}

#[tokio::test]
async fn size_limits_can_be_reduced() {
    let limits = LimitsConfig { datagram_bytes: 100, message_bytes: 500, ..generous() };
    let server = start_with(ServerConfig { limits, ..patient() });
    let (mut first, mut second) = opened(&server).await;
    first.send_raw(packet(RelayChannel::Datagram, 2, &[7; 100])).await;
    assert_eq!(second.next_packet().await.len(), RelayHeader::BYTES + 100);
    first.send_raw(packet(RelayChannel::Datagram, 2, &[7; 101])).await;
    assert_eq!(first.expect_refusal().await, Refusal::TooLarge);
    second.send_raw(Message::text(" ".repeat(501))).await;
    second.expect_presence(1, Presence::Left).await;
    second.expect_roster(3, &[2]).await;
    assert_eq!(second.expect_refusal().await, Refusal::TooLarge);
}

#[tokio::test]
async fn the_oldest_datagrams_to_a_slow_receiver_are_dropped_and_counted() {
    let limits = LimitsConfig { relay_queue_datagrams: 8, ..generous() };
    let server = start_with(ServerConfig { limits, ..patient() });
    let (mut first, mut second) = opened(&server).await;
    // More than fits into the buffers of the sockets in between.
    let mut sent = 0u32;
    while metric(&server, "netplay_relay_dropped_total").await < 100 {
        for _ in 0..500 {
            let mut bytes = [0; MAX_DATAGRAM_BYTES];
            bytes[..4].copy_from_slice(&sent.to_be_bytes());
            first.send_raw(packet(RelayChannel::Datagram, 2, &bytes)).await;
            sent += 1;
        }
    }
    // The newest is kept, and what is in between comes in order.
    let mut numbers = Vec::new();
    while numbers.last() != Some(&(sent - 1)) {
        let frame = second.next_packet().await;
        let number = frame[RelayHeader::BYTES..][..4].try_into().unwrap();
        numbers.push(u32::from_be_bytes(number));
    }
    assert!(numbers.is_sorted());
    let dropped = metric(&server, "netplay_relay_dropped_total").await;
    assert_eq!(numbers.len() as u64 + dropped, u64::from(sent));
}

/// The packets that a receiver has not read yet, up to one from this sender with these bytes.
async fn read_until(receiver: &mut Client, from: u16, last: &[u8]) -> Vec<u32> {
    let mut numbers = Vec::new();
    loop {
        let frame = receiver.next_packet().await;
        let (_, sender, packet) = RelayHeader::split(&frame).unwrap();
        if (sender, packet) == (key(from), last) {
            return numbers;
        }
        assert_eq!(sender, key(1));
        numbers.push(u32::from_be_bytes(packet[..4].try_into().unwrap()));
    }
}

#[tokio::test]
async fn a_member_that_does_not_read_holds_up_nobody_and_loses_what_exceeds_the_share_of_its_sender()
 {
    let server = start();
    let (mut first, mut deaf) = opened(&server).await;
    let mut third = Client::joined(&server, "room", 3, 3, &[1, 2, 3]).await;
    first.expect_roster(3, &[1, 2, 3]).await;
    deaf.expect_roster(3, &[1, 2, 3]).await;
    let mut sent = 0u32;
    while metric(&server, "netplay_relay_dropped_total").await < 100 {
        for _ in 0..100 {
            let mut bytes = vec![0; MAX_CONTROL_BYTES];
            bytes[..4].copy_from_slice(&sent.to_be_bytes());
            first.send_raw(packet(RelayChannel::Reliable, 2, &bytes)).await;
            sent += 1;
        }
    }
    // Its sender goes on with everybody else, and everybody else has a share.
    first.send(&relay(3, true)).await;
    first.send_raw(packet(RelayChannel::Reliable, 3, b"to the third")).await;
    third.expect_relay(1, true).await;
    assert_eq!(third.next_packet().await[RelayHeader::BYTES..], *b"to the third");
    third.send(&relay(2, true)).await;
    third.send_raw(packet(RelayChannel::Reliable, 2, b"from the third")).await;
    third.send(&relay(1, true)).await;
    first.expect_relay(3, true).await;
    // What was kept arrives in order.
    let mut numbers = Vec::new();
    loop {
        match within(deaf.socket.next()).await {
            Some(Ok(Message::Binary(frame))) => {
                let (_, _, packet) = RelayHeader::split(&frame).unwrap();
                numbers.push(u32::from_be_bytes(packet[..4].try_into().unwrap()));
            }
            Some(Ok(Message::Text(text))) => {
                let opened = ServerMessage::Relay { from: key(3), open: true };
                assert_eq!(serde_json::from_str::<ServerMessage>(&text).unwrap(), opened);
                break;
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => panic!("{other:?}"),
        }
    }
    numbers.extend(read_until(&mut deaf, 3, b"from the third").await);
    assert!(numbers.is_sorted());
    let dropped = metric(&server, "netplay_relay_dropped_total").await;
    assert_eq!(numbers.len() as u64 + dropped, u64::from(sent));
}
