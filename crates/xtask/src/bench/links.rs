//! `cargo xtask bench links`: what a match notices when paths break, and what links cost, on loopback.

use std::fs;
use std::process::Command;

use clap::Args;
use serde_json::{Value, json};

use super::spread::Spread;
use super::table::{self, Row, Target};
use crate::workspace::{cargo, target};

#[derive(Args, Clone, Debug)]
pub struct LinksArguments {
    /// How often a match is broken
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many attempts at a connection are timed
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
}

/// Builds the program that measures, runs it, prints the table and writes `bench/links.json`.
pub fn run(arguments: &LinksArguments) -> Result<(), String> {
    let status = cargo().args(["build", "--release", "--locked", "-p", "link_bench"]).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the release build failed: see above".to_owned());
    }
    let attempts = measure(&["attempts", "--count", &arguments.attempts.to_string()])?;
    let plain = measure(&["plain", "--count", &(arguments.attempts / 5).max(1).to_string()])?;
    let mut breaks = Vec::new();
    for round in 1..=arguments.rounds {
        let broken = measure(&["breaks"])?;
        println!("round {round} of {}: {broken}", arguments.rounds);
        breaks.push(broken);
    }
    let relay = measure(&["relay"])?;
    let costs: Result<Vec<Value>, String> =
        (0..arguments.rounds).map(|_| measure(&["cost"])).collect();
    let costs = costs?;

    let of = |values: &[Value], name: &str| {
        Spread::of(values.iter().map(|value| value[name].as_f64()).collect())
    };
    let list = |value: &Value| -> Vec<Option<f64>> {
        value.as_array().into_iter().flatten().map(Value::as_f64).collect()
    };
    let p95 = |value: &Value| {
        let mut sorted: Vec<f64> = list(value).into_iter().flatten().collect();
        sorted.sort_by(f64::total_cmp);
        Spread::of(vec![sorted.get(sorted.len().saturating_sub(1) * 95 / 100).copied()])
    };
    let row = Row::new;
    let rows = [
        row(
            "direct path cut, until an input comes over the relay, ms",
            0,
            None,
            of(&breaks, "cut_confirmed_ms"),
            Target::Value(750.0),
        ),
        row(
            "the game stands still meanwhile, ms",
            0,
            None,
            of(&breaks, "cut_still_ms"),
            Target::Value(500.0),
        ),
        row(
            "connection closed, until an input comes over the relay, ms",
            0,
            None,
            of(&breaks, "closed_confirmed_ms"),
            Target::Value(150.0),
        ),
        row(
            "direct path mended, until it carries, ms",
            0,
            None,
            of(&breaks, "back_ms"),
            Target::Value(5000.0),
        ),
        row(
            "attempt, median, ms (plain: join to connected)",
            0,
            Spread::of(list(&plain["ms"])),
            Spread::of(list(&attempts["ms"])),
            Target::Value(420.0),
        ),
        row("attempt, 95 %, ms", 0, p95(&plain["ms"]), p95(&attempts["ms"]), Target::Value(450.0)),
        row(
            "agent and link, per frame and peer, µs",
            2,
            None,
            of(&costs, "us"),
            Target::Value(5.0),
        ),
        row(
            "round trip through the server, ms (beside: direct)",
            2,
            Spread::of(list(&relay["direct_ms"])),
            Spread::of(list(&relay["relay_ms"])),
            Target::Added(2.0),
        ),
    ];
    println!("\nmedian (least to greatest)\n\n{}", table::text("beside", &rows));
    let folder = target().join("bench");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let file = folder.join("links.json");
    let measured = json!({
        "summary": rows, "attempts": attempts, "plain": plain, "breaks": breaks, "relay": relay, "cost": costs,
    });
    fs::write(&file, format!("{measured:#}\n"))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    println!("written to {}", file.display());
    Ok(())
}

fn measure(arguments: &[&str]) -> Result<Value, String> {
    let program = target().join("release/link-bench");
    let output = Command::new(&program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{} could not be started: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let figures: Value = said
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| format!("link-bench {} said nothing: {said}", arguments.join(" ")))?;
    match figures["error"].as_str() {
        Some(error) => Err(format!("link-bench {}: {error}", arguments.join(" "))),
        None => Ok(figures),
    }
}
