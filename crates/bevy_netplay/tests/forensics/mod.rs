//! Planted desyncs: both peers name what differs, and their bundles can be simulated again and shortened.

mod game;
mod hostile;
mod replay;
mod webrtc;

use bevy_netplay::messages::DesyncExplained;
use bevy_netplay::prelude::*;
use bevy_netplay::{AfterDesync, DesyncBundle, DesyncBundles, DesyncCapture, DesyncFile};
use netplay_testkit::TestApps;

use game::Plant;

/// A match in which App 1 has an error, or both where it is one of those that differ by themselves; up to the moment
/// when both peers have said what differs.
fn planted(
    seed: u64,
    plant: Plant,
    configure: impl Fn(usize, &mut NetplayConfig) + 'static,
) -> TestApps {
    planted_on(NetworkConditions::wifi(), seed, plant, configure)
}

fn planted_on(
    conditions: NetworkConditions,
    seed: u64,
    plant: Plant,
    configure: impl Fn(usize, &mut NetplayConfig) + 'static,
) -> TestApps {
    let is_everywhere = matches!(plant, Plant::HashMapOrder | Plant::TimeOfDay);
    let mut apps = TestApps::builder(seed)
        .conditions(conditions)
        .game(game::game)
        .configure(configure)
        .extend(move |index, app| {
            if is_everywhere || index == 1 {
                app.insert_resource(plant);
            }
        })
        .start();
    let explained =
        |apps: &TestApps| apps.indices().all(|index| !apps.messages(index).explained.is_empty());
    apps.run_until("both have said what differs", 2000, explained);
    apps
}

fn explained(apps: &TestApps, index: usize) -> &DesyncExplained {
    &apps.messages(index).explained[0]
}

fn bundle(apps: &TestApps, index: usize) -> &DesyncBundle {
    let bundles = apps.world(index).resource::<DesyncBundles>();
    bundles.get(apps.key(1 - index)).unwrap()
}

#[test]
fn both_peers_name_what_differs_to_the_field() {
    // What both have to name: type, entity and field, and what App 1 has there.
    let cases = [
        (Plant::Value, Some("Ship"), Some(1), "at.y", Some("0.25 (0x3e800000)")),
        (Plant::Reflected, Some("Shield"), Some(1), "layers[0].thickness", Some("4")),
        (Plant::MissingEntity, None, Some(2), "", None),
        (Plant::MissingComponent, Some("Shield"), Some(1), "", None),
        (Plant::Order, Some("Ship"), Some(2), "", None),
        (Plant::Width, Some("Ammo"), Some(1), "bytes", Some("4 bytes")),
    ];
    for (number, (plant, type_name, entity, field, value)) in cases.into_iter().enumerate() {
        let apps = planted(80 + number as u64, plant, |_, _| {});
        for index in apps.indices() {
            let said = explained(&apps, index);
            let what = format!("{plant:?}, App {index}: {said:?}");
            assert_eq!(said.player.index(), 1 - index, "{what}");
            assert_eq!(said.type_name.as_deref(), type_name, "{what}");
            assert_eq!((said.entity, &said.field[..]), (entity, field), "{what}");
            let of_app_1 = if index == 1 { &said.local } else { &said.remote };
            assert_eq!(of_app_1.as_deref(), value, "{what}");
            // The first compared frame, and the last one at which nothing had happened.
            assert_eq!((said.frame, said.last_equal_frame), (105, Some(90)), "{what}");
            let words = match plant {
                Plant::MissingEntity => "the entity #2 with Ship exists",
                Plant::MissingComponent => "Shield of the entity #1 exists",
                Plant::Order => "the order differs: the entities #2, #3",
                _ => "of the entity #1 is",
            };
            assert!(said.sentence.contains(words), "{what}");
        }
    }
}

#[test]
fn what_differs_by_itself_is_named_by_both_peers() {
    for (seed, plant, field) in
        [(90, Plant::HashMapOrder, "picked"), (91, Plant::TimeOfDay, "clock")]
    {
        let apps = planted(seed, plant, |_, _| {});
        let [here, there] = [0, 1].map(|index| explained(&apps, index));
        for said in [here, there] {
            assert_eq!(said.type_name.as_deref(), Some("Score"), "{plant:?}: {said:?}");
            assert_eq!((said.entity, &said.field[..]), (None, field), "{plant:?}: {said:?}");
        }
        // Each has said what the other one has.
        assert_eq!((&here.local, &here.remote), (&there.remote, &there.local), "{plant:?}");
        assert!(here.local.is_some() && here.local != here.remote, "{plant:?}: {here:?}");
    }
}

