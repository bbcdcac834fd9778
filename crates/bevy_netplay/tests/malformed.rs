//! Malformed packets are counted and dropped, and the match goes on.

use bevy_netplay::prelude::*;
use bevy_netplay::protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES};
use bevy_netplay::protocol::{DatagramHeader, ReliableHeader};
use bevy_netplay::transport::Channel;
use netplay_testkit::{Keys, TestApps};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// Where things are in a datagram, as the protocol documents it.
const VERSION: usize = 0;
const KIND: usize = 1;
const EPOCH: usize = 2;
const SEQUENCE: usize = 4;
const PATH_SEQUENCE: usize = 8;

#[test]
fn invalid_datagrams_are_counted_and_dropped() {
    let mut apps = playing(61);
    let real = genuine(&apps);
    let bent = |at: usize, value: u8| {
        let mut datagram = real.clone();
        datagram[at] = value;
        datagram
    };
    let mut packets = vec![
        bent(VERSION, 0),
        bent(VERSION, 2),
        bent(VERSION, 255),
        bent(KIND, 4),
        bent(KIND, 255),
        [&real[..], &vec![0; MAX_DATAGRAM_BYTES]].concat(),
        vec![3; 60_000],
    ];
    packets.extend((0..DatagramHeader::BYTES).map(|length| real[..length].to_vec()));
    for packet in packets {
        let shown = format!("{:02x?}", &packet[..packet.len().min(32)]);
        assert_counted(&mut apps, Channel::Datagram, packet, &shown);
    }
    assert_stays_in_sync(apps);
}

#[test]
fn implausible_sequence_numbers_and_epochs_are_counted_and_dropped() {
    let mut apps = playing(62);
    for jump in [10_000u16, 0x8000, 50_000] {
        let mut wild = genuine(&apps);
        let sequence = u16::from_le_bytes([wild[SEQUENCE], wild[SEQUENCE + 1]]);
        wild[SEQUENCE..][..2].copy_from_slice(&sequence.wrapping_add(jump).to_le_bytes());
        assert_counted(&mut apps, Channel::Datagram, wild, &format!("a jump of {jump}"));
    }
    for epoch in [0u16, 3, 4, 0x7fff] {
        let mut stray = next(&apps, &genuine(&apps)[DatagramHeader::BYTES..]);
        stray[EPOCH..][..2].copy_from_slice(&epoch.to_le_bytes());
        assert_counted(&mut apps, Channel::Datagram, stray, &format!("epoch {epoch}"));
    }
    assert_stays_in_sync(apps);
}

#[test]
fn datagrams_of_other_epochs_change_nothing() {
    let mut apps = playing(63);
    for epoch in [2u16, 0xffff] {
        let mut stray = next(&apps, &genuine(&apps)[DatagramHeader::BYTES..]);
        stray[EPOCH..][..2].copy_from_slice(&epoch.to_le_bytes());
        apps.inject(1, 0, Channel::Datagram, stray);
        apps.run(10);
    }
    assert_stays_in_sync(apps);
}

#[test]
fn truncated_and_extended_payloads_are_counted_and_dropped() {
    let mut apps = playing(64);
    let payload = genuine(&apps)[DatagramHeader::BYTES..].to_vec();
    for length in 1..payload.len() {
        let shown = format!("{length} of {} bytes", payload.len());
        let packet = next(&apps, &payload[..length]);
        assert_counted(&mut apps, Channel::Datagram, packet, &shown);
    }
    let packet = next(&apps, &[&payload[..], &[0]].concat());
    assert_counted(&mut apps, Channel::Datagram, packet, "a byte too many");
    assert_stays_in_sync(apps);
}

