//! The common time axis of reports whose clocks differ.

use crate::session::SessionReport;

/// How reports are laid over each other, and from when to when they go.
#[derive(Debug, PartialEq)]
pub(super) struct Axis {
    /// What is added to the times of each report, in milliseconds.
    offsets: Vec<f64>,
    /// The begin and the end, in milliseconds of the first report.
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Axis {
    pub(super) fn of(reports: &[SessionReport]) -> Self {
        let Some(first) = reports.first() else {
            return Self { offsets: Vec::new(), from: 0.0, to: 1.0 };
        };
        let offsets: Vec<f64> = reports.iter().map(|report| offset(first, report)).collect();
        let ends = reports.iter().zip(&offsets).flat_map(|(report, offset)| {
            let times = report.series.at_ms.iter().chain(report.events.iter().map(|it| &it.at_ms));
            times.map(move |at| at + offset)
        });
        let starts =
            reports.iter().zip(&offsets).map(|(report, offset)| report.started_ms + offset);
        let from = starts.fold(f64::INFINITY, f64::min);
        let to = ends.fold(from, f64::max).max(from + 1.0);
        Self { offsets, from, to }
    }

    /// A time of a report, in milliseconds since the begin of the axis.
    pub(super) fn at(&self, report: usize, at_ms: f64) -> f64 {
        at_ms + self.offsets.get(report).copied().unwrap_or_default() - self.from
    }

    /// A time of a report as a fraction of the axis.
    pub(super) fn fraction(&self, report: usize, at_ms: f64) -> f64 {
        self.at(report, at_ms) / (self.to - self.from)
    }
}

/// What is added to the times of a report so that it lies over the first one: the median of how far the times of the same
/// frames are apart.
fn offset(first: &SessionReport, report: &SessionReport) -> f64 {
    let series = &report.series;
    let mut differences: Vec<f64> = series
        .frame
        .iter()
        .zip(&series.at_ms)
        .filter_map(|(frame, at)| Some(time_of(first, *frame)? - at))
        .collect();
    differences.sort_by(f64::total_cmp);
    let median = differences.get(differences.len() / 2).copied();
    median.unwrap_or(first.started_ms - report.started_ms)
}

/// When a report was at a frame, between two of its samples.
fn time_of(report: &SessionReport, frame: i32) -> Option<f64> {
    let (frames, times) = (&report.series.frame, &report.series.at_ms);
    let after = frames.partition_point(|it| *it < frame);
    let (next, at_next) = (frames.get(after)?, times.get(after)?);
    if *next == frame {
        return Some(*at_next);
    }
    let before = after.checked_sub(1)?;
    let (last, at_last) = (frames.get(before)?, times.get(before)?);
    let [frame, last, next] = [frame, *last, *next].map(f64::from);
    let part = (frame - last) / (next - last);
    Some(at_last + (at_next - at_last) * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report that simulates 60 frames a second from a time on.
    fn report(started_ms: f64) -> SessionReport {
        let mut report = SessionReport { started_ms, ..SessionReport::default() };
        for sample in 1..40 {
            report.series.at_ms.push(started_ms + 250.0 * f64::from(sample));
            report.series.frame.push(15 * sample);
        }
        report
    }

    #[test]
    fn clocks_that_differ_are_laid_over_each_other_by_frames() {
        let (first, mut second) = (report(1000.0), report(71_000.0));
        // It stood still for a while in the middle.
        second.series.at_ms[10..15].iter_mut().for_each(|at| *at += 200.0);
        let axis = Axis::of(&[first, second]);
        assert_eq!(axis.offsets, [0.0, -70_000.0]);
        assert_eq!((axis.from, axis.to), (1000.0, 10_750.0));
        assert_eq!(axis.at(1, 72_000.0), 1000.0);
    }

    #[test]
    fn reports_without_samples_begin_together() {
        let empty = SessionReport { started_ms: 500.0, ..SessionReport::default() };
        let axis = Axis::of(&[report(1000.0), empty]);
        assert_eq!(axis.offsets, [0.0, 500.0]);
        assert_eq!(Axis::of(&[]).fraction(0, 0.5), 0.5);
    }
}
