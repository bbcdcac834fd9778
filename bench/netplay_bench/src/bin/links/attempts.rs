//! Attempts one after the other, between two transports of this process.

use std::time::{Duration, Instant};

use bevy_netplay::protocol::signaling::Entry;
use bevy_netplay::protocol::{Identity, PeerKey};
use bevy_netplay::transport::rtc::RtcTransport;
use bevy_netplay::transport::{JoinRequest, PathId, Transport, TransportEvent, TransportRequest};
use serde_json::{Value, json};

/// No attempt takes longer.
const PATIENCE: Duration = Duration::from_secs(15);

struct Peer {
    key: PeerKey,
    transport: RtcTransport,
    started: Instant,
}

impl Peer {
    fn join(server: &str, name: u8) -> Self {
        let identity = Identity::from_secret(&[name; 32]);
        let key = identity.peer_key();
        let entry = Entry::Room("BENCH".into());
        let request = JoinRequest {
            servers: vec![server.to_owned()],
            seed: name.into(),
            ..JoinRequest::new(entry, 2, identity)
        };
        Self { key, transport: RtcTransport::join(request), started: Instant::now() }
    }

    fn events(&mut self) -> Vec<TransportEvent> {
        self.transport.poll(self.started.elapsed());
        std::iter::from_fn(|| self.transport.poll_event()).collect()
    }
}

/// Polls both until something has happened to both.
fn both<T>(
    pair: &mut [Peer; 2],
    what: &str,
    mut of: impl FnMut(&TransportEvent) -> Option<T>,
) -> Result<[T; 2], String> {
    let begun = Instant::now();
    let mut found = [None, None];
    loop {
        for (peer, found) in pair.iter_mut().zip(&mut found) {
            for event in peer.events() {
                if let TransportEvent::AttemptFailed { reason, .. } = &event {
                    return Err(format!("an attempt failed: {reason}"));
                }
                if found.is_none() {
                    *found = of(&event);
                }
            }
        }
        if let [Some(_), Some(_)] = found
            && let (Some(first), Some(second)) = (found[0].take(), found[1].take())
        {
            return Ok([first, second]);
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("waited {} s until {what}", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

pub fn measure(count: u32) -> Result<Value, String> {
    let server = netplay_bench::signaling_server(None)?;
    let mut pair = [1, 2].map(|name| Peer::join(&server.url(), name));
    both(&mut pair, "both are in the room", |event| match event {
        TransportEvent::Roster(roster) if roster.is_complete() => Some(()),
        _ => None,
    })?;
    let [a, b] = pair.each_ref().map(|peer| peer.key);
    let mut milliseconds = Vec::new();
    for attempt in 0..count {
        let begun = Instant::now();
        // In turn, and with a pause: what one side may offer in a short time is limited.
        let (side, other) = if attempt % 2 == 0 { (0, b) } else { (1, a) };
        pair[side].transport.request(TransportRequest::Attempt(other));
        let paths: [PathId; 2] = both(&mut pair, "the connection is open", |event| match event {
            TransportEvent::PathUp { path, .. } => Some(*path),
            _ => None,
        })?;
        milliseconds.push(begun.elapsed().as_secs_f64() * 1000.0);
        pair[0].transport.request(TransportRequest::Close(b, paths[0]));
        pair[1].transport.request(TransportRequest::Close(a, paths[1]));
        // What closes must not cost what opens next.
        std::thread::sleep(Duration::from_millis(300));
    }
    Ok(json!({ "ms": milliseconds }))
}
