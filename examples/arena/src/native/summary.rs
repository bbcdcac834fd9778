//! The table at the end of a demo, made from the reports of the bots.

use std::path::Path;

use bevy_netplay::SessionReport;
use example_runner::native::console;

/// Reads a report. The error says why there is none.
pub fn read(file: &Path) -> Result<SessionReport, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    SessionReport::read(&bytes).map_err(|error| error.to_string())
}

/// Prints the table and the verdict. Returns whether every bot wrote a report, and all reports have the same checksum.
pub fn show(reports: &[Result<SessionReport, String>]) -> bool {
    console::line(
        "\nplayer  connection               RTT ms  jitter ms  loss %  quality   rollbacks  deepest  stalls",
    );
    for (number, report) in (1..).zip(reports) {
        match report {
            Ok(report) => rows(report).iter().for_each(console::line),
            Err(reason) => console::line(format_args!("bot {number} wrote no report: {reason}")),
        }
    }
    let present: Vec<_> = reports.iter().flatten().collect();
    if let Some(slowest) =
        present.iter().max_by(|a, b| a.first_confirmed_ms.total_cmp(&b.first_confirmed_ms))
    {
        console::line(format_args!(
            "\nconnected after {:.0} ms, first frame confirmed after {:.0} ms",
            slowest.connect_ms, slowest.first_confirmed_ms
        ));
    }
    let (good, verdict) = verdict(reports.len(), &present);
    console::line(verdict);
    good
}

fn rows(report: &SessionReport) -> Vec<String> {
    let mut rows = Vec::new();
    for link in &report.links {
        let [path, local, remote] = [&link.path, &link.local_candidate, &link.remote_candidate]
            .map(|part| part.as_deref().unwrap_or("-"));
        let path = format!("{path} ({local}, {remote})");
        rows.push(format!(
            "P{} - P{} {path:<24} {:>6.1} {:>10.1} {:>7.1}  {:<9} {:>9} {:>8} {:>7}",
            report.local_player + 1,
            link.player + 1,
            link.rtt_ms,
            link.jitter_ms,
            link.loss * 100.0,
            link.quality,
            report.rollbacks.count,
            report.rollbacks.depth_max,
            report.stalls.count,
        ));
    }
    rows
}

fn verdict(expected: usize, reports: &[&SessionReport]) -> (bool, String) {
    let Some(first) = reports.first().filter(|_| reports.len() == expected) else {
        return (
            false,
            format!("the match did not finish: {} of {expected} bots reported", reports.len()),
        );
    };
    let desyncs: usize = reports.iter().map(|report| report.desyncs.len()).sum();
    let equal = reports
        .iter()
        .all(|report| report.checksum == first.checksum && report.frames == first.frames);
    if equal && desyncs == 0 {
        (true, format!("checksums of frame {} are equal: {}", first.frames, first.checksum))
    } else {
        let all: Vec<_> = reports.iter().map(|report| report.checksum.as_str()).collect();
        (
            false,
            format!(
                "DESYNC: checksums of frame {}: {}; {desyncs} reported",
                first.frames,
                all.join(", ")
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use bevy_netplay::DesyncReport;

    use super::*;

    fn report(checksum: &str) -> SessionReport {
        let json = serde_json::json!({
            "frames": 60, "confirmed_frame": 60, "players": 2, "local_player": 0, "checksum": checksum,
            "connect_ms": 1.0, "first_confirmed_ms": 2.0, "total_ms": 3.0, "links": [],
            "rollbacks": {
                "count": 0, "depth_max": 0, "depth_histogram": [], "frames_resimulated": 0,
                "time_ms": 0.0, "prediction_misses": 0
            },
            "stalls": { "count": 0, "frames": 0, "longest_ms": 0.0 },
            "desyncs": []
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_equal_checksums_of_all_players_pass() {
        let (one, same, other) = (report("a"), report("a"), report("b"));
        assert!(verdict(2, &[&one, &same]).0);
        assert!(!verdict(2, &[&one, &other]).0);
        assert!(!verdict(2, &[&one]).0);
        let difference =
            DesyncReport { player: 1, frame: 30, local: "b".into(), remote: "c".into() };
        let desynced = SessionReport { desyncs: vec![difference], ..report("a") };
        assert!(!verdict(2, &[&one, &desynced]).0);
    }
}
