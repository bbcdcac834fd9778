//! `cargo xtask bench rollback`: the store of bevy_netplay beside that of bevy_ggrs, and beside the floor, which is
//! memory copies and the simulation alone.

use std::slice::from_ref;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::figures::{self, scaled};
use super::table::{self, Row, Target};

const PLAIN: &str = "bevy_ggrs";
const FLOOR: &str = "the floor";

#[derive(Args, Clone, Debug)]
pub struct RollbackArguments {
    /// How often everything but the ten minutes is measured
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Little of everything: to see whether it runs, not to measure
    #[arg(long)]
    quick: bool,
}

/// What was measured: a value of each round, and what is measured once.
#[derive(Debug, Default, Serialize)]
struct Measured {
    thousand: Vec<Value>,
    ten_thousand: Vec<Value>,
    ten_thousand_churn: Vec<Value>,
    hundred_thousand: Vec<Value>,
    save: Vec<Value>,
    checksum: Vec<Value>,
    allocations: Value,
    minutes: Value,
}

/// Builds the program that measures, runs it, prints the table and writes `bench/rollback.json`.
pub fn run(arguments: &RollbackArguments) -> Result<(), String> {
    figures::build("netplay_bench")?;
    let rounds = if arguments.quick { 1 } else { arguments.rounds };
    let count = |count: u32| count.min(if arguments.quick { 2 } else { u32::MAX }).to_string();
    let measure = |arguments: &[&str]| figures::measure("rollback", arguments);
    let cycle = |entities, times: u32, more: &[&str]| {
        let times = count(times);
        measure(&[&["cycle", "--entities", entities, "--count", &times], more].concat())
    };
    let mut measured = Measured::default();
    for round in 1..=rounds {
        measured.thousand.push(cycle("1000", 400, &[])?);
        measured.ten_thousand.push(cycle("10000", 40, &[])?);
        measured.ten_thousand_churn.push(cycle("10000", 40, &["--churn"])?);
        measured.hundred_thousand.push(cycle("100000", 8, &[])?);
        measured.save.push(measure(&["save", "--entities", "1000", "--count", &count(1000)])?);
        let checksums = count(100);
        let checksum = measure(&["checksum", "--entities", "10000", "--count", &checksums])?;
        measured.checksum.push(checksum);
        println!("round {round} of {rounds}: {}", sentence(&measured));
    }
    measured.allocations = measure(&["allocations", "--entities", "10000"])?;
    let minutes: &[&str] = if arguments.quick { &["--frames", "60"] } else { &[] };
    measured.minutes = measure(&[&["minutes"], minutes].concat())?;

    let rows = rows(&measured);
    println!(
        "\n3 components of 56 bytes together, {rounds} rounds, median (least to greatest)\n\n{}",
        table::text("beside", &rows)
    );
    let measured = serde_json::json!({ "quick": arguments.quick, "measured": measured });
    figures::write("rollback", &rows, &measured)
}

fn sentence(measured: &Measured) -> String {
    let ms = |name: &str| {
        let latest = measured.ten_thousand.last().and_then(|round| round[name].as_f64());
        latest.unwrap_or(f64::NAN) / 1e3
    };
    let [ours, plain, floor] = ["bevy_netplay_us", "bevy_ggrs_us", "floor_us"].map(ms);
    format!(
        "10,000 entities roll back in {ours:.2} ms, {PLAIN}: {plain:.2} ms, {FLOOR}: {floor:.2} ms"
    )
}

