//! `cargo xtask bench links`: what a match notices when paths break, how long messages take, and what
//! links cost, on loopback.

use clap::Args;
use serde_json::{Value, json};

use super::figures::{self, spread};
use super::spread::Spread;
use super::table::{self, Row, Target};
use super::web;

#[derive(Args, Clone, Debug)]
pub struct LinksArguments {
    /// How often a match is broken
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many attempts at a connection are timed
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
}

/// The folder of the page that sends messages.
const PAGE: &str = "testing/transport_page";

/// Builds the program that measures, runs it, prints the table and writes `bench/links.json`.
pub fn run(arguments: &LinksArguments) -> Result<(), String> {
    let page = web::bundle(PAGE)?;
    figures::build("netplay_bench")?;
    let measure = |arguments: &[&str]| figures::measure("links", arguments);
    let attempts = measure(&["attempts", "--count", &arguments.attempts.to_string()])?;
    let plain = measure(&["plain", "--count", &(arguments.attempts / 5).max(1).to_string()])?;
    let mut breaks = Vec::new();
    for round in 1..=arguments.rounds {
        let broken = measure(&["breaks"])?;
        println!("round {round} of {}: {broken}", arguments.rounds);
        breaks.push(broken);
    }
    let relay = measure(&["relay"])?;
    let messages = measure(&["messages"])?;
    let crowd = measure(&["crowd"])?;
    let pages = figures::measure("web", &["messages", "--dist", &page.to_string_lossy()])?;
    let costs: Result<Vec<Value>, String> =
        (0..arguments.rounds).map(|_| measure(&["cost"])).collect();
    let costs = costs?;

    let list = |value: &Value| -> Vec<Option<f64>> {
        value.as_array().into_iter().flatten().map(Value::as_f64).collect()
    };
    let halves = |value: &Value| -> Vec<Option<f64>> {
        list(value).into_iter().map(|it| it.map(|it| it / 2.0)).collect()
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
            spread(&breaks, "cut_confirmed_ms"),
            Target::Value(750.0),
        ),
        row(
            "the simulation stalls meanwhile, ms",
            0,
            None,
            spread(&breaks, "cut_still_ms"),
            Target::Value(500.0),
        ),
        row(
            "connection closed, until an input comes over the relay, ms",
            0,
            None,
            spread(&breaks, "closed_confirmed_ms"),
            Target::Value(150.0),
        ),
        row(
            "direct path restored, until it is the primary path, ms",
            0,
            None,
            spread(&breaks, "back_ms"),
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
            spread(&costs, "us"),
            Target::Value(5.0),
        ),
        row(
            "round trip through the server, ms (beside: direct)",
            2,
            Spread::of(list(&relay["direct_ms"])),
            Spread::of(list(&relay["relay_ms"])),
            Target::Added(2.0),
        ),
        row(
            "message of 1 MB in a match, until it is read, ms (50 ms: 20 MB/s)",
            0,
            None,
            Spread::of(list(&messages["long_ms"])),
            Target::Value(50.0),
        ),
        row(
            "round trip during messages of 1 MB, 95 %, ms (beside: before)",
            1,
            p95(&messages["rtt_before_ms"]),
            p95(&messages["rtt_during_ms"]),
            Target::Added(20.0),
        ),
        row(
            "message of 100 B at 60 updates a second, one way, ms (beside: half a round trip)",
            1,
            Spread::of(halves(&messages["rtt_before_ms"])),
            Spread::of(list(&messages["short_ms"])),
            Target::Added(16.7),
        ),
        row(
            "message of 1 MB between pages, until it is read, ms (200 ms: 5 MB/s)",
            0,
            None,
            Spread::of(list(&pages["long_ms"])),
            Target::Value(200.0),
        ),
        row(
            "round trip between pages during messages of 1 MB, 95 %, ms (beside: before)",
            1,
            p95(&pages["rtt_before_ms"]),
            p95(&pages["rtt_during_ms"]),
            Target::Added(20.0),
        ),
        row(
            "message of 100 B between pages, one way, ms (beside: half a round trip)",
            1,
            Spread::of(halves(&pages["rtt_before_ms"])),
            Spread::of(list(&pages["short_ms"])),
            Target::Added(16.7),
        ),
        // Linear in peers: seven links instead of three.
        row(
            "8 players: bytes per second that each sends (beside: 4 players)",
            0,
            Spread::of(list(&crowd["four"]["bytes_per_second"])),
            Spread::of(list(&crowd["eight"]["bytes_per_second"])),
            Target::RatioOf(2.34, "that of 4"),
        ),
        row(
            "8 players: main thread per frame of each, µs (beside: 4 players)",
            0,
            Spread::of(list(&crowd["four"]["main_thread_us"])),
            Spread::of(list(&crowd["eight"]["main_thread_us"])),
            Target::RatioOf(2.34, "that of 4"),
        ),
        row(
            "8 players: measuring links and rollbacks, per frame of each, µs",
            1,
            None,
            Spread::of(list(&crowd["eight"]["measuring_us"])),
            Target::Value(20.0),
        ),
    ];
    println!("\nmedian (least to greatest)\n\n{}", table::text("beside", &rows));
    let measured = json!({
        "attempts": attempts, "plain": plain, "breaks": breaks, "relay": relay, "cost": costs,
        "messages": messages, "messages_of_pages": pages, "crowd": crowd,
    });
    figures::write("links", &rows, &measured)
}
