//! The charts: each shows one quantity, with a column for each report, on the same axes.

use super::axis::Axis;
use super::escape::escape;
use super::events;
use super::svg::{Curve, Scale, Shape, chart};
use crate::session::{LinkReport, LinkSeries, SessionReport};

/// One quantity over time.
struct Quantity {
    title: &'static str,
    unit: &'static str,
    /// The least that the axis goes to, so that small differences do not look large.
    least: f64,
    /// Whether there are values below 0.
    signed: bool,
    curves: fn(&SessionReport) -> Vec<Values>,
}

/// Values of a report over time.
struct Values {
    name: String,
    color: usize,
    at_ms: Vec<f64>,
    values: Vec<f64>,
    shape: Shape,
}

const QUANTITIES: [Quantity; 8] = [
    Quantity {
        title: "Round trip time",
        unit: "ms",
        least: 50.0,
        signed: false,
        curves: |report| of_links(report, |series, row| value(&series.rtt_ms, row)),
    },
    Quantity {
        title: "Jitter",
        unit: "ms",
        least: 20.0,
        signed: false,
        curves: |report| of_links(report, |series, row| value(&series.jitter_ms, row)),
    },
    Quantity {
        title: "Loss",
        unit: "%",
        least: 5.0,
        signed: false,
        curves: |report| of_links(report, |series, row| value(&series.loss, row) * 100.0),
    },
    Quantity {
        title: "Sent",
        unit: "kB/s",
        least: 5.0,
        signed: false,
        curves: |report| {
            of_links(report, |series, row| {
                let seconds = interval(&series.at_ms, row) / 1000.0;
                let bytes = series.bytes_sent.get(row).copied().unwrap_or(0);
                bytes as f64 / 1000.0 / seconds
            })
        },
    },
    Quantity {
        title: "Deepest rollback, and frames that waited",
        unit: "frames",
        least: 8.0,
        signed: false,
        curves: |report| {
            let series = &report.series;
            let row = |name: &str, color, values: &[u32]| Values {
                name: name.into(),
                color,
                at_ms: series.at_ms.clone(),
                values: values.iter().map(|value| f64::from(*value)).collect(),
                shape: Shape::Bars,
            };
            vec![row("rollback", 0, &series.depth), row("waited", 7, &series.stalled)]
        },
    },
    Quantity {
        title: "Simulating again, per frame",
        unit: "ms",
        least: 4.0,
        signed: false,
        curves: |report| {
            let series = &report.series;
            let values = |row| {
                let frames = series.frames.get(row).copied().unwrap_or(0).max(1);
                value(&series.rollback_ms, row) / f64::from(frames)
            };
            let values = (0..series.at_ms.len()).map(values).collect();
            let (name, at_ms) = ("rollback".into(), series.at_ms.clone());
            vec![Values { name, color: 0, at_ms, values, shape: Shape::Bars }]
        },
    },
    Quantity {
        title: "Frames ahead of each peer",
        unit: "frames",
        least: 4.0,
        signed: true,
        curves: |report| of_links(report, |series, row| value(&series.frame_advantage, row)),
    },
    Quantity {
        title: "Frames per second, and the longest update in ms",
        unit: "",
        least: 70.0,
        signed: false,
        curves: |report| {
            let series = &report.series;
            let rate = |row| {
                let frames = series.frames.get(row).copied().unwrap_or(0);
                f64::from(frames) * 1000.0 / interval(&series.at_ms, row)
            };
            let row = |name: &str, color, values| Values {
                name: name.into(),
                color,
                at_ms: series.at_ms.clone(),
                values,
                shape: Shape::Line,
            };
            let rates = (0..series.at_ms.len()).map(rate).collect();
            vec![
                row("frames per second", 0, rates),
                row("longest update, ms", 1, series.longest_update_ms.clone()),
            ]
        },
    },
];

pub(super) fn section(reports: &[SessionReport], axis: &Axis) -> String {
    QUANTITIES.iter().map(|quantity| figure(quantity, reports, axis)).collect()
}

fn figure(quantity: &Quantity, reports: &[SessionReport], axis: &Axis) -> String {
    let all: Vec<Vec<Values>> = reports.iter().map(quantity.curves).collect();
    let values = all.iter().flatten().flat_map(|values| &values.values);
    let sizes = values.map(|value| value.abs()).filter(|value| value.is_finite());
    let most = round_up(sizes.fold(quantity.least, f64::max));
    let Quantity { title, unit, signed, .. } = quantity;
    let scale = Scale { least: if *signed { -most } else { 0.0 }, most };
    let range = format!("{} to {most} {unit}", scale.least);
    let mut html = format!(
        "<section><h2>{title} <small>{}, over {:.0} s</small></h2><div class=\"row\">\n",
        range.trim_end(),
        (axis.to - axis.from) / 1000.0
    );
    for (index, (report, values)) in reports.iter().zip(all).enumerate() {
        let curves: Vec<Curve> = values.into_iter().map(|it| it.curve(index, axis)).collect();
        let legend: String = curves
            .iter()
            .map(|it| {
                let (color, name) = (it.color % 8, escape(&it.name));
                format!("<span class=\"c{color}\" data-name=\"{name}\">{name}<b></b></span>")
            })
            .collect();
        let drawn = chart(&curves, &events::marks(report, index, axis), scale, unit);
        html.push_str(&format!("<figure>{drawn}<figcaption>{legend}</figcaption></figure>\n"));
    }
    html.push_str("</div></section>\n");
    html
}

impl Values {
    fn curve(self, report: usize, axis: &Axis) -> Curve {
        let points = self.at_ms.iter().zip(&self.values);
        let points = points.map(|(at, value)| (axis.fraction(report, *at), *value)).collect();
        Curve { name: self.name, color: self.color, points, shape: self.shape }
    }
}

fn of_links(report: &SessionReport, value: fn(&LinkSeries, usize) -> f64) -> Vec<Values> {
    let of_link = |link: &LinkReport| Values {
        name: name_of(link),
        color: link.player.into(),
        at_ms: link.series.at_ms.clone(),
        values: (0..link.series.at_ms.len()).map(|row| value(&link.series, row)).collect(),
        shape: Shape::Line,
    };
    report.links.iter().map(of_link).collect()
}

/// What a link is called: its player, by number and name.
pub(super) fn name_of(link: &LinkReport) -> String {
    let name = link.names.first().filter(|name| !name.is_empty());
    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
    format!("player {}{name}", usize::from(link.player) + 1)
}

fn value(column: &[f64], row: usize) -> f64 {
    column.get(row).copied().unwrap_or_default()
}

/// How long the interval of a row is, in milliseconds; at least one.
fn interval(at_ms: &[f64], row: usize) -> f64 {
    let before = row.checked_sub(1).and_then(|row| at_ms.get(row)).copied();
    let end = value(at_ms, row);
    (end - before.unwrap_or(end - 250.0)).max(1.0)
}

/// The next number that is short to write.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1.0).log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let step = steps.into_iter().find(|step| step * power >= value);
    step.unwrap_or(10.0) * power
}