/// The figures in the order of the table.
fn rows(measured: &Measured) -> Vec<Row> {
    let Measured { thousand, ten_thousand, ten_thousand_churn, hundred_thousand, .. } = measured;
    let ms = |what, of: &[Value], beside: &str, target| {
        Row::new(what, 3, scaled(of, beside, 1e3), scaled(of, "bevy_netplay_us", 1e3), target)
    };
    let us = |what, of: &[Value], target| {
        let figure = |name| figures::spread(of, name);
        Row::new(what, 1, figure("bevy_ggrs_us"), figure("bevy_netplay_us"), target)
    };
    let once = |what, decimals, of: &Value, names: [&str; 2], target| {
        let [plain, ours] = names.map(|name| figures::spread(from_ref(of), name));
        Row::new(what, decimals, plain, ours, target)
    };
    let of_plain = |most| Target::RatioOf(most, PLAIN);
    let of_floor = |most| Target::RatioOf(most, FLOOR);
    let (plain, floor) = ("bevy_ggrs_us", "floor_us");
    vec![
        ms(
            "1,000 entities: save, load, 8 × (save, simulate), ms (beside: bevy_ggrs)",
            thousand,
            plain,
            Target::None,
        ),
        ms("the same (beside: the floor)", thousand, floor, Target::None),
        ms("10,000 entities, ms (beside: bevy_ggrs)", ten_thousand, plain, of_plain(0.05)),
        ms("the same (beside: the floor)", ten_thousand, floor, of_floor(3.0)),
        ms(
            "10,000 entities, 1 % spawned and despawned in each frame, ms (beside: bevy_ggrs)",
            ten_thousand_churn,
            plain,
            of_plain(0.1),
        ),
        ms(
            "100,000 entities, ms (beside: bevy_ggrs)",
            hundred_thousand,
            plain,
            Target::Value(12.0),
        ),
        ms("the same (beside: the floor)", hundred_thousand, floor, Target::None),
        us("1,000 entities: a save, µs (beside: bevy_ggrs)", &measured.save, Target::Value(5.0)),
        us(
            "10,000 entities: checksum of a frame, µs (beside: bevy_ggrs, of every save)",
            &measured.checksum,
            Target::Value(1000.0),
        ),
        Row::new(
            "10,000 entities: keeping a compared frame to explain a desync, µs (beside: its checksum)",
            1,
            figures::spread(&measured.checksum, "bevy_netplay_us"),
            figures::spread(&measured.checksum, "kept_us"),
            Target::RatioOf(1.0, "its checksum"),
        ),
        once(
            "allocations of 9 saves and a load (beside: bevy_ggrs)",
            0,
            &measured.allocations,
            ["bevy_ggrs", "bevy_netplay"],
            Target::Value(0.0),
        ),
        once(
            "480 short-lived entities a second: time of the last minute of ten by the first (beside: bevy_ggrs)",
            3,
            &measured.minutes,
            ["bevy_ggrs_time", "bevy_netplay_time"],
            Target::Value(1.1),
        ),
        once(
            "the same: memory (beside: bevy_ggrs)",
            3,
            &measured.minutes,
            ["bevy_ggrs_memory", "bevy_netplay_memory"],
            Target::Value(1.01),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn measured() -> Measured {
        let cycle = |plain: f64, ours: f64, floor: f64| {
            vec![json!({ "bevy_ggrs_us": plain, "bevy_netplay_us": ours, "floor_us": floor })]
        };
        Measured {
            thousand: cycle(1400.0, 70.0, 40.0),
            ten_thousand: cycle(20_000.0, 800.0, 400.0),
            ten_thousand_churn: vec![
                json!({ "bevy_ggrs_us": 20_000.0, "bevy_netplay_us": 3000.0 }),
            ],
            hundred_thousand: cycle(400_000.0, 11_000.0, 9000.0),
            save: cycle(100.0, 6.0, 3.0),
            checksum: vec![
                json!({ "bevy_ggrs_us": 1500.0, "bevy_netplay_us": 800.0, "kept_us": 200.0 }),
            ],
            allocations: json!({ "bevy_ggrs": 90, "bevy_netplay": 0 }),
            minutes: json!({
                "bevy_ggrs_time": 40.0, "bevy_netplay_time": 1.02,
                "bevy_ggrs_memory": 9.0, "bevy_netplay_memory": 1.0,
            }),
        }
    }

    #[test]
    fn a_row_has_its_target_and_says_what_it_is_beside() {
        let text = table::text("beside", &rows(&measured()));
        for line in [
            "| 20.000 (20.000 to 20.000) | 0.800 (0.800 to 0.800) | 0.04 | ≤ 0.05 × bevy_ggrs | yes |",
            "| 0.400 (0.400 to 0.400) | 0.800 (0.800 to 0.800) | 2.00 | ≤ 3 × the floor | yes |",
            "| 20.000 (20.000 to 20.000) | 3.000 (3.000 to 3.000) | 0.15 | ≤ 0.1 × bevy_ggrs | no |",
            "| 400.000 (400.000 to 400.000) | 11.000 (11.000 to 11.000) | 0.03 | ≤ 12 | yes |",
            "| 100.0 (100.0 to 100.0) | 6.0 (6.0 to 6.0) | 0.06 | ≤ 5 | no |",
            "| 1500.0 (1500.0 to 1500.0) | 800.0 (800.0 to 800.0) | 0.53 | ≤ 1000 | yes |",
            "| 800.0 (800.0 to 800.0) | 200.0 (200.0 to 200.0) | 0.25 | ≤ 1 × its checksum | yes |",
            "| 90 (90 to 90) | 0 (0 to 0) | 0.00 | ≤ 0 | yes |",
            "| 40.000 (40.000 to 40.000) | 1.020 (1.020 to 1.020) | 0.03 | ≤ 1.1 | yes |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn every_row_was_measured() {
        for row in rows(&measured()) {
            let row = json!(row);
            assert!(row["ours"].is_number() && row["beside"].is_number(), "{row}");
        }
    }
}
