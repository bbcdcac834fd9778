//! A match of two pages.

use std::path::Path;

use serde_json::{Value, json};

use crate::players::{Players, run, wait_for};
use crate::signaling::Stack;

/// Of the addresses for documentation (RFC 5737): nobody is there.
const DEAF_STUN: &str = "stun:192.0.2.1:3478";

pub fn measure(dist: &Path, stack: Stack, frames: u32, deaf_stun: bool) -> Result<Value, String> {
    let stun = deaf_stun.then_some(DEAF_STUN);
    let players = Players::open(dist, stack, stun, &format!("&frames={frames}"))?;
    for page in &players.pages {
        // A coarse clock would measure systems that take less than one of its steps.
        if run(page, "return window.crossOriginIsolated;")? != json!(true) {
            return Err("the page is not isolated: its clock is coarse".to_owned());
        }
    }
    players.join()?;
    let mut reports = Vec::new();
    for page in &players.pages {
        let mut report = wait_for(page, "window.probe.report")?;
        report["browser"] = wait_for(page, "window.probe.stats()")?;
        reports.push(report);
    }
    let checksum = &reports[0]["checksum"];
    if checksum.is_null() || reports.iter().any(|report| report["checksum"] != *checksum) {
        return Err(format!("the pages ended in different states: {reports:?}"));
    }
    // What the plain stack does not tell is none.
    let all = |pointer: &str| -> Option<Vec<f64>> {
        reports.iter().map(|report| report.pointer(pointer)?.as_f64()).collect()
    };
    let of = |pointer: &str| {
        all(pointer).ok_or_else(|| format!("a page does not report {pointer}: {reports:?}"))
    };
    // The first to join waits for the second: no stack can change that.
    let last_to_join = |values: Vec<f64>| values.into_iter().fold(f64::INFINITY, f64::min);
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    Ok(json!({
        "rtt_min_ms": all("/links/0/rtt_min_ms").map(mean),
        "browsers_rtt_ms": all("/browser/0/rtt_ms").map(mean),
        "facade_median_us_per_frame": all("/facade_median_us_per_frame").map(mean),
        "connect_ms": last_to_join(of("/connect_ms")?),
        "first_confirmed_ms": last_to_join(of("/first_confirmed_ms")?),
        "netcode_us_per_frame": mean(of("/netcode_us_per_frame")?),
        "netcode_median_us_per_frame": mean(of("/netcode_median_us_per_frame")?),
        "reports": reports,
    }))
}
