//! A figure over several rounds: median, least and greatest.

use serde::{Serialize, Serializer};

/// A figure over all rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    /// `None` where a round is without the figure, or there are no rounds.
    pub fn of(values: Vec<Option<f64>>) -> Option<Self> {
        let mut values = values.into_iter().collect::<Option<Vec<_>>>()?;
        values.sort_by(f64::total_cmp);
        let (least, greatest) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, least, greatest })
    }

    pub fn text(self, decimals: usize) -> String {
        format!(
            "{:.decimals$} ({:.decimals$} to {:.decimals$})",
            self.median, self.least, self.greatest
        )
    }
}

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.median.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_number_of_rounds_has_its_median_between_the_middle_two() {
        assert_eq!(Spread::of(vec![Some(1.0), Some(3.0)]).map(|s| s.median), Some(2.0));
    }
}
