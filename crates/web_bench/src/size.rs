//! What a host sends of a page.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

pub fn measure(dist: &Path) -> Result<Value, String> {
    let mut files = Vec::new();
    walk(dist, &mut files)?;
    files.sort();
    let (mut raw, mut sent) = (0, 0);
    let mut list = Vec::new();
    for file in files {
        let bytes = std::fs::metadata(&file).map_err(|error| unreadable(&file, &error))?.len();
        let compressed = gzip(&file)?;
        raw += bytes;
        sent += compressed;
        let name = file.strip_prefix(dist).unwrap_or(&file).display().to_string();
        list.push(json!({ "file": name, "bytes": bytes, "gzip_bytes": compressed }));
    }
    if list.is_empty() {
        return Err(format!("{} is empty: build the page first", dist.display()));
    }
    Ok(json!({ "bytes": raw, "gzip_bytes": sent, "files": list }))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// How long a file is once `gzip -9` has compressed it, without its name and date.
fn gzip(file: &Path) -> Result<u64, String> {
    let output = Command::new("gzip")
        .args(["-9", "--no-name", "--stdout"])
        .arg(file)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("gzip does not start ({error})"))?;
    if output.status.success() {
        Ok(output.stdout.len() as u64)
    } else {
        Err(format!("gzip failed on {}: {}", file.display(), output.status))
    }
}