#[test]
fn a_bundle_has_both_sides_and_no_player() {
    let network = NetworkConditions::terrible();
    let mut apps = planted_on(network, 92, Plant::Value, |_, config| config.checksum_interval = 7);
    for index in apps.indices() {
        let bundle = bundle(&apps, index);
        let read = DesyncBundle::from_bytes(&bundle.to_bytes().unwrap()).unwrap();
        assert_eq!(&read, bundle);
        let theirs = bundle.theirs.as_ref().unwrap();
        for side in [&bundle.ours, theirs] {
            let frames: Vec<i32> = side.states.iter().map(|state| state.frame).collect();
            assert_eq!(frames, [98, 105], "{side:?}");
            assert!(side.build.rustc.starts_with("rustc 1."), "{:?}", side.build);
        }
        assert_eq!(bundle.game.name, "duel 1");
        assert_eq!(bundle.this_match.checksum_interval, 7);
        assert!(bundle.this_match.registered_matches(bundle), "{:?}", bundle.game);
        assert!(bundle.end() > 105 && bundle.inputs.len() == 2, "{:?}", bundle.inputs);
        assert!(
            !bundle.rollbacks.is_empty(),
            "{:?}",
            apps.world(index).resource::<RollbackMetrics>()
        );
        assert_eq!(bundle.delays[0].delay, 2, "{:?}", bundle.delays);
        let path = &bundle.link.path[..];
        assert!(["memory", "relay"].contains(&path), "{path}");
        let key = apps.key(1 - index).to_string();
        assert!(!format!("{bundle:?}").contains(&key));
    }
    // It is told once, however long it goes on.
    let frame = apps.confirmed();
    apps.run_until_confirmed(frame + 120, 2000);
    assert!(apps.indices().all(|index| apps.messages(index).explained.len() == 1), "{apps}");
}

trait Registered {
    fn registered_matches(&self, bundle: &DesyncBundle) -> bool;
}

impl Registered for bevy_netplay::report_files::desync::MatchInfo {
    fn registered_matches(&self, bundle: &DesyncBundle) -> bool {
        let names: Vec<&str> = bundle.game.types.iter().map(|it| &it.name[..]).collect();
        names == ["Ammo", "Score", "Shield", "Ship"] && bundle.game.registered != 0
    }
}

#[test]
fn a_game_can_end_the_match() {
    let mut apps =
        planted(93, Plant::Value, |_, config| config.desync.after = AfterDesync::EndMatch);
    apps.run_until("both have ended", 60, TestApps::all_ended);
    // The first one to know tells the other one, which may hear of it before its own side was told.
    let ended = |index| apps.end_reason(index).unwrap();
    let is_desync = |index| matches!(ended(index), EndReason::Desync { frame: 105, .. });
    assert!(apps.indices().any(is_desync), "{:?}, {:?}", ended(0), ended(1));
    assert!(apps.indices().all(|index| bundle(&apps, index).theirs.is_some()), "{apps}");
}

#[test]
fn a_bundle_is_written_where_the_game_wants_it() {
    let directory = std::env::temp_dir().join(format!("netplay-desync-{}", std::process::id()));
    let wanted = directory.clone();
    let apps = planted(94, Plant::Order, move |_, config| {
        config.desync.directory = Some(wanted.clone());
    });
    for index in apps.indices() {
        let file = explained(&apps, index).file.as_ref().unwrap();
        assert_eq!(&DesyncBundle::load(file).unwrap(), bundle(&apps, index));
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn without_states_the_type_is_named_and_without_capture_the_frame() {
    let captures = [
        (DesyncCapture::On { frames: 16, max_bytes: 16 }, Some("Ship")),
        (DesyncCapture::Off, None),
    ];
    for (number, (capture, type_name)) in captures.into_iter().enumerate() {
        let apps = planted(95 + number as u64, Plant::Value, move |_, config| {
            config.desync.capture = capture;
        });
        for index in apps.indices() {
            let said = explained(&apps, index);
            assert_eq!(said.type_name.as_deref(), type_name, "{said:?}");
            assert_eq!(said.frame, 105, "{said:?}");
            assert!(!bundle(&apps, index).inputs.is_empty());
        }
    }
}

#[test]
fn a_game_with_more_state_than_may_be_kept_keeps_the_latest_frames() {
    // A frame has about 150 bytes: of 16 frames, the latest few are kept, which is what it takes.
    let capture = DesyncCapture::On { frames: 16, max_bytes: 900 };
    let apps = planted(98, Plant::Value, move |_, config| config.desync.capture = capture);
    for index in apps.indices() {
        let said = explained(&apps, index);
        assert_eq!((said.frame, &said.field[..]), (105, "at.y"), "{said:?}");
        let frames: Vec<i32> = bundle(&apps, index).ours.states.iter().map(|it| it.frame).collect();
        assert_eq!(frames, [90, 105]);
    }
}
