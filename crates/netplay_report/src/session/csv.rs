//! A report as tables of comma-separated values (RFC 4180), for spreadsheets and data frames.

use std::fmt::Write as _;

use super::{LinkReport, SessionReport};

impl SessionReport {
    /// The series as one table: a line for each sample of the simulation, with the last sample before it of each link.
    pub fn series_to_csv(&self) -> String {
        let series = &self.series;
        let mut table = String::from(
            "at_ms,frame,frames,updates,longest_update_ms,rollbacks,depth,rollback_ms,stalled,lost_ms,confirmed_lag,\
             frame_advantage,input_delay",
        );
        for link in &self.links {
            for name in LINK_COLUMNS {
                let _ = write!(table, ",player_{}_{name}", usize::from(link.player) + 1);
            }
        }
        table.push_str("\r\n");
        for (row, at) in series.at_ms.iter().enumerate() {
            // A series may be from a file: a column that is too short has empty cells.
            let mut cells = vec![
                at.to_string(),
                cell(&series.frame, row),
                cell(&series.frames, row),
                cell(&series.updates, row),
                cell(&series.longest_update_ms, row),
                cell(&series.rollbacks, row),
                cell(&series.depth, row),
                cell(&series.rollback_ms, row),
                cell(&series.stalled, row),
                cell(&series.lost_ms, row),
                cell(&series.confirmed_lag, row),
                cell(&series.frame_advantage, row),
                cell(&series.input_delay, row),
            ];
            for link in &self.links {
                cells.extend(link_cells(link, *at));
            }
            table.push_str(&cells.join(","));
            table.push_str("\r\n");
        }
        table
    }

    /// The events as one table.
    pub fn events_to_csv(&self) -> String {
        let mut table = String::from("at_ms,frame,kind,player,lasted_ms,text\r\n");
        for event in &self.events {
            let player = event.player.map(|player| (usize::from(player) + 1).to_string());
            let cells = [
                event.at_ms.to_string(),
                event.frame.to_string(),
                event.kind.to_string(),
                player.unwrap_or_default(),
                event.lasted_ms.map(|lasted| lasted.to_string()).unwrap_or_default(),
                quoted(&event.text),
            ];
            table.push_str(&cells.join(","));
            table.push_str("\r\n");
        }
        table
    }
}

/// What is told of each link.
const LINK_COLUMNS: [&str; 11] = [
    "path",
    "rtt_ms",
    "jitter_ms",
    "loss",
    "datagrams_sent",
    "bytes_sent",
    "datagrams_received",
    "bytes_received",
    "inputs",
    "frame_advantage",
    "input_lag",
];

/// The last sample of a link that ends at this time or before it.
fn link_cells(link: &LinkReport, at: f64) -> [String; LINK_COLUMNS.len()] {
    let series = &link.series;
    let after = series.at_ms.partition_point(|end| *end <= at);
    let Some(row) = after.checked_sub(1) else { return Default::default() };
    let path = series.path.chars().nth(row).map(path_name).unwrap_or_default();
    [
        path.to_owned(),
        cell(&series.rtt_ms, row),
        cell(&series.jitter_ms, row),
        cell(&series.loss, row),
        cell(&series.datagrams_sent, row),
        cell(&series.bytes_sent, row),
        cell(&series.datagrams_received, row),
        cell(&series.bytes_received, row),
        cell(&series.inputs, row),
        cell(&series.frame_advantage, row),
        cell(&series.input_lag, row),
    ]
}

fn path_name(letter: char) -> &'static str {
    match letter {
        'd' => "direct",
        't' => "turn",
        'r' => "relay",
        'm' => "memory",
        _ => "",
    }
}

fn cell<T: ToString>(column: &[T], row: usize) -> String {
    column.get(row).map(ToString::to_string).unwrap_or_default()
}

/// A text in quotation marks. Spreadsheets take what begins with one of these characters for a formula, and the text may
/// be a peer's.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
