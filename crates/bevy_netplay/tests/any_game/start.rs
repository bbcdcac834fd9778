//! What runs before frame 0, and what is said before the first match.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

use super::builder;

/// What ran, in order.
#[derive(Resource, Clone, Default, Debug, PartialEq)]
struct Order(Vec<&'static str>);

fn game(app: &mut App) {
    app.init_resource::<Order>()
        .add_systems(StartMatch, |mut order: ResMut<Order>| order.0.push("StartMatch"))
        .add_systems(OnEnter(NetplayState::Playing), |mut order: ResMut<Order>| {
            order.0.push("OnEnter")
        })
        .add_systems(NetplayUpdate, |frame: Res<RollbackFrameCount>, mut order: ResMut<Order>| {
            if frame.0 == 1 && order.0.last() != Some(&"frame 0") {
                order.0.push("frame 0");
            }
        });
}

#[test]
fn a_match_is_set_up_then_entered_then_simulated_and_a_rematch_too() {
    let mut apps = builder(21, game).start();
    apps.run_until_confirmed(30, 600);
    for index in apps.indices() {
        apps.command(index, |commands| commands.rematch());
    }
    apps.run_until("the rematch", 600, |apps| apps.epoch(0) == Some(2) && apps.epoch(1) == Some(2));
    apps.run_until_confirmed(30, 600);
    for index in apps.indices() {
        let once = ["StartMatch", "OnEnter", "frame 0"];
        assert_eq!(
            apps.world(index).resource::<Order>().0,
            [once, once].concat(),
            "App {index}: {apps}"
        );
    }
}

#[test]
fn systems_whose_order_is_open_are_told_at_start_up_with_what_to_write() {
    #[derive(Resource, Default)]
    struct Counter(u32);
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
        .init_resource::<Counter>()
        .add_systems(NetplayUpdate, |mut counter: ResMut<Counter>| counter.0 += 1)
        .add_systems(NetplayUpdate, |mut counter: ResMut<Counter>| counter.0 *= 2);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| app.finish()));
    let message = panicked.unwrap_err().downcast::<String>().unwrap();
    for part in ["NetplayUpdate", ".chain()", "conflicting data access", "debug"] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}

#[test]
fn the_frame_rate_may_be_set_until_the_room_is_joined_and_zero_is_refused() {
    let apps = |rate| {
        TestApps::builder(22)
            .extend(move |_, app| app.world_mut().resource_mut::<NetplayConfig>().frame_rate = rate)
            .build()
    };
    let mut slow = apps(20);
    slow.join_all();
    slow.run_until("all play", 600, TestApps::all_playing);
    slow.run(180);
    let frame = slow.world(0).resource::<RollbackFrameCount>().0;
    assert!((50..=60).contains(&frame), "{frame} frames in 3 s at 20 per second: {slow}");
    let mut none = apps(0);
    none.join_all();
    none.run(2);
    let reason = none.end_reason(0).unwrap().to_string();
    assert!(reason.contains("frame_rate"), "{reason}");
}
