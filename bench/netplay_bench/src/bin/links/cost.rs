//! What the agent and the link cost, for each frame and peer.

use std::time::{Duration, Instant};

use bevy_netplay::core::link::{Link, LinkCommand, LinkConfig};
use bevy_netplay::core::path::{Channel, PathId, PathKind, PathPolicy};
use serde_json::{Value, json};

const FRAMES: u32 = 60_000;
const PATH: PathId = PathId(1);

/// Both ends of a link, frame by frame: each sends, receives and lets time pass.
pub fn measure() -> Value {
    let link = |yields| {
        let mut link = Link::new(LinkConfig::default(), PathPolicy::Any, yields, 1, Duration::ZERO);
        link.path_opened(Duration::ZERO, PATH, PathKind::Direct);
        link
    };
    let mut ends = [link(false), link(true)];
    let payload = [7; 20];
    let mut packets: [Vec<Vec<u8>>; 2] = [Vec::new(), Vec::new()];
    let begun = Instant::now();
    for frame in 0..FRAMES {
        let now = Duration::from_micros(16_667) * frame;
        for end in 0..2 {
            for packet in packets[end].drain(..) {
                // What does not fit is dropped, as it is in a game.
                let _ = std::hint::black_box(ends[end].receive(now, PATH, &packet));
            }
            ends[end].handle_timeout(now);
            let _ = ends[end].send(now, 1, &payload, true);
            while let Some(command) = ends[end].next_command() {
                if let LinkCommand::Transmit { channel: Channel::Datagram, packet, .. } = command {
                    packets[1 - end].push(packet);
                }
            }
            while ends[end].next_event().is_some() {}
        }
    }
    let per_end = begun.elapsed() / (2 * FRAMES);
    json!({ "us": per_end.as_secs_f64() * 1e6 })
}
