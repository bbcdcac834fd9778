//! Saves a report to files.

use bevy::prelude::*;
use netplay_report::session::SessionReport;

use super::build::session_report;
use crate::files;
use crate::messages::{ReportNotSaved, ReportSaved};

/// Saves the report of the match that is played, or was played last.
pub(crate) fn save_report(world: &mut World, path: &str) {
    let report = session_report(world).ok_or_else(|| "no match was played yet".to_owned());
    match report.and_then(|report| write(&report, path)) {
        Ok(files) => {
            info!("the report is saved: {}", files.join(", "));
            world.write_message(ReportSaved { files });
        }
        Err(reason) => {
            error!("the report is not saved to {path}: {reason}");
            world.write_message(ReportNotSaved { path: path.to_owned(), reason });
        }
    }
}

/// Writes the files of a report, in the format that the extension names. Returns their names.
fn write(report: &SessionReport, path: &str) -> Result<Vec<String>, String> {
    let write = |path: &str, content: &str| {
        files::write(path.as_ref(), content.as_bytes()).map_err(|error| error.to_string())
    };
    if let Some(stem) = path.strip_suffix(".csv") {
        let events = format!("{stem}-events.csv");
        write(path, &report.series_to_csv())?;
        write(&events, &report.events_to_csv())?;
        return Ok(vec![path.to_owned(), events]);
    }
    #[cfg(feature = "report_html")]
    if path.ends_with(".html") {
        write(path, &netplay_report::html::page(std::slice::from_ref(report)))?;
        return Ok(vec![path.to_owned()]);
    }
    write(path, &report.to_json().map_err(|error| error.to_string())?)?;
    Ok(vec![path.to_owned()])
}
