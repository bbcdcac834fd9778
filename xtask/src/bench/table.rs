//! The figures of both stacks beside each other, and whether the targets are reached.

use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

use super::spread::Spread;

/// What a figure must reach.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// This value at most.
    Value(f64),
    /// This value at least.
    AtLeast(f64),
    /// This share of the plain stack's value at most.
    Ratio(f64),
    /// This multiple at most of the value beside it, which is that of what is named.
    RatioOf(f64, &'static str),
    /// This share of the plain stack's value at least.
    RatioAtLeast(f64),
    /// So much more than the plain stack's value at most.
    Added(f64),
    /// Shown for information.
    None,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::Ratio(most) => write!(f, "≤ {most} × plain"),
            Self::RatioOf(most, beside) => write!(f, "≤ {most} × {beside}"),
            Self::RatioAtLeast(least) => write!(f, "≥ {least} × plain"),
            Self::Added(most) => write!(f, "≤ {most} more"),
            Self::None => Ok(()),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A line of the table, and of the file: there a figure is its median.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    what: &'static str,
    #[serde(skip)]
    decimals: usize,
    #[serde(rename = "beside")]
    plain: Option<Spread>,
    ours: Option<Spread>,
    ratio: Option<f64>,
    target: Target,
    reached: Option<bool>,
}

impl Row {
    pub fn new(
        what: &'static str,
        decimals: usize,
        plain: Option<Spread>,
        ours: Option<Spread>,
        target: Target,
    ) -> Self {
        let both = plain.zip(ours).map(|(plain, ours)| (plain.median, ours.median));
        let ratio = both.map(|(plain, ours)| ours / plain);
        let reached = match target {
            Target::Value(most) => ours.map(|ours| ours.median <= most),
            Target::AtLeast(least) => ours.map(|ours| ours.median >= least),
            Target::Ratio(most) | Target::RatioOf(most, _) => ratio.map(|ratio| ratio <= most),
            Target::RatioAtLeast(least) => ratio.map(|ratio| ratio >= least),
            Target::Added(most) => both.map(|(plain, ours)| ours - plain <= most),
            Target::None => None,
        };
        Self { what, decimals, plain, ours, ratio, target, reached }
    }
}

/// The rows as a table that reads well in a terminal and in Markdown.
pub fn text(plain: &str, rows: &[Row]) -> String {
    let mut text = format!("| what | {plain} | ours | ratio | target | reached |\n");
    text += "| --- | ---: | ---: | ---: | ---: | --- |\n";
    for row in rows {
        let spread =
            |spread: Option<Spread>| spread.map_or("–".to_owned(), |it| it.text(row.decimals));
        let ratio = row.ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        let target = row.target;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reached(plain: f64, ours: f64, target: Target) -> Option<bool> {
        let spread = |value| Spread::of(vec![Some(value)]);
        Row::new("x", 0, spread(plain), spread(ours), target).reached
    }

    #[test]
    fn a_target_is_about_the_value_the_ratio_or_the_difference() {
        assert_eq!(reached(100.0, 12.0, Target::Value(14.0)), Some(true));
        assert_eq!(reached(100.0, 12.0, Target::Ratio(0.1)), Some(false));
        assert_eq!(reached(10.0, 21.0, Target::RatioOf(2.0, "the floor")), Some(false));
        assert_eq!(reached(10.0, 21.0, Target::RatioAtLeast(2.0)), Some(true));
        assert_eq!(reached(10.0, 21.0, Target::AtLeast(22.0)), Some(false));
        assert_eq!(reached(1.0, 1.9, Target::Added(1.0)), Some(true));
        assert_eq!(reached(1.0, 2.1, Target::Added(1.0)), Some(false));
        assert_eq!(reached(1.0, 2.0, Target::None), None);
    }

    #[test]
    fn a_ratio_compares_medians_and_one_outlier_changes_nothing() {
        let plain = Spread::of(vec![Some(100.0), Some(110.0), Some(90.0)]);
        let ours = Spread::of(vec![Some(50.0), Some(900.0), Some(40.0)]);
        let row = Row::new("x", 0, plain, ours, Target::Ratio(0.5));
        assert_eq!((row.ratio, row.reached), (Some(0.5), Some(true)));
        assert!(
            text("plain", &[row])
                .contains("| x | 100 (90 to 110) | 50 (40 to 900) | 0.50 | ≤ 0.5 × plain | yes |")
        );
    }

    #[test]
    fn the_file_has_medians_and_targets_as_the_table_writes_them() {
        let spread = |least, most| Spread::of(vec![Some(least), Some(most)]);
        let row = Row::new("x", 0, spread(10.0, 30.0), spread(4.0, 6.0), Target::Ratio(0.5));
        let expected = json!({
            "what": "x", "beside": 20.0, "ours": 5.0, "ratio": 0.25, "target": "≤ 0.5 × plain", "reached": true,
        });
        assert_eq!(serde_json::to_value(row).unwrap(), expected);
    }

    #[test]
    fn a_figure_that_was_not_measured_reaches_nothing() {
        let ours = Spread::of(vec![Some(1.0), None]);
        let row = Row::new("x", 1, None, ours, Target::Value(1.3));
        assert_eq!(row.reached, None);
        assert!(text("plain", &[row]).contains("| x | – | – | – | ≤ 1.3 |  |"));
    }
}
