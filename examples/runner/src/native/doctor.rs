//! The command `doctor`: takes every step to a match on a server and says what is wrong.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use bevy_netplay::core::doctor::{DoctorReport, Step, StepOutcome};
use bevy_netplay::protocol::signaling::GameInfo;
use bevy_netplay::transport::doctor::{DoctorEvent, DoctorOptions, DoctorTask};
use clap::Args;
use serde_json::{Value, json};

use super::console;

/// How often to look whether a step has ended.
const POLL: Duration = Duration::from_millis(10);

#[expect(missing_docs, reason = "clap would print it")]
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// The signaling server, ws://host:port
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// Print the steps as one list of JSON, once all have ended
    #[arg(long)]
    pub json: bool,
}

/// Runs the command for a game with this name and version. The exit code is 0 when all is well, and 1 otherwise.
pub fn run(args: &DoctorArgs, game: &str) -> ExitCode {
    let game = GameInfo { game: game.to_owned(), ..GameInfo::default() };
    let options = DoctorOptions { server: args.server.clone(), game, ..DoctorOptions::default() };
    let mut task = DoctorTask::start(options);
    let report = loop {
        match task.poll() {
            Some(DoctorEvent::Step(step)) if !args.json => console::line(line(&step)),
            Some(DoctorEvent::Step(_)) => {}
            Some(DoctorEvent::Finished(report)) => break report,
            None => sleep(POLL),
        }
    };
    if args.json {
        console::line(Value::from_iter(report.steps.iter().map(row)));
    } else {
        conclude(&report);
    }
    if report.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints what was found.
fn conclude(report: &DoctorReport) {
    if report.is_well() {
        console::line("\nall is well");
    }
    for finding in &report.findings {
        console::line(format_args!("\n{finding}"));
    }
}

fn line(step: &Step) -> String {
    let outcome = match &step.outcome {
        StepOutcome::Passed(_) => "ok",
        StepOutcome::Failed(_) => "FAILED",
        StepOutcome::Skipped(_) => "-",
    };
    let text = match &step.outcome {
        StepOutcome::Failed(finding) => finding.code().to_owned(),
        other => other.to_string(),
    };
    format!("{outcome:<6}  {:>6.0} ms  {:<10}  {text}", milliseconds(step), step.kind.to_string())
}

fn row(step: &Step) -> Value {
    let mut row = json!({
        "check": step.kind.to_string(),
        "ok": step.is_ok(),
        "ms": milliseconds(step),
        "say": step.outcome.to_string(),
    });
    match &step.outcome {
        StepOutcome::Failed(finding) => row["code"] = finding.code().into(),
        StepOutcome::Skipped(_) => row["skipped"] = true.into(),
        StepOutcome::Passed(_) => {}
    }
    row
}

fn milliseconds(step: &Step) -> f64 {
    step.took.as_secs_f64() * 1e3
}
