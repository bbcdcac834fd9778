//! What happened: marks in the charts, and a table.

use super::axis::Axis;
use super::escape::escape;
use super::svg::Mark;
use crate::session::{EventKind, SessionReport, TimelineEvent};

/// The events of a report as marks.
pub(super) fn marks(report: &SessionReport, index: usize, axis: &Axis) -> Vec<Mark> {
    let mark = |event: &TimelineEvent| {
        let class = class(event.kind)?;
        let at = axis.fraction(index, event.at_ms);
        (0.0..=1.0).contains(&at).then(|| Mark { at, class, title: sentence(event) })
    };
    report.events.iter().filter_map(mark).collect()
}

/// How the mark of an event looks; none for an event without one.
fn class(kind: EventKind) -> Option<&'static str> {
    use EventKind::*;

    match kind {
        Desync | Dropped => Some("bad"),
        Interrupted | Stalled | PeerStalled | TooSlow | Away => Some("warn"),
        PathChanged | Rejoining | InputDelayChanged | MatchStarted | MatchEnded => Some("note"),
        _ => None,
    }
}

fn sentence(event: &TimelineEvent) -> String {
    let mut sentence = event.kind.to_string();
    if let Some(player) = event.player {
        sentence.push_str(&format!(", player {}", usize::from(player) + 1));
    }
    if !event.text.is_empty() {
        sentence.push_str(&format!(": {}", event.text));
    }
    if let Some(lasted) = event.lasted_ms {
        sentence.push_str(&format!(" ({lasted:.0} ms)"));
    }
    sentence
}

/// The events of all reports as a table, in the order of time.
pub(super) fn section(reports: &[SessionReport], axis: &Axis) -> String {
    let mut rows: Vec<(f64, usize, &TimelineEvent)> = Vec::new();
    for (index, report) in reports.iter().enumerate() {
        rows.extend(report.events.iter().map(|event| (axis.at(index, event.at_ms), index, event)));
    }
    rows.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let mut html = String::from(
        "<section><h2>Events</h2><table><thead><tr><th>s</th><th>frame</th><th>at</th><th>what</th></tr></thead><tbody>\n",
    );
    for (at, index, event) in rows {
        let local = reports[index].local_player;
        html.push_str(&format!(
            "<tr class=\"{}\"><td>{:.2}</td><td>{}</td><td>player {}</td><td>{}</td></tr>\n",
            class(event.kind).unwrap_or_default(),
            at / 1000.0,
            event.frame,
            usize::from(local) + 1,
            escape(&sentence(event))
        ));
    }
    html.push_str("</tbody></table></section>\n");
    html
}
