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
    let (mut reports, mut browsers_rtt) = (Vec::new(), Vec::new());
    for page in &players.pages {
        reports.push(wait_for(page, "window.probe.report")?);
        let stats = wait_for(page, "window.probe.stats()")?;
        browsers_rtt.push(stats[0]["rtt_ms"].as_f64());
    }
    let checksum = &reports[0]["checksum"];
    if checksum.is_null() || reports.iter().any(|report| report["checksum"] != *checksum) {
        return Err(format!("the pages ended in different states: {reports:?}"));
    }
    let of = |name: &str| reports.iter().map(|report| report[name].as_f64()).collect::<Option<_>>();
    let of = |name: &str| -> Result<Vec<f64>, String> {
        of(name).ok_or_else(|| format!("a page does not report {name}: {reports:?}"))
    };
    // Whoever joins first waits for the other one to join: that is not the doing of a stack.
    let last_to_join = |values: Vec<f64>| values.into_iter().fold(f64::INFINITY, f64::min);
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    // What the plain stack does not tell.
    let more = |report: &dyn Fn(&Value) -> Option<f64>| -> Option<f64> {
        reports.iter().map(report).collect::<Option<Vec<_>>>().map(mean)
    };
    let browsers_rtt: Option<Vec<f64>> = browsers_rtt.into_iter().collect();
    Ok(json!({
        "rtt_min_ms": more(&|report| report["links"][0]["rtt_min_ms"].as_f64()),
        "facade_median_us_per_frame": more(&|report| report["facade_median_us_per_frame"].as_f64()),
        "browsers_rtt_ms": browsers_rtt.map(mean),
        "connect_ms": last_to_join(of("connect_ms")?),
        "first_confirmed_ms": last_to_join(of("first_confirmed_ms")?),
        "netcode_us_per_frame": mean(of("netcode_us_per_frame")?),
        "netcode_median_us_per_frame": mean(of("netcode_median_us_per_frame")?),
        "reports": reports,
    }))
}
