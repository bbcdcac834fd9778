//! The figures of both stacks beside each other, and whether the targets are reached.

use std::fmt::Write;

use serde::Serialize;

use super::round::{Round, Wire};
use super::spread::Spread;

/// What a figure must reach.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This value at most.
    Value(f64),
    /// This share of the plain stack's value at most.
    Ratio(f64),
    /// Shown for information.
    None,
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    what: &'static str,
    decimals: usize,
    plain: Option<Spread>,
    ours: Option<Spread>,
    ratio: Option<f64>,
    target: Target,
    reached: Option<bool>,
}

/// The figures of the rounds, in the order of the table.
pub fn rows(plain: &[Round], ours: &[Round]) -> Vec<Row> {
    let row = |what, decimals, target, figure: &dyn Fn(&Round) -> Option<f64>| {
        let plain = Spread::of(plain.iter().map(figure).collect());
        let ours = Spread::of(ours.iter().map(figure).collect());
        Row::new(what, decimals, target, plain, ours)
    };
    let wire = |figure: fn(Wire) -> f64| move |round: &Round| round.wire.map(figure);
    vec![
        row(
            "packets per peer and frame",
            2,
            Target::Value(1.3),
            &wire(|wire| wire.packets_per_peer_and_frame),
        ),
        row("bytes per second", 0, Target::Ratio(0.75), &wire(|wire| wire.bytes_per_second)),
        row("bytes per packet", 0, Target::None, &wire(|wire| wire.bytes_per_packet)),
        row("join to connected, ms", 0, Target::None, &|round| Some(round.connect_ms)),
        row("join to first confirmed frame, ms", 0, Target::Ratio(0.5), &|round| {
            Some(round.first_confirmed_ms)
        }),
        row("main thread per frame, µs", 1, Target::Ratio(1.1), &|round| {
            round.main_thread_us_per_frame
        }),
    ]
}

/// The rows as a table that reads well in a terminal and in Markdown.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("| what | plain | ours | ratio | target | reached |\n");
    text += "| --- | ---: | ---: | ---: | ---: | --- |\n";
    for row in rows {
        let spread =
            |spread: Option<Spread>| spread.map_or("–".to_owned(), |s| s.text(row.decimals));
        let ratio = row.ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        let target = match row.target {
            Target::Value(value) => format!("≤ {value}"),
            Target::Ratio(ratio) => format!("≤ {ratio} × plain"),
            Target::None => String::new(),
        };
        let reached = match row.reached {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        let (plain, ours) = (spread(row.plain), spread(row.ours));
        let _ =
            writeln!(text, "| {} | {plain} | {ours} | {ratio} | {target} | {reached} |", row.what);
    }
    text
}

impl Row {
    fn new(
        what: &'static str,
        decimals: usize,
        target: Target,
        plain: Option<Spread>,
        ours: Option<Spread>,
    ) -> Self {
        let ratio = plain.zip(ours).map(|(plain, ours)| ours.median / plain.median);
        let reached = match target {
            Target::Value(most) => ours.map(|ours| ours.median <= most),
            Target::Ratio(most) => ratio.map(|ratio| ratio <= most),
            Target::None => None,
        };
        Self { what, decimals, plain, ours, ratio, target, reached }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_compares_medians_and_one_outlier_changes_nothing() {
        let plain = Spread::of(vec![Some(100.0), Some(110.0), Some(90.0)]);
        let ours = Spread::of(vec![Some(50.0), Some(900.0), Some(40.0)]);
        let row = Row::new("x", 0, Target::Ratio(0.5), plain, ours);
        assert_eq!((row.ratio, row.reached), (Some(0.5), Some(true)));
        assert!(
            table(&[row])
                .contains("| x | 100 (90 to 110) | 50 (40 to 900) | 0.50 | ≤ 0.5 × plain | yes |")
        );
    }

    #[test]
    fn a_figure_that_was_not_measured_reaches_nothing() {
        let row = Row::new("x", 1, Target::Value(1.3), None, Spread::of(vec![Some(1.0), None]));
        assert_eq!(row.reached, None);
        assert!(table(&[row]).contains("| x | – | – | – | ≤ 1.3 |  |"));
    }
}
