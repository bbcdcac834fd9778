//! The report of a match, whatever has ended it, and the files it is saved to.

use std::fs;

use bevy::prelude::*;
use bevy_netplay::messages::{ReportNotSaved, ReportSaved};
use bevy_netplay::{EventKind, LastReport, TimelineEvent, prelude::*};
use netplay_testkit::TestApps;

fn report(apps: &TestApps, index: usize) -> SessionReport {
    session_report(apps.world(index)).unwrap_or_else(|| panic!("App {index} has no report: {apps}"))
}

fn kinds(report: &SessionReport) -> Vec<EventKind> {
    report.events.iter().map(|event| event.kind).collect()
}

fn of_kind(report: &SessionReport, kind: EventKind) -> Vec<&TimelineEvent> {
    report.events.iter().filter(|event| event.kind == kind).collect()
}

/// The last message that was written.
fn last<M: Message + Clone>(apps: &TestApps, index: usize) -> Option<M> {
    let messages = apps.world(index).resource::<Messages<M>>();
    messages.get_cursor().read(messages).last().cloned()
}

#[test]
fn the_running_match_has_a_report_with_series_and_events() {
    let mut apps = TestApps::builder(90).players(2).conditions(NetworkConditions::wifi()).start();
    assert!(session_report(apps.world(0)).is_some(), "a match that has just begun");
    apps.run_until_confirmed(40 * 60, 4000);
    let report = report(&apps, 0);
    assert_eq!((report.format, report.epoch, report.players, &report.ended), (1, 1, 2, &None));
    assert_eq!((report.platform.as_str(), report.frame_rate), ("native", 60));
    assert!(report.frames > 39 * 60 && !report.checksum.is_empty(), "{}", report.frames);
    // Everything that was sampled, not the last minute alone.
    let series = &report.series;
    assert!((150..170).contains(&series.at_ms.len()), "{}", series.at_ms.len());
    assert!(series.at_ms.is_sorted() && series.frame.is_sorted());
    assert!(series.at_ms[0] > report.started_ms && series.at_ms[0] < report.started_ms + 600.0);
    assert_eq!(
        series.rollbacks.iter().map(|it| u64::from(*it)).sum::<u64>() / 20,
        report.rollbacks.count / 20
    );
    let link = &report.links[0];
    assert_eq!(link.series.at_ms.len(), link.series.path.len());
    assert!((150..170).contains(&link.series.path.len()));
    assert!(link.series.path.chars().all(|path| path == 'm'), "{}", link.series.path);
    assert!(
        link.rtt_max_ms >= link.rtt_ms
            && link.series.rtt_ms.iter().all(|rtt| *rtt <= link.rtt_max_ms)
    );
    assert_eq!(kinds(&report)[..2], [EventKind::PeerJoined, EventKind::MatchStarted]);
    let read = SessionReport::read(report.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(read, report);
}

#[test]
fn a_long_match_has_a_report_of_bounded_size() {
    let mut apps = TestApps::builder(91).players(2).start();
    apps.run_until_confirmed(300 * 60, 20_000);
    let report = report(&apps, 0);
    let series = &report.series;
    assert!((512..=1024).contains(&series.at_ms.len()), "{}", series.at_ms.len());
    assert!(series.frames.iter().sum::<u32>() >= 299 * 60, "all of it is covered");
    let bytes = report.to_json().unwrap().len();
    assert!(bytes < 250_000, "{bytes}");
}

#[test]
fn a_report_says_how_its_match_ended() {
    let mut apps = TestApps::builder(92).players(3).start();
    apps.run_until_confirmed(300, 1000);
    apps.command(2, |commands| commands.leave_room());
    apps.run(30);
    let left = report(&apps, 2);
    assert_eq!(left.ended.as_deref(), Some("the room was left"), "{:?}", left.events);
    let dropped = report(&apps, 0);
    assert_eq!(dropped.ended, None, "the others play on");
    let [event] = of_kind(&dropped, EventKind::Dropped)[..] else { panic!("{:?}", dropped.events) };
    assert_eq!(event.player, Some(2));
    apps.exclude(&[2]);
    apps.run_until_confirmed(600, 1000);

    apps.crash(1);
    apps.run_until("the crashed player is dropped", 2000, |apps| {
        apps.world(0).resource::<LastReport>().0.is_some()
    });
    let last = report(&apps, 0);
    let ended = last.ended.as_deref().unwrap();
    assert!(ended.starts_with("lost the connection to player 2"), "{ended}");
    let order = [EventKind::Dropped, EventKind::Dropped, EventKind::RoomEnded];
    let of_order: Vec<_> = kinds(&last).into_iter().filter(|kind| order.contains(kind)).collect();
    assert_eq!(of_order, order, "{:?}", last.events);
    assert_eq!(of_kind(&last, EventKind::RoomEnded)[0].text, ended);
}

#[test]
fn a_rematch_has_a_report_of_its_own_and_the_one_before_is_kept() {
    let mut apps = TestApps::builder(93).players(2).start();
    apps.run_until_confirmed(300, 1000);
    assert!(apps.world(0).resource::<LastReport>().0.is_none());
    for index in 0..2 {
        apps.command(index, |commands| commands.rematch());
    }
    apps.run_until("the rematch is played", 300, |apps| {
        apps.indices().all(|index| apps.world(index).resource::<CurrentMatch>().epoch == 2)
    });
    apps.run(120);
    let first = apps.world(0).resource::<LastReport>().0.clone().unwrap();
    assert_eq!((first.epoch, first.ended.as_deref()), (1, Some("another match began")));
    let second = report(&apps, 0);
    assert_eq!((second.epoch, &second.ended), (2, &None));
    assert!(
        second.started_ms > first.started_ms + 4000.0,
        "{} {}",
        first.started_ms,
        second.started_ms
    );
    assert!(second.series.at_ms[0] > *first.series.at_ms.last().unwrap());
    let frames = |report: &SessionReport| report.series.frames.iter().sum::<u32>();
    assert!((290..310).contains(&frames(&first)), "{}", frames(&first));
    assert!((90..130).contains(&frames(&second)), "{}", frames(&second));
}

#[test]
fn failures_and_changes_of_paths_are_events_with_their_reasons() {
    use bevy_netplay::core::path::PathKind;

    let mut apps = TestApps::builder(94).players(2).start();
    apps.run_until_confirmed(60, 1000);
    let [first, second] = [0, 1].map(|index| apps.key(index));
    for (from, to) in [(first, second), (second, first)] {
        apps.hub().cut_path(from, to, PathKind::Memory);
    }
    apps.run(600);
    let report = report(&apps, 0);
    let [change] = of_kind(&report, EventKind::PathChanged)[..] else {
        panic!("{:?}", report.events)
    };
    assert!(change.text.starts_with("memory to relay: "), "{change:?}");
    assert_eq!((change.player, report.links[0].series.path.chars().last()), (Some(1), Some('r')));
    let failed = of_kind(&report, EventKind::AttemptFailed);
    assert!(!failed.is_empty() && failed.iter().all(|it| it.text == "nothing got through"));
    assert!(failed.is_sorted_by(|a, b| a.at_ms <= b.at_ms), "{failed:?}");
}

#[test]
fn stalls_and_deep_rollbacks_are_events() {
    let mut apps = TestApps::builder(95).players(2).start();
    apps.run_until_confirmed(120, 1000);
    apps.mute(1);
    apps.run(30);
    apps.unmute(1);
    apps.run(120);
    let report = report(&apps, 0);
    let stalls = of_kind(&report, EventKind::Stalled);
    assert!(stalls.iter().any(|stall| stall.lasted_ms > Some(100.0)), "{:?}", report.events);
    let deep = of_kind(&report, EventKind::DeepRollback);
    assert!(
        deep.iter().any(|it| it.player == Some(1) && it.text.ends_with("of player 2")),
        "{deep:?}"
    );
}

#[test]
fn a_report_is_saved_as_json_and_as_tables_and_a_failure_is_told() {
    let mut apps = TestApps::builder(96).players(2).start();
    let folder = std::env::temp_dir().join(format!("netplay-report-{}", std::process::id()));
    let path = |name: &str| folder.join("new").join(name).to_string_lossy().into_owned();
    apps.run_until_confirmed(300, 1000);
    for name in ["match.json", "match.csv"] {
        let path = path(name);
        apps.command(0, move |commands| commands.save_report(path));
        apps.run(1);
    }
    let saved: ReportSaved = last(&apps, 0).unwrap();
    assert_eq!(saved.files, [path("match.csv"), path("match-events.csv")]);
    let read = SessionReport::read(&fs::read(path("match.json")).unwrap()).unwrap();
    assert_eq!((read.players, read.epoch), (2, 1));
    let table = fs::read_to_string(path("match.csv")).unwrap();
    assert!(table.starts_with("at_ms,frame,") && table.lines().count() > 15, "{table}");
    assert!(fs::read_to_string(path("match-events.csv")).unwrap().contains("match started"));
    assert_eq!(fs::read_dir(folder.join("new")).unwrap().count(), 3, "nothing unfinished stays");

    // A folder is in the way.
    fs::create_dir(path("taken.json")).unwrap();
    let taken = path("taken.json");
    apps.command(0, move |commands| commands.save_report(taken));
    apps.run(1);
    let failed: ReportNotSaved = last(&apps, 0).unwrap();
    assert!(failed.path == path("taken.json") && !failed.reason.is_empty(), "{failed:?}");
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(feature = "report_html")]
#[test]
fn a_report_is_saved_as_a_page() {
    let mut apps = TestApps::builder(98).players(2).start();
    apps.run_until_confirmed(300, 1000);
    let file = std::env::temp_dir().join(format!("netplay-report-{}.html", std::process::id()));
    let path = file.to_string_lossy().into_owned();
    apps.command(0, move |commands| commands.save_report(path));
    apps.run(1);
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Player 1"), "{page}");
    fs::remove_file(file).unwrap();
}

#[test]
fn without_a_match_there_is_no_report() {
    let mut apps = TestApps::builder(97).players(2).build();
    assert!(session_report(apps.world(0)).is_none());
    apps.command(0, |commands| commands.save_report("nowhere/match.json"));
    apps.run(1);
    let failed: ReportNotSaved = last(&apps, 0).unwrap();
    assert_eq!(failed.reason, "no match was played yet");
}
