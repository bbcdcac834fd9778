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

/// A time at which something happened.
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// Draws curves up to a greatest value, over marks.
pub(super) fn chart(curves: &[Curve], marks: &[Mark], most: f64, unit: &str) -> String {
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" data-most=\"{most}\" \
         data-unit=\"{}\">",
        escape(unit)
    );
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
        draw(&mut svg, curve, most);
    }
    let _ = write!(svg, "<line class=\"cursor\" y1=\"0\" y2=\"{HEIGHT}\"/></svg>");
    svg
}

fn draw(svg: &mut String, curve: &Curve, most: f64) {
    let points = curve.points.iter().map(|(at, value)| (x(*at), y(*value, most)));
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

fn y(value: f64, most: f64) -> f64 {
    rounded(HEIGHT - finite(value / most).clamp(0.0, 1.0) * HEIGHT)
}

/// Nothing that is no number gets into the page.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
