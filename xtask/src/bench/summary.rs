//! The rows of the match benchmark.

use super::round::{Round, Wire};
use super::spread::Spread;
use super::table::{Row, Target};

/// The figures of the rounds, in the order of the table.
pub fn rows(plain: &[Round], ours: &[Round]) -> Vec<Row> {
    let row = |what, decimals, target, figure: &dyn Fn(&Round) -> Option<f64>| {
        let plain = Spread::of(plain.iter().map(figure).collect());
        let ours = Spread::of(ours.iter().map(figure).collect());
        Row::new(what, decimals, plain, ours, target)
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
