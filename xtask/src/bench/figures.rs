//! Programs that measure, each of which prints one JSON object, and the files of what they measured.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::spread::Spread;
use super::table::Row;
use crate::workspace::{cargo, target};

/// Builds a package for release.
pub fn build(package: &str) -> Result<(), String> {
    let status = cargo().args(["build", "--release", "--locked", "-p", package]).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("the release build failed: see above".to_owned()),
        Err(error) => Err(format!("cargo could not be started: {error}")),
    }
}

/// What a program of the release build has measured.
pub fn measure(program: &str, arguments: &[&str]) -> Result<Value, String> {
    let mut file = target().join("release").join(program);
    file.set_extension(std::env::consts::EXE_EXTENSION);
    let output = Command::new(&file)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{} could not be started: {error}", file.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let line = format!("{program} {}", arguments.join(" "));
    let figures: Value = said
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| format!("{line} said nothing: {said}"))?;
    match figures["error"].as_str() {
        Some(error) => Err(format!("{line}: {error}")),
        None => Ok(figures),
    }
}

/// A figure of several measurements.
pub fn spread(measured: &[Value], name: &str) -> Option<Spread> {
    scaled(measured, name, 1.0)
}

/// The same in a unit so many times as large.
pub fn scaled(measured: &[Value], name: &str, unit: f64) -> Option<Spread> {
    Spread::of(measured.iter().map(|value| Some(value[name].as_f64()? / unit)).collect())
}

/// The folder that benchmarks write to, which is there afterwards.
pub fn folder() -> Result<PathBuf, String> {
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Writes the rows of a table to `bench/NAME.json` and what they were made from to `bench/NAME-measured.json`.
pub fn write(name: &str, rows: &[Row], measured: &Value) -> Result<(), String> {
    let folder = folder()?;
    for (file, content) in
        [(format!("{name}.json"), &json!(rows)), (format!("{name}-measured.json"), measured)]
    {
        let file = folder.join(file);
        std::fs::write(&file, format!("{content:#}\n"))
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        println!("written to {}", file.display());
    }
    Ok(())
}
