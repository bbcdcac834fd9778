//! Pages of reports, also of hostile ones.

use super::*;
use crate::session::{EventKind, LinkReport, TimelineEvent};

fn report(local_player: u8) -> SessionReport {
    let mut report = SessionReport {
        game: "arena 1".into(),
        players: 2,
        local_player,
        frame_rate: 60,
        frames: 300,
        checksum: "00ff".into(),
        ..SessionReport::default()
    };
    for sample in 1..100 {
        let at = 250.0 * f64::from(sample);
        report.series.at_ms.push(at);
        report.series.frame.push(15 * sample);
        report.series.frames.push(15);
        report.series.depth.push(sample as u32 % 7);
    }
    let mut link = LinkReport { player: 1 - local_player, ..LinkReport::default() };
    link.series.at_ms.clone_from(&report.series.at_ms);
    link.series.rtt_ms = (0..99).map(f64::from).collect();
    report.links.push(link);
    report
}

#[test]
fn both_reports_are_in_every_chart() {
    let page = page(&[report(0), report(1)]);
    assert_eq!(page.matches("<figure>").count(), 2 * 8);
    assert!(page.contains("--reports:2") && page.contains("At frame 300 the states are equal."));
    assert!(page.contains("the longest update in ms <small>0 to 80, over 25 s</small>"), "{page}");
    assert!(page.contains("Round trip time <small>0 to 100 ms, over 25 s</small>"), "{page}");
}

#[test]
fn reports_stand_in_the_order_of_their_players() {
    assert_eq!(page(&[report(1), report(0)]), page(&[report(0), report(1)]));
}

#[test]
fn being_behind_is_drawn_below_the_line_of_zero() {
    let mut behind = report(0);
    behind.links[0].series.frame_advantage = vec![-4.0; 99];
    let page = page(&[behind]);
    assert!(page.contains("Frames ahead of each peer <small>-4 to 4 frames, over"), "{page}");
    assert_eq!(page.matches("class=\"zero\"").count(), 1);
    let (_, chart) = page.split_once("data-least=\"-4\"").unwrap();
    let (_, points) = chart.split_once("points=\"").unwrap();
    assert!(points.split_whitespace().next().unwrap().ends_with(",100"), "at the bottom");
}

#[test]
fn nothing_in_a_report_becomes_a_part_of_the_page() {
    const ATTACK: &str = "</title><script>alert(1)</script>\" onload='x'";
    let mut hostile = report(0);
    hostile.game = ATTACK.into();
    hostile.checksum = ATTACK.into();
    hostile.ended = Some(ATTACK.into());
    hostile.platform = ATTACK.into();
    let link = &mut hostile.links[0];
    link.path = Some(ATTACK.into());
    link.local_candidate = Some(ATTACK.into());
    link.names = vec![ATTACK.into()];
    hostile.events.push(TimelineEvent {
        kind: EventKind::Desync,
        text: ATTACK.into(),
        ..TimelineEvent::default()
    });
    let page = page(&[hostile]);
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
    assert!(
        !page.contains("alert(1)</script")
            && !page.contains("' onload")
            && !page.contains("\" onload")
    );
}

#[test]
fn numbers_that_are_none_and_columns_that_are_too_short_are_drawn_as_nothing() {
    let mut broken = report(0);
    broken.series.at_ms = vec![f64::MAX, f64::MIN, 1e300];
    broken.series.frame.clear();
    broken.links[0].series.rtt_ms = vec![f64::INFINITY, f64::NAN];
    let page = page(&[broken, report(1)]);
    assert!(!page.contains("NaN") && !page.contains("inf,"), "{page}");
}

#[test]
fn a_page_of_no_reports_is_a_page() {
    assert!(page(&[]).ends_with("</html>\n"));
}

#[test]
fn a_difference_is_the_first_thing_that_is_said() {
    let (first, mut second) = (report(0), report(1));
    second.checksum = "00fe".into();
    assert!(page(&[first.clone(), second]).contains("At frame 300 the states differ."));
    let mut third = report(1);
    third.desyncs.push(crate::session::DesyncReport { frame: 45, ..Default::default() });
    assert!(page(&[first, third]).contains("The states differ from frame 45 on."));
}
