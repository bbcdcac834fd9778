//! How fast matches run: clocks that differ, machines that are slow, and input delays that fit.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{ConnectionNotices, NoticeKind, UpdateSample};
use netplay_testkit::{TICK, TestApps};

fn network(ms: u64, loss: f32) -> NetworkConditions {
    let latency = Duration::from_millis(ms);
    NetworkConditions { latency, jitter: latency / 10, loss, ..Default::default() }
}

fn metrics(apps: &TestApps, index: usize) -> &RollbackMetrics {
    apps.world(index).resource()
}

fn updates(apps: &TestApps, index: usize) -> impl Iterator<Item = &UpdateSample> {
    metrics(apps, index).updates.iter()
}

/// The mean depth of the rollbacks of the last five seconds.
fn mean_rollback(apps: &TestApps, index: usize) -> f32 {
    let (count, frames) = updates(apps, index).fold((0, 0), |(count, frames), update| {
        (count + update.rollbacks, frames + update.resimulated)
    });
    frames as f32 / count.max(1) as f32
}

#[test]
fn clocks_that_differ_by_a_hundredth_roll_back_equally_far_and_nobody_stalls() {
    for seed in 0..4 {
        let mut apps = TestApps::builder(400 + seed).conditions(network(50, 0.03)).start();
        apps.set_tick(1, TICK.mul_f64(1.01));
        apps.run(20 * 60);
        let before = metrics(&apps, 0).stalls + metrics(&apps, 1).stalls;
        let (mut advantage, mut difference, mut speeds) = (Vec::new(), 0.0, [0.0; 2]);
        for _ in 0..6 {
            apps.run(5 * 60);
            advantage.push(metrics(&apps, 1).frame_advantage);
            speeds = [0, 1].map(|index| speeds[index] + metrics(&apps, index).speed / 6.0);
            difference += (mean_rollback(&apps, 1) - mean_rollback(&apps, 0)) / 6.0;
        }
        // One that is two frames ahead runs slower, and the other one faster, by one percent together.
        assert!(speeds[0] > 1.001 && speeds[1] < 0.9999, "{speeds:?} {advantage:?} {difference}");
        assert!((0.0..2.0).contains(&difference), "{difference}: {apps}");
        assert!(advantage.iter().all(|it| (-0.5..3.5).contains(it)), "{advantage:?}: {apps}");
        assert_eq!(metrics(&apps, 0).stalls + metrics(&apps, 1).stalls, before, "{apps}");
        // No update repeats its picture: each has a frame, but for one where the clocks pass each other.
        let repeated =
            [0, 1].map(|index| updates(&apps, index).filter(|it| it.frames == 0).count());
        assert!(repeated.iter().all(|it| *it <= 5), "{repeated:?}");
        apps.assert_no_desync();
        apps.assert_no_lost_input();
    }
}

#[test]
fn players_with_different_input_delays_run_side_by_side() {
    let configure = |index, config: &mut NetplayConfig| config.input_delay = [1, 5][index];
    let mut apps = TestApps::builder(410).conditions(network(40, 0.0)).configure(configure).start();
    apps.run(10 * 60);
    for index in [0, 1] {
        let advantage = metrics(&apps, index).frame_advantage;
        assert!(advantage.abs() < 0.6, "{advantage}: {apps}");
    }
}

#[test]
fn a_machine_at_45_updates_a_second_plays_all_frames_and_nobody_stalls() {
    let mut apps = TestApps::builder(411).conditions(network(30, 0.01)).start();
    let before = [0, 1].map(|index| metrics(&apps, index).stalls);
    for step in 0..20 * 60 {
        // Every fourth update is left out, and the time of two passes in the next one.
        if step % 4 == 0 {
            apps.pause(1)
        } else {
            apps.resume(1)
        }
        apps.step();
    }
    apps.resume(1);
    for index in [0, 1] {
        assert!((59.0..61.0).contains(&metrics(&apps, index).frame_rate), "{apps}");
        assert_eq!(metrics(&apps, index).stalls, before[index], "{apps}");
        assert!(!metrics(&apps, index).is_too_slow);
    }
    let rollbacks = [0, 1].map(|index| mean_rollback(&apps, index));
    assert!((rollbacks[0] - rollbacks[1]).abs() < 1.5, "{rollbacks:?}");
}

/// Three Apps, of which the last one simulates at most a frame in each of 36 updates a second, after so many seconds.
fn with_slow_machine(seed: u64, seconds: usize, configure: fn(&mut NetplayConfig)) -> TestApps {
    let configure = move |index, config: &mut NetplayConfig| {
        configure(config);
        if index == 2 {
            config.max_frames_per_update = 1;
        }
    };
    let mut apps = TestApps::builder(seed)
        .players(3)
        .conditions(network(30, 0.01))
        .configure(configure)
        .start();
    for step in 0..seconds * 60 {
        if step * 36 % 60 < 36 {
            apps.resume(2)
        } else {
            apps.pause(2)
        }
        apps.step();
    }
    apps.resume(2);
    apps
}