#[test]
fn messages_that_ggrs_cannot_handle_are_counted_and_dropped() {
    let mut apps = playing(65);
    let now = |apps: &TestApps| apps.world(0).resource::<RollbackFrameCount>().0;
    let frame = [size_of::<Keys>() as u8, 0, 0, 0];
    let whole = |frames: usize| bitfield_rle::encode(frame.repeat(frames));
    let size_lies = bitfield_rle::encode([9, 0, 0, 0]);

    /// What the frame of the match at the time makes of a message.
    type Message<'a> = Box<dyn Fn(i32) -> Vec<u8> + 'a>;
    let message =
        |ack: fn(i32) -> i32, start: fn(i32) -> i32, last: fn(i32) -> i32, code: Vec<u8>| {
            let message = move |now| input(ack(now), start(now), &[last(now), now], &code);
            Box::new(message) as Message
        };
    let same: fn(i32) -> i32 = |now| now - 2;
    let messages: Vec<(&str, Message)> = vec![
        ("an acknowledgement of the future", message(|now| now + 1000, same, same, whole(4))),
        ("the last acknowledgement there is", message(|_| i32::MAX, same, same, whole(4))),
        ("an acknowledgement below nothing", message(|_| -2, same, same, whole(4))),
        ("the first acknowledgement there is", message(|_| i32::MIN, same, same, whole(4))),
        ("inputs of the future", message(same, |now| now + 1000, same, whole(1))),
        ("inputs at the end of time", message(same, |_| i32::MAX - 1, same, whole(4))),
        ("inputs with a gap before them", message(same, |now| now + 40, same, whole(1))),
        ("inputs before the first frame", message(same, |_| -3, same, whole(4))),
        ("inputs at the beginning of time", message(same, |_| i32::MIN, same, whole(4))),
        ("a last frame in the future", message(same, same, |now| now + 1000, whole(4))),
        ("a last frame at the end of time", message(same, same, |_| i32::MAX, whole(4))),
        ("a last frame below nothing", message(same, same, |_| i32::MIN, whole(4))),
        ("too many inputs", message(same, same, same, whole(1000))),
        ("no input", message(same, same, same, vec![])),
        ("inputs of another size", message(same, same, same, size_lies)),
        ("half an input", message(same, same, same, bitfield_rle::encode([2, 0, 1]))),
        ("a truncated length", message(same, same, same, vec![0x80])),
        ("an endless length", message(same, same, same, vec![0xff; 12])),
        ("a run of gigabytes", message(same, same, same, vec![0xfd, 0xff, 0xff, 0xff, 0x7f])),
        ("a run of exabytes", message(same, same, same, [vec![0xff; 9], vec![1]].concat())),
        ("a literal that is not there", message(same, same, same, vec![200, 1, 2])),
        ("a checksum of the future", Box::new(|now| checksum(now - 2, now + 1000))),
        ("a checksum at the end of time", Box::new(|now| checksum(now - 2, i32::MAX))),
        ("a checksum below nothing", Box::new(|now| checksum(now - 2, i32::MIN))),
        ("checksums that are not there", Box::new(|now| [vec![7 << 2], int(now - 2)].concat())),
        ("flags that mean nothing", Box::new(|now| [vec![0xe0], int(now - 2)].concat())),
        (
            "one player too few",
            Box::new(|now| input(now - 2, now - 2, &[now - 2], &bitfield_rle::encode(frame))),
        ),
        (
            "six players too many",
            Box::new(|now| input(now - 2, now - 2, &[now; 8], &bitfield_rle::encode(frame))),
        ),
    ];
    for (name, message) in messages {
        let packet = next(&apps, &message(now(&apps)));
        assert_counted(&mut apps, Channel::Datagram, packet, name);
    }
    assert_stays_in_sync(apps);
}

#[test]
fn random_bytes_are_counted_and_dropped() {
    let mut apps = playing(66);
    let mut random = Pcg32::seed_from_u64(66);
    for round in 0..300 {
        let mut bytes = vec![0; random.random_range(1..200)];
        random.fill_bytes(&mut bytes);
        if round % 2 == 0 {
            // Behind a good header, and claiming to be inputs.
            bytes[0] |= 1;
            bytes = next(&apps, &bytes);
        }
        let shown = format!("round {round}: {bytes:02x?}");
        assert_counted(&mut apps, Channel::Datagram, bytes, &shown);
    }
    assert_stays_in_sync(apps);
}

#[test]
fn malformed_reliable_messages_are_counted_and_dropped() {
    let mut apps = playing(67);
    let mut random = Pcg32::seed_from_u64(67);
    let mut packets =
        vec![vec![], vec![5], vec![5, 0], vec![5, 0, 0xff], vec![5, 0, 0, 0xff, 0xff]];
    packets.push([vec![5, 0], vec![0; MAX_CONTROL_BYTES]].concat());
    let real = last(&apps, Channel::Reliable);
    let (header, _) = ReliableHeader::split(&real).unwrap();
    let answer = apps.hub().last_packet(apps.key(0), apps.key(1), Channel::Reliable).unwrap();
    let next = ReliableHeader::split(&answer).unwrap().0.ack + 1;
    packets.extend((next..next + 50).map(|sequence| {
        let mut bytes = vec![0; random.random_range(2..300)];
        random.fill_bytes(&mut bytes);
        // A message that there is not.
        bytes[0] |= 0x40;
        ReliableHeader { sequence, ack: 0, ..header }.packet(&bytes)
    }));
    for packet in packets {
        let shown = format!("{:02x?}", &packet[..packet.len().min(32)]);
        assert_counted(&mut apps, Channel::Reliable, packet, &shown);
    }
    assert_stays_in_sync(apps);
}

