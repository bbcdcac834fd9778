//! Session reports, which are files of anybody.

use netplay_report::html;
use netplay_report::session::{
    DesyncReport, EventKind, LinkReport, LinkSeries, MatchSeries, SessionReport, TimelineEvent,
};
use rand::RngExt;

use crate::{Random, Target, examples};

pub const SESSION_REPORT: Target = Target {
    name: "session_report",
    check,
    example,
    words: &["e308", "-1", "null", "</script>", "\"path_changed\""],
    test_runs: 60_000,
};

/// What is read is written again as one that is read, as tables, and drawn: nothing of it becomes a part of the page.
fn check(input: &[u8]) {
    let Ok(report) = SessionReport::read(input) else { return };
    let again = report.to_json().expect("it has nothing that JSON cannot say");
    let again = SessionReport::read(again.as_bytes()).expect("it was written");
    assert_eq!((again.links.len(), again.events.len()), (report.links.len(), report.events.len()));
    let lines = report.series_to_csv().lines().count();
    assert_eq!(lines, report.series.at_ms.len() + 1);
    report.events_to_csv();
    let other = SessionReport { local_player: 1, ..report.clone() };
    let page = html::page(&[report, other]);
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert!(page.ends_with("</html>\n"), "{page}");
    let points = page.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for points in points {
        assert!(points.chars().all(|letter| "0123456789.,- ".contains(letter)), "{points}");
    }
}

fn example(random: &mut Random) -> Vec<u8> {
    let rows = random.random_range(0..6);
    let times = |random: &mut Random| (0..rows).map(|_| float(random)).collect::<Vec<_>>();
    let numbers =
        |random: &mut Random| (0..rows).map(|_| examples::number(random) as u32).collect();
    let frames = (0..rows).map(|_| examples::number(random) as i32).collect();
    let link = |random: &mut Random| LinkReport {
        player: random.random_range(0..9),
        names: vec![examples::text(random, 12)],
        path: Some(examples::text(random, 8)),
        rtt_ms: float(random),
        series: LinkSeries {
            at_ms: times(random),
            path: "d".repeat(rows),
            rtt_ms: times(random),
            jitter_ms: times(random),
            loss: times(random),
            datagrams_sent: vec![1; rows],
            bytes_sent: vec![100; rows],
            datagrams_received: vec![1; rows],
            bytes_received: vec![100; rows],
            inputs: vec![1; rows],
            frame_advantage: times(random),
            input_lag: vec![1; rows],
        },
        ..LinkReport::default()
    };
    let event = |random: &mut Random| TimelineEvent {
        at_ms: float(random),
        kind: EventKind::Desync,
        player: Some(random.random_range(0..9)),
        text: examples::text(random, 30),
        ..TimelineEvent::default()
    };
    let report = SessionReport {
        format: 1,
        game: examples::text(random, 10),
        players: random.random_range(1..=8),
        started_ms: float(random),
        links: examples::several(random, 3, link),
        desyncs: examples::several(random, 1, |_| DesyncReport::default()),
        events: examples::several(random, 3, event),
        series: MatchSeries {
            at_ms: times(random),
            frame: frames,
            frames: numbers(random),
            updates: vec![1; rows],
            longest_update_ms: times(random),
            rollbacks: vec![1; rows],
            depth: numbers(random),
            rollback_ms: times(random),
            stalled: numbers(random),
            lost_ms: times(random),
            confirmed_lag: vec![1; rows],
            frame_advantage: times(random),
            input_delay: vec![1; rows],
        },
        ..SessionReport::default()
    };
    report.to_json().unwrap_or_default().into_bytes()
}

/// A number of a report: mostly a usual one, sometimes one at the end of the type.
fn float(random: &mut Random) -> f64 {
    match random.random_range(0..12) {
        0 => f64::MAX,
        1 => f64::MIN,
        2 => examples::number(random) as f64,
        _ => random.random_range(0.0..10_000.0),
    }
}
