//! The overlay of a match without a window: what it shows, that it stands still, and that it costs nothing while hidden.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{LastReport, NetplayOverlay, NetplayOverlayPlugin};
use netplay_testkit::TestApps;

/// A match in which App 0 has the overlay, hidden.
fn start(seed: u64, players: usize) -> TestApps {
    let latency = Duration::from_millis(80);
    let extend = |index: usize, app: &mut App| {
        if index == 0 {
            app.add_plugins((AssetPlugin::default(), NetplayOverlayPlugin))
                .init_asset::<Image>()
                .init_resource::<ButtonInput<KeyCode>>();
        }
    };
    let mut apps = TestApps::builder(seed)
        .players(players)
        .conditions(NetworkConditions { latency, ..Default::default() })
        .extend(extend)
        .start();
    apps.run_until_confirmed(120, 1000);
    apps
}

fn press(apps: &mut TestApps, key: KeyCode) {
    apps.world_mut(0).resource_mut::<ButtonInput<KeyCode>>().press(key);
    apps.step();
    apps.world_mut(0).resource_mut::<ButtonInput<KeyCode>>().reset_all();
}

/// Clicks on the button with this text.
#[track_caller]
fn click(apps: &mut TestApps, label: &str) {
    let world = apps.world_mut(0);
    let mut texts = world.query::<(&Text, &ChildOf)>();
    let button = texts.iter(world).find(|(text, _)| text.0 == label).map(|(_, child)| child.0);
    let button = button.unwrap_or_else(|| panic!("there is no button {label}"));
    *world.get_mut::<Interaction>(button).unwrap() = Interaction::Pressed;
    apps.step();
    // The button that closes it is no more.
    if let Some(mut interaction) = apps.world_mut(0).get_mut::<Interaction>(button) {
        *interaction = Interaction::None;
    }
    apps.step();
}

/// The texts that are shown, in no order.
fn texts(apps: &mut TestApps) -> Vec<String> {
    let world = apps.world_mut(0);
    let mut texts = world.query::<(&Text, &Node)>();
    let shown = texts.iter(world).filter(|(_, node)| node.display != Display::None);
    let mut shown: Vec<_> = shown.map(|(text, _)| text.0.clone()).collect();
    let mut spans = world.query::<&TextSpan>();
    shown.extend(spans.iter(world).filter(|it| !it.0.is_empty()).map(|it| it.0.trim().to_owned()));
    shown.sort();
    shown
}

#[track_caller]
fn assert_begins(texts: &[String], with: &str) {
    assert!(texts.iter().any(|text| text.starts_with(with)), "no {with:?} in {texts:?}");
}

/// The pixels of the graphs; none where there is no picture.
fn pixels(apps: &mut TestApps) -> Option<Vec<u8>> {
    let world = apps.world_mut(0);
    let mut nodes = world.query::<&ImageNode>();
    let image = nodes.iter(world).next()?.image.clone();
    world.resource::<Assets<Image>>().get(&image)?.data.clone()
}

#[test]
fn its_key_shows_a_row_for_each_peer_and_hides_all_of_it() {
    let mut apps = start(300, 3);
    apps.run(10);
    assert_eq!(texts(&mut apps), [""; 0]);
    press(&mut apps, KeyCode::F3);
    let shown = texts(&mut apps);
    for row in ["player 2", "player 3"] {
        assert_eq!(shown.iter().filter(|text| *text == row).count(), 1, "{shown:?}");
    }
    assert!(!shown.iter().any(|text| text == "player 1"), "no link to oneself: {shown:?}");
    let column = |title: &str| {
        let column = shown.iter().find(|text| text.starts_with(&format!("{title}\n")));
        column.unwrap_or_else(|| panic!("no {title} in {shown:?}")).lines().skip(1)
    };
    for rtt in column("rtt") {
        assert!((155..200).contains(&rtt.parse::<u32>().unwrap()), "{rtt} in {shown:?}");
    }
    assert!(column("path").eq(["memory"; 2]), "{shown:?}");
    assert!(column("late").all(|late| late.parse::<u32>().unwrap() > 0), "{shown:?}");
    assert_begins(&shown, "playing ");

    press(&mut apps, KeyCode::F3);
    let world = apps.world_mut(0);
    assert_eq!(world.query::<&Node>().iter(world).count(), 0, "hidden, it has no nodes");
    apps.run(5);
    assert_eq!(apps.world(0).resource::<Assets<Image>>().len(), 0, "and no picture");
}