#[test]
fn packets_of_an_unknown_peer_change_nothing() {
    let mut apps = playing(68);
    let stranger = PeerKey::from_bytes([0xee; 16]);
    for channel in [Channel::Datagram, Channel::Reliable] {
        apps.hub().inject(stranger, apps.key(0), channel, genuine(&apps));
        apps.step();
    }
    assert_stays_in_sync(apps);
}

#[test]
fn a_match_starts_although_malformed_packets_came_before_it() {
    let mut apps = TestApps::builder(69).players(2).build();
    apps.join_all();
    let mut random = Pcg32::seed_from_u64(69);
    for _ in 0..20 {
        let mut bytes = vec![0; random.random_range(0..100)];
        random.fill_bytes(&mut bytes);
        apps.inject(1, 0, Channel::Datagram, bytes);
        apps.inject(1, 0, Channel::Reliable, vec![6, 0, 0x7f]);
        apps.step();
    }
    apps.run_until("all play", 600, TestApps::all_playing);
    assert_stays_in_sync(apps);
}

/// Two Apps in the middle of a match.
fn playing(seed: u64) -> TestApps {
    let mut apps = TestApps::builder(seed).players(2).start();
    apps.run_until_confirmed(100, 1000);
    apps
}

/// Injects a packet of App 1 into App 0, which counts it and plays on.
#[track_caller]
fn assert_counted(apps: &mut TestApps, channel: Channel, packet: Vec<u8>, shown: &str) {
    let malformed = |apps: &TestApps| {
        let link = apps.world(0).resource::<PeerLinks>().player(1).cloned();
        link.map(|link| link.counters.malformed)
    };
    let before = malformed(apps);
    let frame = apps.confirmed();
    apps.inject(1, 0, channel, packet);
    apps.step();
    assert_eq!(malformed(apps), before.map(|before| before + 1), "{shown}: {apps}");
    apps.run_until_confirmed(frame + 4, 60);
}

/// The match goes on for a while, in sync.
#[track_caller]
fn assert_stays_in_sync(mut apps: TestApps) {
    let frame = apps.confirmed();
    apps.run_until_confirmed(frame + 120, 600);
    assert!(apps.all_playing(), "{apps}");
    apps.assert_in_sync();
}

/// The newest packet that App 1 sent to App 0.
fn last(apps: &TestApps, channel: Channel) -> Vec<u8> {
    apps.hub().last_packet(apps.key(1), apps.key(0), channel).unwrap()
}

/// The newest datagram with inputs that App 1 sent to App 0.
fn genuine(apps: &TestApps) -> Vec<u8> {
    let datagram = last(apps, Channel::Datagram);
    assert!(datagram.len() > DatagramHeader::BYTES, "{datagram:?}: {apps}");
    datagram
}

/// A datagram with this payload that would be the next one of App 1.
fn next(apps: &TestApps, payload: &[u8]) -> Vec<u8> {
    let mut datagram = genuine(apps);
    datagram.truncate(DatagramHeader::BYTES);
    for at in [SEQUENCE, PATH_SEQUENCE] {
        let sequence = u16::from_le_bytes([datagram[at], datagram[at + 1]]);
        datagram[at..][..2].copy_from_slice(&sequence.wrapping_add(1).to_le_bytes());
    }
    datagram.extend_from_slice(payload);
    datagram
}

/// The payload of an input message: see the documentation of the wire.
fn input(ack: i32, start: i32, lasts: &[i32], code: &[u8]) -> Vec<u8> {
    let mut payload = vec![1];
    payload.extend(int(ack));
    payload.extend(int(start.wrapping_sub(ack)));
    payload.extend(lasts.iter().flat_map(|last| int(last.wrapping_sub(start))));
    payload.extend(postcard::to_stdvec(&(code.len() as u16)).unwrap());
    payload.extend_from_slice(code);
    payload
}

/// The payload of a checksum, before which there is none.
fn checksum(ack: i32, frame: i32) -> Vec<u8> {
    let previous = -1;
    let frames = [int(previous - ack), int(frame.wrapping_sub(previous))].concat();
    [vec![1 << 2], int(ack), frames, 7u64.to_le_bytes().to_vec()].concat()
}

fn int(value: i32) -> Vec<u8> {
    postcard::to_stdvec(&value).unwrap()
}
