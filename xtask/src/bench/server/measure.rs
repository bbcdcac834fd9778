//! What is measured, in which order and how often.

use serde_json::{Value, json};

use super::process::{Measured, Programs};
use crate::bench::spread::Spread;
use crate::bench::table::{Row, Target};

/// How much of everything.
pub struct Plan {
    rounds: u32,
    idle: u64,
    pairs: u64,
    rooms: [u64; 2],
    churn: [u64; 2],
    relay_seconds: u64,
}

/// The rates that the relay is tried at, in packets per second.
const RATES: [u64; 7] = [150_000, 200_000, 250_000, 300_000, 350_000, 400_000, 450_000];
/// The rate that must be reached.
const WANTED_RATE: u64 = 200_000;

impl Plan {
    pub fn new(rounds: u32, quick: bool) -> Self {
        let scale = |count: u64| if quick { count / 10 } else { count };
        Self {
            rounds,
            idle: scale(5_000),
            pairs: scale(4_000),
            rooms: [scale(100), scale(10_000)],
            churn: [scale(50_000), scale(1_000_000)],
            relay_seconds: if quick { 1 } else { 3 },
        }
    }
}

/// Measures everything. Returns the rows of the table and every figure behind them.
pub fn all(programs: &Programs, plan: &Plan) -> Result<(Vec<Row>, Value), String> {
    let mut bench = Bench { programs, plan, raw: Vec::new() };
    let mut rows = bench.idle()?;
    rows.extend(bench.joins()?);
    rows.push(bench.growth()?);
    rows.extend(bench.relay()?);
    rows.push(bench.churn()?);
    Ok((rows, Value::Array(bench.raw)))
}

struct Bench<'a> {
    programs: &'a Programs,
    plan: &'a Plan,
    raw: Vec<Value>,
}

