//! Keeps the report in the storage of the tab, so that a page that has crashed has it when it is loaded again.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::common_conditions::on_real_timer;
use netplay_report::session::SessionReport;
use wasm_bindgen::prelude::*;

use super::build::report_of;
use super::last::LastReport;
use crate::in_match;

#[wasm_bindgen(module = "/src/report/storage.js")]
extern "C" {
    fn keep(report: &str);
    fn kept() -> Option<String>;
}

/// A page that crashes loses no more of its report.
const EVERY: Duration = Duration::from_secs(10);

pub(super) fn plugin(app: &mut App) {
    app.add_systems(PreStartup, restore).add_systems(
        Last,
        (keep_running.run_if(in_match).run_if(on_real_timer(EVERY)), keep_last).chain(),
    );
}

/// The report of the page before this one.
fn restore(mut last: ResMut<LastReport>) {
    let Some(text) = kept() else { return };
    match SessionReport::read(text.as_bytes()) {
        Ok(report) => {
            let ended = report.ended.clone();
            let ended = ended.unwrap_or_else(|| "the page was loaded again, or crashed".into());
            last.bypass_change_detection().0 = Some(SessionReport { ended: Some(ended), ..report });
        }
        Err(error) => debug!("the report in the storage of the tab is not read: {error}"),
    }
}

/// The match is still played.
fn keep_running(world: &mut World) {
    if let Some(report) = report_of(world) {
        keep_report(&report);
    }
}

/// A match has ended.
fn keep_last(last: Res<LastReport>) {
    if last.is_changed()
        && let Some(report) = &last.0
    {
        keep_report(report);
    }
}

fn keep_report(report: &SessionReport) {
    match report.to_json() {
        Ok(text) => keep(&text),
        Err(error) => debug!("the report is not kept: {error}"),
    }
}
