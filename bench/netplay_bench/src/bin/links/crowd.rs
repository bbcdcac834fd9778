//! What a match costs each of four players, and each of eight: bytes that it sends, and time on the main thread.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_netplay::bench::measure_update;
use bevy_netplay::prelude::*;
use serde_json::{Value, json};

use crate::paired_apps;

const FRAME: Duration = Duration::from_nanos(16_666_667);
/// From this frame on it is measured, and for so many frames.
const WARM_UP: i32 = 240;
const FRAMES: u32 = 900;

pub fn measure() -> Result<Value, String> {
    Ok(json!({ "four": play(4)?, "eight": play(8)? }))
}

/// The figures of each player. Of the updates, the median: each simulates one frame, which is nearly nothing here.
fn play(players: u8) -> Result<Value, String> {
    let server = netplay_bench::signaling_server(None)?;
    let mut apps: Vec<App> = (0..players)
        .map(|number| {
            let number = number.into();
            paired_apps::player(number, players, server.url(), PathPolicy::Direct, |_| {})
        })
        .collect();
    let begun = Instant::now();
    let mut next = begun;
    while apps.iter().any(|app| app.world().resource::<ConfirmedFrameCount>().0 < WARM_UP) {
        next = step(&mut apps, next, |_, _| {});
        if begun.elapsed() > Duration::from_secs(60) {
            return Err(format!("the match of {players} did not start"));
        }
    }

    let before: Vec<u64> = apps.iter().map(sent).collect();
    let mut updates = vec![Vec::new(); apps.len()];
    let begun = Instant::now();
    for _ in 0..FRAMES {
        next = step(&mut apps, next, |app, took| updates[app].push(took.as_secs_f64() * 1e6));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let bytes_per_second = apps.iter().zip(before);
    let bytes_per_second: Vec<_> =
        bytes_per_second.map(|(app, before)| (sent(app) - before) as f64 / seconds).collect();
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let main_thread_us: Vec<_> = updates.into_iter().map(median).collect();
    let measuring = apps.iter_mut().map(measuring_us).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({
        "bytes_per_second": bytes_per_second,
        "main_thread_us": main_thread_us,
        "measuring_us": measuring,
    }))
}

/// What measuring takes of an update: links, samples and diagnostics.
fn measuring_us(app: &mut App) -> Result<f64, String> {
    const TIMES: u32 = 2000;
    let begun = Instant::now();
    measure_update(app.world_mut(), TIMES)?;
    Ok(begun.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES))
}

/// Waits for the next frame and lets every App run it, spread over the frame as on machines of their own. Returns when
/// the frame after it is due.
fn step(apps: &mut [App], due: Instant, mut took: impl FnMut(usize, Duration)) -> Instant {
    let share = FRAME / apps.len() as u32;
    // A late frame does not make the next ones shorter.
    let mut due = due.max(Instant::now());
    for (index, app) in apps.iter_mut().enumerate() {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due += share;
        let begun = Instant::now();
        app.update();
        took(index, begun.elapsed());
    }
    due
}

/// How many bytes an App has sent on all its links.
fn sent(app: &App) -> u64 {
    app.world().resource::<PeerLinks>().iter().map(|link| link.counters.bytes_sent).sum()
}
