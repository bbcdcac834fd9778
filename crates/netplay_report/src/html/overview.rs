//! What the reports say in numbers.

use super::charts::name_of;
use super::escape::escape;
use crate::session::{DesyncReport, LinkReport, SessionReport};

pub(super) fn section(reports: &[SessionReport]) -> String {
    let cards: String = reports.iter().map(card).collect();
    format!("<p class=\"verdict\">{}</p>\n<div class=\"row\">\n{cards}</div>\n", verdict(reports))
}

/// Whether the peers agree, as far as the reports tell.
fn verdict(reports: &[SessionReport]) -> String {
    let desyncs: Vec<&DesyncReport> = reports.iter().flat_map(|it| &it.desyncs).collect();
    if let Some(first) = desyncs.iter().min_by_key(|desync| desync.frame) {
        return format!("The states differ from frame {} on.", first.frame);
    }
    let Some(first) = reports.first().filter(|_| reports.len() > 1) else {
        return "No peer had another state.".into();
    };
    let is_same =
        |report: &SessionReport| report.frames == first.frames && report.epoch == first.epoch;
    if !reports.iter().all(is_same) {
        return "No peer had another state. The reports are of different frames.".into();
    }
    let equal = reports.iter().all(|report| report.checksum == first.checksum);
    match equal {
        true => format!("At frame {} the states are equal.", first.frames),
        false => format!("At frame {} the states differ.", first.frames),
    }
}

fn card(report: &SessionReport) -> String {
    let rows = [
        ("runs on", escape(&report.platform)),
        ("ended", escape(report.ended.as_deref().unwrap_or("it was still played"))),
        ("frames", format!("{} at {} per second", report.confirmed_frame, report.frame_rate)),
        ("connected after", format!("{:.0} ms", report.connect_ms)),
        (
            "rollbacks",
            format!(
                "{}, deepest {}, longest {:.1} ms",
                report.rollbacks.count, report.rollbacks.depth_max, report.rollbacks.longest_ms
            ),
        ),
        (
            "waited",
            format!(
                "{} times, {} frames, longest {:.0} ms",
                report.stalls.count, report.stalls.frames, report.stalls.longest_ms
            ),
        ),
        ("too slow", format!("{:.0} ms lost", report.stalls.lost_ms)),
        ("checksum", format!("{} at frame {}", escape(&report.checksum), report.frames)),
    ];
    let rows: String = rows
        .iter()
        .map(|(name, text)| format!("<tr><th>{name}</th><td>{text}</td></tr>"))
        .collect();
    let links: String = report.links.iter().map(|link| link_row(report, link)).collect();
    format!(
        "<section class=\"card\"><h2>Player {}</h2><table>{rows}</table>\
         <table><thead><tr><th>link to</th><th>path</th><th>RTT ms</th><th>jitter</th><th>loss %</th>\
         <th>rollbacks caused</th></tr></thead><tbody>{links}</tbody></table></section>\n",
        usize::from(report.local_player) + 1
    )
}

fn link_row(report: &SessionReport, link: &LinkReport) -> String {
    let [path, local, remote] = [&link.path, &link.local_candidate, &link.remote_candidate]
        .map(|part| escape(part.as_deref().unwrap_or("-")));
    let caused = report.rollbacks.by_player.get(usize::from(link.player)).copied().unwrap_or(0);
    format!(
        "<tr><td>{}</td><td>{path} ({local}, {remote})</td><td>{:.0} ({:.0} to {:.0})</td><td>{:.1}</td>\
         <td>{:.1}</td><td>{caused}</td></tr>",
        escape(&name_of(link)),
        link.rtt_ms,
        link.rtt_min_ms,
        link.rtt_max_ms,
        link.jitter_ms,
        link.loss * 100.0,
    )
}