#[test]
fn each_update_is_a_column_of_the_graphs() {
    let mut apps = start(301, 2);
    apps.world_mut(0).resource_mut::<NetplayOverlay>().visible = true;
    apps.step();
    let first = pixels(&mut apps).unwrap();
    apps.run(1);
    let second = pixels(&mut apps).unwrap();
    let row = 300 * 4;
    assert_eq!(first.len() % row, 0);
    for (before, after) in first.chunks(row).zip(second.chunks(row)) {
        assert_eq!(before[4..], after[..row - 4], "all columns but the newest have moved");
    }
    // Drawn from what is kept, the depths of the same updates look the same.
    let overlay = |apps: &mut TestApps, visible| {
        apps.world_mut(0).resource_mut::<NetplayOverlay>().visible = visible;
    };
    apps.run(30);
    let depths = |pixels: Vec<u8>| pixels[..row * 40].to_vec();
    let drawn = depths(pixels(&mut apps).unwrap());
    overlay(&mut apps, false);
    apps.step();
    overlay(&mut apps, true);
    apps.step();
    let again = depths(pixels(&mut apps).unwrap());
    for (before, after) in drawn.chunks(row).zip(again.chunks(row)) {
        assert_eq!(before[8..], after[..row - 8]);
    }
}

#[test]
fn frozen_it_stands_still_while_the_match_goes_on() {
    let mut apps = start(302, 2);
    press(&mut apps, KeyCode::F3);
    apps.run(20);
    press(&mut apps, KeyCode::F4);
    let before = (texts(&mut apps), pixels(&mut apps));
    let frame = apps.confirmed();
    apps.run(120);
    assert!(apps.confirmed() > frame + 60);
    assert!(before.0.iter().any(|text| text == "go on"), "{:?}", before.0);
    assert!(before == (texts(&mut apps), pixels(&mut apps)), "it has changed");
    click(&mut apps, "go on");
    apps.run(20);
    assert!(before.1 != pixels(&mut apps) && before.0 != texts(&mut apps));
}

#[test]
fn its_buttons_switch_the_network_save_the_report_and_close_it() {
    let mut apps = start(303, 2);
    press(&mut apps, KeyCode::F3);
    click(&mut apps, "net: perfect");
    let wifi = NetworkEmulation::both(NetworkConditions::wifi());
    assert_eq!(apps.world(0).resource::<CurrentEmulation>().0, Some(wifi));
    press(&mut apps, KeyCode::F8);
    apps.run(2);
    let shown = texts(&mut apps);
    assert!(shown.iter().any(|text| text == "net: mobile"), "{shown:?}");

    // A file is no folder.
    let report = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/report.json");
    apps.world_mut(0).resource_mut::<NetplayOverlay>().report = report.into();
    click(&mut apps, "save");
    let shown = texts(&mut apps);
    assert_begins(&shown, "not saved: ");
    apps.run(400);
    let shown = texts(&mut apps);
    assert!(!shown.iter().any(|text| text.starts_with("not saved: ")), "{shown:?}");

    click(&mut apps, "close");
    assert!(!apps.world(0).resource::<NetplayOverlay>().visible);
    assert_eq!(texts(&mut apps), [""; 0]);
}

#[test]
fn it_shows_the_last_match_outside_of_one_and_begins_with_the_next() {
    let mut apps = start(304, 2);
    press(&mut apps, KeyCode::F3);
    apps.command(0, |commands| commands.leave_room());
    apps.run(30);
    assert!(apps.world(0).resource::<LastReport>().0.is_some());
    let shown = texts(&mut apps);
    assert_begins(&shown, "offline ");
    let before = pixels(&mut apps);
    apps.run(30);
    assert!(before == pixels(&mut apps), "no column without a match");
    apps.command(0, |commands| commands.play_alone(1));
    apps.run(30);
    assert!(before != pixels(&mut apps));
    assert_begins(&texts(&mut apps), "playing ");
}
