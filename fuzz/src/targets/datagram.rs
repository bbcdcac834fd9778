//! The header of datagrams between peers.

use netplay_protocol::limits::MAX_DATAGRAM_BYTES;
use netplay_protocol::{DatagramHeader, DatagramKind, PathStamp};
use rand::RngExt;

use crate::{Random, Target, examples};

pub const DATAGRAM: Target =
    Target { name: "datagram", check, example, words: &[], test_runs: 2_000_000 };

/// What splits is put together again: the same header, the same payload.
fn check(input: &[u8]) {
    let Ok((header, kind, payload)) = DatagramHeader::split(input) else { return };
    let (epoch, sequence) = (header.epoch(), header.sequence());
    let again = DatagramHeader::new(kind, epoch, sequence, header.incarnation(), header.stamp());
    let datagram = [bytemuck::bytes_of(&again), payload].concat();
    assert!(datagram.len() <= MAX_DATAGRAM_BYTES);
    assert_eq!(DatagramHeader::split(&datagram), Ok((again, kind, payload)));
    assert_eq!(again.stamp(), header.stamp());
    assert_eq!((again.epoch(), again.sequence()), (epoch, sequence));
    assert_eq!(again.incarnation(), header.incarnation());
}

fn example(random: &mut Random) -> Vec<u8> {
    let kind = [DatagramKind::Match, DatagramKind::KeepAlive, DatagramKind::Reliable];
    let kind = kind[random.random_range(0..3)];
    let ack = examples::option(random, |random| (random.random(), random.random()));
    let stamp = PathStamp { sequence: random.random(), sent: random.random(), ack };
    let header =
        DatagramHeader::new(kind, random.random(), random.random(), random.random(), stamp);
    [bytemuck::bytes_of(&header), &examples::bytes(random, 1184)].concat()
}
