//! What the agent and the link cost, for each frame and peer.

use std::time::{Duration, Instant};

use bevy_netplay::core::link::{Link, LinkConfig};
use bevy_netplay::core::path::{Channel, PathId, PathKind, PathPolicy};
use bevy_netplay::core::transport::TransportEvent;
use bevy_netplay::prelude::PeerKey;
use serde_json::{Value, json};

const FRAMES: u32 = 60_000;
const PATH: PathId = PathId(1);

/// Both ends of a link, frame by frame: each sends, receives and lets time pass.
pub fn measure() -> Value {
    let keys = [1, 2].map(|name| PeerKey::from_bytes([name; 16]));
    let link = |local: usize| {
        let (config, peer) = (LinkConfig::default(), keys[1 - local]);
        let mut link = Link::new(config, PathPolicy::Any, keys[local], peer, 1, Duration::ZERO);
        let up = TransportEvent::PathUp { peer, path: PATH, kind: PathKind::Direct };
        link.handle_event(Duration::ZERO, &up);
        link
    };
    let mut ends = [link(0), link(1)];
    let payload = [7; 20];
    let mut packets: [Vec<Vec<u8>>; 2] = [Vec::new(), Vec::new()];
    let begun = Instant::now();
    for frame in 0..FRAMES {
        let now = Duration::from_micros(16_667) * frame;
        for end in 0..2 {
            for packet in packets[end].drain(..) {
                // What does not fit is dropped, as it is in a game.
                let _ = std::hint::black_box(ends[end].handle_datagram(now, PATH, &packet));
            }
            ends[end].handle_timeout(now);
            let _ = ends[end].send(now, 1, &payload, true);
            while let Some(transmit) = ends[end].poll_transmit() {
                if transmit.channel == Channel::Datagram {
                    packets[1 - end].push(transmit.packet);
                }
            }
            while ends[end].poll_request().is_some() {}
            while ends[end].poll_event().is_some() {}
        }
    }
    let per_end = begun.elapsed() / (2 * FRAMES);
    json!({ "us": per_end.as_secs_f64() * 1e6 })
}
