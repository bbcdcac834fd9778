//! A match of two pages.

use std::path::Path;

use serde_json::{Value, json};

use crate::players::{Players, run, wait_for};
use crate::signaling::Stack;

pub fn measure(dist: &Path, stack: Stack, frames: u32) -> Result<Value, String> {
    let players = Players::open(dist, stack, &format!("&frames={frames}"))?;
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
    // The plain stack does not tell.
    let rtt = reports.iter().map(|report| report["links"][0]["rtt_min_ms"].as_f64());
    let rtt: Option<Vec<f64>> = rtt.collect();
    let browsers_rtt: Option<Vec<f64>> = browsers_rtt.into_iter().collect();
    Ok(json!({
        "rtt_min_ms": rtt.map(mean),
        "browsers_rtt_ms": browsers_rtt.map(mean),
        "connect_ms": last_to_join(of("connect_ms")?),
        "first_confirmed_ms": last_to_join(of("first_confirmed_ms")?),
        "netcode_us_per_frame": mean(of("netcode_us_per_frame")?),
        "netcode_median_us_per_frame": mean(of("netcode_median_us_per_frame")?),
        "reports": reports,
    }))
}
