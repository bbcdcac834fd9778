//! `cargo xtask bench web`: pages of the arena in a real browser, on this library and on the plain stack.
//!
//! Both pages are built alike and served by the same site, and draw nothing: without a graphics card, drawing
//! takes the processor from everything that is measured. Rounds alternate between them. What is asked of a page is
//! answered by its own clock, which takes steps of microseconds because the site isolates its pages from other
//! origins.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::slice::from_ref;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::figures::{self, scaled};
use super::spread::Spread;
use super::table::{self, Row, Target};
use crate::workspace::root;

/// The folders of the pages, in which trunk finds how to build them.
const OURS: &str = "web";
const PLAIN: &str = "bench/baseline/page";

#[derive(Args, Clone, Debug)]
pub struct WebArguments {
    /// How many matches each stack plays
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many frames a match lasts, at 60 per second
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(200..))]
    frames: u32,
    /// How many rematches two pages play before their connections are counted
    #[arg(long, default_value_t = 50)]
    rematches: u32,
    /// How often their connections break before they are counted again
    #[arg(long, default_value_t = 20)]
    reconnects: u32,
}

/// What is said of matches in which the STUN server is deaf.
const DEAF: &str = ", a STUN server that does not answer";

/// What matches have measured, on either stack.
#[derive(Default, Serialize)]
struct Duels {
    plain: Vec<Value>,
    ours: Vec<Value>,
}

impl Duels {
    /// A figure of them, in a unit so many times as large as they have it in.
    fn row(
        &self,
        what: &'static str,
        decimals: usize,
        name: &str,
        unit: f64,
        target: Target,
    ) -> Row {
        let of = |duels: &[Value]| scaled(duels, name, unit);
        Row::new(what, decimals, of(&self.plain), of(&self.ours), target)
    }
}

/// Builds the pages and the program that measures, runs it, prints the table and writes `bench/web.json`.
pub fn run(arguments: &WebArguments) -> Result<(), String> {
    let (ours, plain) = (bundle(OURS)?, bundle(PLAIN)?);
    figures::build("netplay_bench")?;
    let measure = |what: &str, dist: &Path, more: &[&str]| {
        let dist = dist.to_string_lossy();
        figures::measure("web", &[&[what, "--dist", &dist], more].concat())
    };

    let sizes = [measure("size", &plain, &[])?, measure("size", &ours, &[])?];
    let frames = arguments.frames.to_string();
    let (mut duels, mut deaf) = (Duels::default(), Duels::default());
    for round in 1..=arguments.rounds {
        for (what, more, duels) in [("", None, &mut duels), (DEAF, Some("--deaf-stun"), &mut deaf)]
        {
            for (stack, dist, duels) in
                [("plain", &plain, &mut duels.plain), ("ours", &ours, &mut duels.ours)]
            {
                let mut orders = vec!["--stack", stack, "--frames", &frames];
                orders.extend(more);
                let duel = measure("duel", dist, &orders)?;
                let rounds = arguments.rounds;
                println!("round {round} of {rounds}, {stack}{what}: {}", sentence(&duel));
                duels.push(duel);
            }
        }
    }
    let leaks = measure(
        "leaks",
        &ours,
        &[
            "--rematches",
            &arguments.rematches.to_string(),
            "--reconnects",
            &arguments.reconnects.to_string(),
        ],
    )?;

    let rows = rows(&sizes, &duels, &deaf, &leaks);
    println!(
        "\n2 pages, {} frames, {} rounds each, median (least to greatest)\n\n{}",
        arguments.frames,
        arguments.rounds,
        table::text("plain", &rows)
    );
    let measured = json!({
        "frames": arguments.frames,
        "size": { "plain": sizes[0], "ours": sizes[1] },
        "duels": duels, "duels_deaf_stun": deaf,
        "leaks": leaks,
    });
    figures::write("web", &rows, &measured)
}

/// Has trunk build a page for release; returns the folder that a host would serve.
pub(super) fn bundle(folder: &str) -> Result<PathBuf, String> {
    let config = root().join(folder).join("Trunk.toml");
    let status = Command::new("trunk")
        .args(["build", "--release", "--config"])
        .arg(&config)
        .current_dir(root())
        .status()
        .map_err(|error| {
            format!("trunk does not start ({error}): `cargo xtask test --install` installs it")
        })?;
    if status.success() {
        Ok(root().join(folder).join("dist"))
    } else {
        Err(format!("the page of {} was not built: see above", config.display()))
    }
}

fn sentence(duel: &Value) -> String {
    let figure = |name: &str| duel[name].as_f64().unwrap_or(f64::NAN);
    format!(
        "connected after {:.0} ms, first confirmed frame after {:.0} ms, netcode {:.0} µs per frame",
        figure("connect_ms"),
        figure("first_confirmed_ms"),
        figure("netcode_median_us_per_frame"),
    )
}

/// The figures in the order of the table. Of two stacks, the plain one comes first.
fn rows(sizes: &[Value; 2], duels: &Duels, deaf: &Duels, leaks: &Value) -> Vec<Row> {
    let transfer = |what, name: &str, target| {
        let [plain, ours] = sizes.each_ref().map(|size| scaled(from_ref(size), name, 1e6));
        Row::new(what, 2, plain, ours, target)
    };
    let ms = |what, name, target| duels.row(what, 0, name, 1.0, target);
    let us_in_ms = |what, name, target| duels.row(what, 2, name, 1e3, target);
    let alive = |what, name: &str| {
        let pages = leaks[name].as_array().into_iter().flatten();
        let counts = Spread::of(pages.map(Value::as_f64).collect());
        // One for each other player.
        Row::new(what, 0, None, counts, Target::Value(1.0))
    };
    vec![
        transfer("the page, all files, Brotli, MB", "brotli_bytes", Target::Value(4.5)),
        transfer("the same with gzip, MB", "gzip_bytes", Target::None),
        ms("join to connected, ms", "connect_ms", Target::None),
        ms("join to first confirmed frame, ms", "first_confirmed_ms", Target::Ratio(0.5)),
        deaf.row(
            "the same where a STUN server does not answer, ms",
            0,
            "first_confirmed_ms",
            1.0,
            Target::Ratio(0.5),
        ),
        us_in_ms(
            "main-thread time of bevy_netplay's systems per frame, ms",
            "facade_median_us_per_frame",
            Target::Value(0.5),
        ),
        us_in_ms("the same with all of bevy_ggrs, ms", "netcode_median_us_per_frame", Target::None),
        duels.row(
            "least round trip as the link measures it, ms",
            1,
            "rtt_min_ms",
            1.0,
            Target::None,
        ),
        duels.row(
            "a round trip as the browser measures it, ms",
            1,
            "browsers_rtt_ms",
            1.0,
            Target::None,
        ),
        alive("live connections of a page after rematches", "live_after_rematches"),
        alive("live connections of a page after reconnects", "live_after_reconnects"),
    ]
}