#[test]
fn who_waits_for_a_slow_machine_plays_as_slowly_evenly_and_knows_who_it_is() {
    let apps = with_slow_machine(412, 25, |_| {});
    for index in [0, 1] {
        let metrics = metrics(&apps, index);
        assert!((34.0..38.0).contains(&metrics.frame_rate), "{}: {apps}", metrics.frame_rate);
        // Every second or third update has a frame, and none has to wait for one.
        let longest = longest_run(updates(&apps, index), |it| it.frames == 0);
        assert!(longest <= 3, "{longest}: {apps}");
        let stalled = updates(&apps, index).filter(|it| it.stalled).count();
        assert!(stalled <= 15, "{stalled} of 300 updates");
        let links = apps.world(index).resource::<PeerLinks>();
        assert!(
            links.player(2).unwrap().is_too_slow && !links.player(1 - index).unwrap().is_too_slow
        );
        let notices = apps.world(index).resource::<ConnectionNotices>();
        let slow = notices.iter().find(|notice| notice.kind == NoticeKind::TooSlow).unwrap();
        assert_eq!(slow.player, Some(PlayerHandle(2)));
    }
    assert!(metrics(&apps, 2).is_too_slow);
    apps.assert_no_desync();
}

/// The longest run of updates that are such.
fn longest_run<'a>(
    updates: impl Iterator<Item = &'a UpdateSample>,
    is_such: impl Fn(&UpdateSample) -> bool,
) -> usize {
    let (mut run, mut longest) = (0, 0);
    for update in updates {
        run = if is_such(update) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[test]
fn a_game_drops_who_stays_below_the_rate_that_it_sets() {
    let slower = with_slow_machine(413, 20, |config| config.min_frame_rate = 30);
    assert!(slower.messages(0).disconnected.is_empty(), "{slower}");
    let dropped = with_slow_machine(414, 20, |config| config.min_frame_rate = 45);
    for index in [0, 1] {
        let [message] = &dropped.messages(index).disconnected[..] else { panic!("{dropped}") };
        assert_eq!(message.player, PlayerHandle(2));
        assert!(message.reason.contains("frames per second, below 45"), "{}", message.reason);
        assert!((59.0..61.0).contains(&metrics(&dropped, index).frame_rate), "{dropped}");
    }
}

fn latency(ms: u64) -> NetworkConditions {
    NetworkConditions { latency: Duration::from_millis(ms), ..Default::default() }
}

fn delays(apps: &TestApps) -> Vec<usize> {
    apps.indices().map(|index| metrics(apps, index).input_delay).collect()
}

fn fitting(_: usize, config: &mut NetplayConfig) {
    (config.input_delay, config.max_input_delay) = (1, 4);
}

/// A game in which nobody presses anything.
fn at_rest(app: &mut App, config: NetplayConfig) {
    app.add_plugins(NetplayPlugins::<u8>::new(config));
}

#[test]
fn the_input_delay_fits_the_round_trip_when_a_match_starts() {
    for (ms, expected) in [(5, 1), (40, 1), (60, 2), (75, 3), (120, 4)] {
        let builder = TestApps::builder(420).conditions(latency(ms)).configure(fitting);
        let mut apps = builder.game(at_rest).start();
        // A match may start before a round trip is measured.
        apps.run(60);
        assert_eq!(delays(&apps), [expected; 2], "{ms} ms: {apps}");
    }
}

/// Three Apps, of which two are far from each other.
fn two_far_apart(configure: fn(usize, &mut NetplayConfig)) -> TestApps {
    let mut apps = TestApps::builder(421)
        .players(3)
        .conditions(latency(75))
        .configure(configure)
        .game(at_rest)
        .build();
    apps.join_all();
    for (from, to) in [(0, 2), (2, 0), (1, 2), (2, 1)] {
        apps.hub().set_conditions(apps.key(from), apps.key(to), latency(10));
    }
    apps.run_until("all play", 1800, TestApps::all_playing);
    apps.run(90);
    apps
}

#[test]
fn each_player_has_the_delay_that_fits_its_own_lines_or_all_have_the_same() {
    assert_eq!(delays(&two_far_apart(fitting)), [3, 3, 1]);
    let equal = |index, config: &mut NetplayConfig| {
        fitting(index, config);
        config.equal_input_delay = true;
    };
    let mut apps = two_far_apart(equal);
    assert_eq!(delays(&apps), [3; 3]);
    apps.command(0, |commands| commands.rematch());
    apps.command(1, |commands| commands.rematch());
    apps.command(2, |commands| commands.rematch());
    apps.run_until("the rematch", 600, |apps| (0..3).all(|index| apps.epoch(index) == Some(2)));
    apps.run(90);
    assert_eq!(delays(&apps), [3; 3]);
}

#[test]
fn the_input_delay_follows_a_line_that_changes_while_inputs_are_at_rest() {
    let mut apps =
        TestApps::builder(422).conditions(latency(10)).configure(fitting).game(at_rest).start();
    apps.run(60);
    assert_eq!(delays(&apps), [1; 2]);
    apps.hub().set_all_conditions(latency(90));
    apps.run(4 * 60);
    assert_eq!(delays(&apps), [1; 2], "not at once");
    apps.run(30 * 60);
    assert_eq!(delays(&apps), [4; 2], "{apps}");
    apps.hub().set_all_conditions(latency(10));
    apps.run(20 * 60);
    assert_eq!(delays(&apps), [4; 2], "not at once");
    apps.run(120 * 60);
    assert_eq!(delays(&apps), [1; 2], "{apps}");
    apps.assert_no_desync();
    // By hand.
    apps.world_mut(1).resource_mut::<NetplayConfig>().input_delay = 6;
    apps.run(60);
    assert_eq!(delays(&apps), [1, 6]);
}
