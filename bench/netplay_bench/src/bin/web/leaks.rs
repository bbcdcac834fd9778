//! Connections that are alive on two pages which play with each other.

use std::path::Path;

use browser_driver::Page;
use serde_json::{Value, json};

use crate::players::{Players, run, wait_for};
use crate::signaling::Stack;

/// How many frames of a rematch are played before the next.
const FRAMES: u32 = 5;

pub fn measure(dist: &Path, rematches: u32, reconnects: u32) -> Result<Value, String> {
    let players = Players::open(dist, Stack::Ours, None, "")?;
    players.join()?;
    let pages = &players.pages;
    for page in pages {
        wait_for(page, "window.probe.state?.confirmed >= 60")?;
    }

    for epoch in 2..=rematches + 1 {
        for page in pages {
            run(page, "window.wasmBindings.wish('restart'); return null;")?;
        }
        for page in pages {
            let plays = format!(
                "window.probe.state.epoch === {epoch} && window.probe.state.confirmed >= {FRAMES}"
            );
            wait_for(page, &plays)?;
        }
    }
    let rematched = count(pages)?;

    for number in 0..reconnects {
        // In turn: either side may be the one that notices first.
        let broken = &pages[number as usize % pages.len()];
        let made = run(broken, "return window.probe.made;")?;
        run(broken, "for (const one of window.probe.live) one.close(); return null;")?;
        let back = format!(
            "window.probe.made > {made} && window.probe.live.size > 0 \
             && window.probe.state.links[0].path === 'direct'"
        );
        wait_for(broken, &back)?;
    }
    let frames: Vec<Value> = confirmed(pages)?;
    for (page, frame) in pages.iter().zip(frames) {
        // What is replaced is closed a little later: two seconds of play are enough.
        wait_for(page, &format!("window.probe.state.confirmed > {frame} + 120"))?;
    }
    let reconnected = count(pages)?;
    Ok(json!({
        "rematches": rematches, "live_after_rematches": rematched["live"], "made_after_rematches": rematched["made"],
        "reconnects": reconnects, "live_after_reconnects": reconnected["live"], "made_after_reconnects": reconnected["made"],
    }))
}

fn confirmed(pages: &[Page]) -> Result<Vec<Value>, String> {
    pages.iter().map(|page| run(page, "return window.probe.state.confirmed;")).collect()
}

/// The connections of each page: alive now, and made so far.
fn count(pages: &[Page]) -> Result<Value, String> {
    let of = |script| pages.iter().map(|page| run(page, script)).collect::<Result<Vec<_>, _>>();
    Ok(json!({
        "live": of("return window.probe.live.size;")?, "made": of("return window.probe.made;")?,
    }))
}
