//! The header of packets that the server relays.

use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES};
use netplay_protocol::{RelayChannel, RelayHeader};
use rand::RngExt;

use crate::{Random, Target, examples};

pub const RELAY: Target =
    Target { name: "relay", check, example, words: &[], test_runs: 1_500_000 };

/// What splits is put together to the same bytes.
fn check(input: &[u8]) {
    let Ok((channel, peer, packet)) = RelayHeader::split(input) else { return };
    assert_eq!(RelayHeader::new(channel, peer).frame(packet), input);
    let most = match channel {
        RelayChannel::Datagram => MAX_DATAGRAM_BYTES,
        RelayChannel::Reliable => MAX_CONTROL_BYTES,
    };
    assert!(packet.len() <= most);
}

fn example(random: &mut Random) -> Vec<u8> {
    let channel = if random.random() { RelayChannel::Datagram } else { RelayChannel::Reliable };
    RelayHeader::new(channel, examples::peer(random)).frame(&examples::bytes(random, 1300))
}
