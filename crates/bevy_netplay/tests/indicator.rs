//! What players are told of connections, in matches on bad networks.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{
    ConnectionIndicatorPlugin, ConnectionNotices, LinkNotice, NoticeKind, NoticeLevel,
};
use netplay_testkit::{TICK, TestApps};

fn start(seed: u64, players: usize) -> TestApps {
    let extend = |index: usize, app: &mut App| {
        if index == 0 {
            app.add_plugins(ConnectionIndicatorPlugin);
        }
    };
    let mut apps = TestApps::builder(seed).players(players).extend(extend).start();
    apps.run_until_confirmed(120, 1000);
    apps
}

fn latency(ms: u64) -> NetworkConditions {
    NetworkConditions { latency: Duration::from_millis(ms), ..Default::default() }
}

fn notices(apps: &TestApps, index: usize) -> Vec<LinkNotice> {
    apps.world(index).resource::<ConnectionNotices>().iter().copied().collect()
}

/// How bad something is that an App says of a player.
fn level(apps: &TestApps, index: usize, kind: NoticeKind, player: u8) -> Option<NoticeLevel> {
    let player = Some(PlayerHandle(player));
    let notices = notices(apps, index);
    notices.iter().find(|it| it.kind == kind && it.player == player).map(|notice| notice.level)
}

/// The lines of App 0's indicator.
fn lines(apps: &mut TestApps) -> Vec<String> {
    let world = apps.world_mut(0);
    let mut texts = world.query::<&Text>();
    texts.iter(world).map(|text| text.0.clone()).collect()
}

#[test]
fn nothing_is_said_on_a_good_network() {
    let mut apps = start(310, 3);
    for _ in 0..600 {
        apps.step();
        apps.indices().for_each(|index| assert_eq!(notices(&apps, index), [], "{apps}"));
    }
    assert_eq!(lines(&mut apps), [""; 0]);
}

#[test]
fn a_slow_link_is_named_by_those_who_have_it_and_forgotten_a_while_after_it_is_better() {
    let mut apps = start(311, 3);
    let [first, third] = [0, 2].map(|index| apps.key(index));
    let both_ways = |apps: &TestApps, conditions: NetworkConditions| {
        apps.hub().set_conditions(first, third, conditions.clone());
        apps.hub().set_conditions(third, first, conditions);
    };
    both_ways(&apps, latency(85));
    let is_named = |apps: &TestApps| {
        level(apps, 0, NoticeKind::Latency, 2) == Some(NoticeLevel::Warning)
            && level(apps, 2, NoticeKind::Latency, 0) == Some(NoticeLevel::Warning)
    };
    apps.run_until("the link is named", 300, is_named);
    assert!(notices(&apps, 0).iter().all(|it| it.player != Some(PlayerHandle(1))), "{apps}");
    assert!(notices(&apps, 1).iter().all(|it| it.kind != NoticeKind::Latency), "{apps}");
    apps.step();
    let shown = lines(&mut apps);
    assert!(shown.iter().any(|line| line.contains("player 3: ")), "{shown:?}");

    both_ways(&apps, latency(5));
    apps.run(140);
    assert!(is_named(&apps), "it is too early to say that it is better");
    let is_silent = |apps: &TestApps| notices(apps, 0).is_empty() && notices(apps, 2).is_empty();
    apps.run_until("nothing is said", 600, is_silent);
    apps.step();
    assert_eq!(lines(&mut apps), [""; 0]);
}

#[test]
fn who_is_waited_for_is_named_after_a_quarter_of_a_second() {
    let mut apps = start(312, 3);
    apps.mute(2);
    let mut told = None;
    for step in 0..120 {
        apps.step();
        let level = level(&apps, 0, NoticeKind::Waiting, 2);
        if level.is_some() && told.is_none() {
            told = Some(step);
            assert_eq!(level, Some(NoticeLevel::Warning));
        }
    }
    // The window of prediction of 8 frames and the input delay of 2 come first.
    assert!((22..40).contains(&told.unwrap_or_default()), "{told:?}");
    assert_eq!(level(&apps, 0, NoticeKind::Waiting, 2), Some(NoticeLevel::Critical));
    assert_eq!(level(&apps, 0, NoticeKind::Waiting, 1), None, "{apps}");
    apps.step();
    assert_eq!(lines(&mut apps)[0], "!! waiting for player 3");
    apps.unmute(2);
    apps.run_until("nobody is waited for", 900, |apps| {
        level(apps, 0, NoticeKind::Waiting, 2).is_none()
    });
}

#[test]
fn a_machine_that_is_too_slow_is_named_to_all() {
    let mut apps = start(313, 2);
    apps.set_tick(1, TICK * 25);
    apps.run(8);
    let slow = |index| {
        let notice = notices(&apps, index).into_iter().find(|it| it.kind == NoticeKind::TooSlow);
        notice.map(|it| (it.level, it.player))
    };
    assert_eq!(slow(1), Some((NoticeLevel::Warning, None)), "its own player: {apps}");
    assert_eq!(slow(0), Some((NoticeLevel::Warning, Some(PlayerHandle(1)))), "{apps}");
}

#[test]
fn loss_on_all_links_is_a_trouble_of_the_local_connection() {
    let mut apps = start(314, 3);
    let lossy = || NetworkConditions { loss: 0.3, ..NetworkConditions::perfect() };
    let keys = [0, 1, 2].map(|index| apps.key(index));
    for from in [keys[1], keys[2]] {
        apps.hub().set_conditions(from, keys[0], lossy());
    }
    let own = |apps: &TestApps| {
        notices(apps, 0).iter().any(|it| it.kind == NoticeKind::Loss && it.player.is_none())
    };
    apps.run_until("the own connection is named", 300, own);
    apps.step();
    let shown = lines(&mut apps);
    assert!(shown.iter().any(|line| line.ends_with("your connection: lost packets")), "{shown:?}");
    apps.command(0, |commands| commands.leave_room());
    apps.run(3);
    assert_eq!(notices(&apps, 0), [], "not in a match");
}
