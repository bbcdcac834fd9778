//! What is measured while people play, and that inspectors see it.

use std::time::Duration;

use bevy::diagnostic::DiagnosticsStore;
use bevy::prelude::*;
use bevy::reflect::GetPath;
use bevy_netplay::{
    History, LinkSample, LinkTraffic, MatchSample, NetplayDiagnosticsPlugin, PeerLink, PlayerSet,
    UpdateSample, prelude::*,
};
use netplay_testkit::{TICK, TestApps};

fn latency(ms: u64) -> NetworkConditions {
    NetworkConditions { latency: Duration::from_millis(ms), ..Default::default() }
}

fn link(apps: &TestApps, index: usize) -> &PeerLink {
    apps.world(index).resource::<PeerLinks>().iter().next().unwrap()
}

fn metrics(apps: &TestApps, index: usize) -> &RollbackMetrics {
    apps.world(index).resource()
}

/// The fields of a value, by the reflection that inspectors use.
fn field<'a>(value: &'a dyn Reflect, path: &str) -> &'a dyn PartialReflect {
    value.reflect_path(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_last_minute_of_a_link_is_kept_in_samples_and_no_more() {
    let mut apps = TestApps::builder(80).players(2).conditions(latency(40)).start();
    apps.run_until_confirmed(75 * 60, 6000);
    let link = link(&apps, 0);
    let history = &link.history;
    assert_eq!((history.len(), history.capacity()), (240, 240), "{apps}");
    let covered: Duration = history.iter().map(|sample| sample.length).sum();
    assert!((60..66).contains(&covered.as_secs()), "{covered:?}");
    assert!(history.iter().is_sorted_by_key(|sample| sample.at), "{history:?}");
    for sample in history.iter() {
        let rtt = sample.rtt.as_secs_f64() * 1000.0;
        assert!((79.0..100.0).contains(&rtt), "{sample:?}");
        let seconds = sample.length.as_secs_f64();
        let datagrams = [sample.sent.datagrams, sample.received.datagrams];
        let is_usual = |it: &u64| (30.0..80.0).contains(&(*it as f64 / seconds));
        assert!(datagrams.iter().all(is_usual), "{sample:?}");
        assert!((50.0..70.0).contains(&(sample.inputs as f64 / seconds)), "{sample:?}");
        assert!(sample.sent.bytes > sample.sent.datagrams * 20, "{sample:?}");
    }
    let LinkTraffic { datagrams, bytes, .. } = link.sent_per_second;
    assert!((40..70).contains(&datagrams) && bytes > datagrams * 20, "{datagrams}, {bytes}");
    let total: u64 = history.iter().map(|sample| sample.inputs).sum();
    assert!(total < link.inputs_received, "the minute is a part of the whole");
    assert!(link.rtt_max >= link.rtt.unwrap() && link.rtt_max < Duration::from_millis(150));
    assert!((2..12).contains(&link.input_lag.unwrap()), "{:?}", link.input_lag);
}

#[test]
fn the_simulation_is_sampled_by_update_and_by_quarters_of_a_second() {
    let mut apps = TestApps::builder(81).players(2).conditions(latency(100)).start();
    apps.run_until_confirmed(30 * 60, 4000);
    let metrics = metrics(&apps, 0);
    assert_eq!(metrics.updates.len(), 300, "{apps}");
    let is_deep = |update: &UpdateSample| update.depth > 1 && update.rollbacks == 1;
    assert!(metrics.updates.iter().any(is_deep), "{metrics:?}");
    let sums = |of: fn(&MatchSample) -> u64| metrics.history.iter().map(of).sum::<u64>();
    assert_eq!(metrics.history.iter().map(|it| it.depth).max(), Some(metrics.depth_max));
    // What is not a whole sample yet is missing.
    let close = |sampled: u64, counted: u64| sampled <= counted && sampled + 60 > counted;
    assert!(close(sums(|it| it.rollbacks.into()), metrics.rollbacks), "{metrics:?}");
    assert!(close(sums(|it| it.resimulated.into()), metrics.frames_resimulated));
    assert!((59.0..61.0).contains(&metrics.frame_rate), "{}", metrics.frame_rate);
    assert!(metrics.confirmed_lag_max >= metrics.confirmed_lag);
    assert!((2..12).contains(&metrics.confirmed_lag), "{}", metrics.confirmed_lag);
    assert_eq!((metrics.input_delay, metrics.is_too_slow), (2, false));
    assert!(metrics.longest_rollback <= metrics.rollback_time);
}

#[test]
fn a_rollback_is_blamed_on_the_player_whose_inputs_come_late() {
    let mut apps = TestApps::builder(82).players(3).start();
    let [first, second, third] = [0, 1, 2].map(|index| apps.key(index));
    for to in [first, second] {
        apps.hub().set_conditions(third, to, latency(120));
    }
    apps.run_until_confirmed(600, 3000);
    for (index, other) in [(0, 1), (1, 0)] {
        let metrics = metrics(&apps, index);
        assert!(metrics.rollbacks_of(2) > 100, "{metrics:?}");
        assert!(metrics.rollbacks_of(other) * 10 < metrics.rollbacks_of(2), "{metrics:?}");
        assert_eq!(metrics.rollbacks_of(index), 0, "nobody waits for its own inputs");
        let blamed: Vec<_> = metrics.updates.iter().filter(|it| it.depth > 0).collect();
        assert!(blamed.iter().all(|update| update.caused_by.contains(2)), "{metrics:?}");
        assert!(blamed.len() > 10);
    }
}

#[test]
fn who_is_ahead_and_who_is_behind_know_it_of_each_other() {
    let mut apps = TestApps::builder(83).players(2).conditions(latency(30)).start();
    apps.run_until_confirmed(300, 1000);
    apps.pause(0);
    apps.run(6);
    apps.resume_without_catching_up(0);
    apps.run(40);
    let [behind, ahead] = [0, 1].map(|index| link(&apps, index).frame_advantage.unwrap());
    assert!(behind < -1.0 && ahead > 1.0, "{behind} {ahead}");
    assert_eq!(metrics(&apps, 1).frame_advantage, ahead);
}

#[test]
fn a_machine_whose_updates_take_longer_than_what_they_simulate_is_too_slow() {
    let mut apps = TestApps::builder(84).players(2).start();
    apps.run_until_confirmed(120, 1000);
    apps.set_tick(1, TICK * 25);
    apps.run(3);
    assert!(!metrics(&apps, 1).is_too_slow, "it may be one long update");
    apps.run(5);
    let slow = metrics(&apps, 1);
    assert!(slow.is_too_slow && slow.lost_time > Duration::from_millis(500), "{slow:?}");
    assert!(!metrics(&apps, 0).is_too_slow);
    apps.set_tick(1, TICK);
    apps.run(60);
    assert!(!metrics(&apps, 1).is_too_slow);
}

#[test]
fn inspectors_see_all_of_it_by_reflection() {
    let mut apps = TestApps::builder(85).players(2).conditions(latency(60)).start();
    apps.run_until_confirmed(600, 2000);
    let world = apps.world(0);
    let registry = world.resource::<AppTypeRegistry>().read();
    for (name, type_id) in [
        ("History<LinkSample>", std::any::TypeId::of::<History<LinkSample>>()),
        ("History<MatchSample>", std::any::TypeId::of::<History<MatchSample>>()),
        ("History<UpdateSample>", std::any::TypeId::of::<History<UpdateSample>>()),
        ("PlayerSet", std::any::TypeId::of::<PlayerSet>()),
        ("PeerLink", std::any::TypeId::of::<PeerLink>()),
    ] {
        assert!(registry.get(type_id).is_some(), "{name}");
    }
    let links = world.resource::<PeerLinks>().as_reflect();
    let rtt = field(links, ".links[0].history.samples[3].rtt");
    assert_eq!(rtt.try_downcast_ref(), Some(&link(&apps, 0).history.iter().nth(3).unwrap().rtt));
    let bytes = field(links, ".links[0].received_per_second.bytes");
    assert!(*bytes.try_downcast_ref::<u64>().unwrap() > 1000);
    for path in
        ["jitter_max", "loss_max", "inputs_received", "frame_advantage", "inputs_by_path.relay"]
    {
        field(links, &format!(".links[0].{path}"));
    }
    let metrics = metrics(&apps, 0).as_reflect();
    let depth = field(metrics, ".updates.samples[299].depth");
    assert!(depth.try_downcast_ref::<u32>().is_some());
    for path in
        ["history.samples[1].stalled", "rollbacks_by_player[1]", "is_too_slow", "frame_rate"]
    {
        field(metrics, &format!(".{path}"));
    }
}

#[test]
fn diagnostics_are_of_all_links_and_of_each_peer() {
    let extend = |_: usize, app: &mut App| {
        app.add_plugins(bevy::diagnostic::DiagnosticsPlugin);
    };
    let mut apps = TestApps::builder(86).players(3).conditions(latency(20)).extend(extend).start();
    let (slow, to) = (apps.key(2), apps.key(0));
    apps.hub().set_conditions(slow, to, latency(90));
    apps.run_until_confirmed(600, 2000);
    let store = apps.world(0).resource::<DiagnosticsStore>();
    let value = |path: &bevy::diagnostic::DiagnosticPath| {
        let diagnostic = store.get(path).unwrap_or_else(|| panic!("{path} is not there"));
        diagnostic.value().unwrap_or_else(|| panic!("{path} has no value"))
    };
    type Plugin = NetplayDiagnosticsPlugin;
    let [second, third] = [1, 2].map(|player| value(&Plugin::of_player(&Plugin::RTT, player)));
    assert!((40.0..60.0).contains(&second) && third > 105.0, "{second} {third}");
    assert_eq!(value(&Plugin::RTT), third, "the worst");
    let of_players = [1, 2].map(|player| value(&Plugin::of_player(&Plugin::SENT, player)));
    assert_eq!(value(&Plugin::SENT), of_players[0] + of_players[1]);
    let caused = value(&Plugin::of_player(&Plugin::ROLLBACKS, 2));
    assert!(caused > 50.0 && caused <= value(&Plugin::ROLLBACKS));
    assert!((59.0..61.0).contains(&value(&Plugin::FRAME_RATE)));
    assert!(
        store.get(&Plugin::of_player(&Plugin::RTT, 0)).is_none(),
        "nobody has a link to itself"
    );
}
