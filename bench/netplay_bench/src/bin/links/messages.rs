//! Messages between two Apps in a match: how long a short one takes, how long a long one, and what inputs notice of that.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::paired_apps::PairedApps;

const SHORT: usize = 100;
const LONG: usize = 1_000_000;
/// How many short messages are timed, and how many long ones.
const SHORT_ONES: usize = 120;
const LONG_ONES: usize = 20;
/// How many frames the round trips before the long ones are watched.
const FRAMES_BEFORE: usize = 600;

/// Text that cannot be compressed.
#[derive(Serialize, Deserialize)]
struct Words(String);

/// What is to be written in the next update.
#[derive(Resource, Default)]
struct ToWrite(Option<String>);

/// When a message was written last, and when one was read last.
#[derive(Resource, Default)]
struct Times {
    written: Option<Instant>,
    read: Option<Instant>,
}

fn add_messages(app: &mut App) {
    app.add_peer_message::<Words>(
        PeerMessageOptions::reliable("words", 1).max_bytes(2 * LONG as u32),
    )
    .init_resource::<ToWrite>()
    .init_resource::<Times>()
    .add_systems(Update, (write, read));
}

fn write(
    mut to_write: ResMut<ToWrite>,
    mut words: PeerMessageWriter<Words>,
    mut times: ResMut<Times>,
) {
    if let Some(text) = to_write.0.take()
        && words.write_to_all(&Words(text)).is_ok()
    {
        times.written = Some(Instant::now());
    }
}

fn read(mut words: MessageReader<FromPeer<Words>>, mut times: ResMut<Times>) {
    if words.read().count() > 0 {
        times.read = Some(Instant::now());
    }
}

/// Random letters.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let letter = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + (state >> 58) as u8)
    };
    std::iter::repeat_with(letter).take(length).collect()
}

pub fn measure() -> Result<Value, String> {
    let mut pair = PairedApps::start_with(PathPolicy::Direct, false, add_messages)?;
    let rtt = |pair: &PairedApps| pair.rtt().map(milliseconds);
    let mut before = Vec::new();
    for _ in 0..FRAMES_BEFORE {
        pair.step();
        before.extend(rtt(&pair));
    }
    let short: Result<Vec<f64>, String> =
        (0..SHORT_ONES).map(|_| take(&mut pair, noise(SHORT), |_| {})).collect();
    let short = short?;
    let (text, mut during) = (noise(LONG), Vec::new());
    let long: Result<Vec<f64>, String> = (0..LONG_ONES)
        .map(|_| take(&mut pair, text.clone(), |pair| during.extend(rtt(pair))))
        .collect();
    Ok(json!({
        "short_ms": short, "long_ms": long?, "rtt_before_ms": before, "rtt_during_ms": during,
    }))
}

/// Has the first App write a text. Returns how long it takes until the second one reads it, in milliseconds.
fn take(
    pair: &mut PairedApps,
    text: String,
    mut each_frame: impl FnMut(&PairedApps),
) -> Result<f64, String> {
    pair.world(0).resource_mut::<ToWrite>().0 = Some(text);
    *pair.world(1).resource_mut::<Times>() = Times::default();
    let begun = Instant::now();
    loop {
        pair.step_one(0);
        pair.step_one(1);
        each_frame(pair);
        let (written, read) =
            (pair.world(0).resource::<Times>().written, pair.world(1).resource::<Times>().read);
        if let (Some(written), Some(read)) = (written, read) {
            return Ok(milliseconds(read.saturating_duration_since(written)));
        }
        if begun.elapsed() > Duration::from_secs(20) {
            return Err("a message did not arrive".to_owned());
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
