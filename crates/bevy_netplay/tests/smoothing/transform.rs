//! Games that roll `Transform` back.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::movement::{alone, run};
use super::*;

/// A ship that is where its `Transform` is.
#[derive(Component, Clone, Reflect)]
struct Craft(PlayerHandle);

fn fly(inputs: Inputs<u8>, mut crafts: Query<(&Craft, &mut Transform)>) {
    for (craft, mut transform) in &mut crafts {
        let step = step(inputs.get(craft.0));
        if step != Vec2::ZERO {
            transform.translation += step.extend(0.0);
        }
    }
}

fn add_crafts(app: &mut App, config: NetplayConfig) {
    app.add_plugins(NetplayPlugins::<u8>::new(config))
        .init_resource::<Seen>()
        .rollback_component_by_reflect::<Craft>()
        .rollback_component_by_reflect::<Transform>()
        .add_systems(StartMatch, |mut commands: Commands, this_match: Res<CurrentMatch>| {
            for player in this_match.player_handles() {
                commands.spawn((
                    RollbackEntity,
                    OwnedBy(player),
                    Craft(player),
                    Transform::IDENTITY,
                ));
            }
        })
        .add_systems(NetplayUpdate, fly)
        .add_systems(Update, see);
}

fn plain(app: &mut App, config: NetplayConfig) {
    add_crafts(app, config);
    app.add_systems(ReadLocalInput, held(RIGHT | UP | MOVE));
}

fn smoothed(app: &mut App, config: NetplayConfig) {
    plain(app, config);
    app.smooth_transform(Smoothing::default());
}

fn resting(app: &mut App, config: NetplayConfig) {
    add_crafts(app, config);
    app.smooth_transform(Smoothing::default());
}

#[test]
fn what_is_drawn_in_a_transform_that_rolls_back_is_not_simulated() {
    let [mut plain, mut smoothed] = [plain, smoothed].map(|game| {
        let mut apps = builder(1820, game).start();
        // Frames begin between updates.
        apps.set_tick(1, Duration::from_micros(11_111));
        apps.run_until_confirmed(1200, 6000);
        apps.assert_no_desync();
        apps.assert_equal_checksums();
        apps
    });
    assert_eq!(plain.record(0).checksums.len(), smoothed.record(0).checksums.len());
    assert_eq!(plain.record(0).checksums, smoothed.record(0).checksums);
    let jumps = [&mut plain, &mut smoothed].map(|apps| longest(&steps(&seen(apps, 0).drawn)));
    assert!(jumps[0] > 8.0 * SPEED && jumps[1] <= 0.25 * jumps[0], "{jumps:?}");
}

#[test]
fn a_transform_at_rest_is_not_marked_as_changed() {
    let mut app = alone(resting, 144.0);
    run(&mut app, 10);
    let seen = run(&mut app, 600);
    assert_eq!((seen.drawn.len(), seen.changed), (600, 0));
}

/// How many frames a match has.
const FRAMES: i32 = 200;

/// Where the crafts are after the last frame, added up.
#[derive(Resource, Default)]
struct Left(Vec3);

fn end(
    frame: Res<RollbackFrameCount>,
    crafts: Query<&Transform>,
    mut left: ResMut<Left>,
    mut commands: Commands,
) {
    if frame.0 == FRAMES {
        left.0 = crafts.iter().map(|it| it.translation).sum();
        commands.end_match(&());
    }
}

fn ending(app: &mut App, config: NetplayConfig) {
    smoothed(app, config);
    app.init_resource::<Left>()
        .insert_resource(Interpolation::On)
        .add_systems(NetplayUpdate, end.after(fly));
}

#[test]
fn the_end_of_a_match_leaves_what_was_simulated() {
    let mut apps = builder(1821, ending).start();
    let is_over = |apps: &TestApps| apps.indices().all(|it| apps.state(it) == NetplayState::Lobby);
    apps.run_until("the match is over", 2000, is_over);
    apps.run(120);
    for index in apps.indices() {
        let world = apps.world_mut(index);
        let drawn: Vec3 = world.query::<&Transform>().iter(world).map(|it| it.translation).sum();
        assert_eq!(drawn, world.resource::<Left>().0, "App {index}");
        assert!(drawn != Vec3::ZERO);
    }
}
