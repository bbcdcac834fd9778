//! The emulated network in the address of a page or on a command line, and packets through what it says.

use std::time::Duration;

use netplay_core::emulator::{EmulatedDirection, NetworkConditions, NetworkEmulation};
use netplay_core::path::{Channel, PathId};
use netplay_protocol::PeerKey;
use rand::RngExt;
use rand::seq::IndexedRandom;

use crate::{Random, Target, examples};

pub const NETWORK: Target = Target {
    name: "network",
    check,
    example,
    words: &[
        "out:",
        "in:",
        "both:",
        "in@0123456789abcdef0123456789abcdef:",
        ";",
        ",",
        "latency_ms=",
        "queue_ms=60000",
        "rate_kbit=unlimited",
        "rate_kbit=1",
        "loss=1",
        "burst=1000",
        "1e-300",
        "NaN",
        "inf",
        "-0",
        "mobile",
        "perfect",
    ],
    test_runs: 200_000,
};

/// A text is refused with a sentence, or is written again as it was meant; packets through the network neither get
/// stuck nor is a reliable one lost.
fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let emulation: NetworkEmulation = match text.parse() {
        Ok(emulation) => emulation,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(emulation.to_string().parse(), Ok(emulation.clone()), "{emulation}");
    let path = (PeerKey::from_bytes([1; 16]), PathId(1));
    let mut direction = EmulatedDirection::new(1);
    direction.set(
        Duration::ZERO,
        emulation.incoming.clone(),
        [(path.0, emulation.outgoing)].into(),
    );
    for packet in 0..4_u8 {
        let now = Duration::from_millis(packet.into());
        direction.push(now, path, Channel::Datagram, 1200, packet);
        direction.push(now, path, Channel::Reliable, 1200, 10 + packet);
    }
    direction.set(Duration::from_secs(1), emulation.incoming, [].into());
    let reliable = std::iter::from_fn(|| direction.pop(Duration::from_secs(1_000_000)))
        .map(|arrival| arrival.content)
        .filter(|packet| *packet >= 10);
    assert!(reliable.eq(10..14), "{text}");
    assert_eq!(direction.next_due(), None);
}

const PARTS: [&str; 12] = [
    "latency_ms=50",
    "jitter_ms=10.5",
    "loss=0.05",
    "loss=1",
    "burst=3",
    "duplicate=0.01",
    "reorder=0.01",
    "rate_kbit=1",
    "rate_kbit=4000",
    "rate_kbit=unlimited",
    "queue_ms=0",
    "lag=1",
];

fn example(random: &mut Random) -> Vec<u8> {
    let mut directions = ["out:", "in:", "both:", "", "in@0123456789abcdef0123456789abcdef:"]
        .iter()
        .filter(|_| random.random_range(0..3) == 0)
        .map(|direction| (*direction).to_owned())
        .collect::<Vec<String>>();
    for direction in &mut directions {
        let mut parts = examples::several(random, 5, |random| *PARTS.choose(random).unwrap_or(&""));
        if let Some((name, _)) = NetworkConditions::PRESETS.choose(random)
            && (parts.is_empty() || random.random())
        {
            parts.insert(0, name);
        }
        direction.push_str(&parts.join(","));
    }
    directions.join(";").into_bytes()
}
