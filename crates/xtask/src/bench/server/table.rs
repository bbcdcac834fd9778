//! The figures of both servers beside each other, and whether the targets are reached.

use std::fmt::Write;

use serde::Serialize;

use crate::bench::spread::Spread;

/// What a figure must reach.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// This share of what stands beside it.
    RatioAtMost(f64),
    RatioAtLeast(f64),
    /// So much more than what stands beside it.
    AddedAtMost(f64),
    /// Shown for information.
    None,
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    what: &'static str,
    decimals: usize,
    beside: Option<Spread>,
    ours: Option<Spread>,
    ratio: Option<f64>,
    target: Target,
    reached: Option<bool>,
}

impl Row {
    pub fn new(
        what: &'static str,
        decimals: usize,
        beside: Option<Spread>,
        ours: Option<Spread>,
        target: Target,
    ) -> Self {
        let both = beside.zip(ours).map(|(beside, ours)| (beside.median, ours.median));
        let ratio = both.map(|(beside, ours)| ours / beside);
        let reached = match target {
            Target::AtMost(most) => ours.map(|ours| ours.median <= most),
            Target::AtLeast(least) => ours.map(|ours| ours.median >= least),
            Target::RatioAtMost(most) => ratio.map(|ratio| ratio <= most),
            Target::RatioAtLeast(least) => ratio.map(|ratio| ratio >= least),
            Target::AddedAtMost(most) => both.map(|(beside, ours)| ours - beside <= most),
            Target::None => None,
        };
        Self { what, decimals, beside, ours, ratio, target, reached }
    }
}

/// The rows as a table that reads well in a terminal and in Markdown.
pub fn text(rows: &[Row]) -> String {
    let mut text = String::from("| what | matchbox_server | ours | ratio | target | reached |\n");
    text += "| --- | ---: | ---: | ---: | ---: | --- |\n";
    for row in rows {
        let spread =
            |spread: Option<Spread>| spread.map_or("–".to_owned(), |it| it.text(row.decimals));
        let ratio = row.ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        let target = match row.target {
            Target::AtMost(most) => format!("≤ {most}"),
            Target::AtLeast(least) => format!("≥ {least}"),
            Target::RatioAtMost(most) => format!("≤ {most} ×"),
            Target::RatioAtLeast(least) => format!("≥ {least} ×"),
            Target::AddedAtMost(most) => format!("≤ {most} more"),
            Target::None => String::new(),
        };
        let reached = match row.reached {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        let (beside, ours) = (spread(row.beside), spread(row.ours));
        let _ =
            writeln!(text, "| {} | {beside} | {ours} | {ratio} | {target} | {reached} |", row.what);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(beside: f64, ours: f64, target: Target) -> Option<bool> {
        let spread = |value| Spread::of(vec![Some(value)]);
        Row::new("x", 0, spread(beside), spread(ours), target).reached
    }

    #[test]
    fn a_target_is_about_the_value_the_ratio_or_the_difference() {
        assert_eq!(reached(100.0, 12.0, Target::AtMost(14.0)), Some(true));
        assert_eq!(reached(100.0, 12.0, Target::RatioAtMost(0.1)), Some(false));
        assert_eq!(reached(10.0, 21.0, Target::RatioAtLeast(2.0)), Some(true));
        assert_eq!(reached(10.0, 21.0, Target::AtLeast(22.0)), Some(false));
        assert_eq!(reached(1.0, 1.9, Target::AddedAtMost(1.0)), Some(true));
        assert_eq!(reached(1.0, 2.1, Target::AddedAtMost(1.0)), Some(false));
        assert_eq!(reached(1.0, 2.0, Target::None), None);
    }

    #[test]
    fn what_was_not_measured_reaches_nothing() {
        let row = Row::new("x", 1, None, None, Target::AtMost(1.0));
        assert_eq!(row.reached, None);
        assert!(text(&[row]).contains("| x | – | – | – | ≤ 1 |  |"));
    }
}
