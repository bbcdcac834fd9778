//! Failover as a match sees it: its direct path is cut and restored, then its connection is closed.

use std::time::{Duration, Instant};

use bevy_netplay::prelude::{LinkPath, PathPolicy};
use serde_json::{Value, json};

use crate::paired_apps::PairedApps;

/// How long a path stays cut.
const CUT: Duration = Duration::from_secs(8);

/// How a fault showed in the match.
#[derive(Default)]
struct Effect {
    /// The time until an input was confirmed that had not arrived on the old path.
    confirmed: Option<Duration>,
    /// The longest time without a new frame.
    still: Duration,
}

/// Watches a match for a while after a fault.
fn watch(pair: &mut PairedApps, time: Duration) -> Effect {
    let begun = Instant::now();
    let mut effect = Effect::default();
    let mut last = (pair.progress(), begun);
    let mut pause = Duration::ZERO;
    while begun.elapsed() < time {
        pair.step();
        let (progress, now) = (pair.progress(), Instant::now());
        if progress.frame > last.0.frame {
            effect.still = effect.still.max(now - last.1);
            last.1 = now;
        }
        // What was in flight at the fault is still confirmed; the first input after a pause came on another path.
        if progress.confirmed > last.0.confirmed {
            if pause > Duration::from_millis(40) && effect.confirmed.is_none() {
                effect.confirmed = Some(begun.elapsed());
            }
            pause = Duration::ZERO;
        } else {
            pause += Duration::from_micros(16_667);
        }
        last.0 = progress;
    }
    effect
}

pub fn measure() -> Result<Value, String> {
    let mut pair = PairedApps::start(PathPolicy::Any)?;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let on = |pair: &PairedApps, kind| pair.paths().iter().all(|path| *path == Some(kind));

    pair.cut(true);
    let cut = watch(&mut pair, CUT);
    if !on(&pair, LinkPath::Relay) {
        return Err(format!("a cut path is still the primary one: {:?}", pair.paths()));
    }
    pair.cut(false);
    let restored = Instant::now();
    while !on(&pair, LinkPath::Direct) {
        pair.step();
        if restored.elapsed() > Duration::from_secs(30) {
            return Err(format!("not back on the direct path: {:?}", pair.paths()));
        }
    }
    let back = restored.elapsed();
    // The agent tells the end of a path that was used for a while from a failed attempt.
    watch(&mut pair, Duration::from_secs(2));
    pair.close();
    let closed = watch(&mut pair, Duration::from_secs(2));
    Ok(json!({
        "cut_confirmed_ms": cut.confirmed.map(ms),
        "cut_still_ms": ms(cut.still),
        "back_ms": ms(back),
        // Without a pause, the next frame brought it.
        "closed_confirmed_ms": ms(closed.confirmed.unwrap_or(Duration::from_millis(40))),
        "closed_still_ms": ms(closed.still),
    }))
}
