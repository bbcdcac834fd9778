//! What a match notices when its direct path is cut, mended, and when a connection is closed.

use std::time::{Duration, Instant};

use bevy_netplay::prelude::{LinkPath, PathPolicy};
use serde_json::{Value, json};

use crate::duo::Duo;

/// How long a path stays cut.
const CUT: Duration = Duration::from_secs(8);

/// What was noticed.
#[derive(Default)]
struct Notice {
    /// Until an input was confirmed that the path before had not brought.
    confirmed: Option<Duration>,
    /// For how long the game stood still.
    still: Duration,
}

/// Watches a match for a while after something has happened to it.
fn watch(duo: &mut Duo, time: Duration) -> Notice {
    let begun = Instant::now();
    let mut notice = Notice::default();
    let mut last = (duo.place(), begun);
    let mut pause = Duration::ZERO;
    while begun.elapsed() < time {
        duo.step();
        let (place, now) = (duo.place(), Instant::now());
        if place.frame > last.0.frame {
            notice.still = notice.still.max(now - last.1);
            last.1 = now;
        }
        // What was on its way when it happened is still confirmed; the first after that came another way.
        if place.confirmed > last.0.confirmed {
            if pause > Duration::from_millis(40) && notice.confirmed.is_none() {
                notice.confirmed = Some(begun.elapsed());
            }
            pause = Duration::ZERO;
        } else {
            pause += Duration::from_micros(16_667);
        }
        last.0 = place;
    }
    notice
}

pub fn measure() -> Result<Value, String> {
    let mut duo = Duo::start(PathPolicy::Any)?;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let on = |duo: &Duo, kind| duo.paths().iter().all(|path| *path == Some(kind));

    duo.cut(true);
    let cut = watch(&mut duo, CUT);
    if !on(&duo, LinkPath::Relay) {
        return Err(format!("a cut path still carries: {:?}", duo.paths()));
    }
    duo.cut(false);
    let mended = Instant::now();
    while !on(&duo, LinkPath::Direct) {
        duo.step();
        if mended.elapsed() > Duration::from_secs(30) {
            return Err(format!("not back on the direct path: {:?}", duo.paths()));
        }
    }
    let back = mended.elapsed();
    // A connection must have carried for a while before its end is one of its own.
    watch(&mut duo, Duration::from_secs(2));
    duo.close();
    let closed = watch(&mut duo, Duration::from_secs(2));
    Ok(json!({
        "cut_confirmed_ms": cut.confirmed.map(ms),
        "cut_still_ms": ms(cut.still),
        "back_ms": ms(back),
        // Where nothing was missed, the next frame brought it.
        "closed_confirmed_ms": ms(closed.confirmed.unwrap_or(Duration::from_millis(40))),
        "closed_still_ms": ms(closed.still),
    }))
}
