//! `cargo xtask bench feel`: what players see of a match on bevy_netplay and on plain bevy_ggrs with ggrs, which play the
//! same game over the same emulated networks at the same time; and what smoothing costs.

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::figures::{self, spread};
use super::table::{self, Row, Target};

#[derive(Args, Clone, Debug)]
pub struct FeelArguments {
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// For how long a match is measured
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// What was measured: a value of each round.
#[derive(Debug, Default, Serialize)]
struct Measured {
    jumps: Vec<Value>,
    clocks: Vec<Value>,
    slow: Vec<Value>,
    cost: Vec<Value>,
}

/// Builds the program that measures, runs it, prints the table and writes `bench/feel.json`.
pub fn run(arguments: &FeelArguments) -> Result<(), String> {
    figures::build("netplay_bench")?;
    let FeelArguments { rounds, seconds } = arguments;
    let mut measured = Measured::default();
    for round in 1..=*rounds {
        let play = |what| {
            let orders = ["--seed", &round.to_string(), "--seconds", &seconds.to_string()];
            let played = figures::measure("feel", &[&[what], &orders[..]].concat())?;
            println!("round {round} of {rounds}, {what}: {played}");
            Ok::<_, String>(played)
        };
        measured.jumps.push(play("jumps")?);
        measured.clocks.push(play("clocks")?);
        measured.slow.push(play("slow")?);
        measured.cost.push(figures::measure("feel", &["cost"])?);
    }

    let rows = rows(&measured);
    println!(
        "\n2 players, {seconds} s, {rounds} rounds, median (least to greatest)\n\n{}",
        table::text("plain", &rows)
    );
    let measured = serde_json::json!({ "seconds": seconds, "measured": measured });
    figures::write("feel", &rows, &measured)
}

/// The figures in the order of the table.
fn rows(measured: &Measured) -> Vec<Row> {
    let both = |what, decimals, of: &[Value], target| {
        Row::new(what, decimals, spread(of, "plain"), spread(of, "ours"), target)
    };
    let cost =
        |what, name| Row::new(what, 1, None, spread(&measured.cost, name), Target::Value(100.0));
    vec![
        both(
            "100 ms, 3 % loss: largest jump per drawn frame of a remote ship, units",
            1,
            &measured.jumps,
            Target::Ratio(0.25),
        ),
        both(
            "clocks 0.5 % apart: frames repeated per second on the leader",
            2,
            &measured.clocks,
            Target::Ratio(0.1),
        ),
        both(
            "one player 30 ms slower in its frames: difference of mean rollback depth, frames",
            2,
            &measured.slow,
            Target::Ratio(0.5),
        ),
        cost(
            "smoothing and interpolation, 1,000 entities, per update between frames, µs",
            "between_frames_us",
        ),
        cost("the same per update with a frame, µs", "frame_us"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_row_has_what_was_measured_and_its_target() {
        let both = |plain: f64, ours: f64| vec![json!({ "plain": plain, "ours": ours })];
        let measured = Measured {
            jumps: both(80.0, 16.0),
            clocks: both(2.0, 0.3),
            slow: both(2.0, 0.5),
            cost: vec![json!({ "between_frames_us": 20.0, "frame_us": 120.0 })],
        };
        let text = table::text("plain", &rows(&measured));
        for line in [
            "| 80.0 (80.0 to 80.0) | 16.0 (16.0 to 16.0) | 0.20 | ≤ 0.25 × plain | yes |",
            "| 2.00 (2.00 to 2.00) | 0.30 (0.30 to 0.30) | 0.15 | ≤ 0.1 × plain | no |",
            "| 2.00 (2.00 to 2.00) | 0.50 (0.50 to 0.50) | 0.25 | ≤ 0.5 × plain | yes |",
            "| – | 20.0 (20.0 to 20.0) | – | ≤ 100 | yes |",
            "| – | 120.0 (120.0 to 120.0) | – | ≤ 100 | no |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
