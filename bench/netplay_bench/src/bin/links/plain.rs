//! Two plain matchbox sockets.

use std::time::{Duration, Instant};

use matchbox_socket::{PeerState, WebRtcSocket};
use serde_json::{Value, json};

pub fn measure(count: u32) -> Result<Value, String> {
    let server = netplay_bench::signaling_server(None)?;
    let mut milliseconds = Vec::new();
    for number in 0..count {
        let url = format!("{}/bench{number}", server.url());
        let join = || {
            let (socket, message_loop) =
                WebRtcSocket::builder(&url).add_unreliable_channel().build();
            (socket, smol::spawn(message_loop))
        };
        let mut pair = [join(), join()];
        let begun = Instant::now();
        let mut connected = [false; 2];
        while connected != [true; 2] {
            for ((socket, _), connected) in pair.iter_mut().zip(&mut connected) {
                let changes = socket.try_update_peers().map_err(|error| error.to_string())?;
                *connected |= changes.iter().any(|(_, state)| *state == PeerState::Connected);
            }
            if begun.elapsed() > Duration::from_secs(15) {
                return Err("plain sockets did not connect".to_owned());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        milliseconds.push(begun.elapsed().as_secs_f64() * 1000.0);
        drop(pair);
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(json!({ "ms": milliseconds }))
}
