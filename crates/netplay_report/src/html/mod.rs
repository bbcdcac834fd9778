//! Session reports as one page of HTML, which needs nothing but a browser: no network, no other file.
//!
//! The reports of several peers stand side by side on one time axis. Their clocks differ, so they are laid over each
//! other by the frames of the simulation, which are the same on every peer.
//!
//! A report may come from anybody, and so may every text in it: what is written into the page is escaped.

mod axis;
mod charts;
mod escape;
mod events;
mod overview;
mod svg;

use crate::session::SessionReport;
use axis::Axis;
use escape::escape;

/// How many reports fit on a page: those of a match.
pub const MAX_REPORTS: usize = 8;

/// Draws reports as a page, in the order of their players. More than [`MAX_REPORTS`] are not drawn.
///
/// ```
/// use netplay_report::html;
/// use netplay_report::session::SessionReport;
///
/// let report = SessionReport { players: 2, game: "pong <1>".into(), ..SessionReport::default() };
/// let page = html::page(&[report]);
/// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("pong &lt;1&gt;"));
/// ```
pub fn page(reports: &[SessionReport]) -> String {
    let mut reports = reports[..reports.len().min(MAX_REPORTS)].to_vec();
    reports.sort_by_key(|report| report.local_player);
    let reports = reports.as_slice();
    let axis = Axis::of(reports);
    let first = reports.first();
    let game = first.map(|report| escape(&report.game)).unwrap_or_default();
    let epoch = first.map_or(0, |report| report.epoch);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>Session report: {game}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body style=\"--reports:{count}\">\n<header><h1>Session report</h1><p>{game}, match {epoch}</p></header>\n\
         <main>\n{overview}{charts}{events}</main>\n<output id=\"time\"></output>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        count = reports.len().max(1),
        overview = overview::section(reports),
        charts = charts::section(reports, &axis),
        events = events::section(reports, &axis),
    )
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests;