impl Bench<'_> {
    /// One measurement. What was measured is also kept and printed.
    fn one(&mut self, of: Measured, load: &[(&str, String)]) -> Result<Value, String> {
        let [(what, _), options @ ..] = load else { return Err("nothing to measure".into()) };
        let mut arguments = vec![(*what).to_owned()];
        for (name, value) in options {
            arguments.extend([format!("--{name}"), value.clone()]);
        }
        let measured = self.programs.measure(of, &arguments)?;
        println!("{of:?} {}: {measured}", arguments.join(" "));
        self.raw.push(json!({ "of": format!("{of:?}"), "load": arguments, "measured": measured }));
        Ok(measured)
    }

    fn idle(&mut self) -> Result<Vec<Row>, String> {
        let mut figures = [Vec::new(), Vec::new()];
        for (of, figures) in [Measured::Matchbox, Measured::Ours].into_iter().zip(&mut figures) {
            let load = [("idle", String::new()), ("connections", self.plan.idle.to_string())];
            let measured = self.one(of, &load)?;
            figures.push(number(&measured, "bytes_per_connection").map(|bytes| bytes / 1024.0));
        }
        let [plain, ours] = figures.map(Spread::of);
        let what = "memory per idle connection, KiB";
        Ok(vec![
            Row::new(what, 1, plain, ours, Target::Value(14.0)),
            Row::new("the same, as a share", 1, plain, ours, Target::Ratio(0.1)),
        ])
    }

    fn joins(&mut self) -> Result<Vec<Row>, String> {
        let pairs = ("pairs", self.plan.pairs.to_string());
        let servers = [Measured::Matchbox, Measured::Ours];
        let (mut most, mut cpu, mut late) = <([Vec<_>; 2], [Vec<_>; 2], [Vec<_>; 2])>::default();
        for _ in 0..self.plan.rounds {
            for (index, of) in servers.into_iter().enumerate() {
                let measured = self.one(of, &[("joins", String::new()), pairs.clone()])?;
                most[index].push(number(&measured, "joins_per_second"));
                cpu[index].push(number(&measured, "cpu_us_per_join"));
            }
        }
        let most = most.map(Spread::of);
        for _ in 0..self.plan.rounds {
            for (index, of) in servers.into_iter().enumerate() {
                // Two joins are a pair, and half the rate is asked for.
                let rate = most[index].map_or(1.0, |most| most.median / 4.0);
                let rate = ("rate", format!("{rate:.0}"));
                let measured = self.one(of, &[("joins", String::new()), pairs.clone(), rate])?;
                late[index].push(number(&measured, "pair_ms_p99"));
            }
        }
        let ([plain, ours], [plain_cpu, ours_cpu]) = (most, cpu.map(Spread::of));
        let [plain_late, ours_late] = late.map(Spread::of);
        Ok(vec![
            Row::new("joins per second", 0, plain, ours, Target::RatioAtLeast(2.0)),
            Row::new("CPU per join, µs", 1, plain_cpu, ours_cpu, Target::None),
            Row::new("p99 at half that rate, ms", 1, plain_late, ours_late, Target::Value(50.0)),
        ])
    }

    /// Compares ours with itself: with few rooms open, and with many.
    fn growth(&mut self) -> Result<Row, String> {
        let mut figures = [Vec::new(), Vec::new()];
        for _ in 0..self.plan.rounds {
            for (rooms, figures) in self.plan.rooms.into_iter().zip(&mut figures) {
                let load = [
                    ("joins", String::new()),
                    ("pairs", (self.plan.pairs / 4).to_string()),
                    ("open-rooms", rooms.to_string()),
                ];
                let measured = self.one(Measured::Ours, &load)?;
                figures.push(number(&measured, "cpu_us_per_join"));
            }
        }
        let [few, many] = figures.map(Spread::of);
        let what = "CPU per join with 10,000 rooms (beside: with 100), µs";
        Ok(Row::new(what, 1, few, many, Target::Ratio(1.2)))
    }

    fn relay(&mut self) -> Result<Vec<Row>, String> {
        let seconds = self.plan.relay_seconds;
        let load = |rate: u64| {
            [("relay", String::new()), ("rate", rate.to_string()), ("seconds", seconds.to_string())]
        };
        let (mut most, mut cpu) = (Vec::new(), Vec::new());
        for _ in 0..self.plan.rounds {
            let mut best = 0;
            for rate in RATES {
                let measured = self.one(Measured::Ours, &load(rate))?;
                if !carried(&measured, rate, seconds) {
                    break;
                }
                best = rate;
                if rate == WANTED_RATE {
                    cpu.push(number(&measured, "cpu_us_per_packet"));
                }
            }
            most.push(Some(best as f64));
        }
        let mut late = [Vec::new(), Vec::new()];
        for _ in 0..self.plan.rounds {
            for (of, late) in [Measured::Pipe, Measured::Ours].into_iter().zip(&mut late) {
                let measured = self.one(of, &load(WANTED_RATE / 2))?;
                late.push(number(&measured, "latency_us_p99").map(|us| us / 1e3));
            }
        }
        let [pipe, ours] = late.map(Spread::of);
        let wanted = Target::AtLeast(WANTED_RATE as f64);
        Ok(vec![
            Row::new("relayed per second, none lost", 0, None, Spread::of(most), wanted),
            Row::new("CPU per relayed packet, µs", 2, None, Spread::of(cpu), Target::None),
            Row::new(
                "p99 of relaying 100,000 per second (beside: a bare pipe), ms",
                2,
                pipe,
                ours,
                Target::Added(1.0),
            ),
        ])
    }

    fn churn(&mut self) -> Result<Row, String> {
        let [warm_up, joins] = self.plan.churn.map(|count| count.to_string());
        let load = [("churn", String::new()), ("warm-up", warm_up), ("joins", joins)];
        let measured = self.one(Measured::Ours, &load)?;
        let growth = number(&measured, "growth").map(|growth| growth * 100.0);
        let what = "growth of memory by 1,000,000 joins and leaves, %";
        Ok(Row::new(what, 1, None, Spread::of(vec![growth]), Target::Value(10.0)))
    }
}

/// Whether the server kept up with the rate and everything arrived.
fn carried(measured: &Value, rate: u64, seconds: u64) -> bool {
    let wanted = (rate * seconds) as f64;
    number(measured, "lost") == Some(0.0)
        && number(measured, "sent").is_some_and(|sent| sent >= wanted * 0.99)
        && number(measured, "latency_us_p99").is_some_and(|late| late < 100_000.0)
}

fn number(measured: &Value, name: &str) -> Option<f64> {
    measured.get(name).and_then(Value::as_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_carried_only_if_all_of_it_was_sent_and_arrived_soon() {
        let measured = |sent: u64, lost: u64, late: u64| json!({ "sent": sent, "lost": lost, "latency_us_p99": late });
        assert!(carried(&measured(600, 0, 900), 200, 3));
        assert!(!carried(&measured(600, 1, 900), 200, 3));
        assert!(!carried(&measured(500, 0, 900), 200, 3));
        assert!(!carried(&measured(600, 0, 200_000), 200, 3));
        assert!(!carried(&json!({}), 200, 3));
    }
}
