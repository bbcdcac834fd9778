//! A chart as an SVG that is stretched to the width of its column. Labels stand beside it in HTML.

use std::fmt::Write as _;

use super::escape::escape;

/// The size of a chart in its own units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 100.0;

/// One line, or one row of bars, of a chart.
pub(super) struct Curve {
    /// What it shows.
    pub(super) name: String,
    /// The number of its color, of eight.
    pub(super) color: usize,
    /// Times as fractions of the axis, and values.
    pub(super) points: Vec<(f64, f64)>,
    pub(super) shape: Shape,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Line,
    /// A bar from the point before.
    Bars,
}

/// The values at the bottom and the top of a chart.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Scale {
    fn y(self, value: f64) -> f64 {
        let fraction = finite((value - self.least) / (self.most - self.least));
        rounded(HEIGHT - fraction.clamp(0.0, 1.0) * HEIGHT)
    }
}

/// A time at which something happened.
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// Draws curves over marks.
pub(super) fn chart(curves: &[Curve], marks: &[Mark], scale: Scale, unit: &str) -> String {
    let Scale { least, most } = scale;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" data-least=\"{least}\" \
         data-most=\"{most}\" data-unit=\"{}\">",
        escape(unit)
    );
    if least < 0.0 {
        let y = scale.y(0.0);
        let _ = write!(svg, "<line class=\"zero\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{y}\" y2=\"{y}\"/>");
    }
    for mark in marks {
        let x = x(mark.at);
        let _ = write!(
            svg,
            "<line class=\"mark {}\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{HEIGHT}\"><title>{}</title></line>",
            mark.class,
            escape(&mark.title)
        );
    }
    for curve in curves {
        draw(&mut svg, curve, scale);
    }
    let _ = write!(svg, "<line class=\"cursor\" y1=\"0\" y2=\"{HEIGHT}\"/></svg>");
    svg
}

fn draw(svg: &mut String, curve: &Curve, scale: Scale) {
    let points = curve.points.iter().map(|(at, value)| (x(*at), scale.y(*value)));
    let mut list = String::new();
    match curve.shape {
        Shape::Line => points.for_each(|(x, y)| {
            let _ = write!(list, "{x},{y} ");
        }),
        Shape::Bars => {
            let mut before = None;
            for (x, y) in points {
                let _ = write!(list, "{},{y} {x},{y} ", before.unwrap_or(x));
                before = Some(x);
            }
        }
    }
    let class = if curve.shape == Shape::Bars { "bars" } else { "line" };
    let _ = write!(
        svg,
        "<polyline class=\"{class} c{}\" data-name=\"{}\" points=\"{}\"/>",
        curve.color % 8,
        escape(&curve.name),
        list.trim_end()
    );
}

fn x(fraction: f64) -> f64 {
    rounded(finite(fraction).clamp(0.0, 1.0) * WIDTH)
}

/// Nothing that is no number gets into the page.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
