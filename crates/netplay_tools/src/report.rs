//! `netplay-tools report FILE... -o OUT.html`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use netplay_report::html;
use netplay_report::session::SessionReport;

use crate::file;

#[derive(Args)]
pub struct ReportArgs {
    /// Session reports, as JSON; several of one match are drawn side by side
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The page to write
    #[arg(short, long, value_name = "OUT.html")]
    out: PathBuf,
}

/// Writes the page.
pub fn run(args: &ReportArgs) -> Result<ExitCode, String> {
    if args.files.len() > html::MAX_REPORTS {
        return Err(format!("a page has at most {} reports", html::MAX_REPORTS));
    }
    let reports = args.files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    std::fs::write(&args.out, html::page(&reports))
        .map_err(|error| format!("{} cannot be written: {error}", args.out.display()))?;
    println!("{}", args.out.display());
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<SessionReport, String> {
    SessionReport::read(&file::read(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_become_a_page_and_what_is_none_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let report =
            SessionReport { players: 2, game: "pong 1".into(), ..SessionReport::default() };
        std::fs::write(path("a.json"), report.to_json().unwrap()).unwrap();
        std::fs::write(path("b.json"), "{").unwrap();
        let run = |files: &[&str]| {
            let files = files.iter().map(|name| path(name)).collect();
            super::run(&ReportArgs { files, out: path("out.html") })
        };
        assert!(run(&["a.json", "a.json"]).is_ok());
        let page = std::fs::read_to_string(path("out.html")).unwrap();
        assert!(page.contains("pong 1") && page.contains("--reports:2"));
        let error = run(&["a.json", "b.json"]).unwrap_err();
        assert!(error.ends_with("b.json: it is cut off: copy the whole session report"), "{error}");
        assert!(run(&["missing.json"]).unwrap_err().contains("missing.json cannot be read"));
        assert!(run(&["a.json"; 9]).unwrap_err().contains("at most 8"));
    }
}
