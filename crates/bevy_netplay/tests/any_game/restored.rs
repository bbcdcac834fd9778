//! What hooks, observers, children and copies do to a frame that is restored: nothing.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{DecodeError, SyncTest, decode_state, encode_state};
use netplay_testkit::TestApps;
use serde::{Deserialize, Serialize, Serializer};

use super::{builder, random_input};

#[derive(Component, Clone, Hash)]
struct Rock(u8);

/// What an observer gives a rock.
#[derive(Component, Clone, Default, Hash)]
struct Color(u8);

#[derive(Component, Clone, Reflect, PartialEq)]
#[component(immutable)]
struct Team(u8);

/// What observers have counted.
#[derive(Resource, Clone, Default, Hash)]
struct Count {
    added: u32,
    removed: u32,
    joined: u32,
}

fn game(app: &mut App) {
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
        .rollback_component_by_hash::<Rock>()
        .rollback_component_by_hash::<Color>()
        .rollback_component_by_reflect::<Team>()
        .rollback_resource_by_hash::<Count>()
        .init_resource::<Count>()
        .add_systems(StartMatch, |mut commands: Commands| {
            commands.insert_resource(Count::default())
        })
        .add_systems(NetplayUpdate, (despawn, spawn, join).chain());
}

/// The rocks in their order.
type Rocks<'w, 's> = Query<'w, 's, (Entity, &'static SpawnOrder), With<Rock>>;

fn spawn(mut commands: Commands, inputs: Inputs<u8>, rocks: Rocks) {
    let input = inputs.get(0);
    if input > 128 && rocks.iter().count() < 12 {
        commands.spawn((RollbackEntity, Rock(input), Team(0)));
    }
}

fn despawn(mut commands: Commands, inputs: Inputs<u8>, rocks: Rocks) {
    let input = usize::from(inputs.get(1));
    let rocks: Vec<_> = rocks.iter().sort::<&SpawnOrder>().collect();
    if input > 128 && !rocks.is_empty() {
        commands.entity(rocks[input % rocks.len()].0).despawn();
    }
}

fn join(mut commands: Commands, inputs: Inputs<u8>, rocks: Rocks) {
    let input = inputs.get(0);
    for (entity, order) in &rocks {
        if (order.index() + u32::from(input)).is_multiple_of(7) {
            commands.entity(entity).insert(Team(input));
        }
    }
}

fn input(player: PlayerHandle, frame: i32) -> u8 {
    random_input(player, frame) as u8
}

#[track_caller]
fn assert_equal(game: fn(&mut App)) {
    for seed in 0..4 {
        let report = SyncTest::new(2).seed(seed).frames(300).run(game, input);
        let report = report.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert!(report.rollbacks > 0, "seed {seed}");
    }
}

#[test]
fn what_observers_change_while_a_frame_is_restored_is_restored_too() {
    assert_equal(|app| {
        game(app);
        app.add_observer(|add: On<Add, Rock>, mut commands: Commands, mut count: ResMut<Count>| {
            count.added += 1;
            commands.entity(add.entity).insert(Color(count.added as u8));
        })
        .add_observer(|_: On<Remove, Rock>, mut count: ResMut<Count>| count.removed += 1)
        .add_observer(
            |insert: On<Insert, Team>,
             mut colors: Query<(&Team, &mut Color)>,
             mut count: ResMut<Count>| {
                count.joined += 1;
                if let Ok((team, mut color)) = colors.get_mut(insert.entity) {
                    color.0 = color.0.wrapping_mul(3).wrapping_add(team.0);
                }
            },
        );
    });
}

#[test]
fn entities_that_observers_spawn_and_despawn_are_there_once() {
    /// Belongs to a rock, and comes and goes with it.
    #[derive(Component, Clone, Reflect)]
    struct Spark(#[entities] Entity);

    assert_equal(|app| {
        game(app);
        app.rollback_component_by_reflect::<Spark>()
            .add_observer(|add: On<Add, Rock>, mut commands: Commands| {
                commands.spawn((RollbackEntity, Spark(add.entity)));
            })
            .add_observer(
                |remove: On<Remove, Rock>,
                 sparks: Query<(Entity, &Spark)>,
                 mut commands: Commands| {
                    for (entity, _) in sparks.iter().filter(|(_, spark)| spark.0 == remove.entity) {
                        commands.entity(entity).try_despawn();
                    }
                },
            )
            .add_systems(Update, |rocks: Query<(), With<Rock>>, sparks: Query<&Spark>| {
                assert_eq!(rocks.iter().count(), sparks.iter().count());
                assert!(sparks.iter().all(|spark| rocks.contains(spark.0)));
            });
    });
}

#[test]
fn children_that_do_not_roll_back_come_back_with_their_parent() {
    /// A picture below a rock.
    #[derive(Component, Clone, Reflect, PartialEq, Debug)]
    #[reflect(Component)]
    struct Picture(u8);

    /// Of a rock and of its picture: the other one.
    #[derive(Component, Clone, Reflect)]
    #[reflect(Component)]
    struct Shows(#[entities] Entity);

    assert_equal(|app| {
        game(app);
        app.register_type::<Picture>().register_type::<Shows>().add_systems(
            NetplayUpdate,
            (|mut commands: Commands, rocks: Query<(Entity, &Rock), Without<Shows>>| {
                for (entity, rock) in &rocks {
                    let picture = (Picture(rock.0), ChildOf(entity), Shows(entity));
                    let picture = commands.spawn(picture).id();
                    commands.spawn((Picture(rock.0), ChildOf(picture)));
                    commands.entity(entity).insert(Shows(picture));
                }
            })
            .after(join),
        );
        app.add_systems(
            Update,
            |rocks: Query<(Entity, &Rock, &Shows, &Children)>,
             pictures: Query<(&Picture, &Shows, &Children)>,
             below: Query<&Picture>| {
                for (entity, rock, shows, children) in &rocks {
                    assert_eq!(**children, [shows.0]);
                    let (picture, back, children) = pictures.get(shows.0).unwrap();
                    assert_eq!((picture, back.0), (&Picture(rock.0), entity));
                    assert_eq!(children.len(), 1);
                    assert_eq!(below.get(children[0]).unwrap(), picture);
                }
                // None is left of rocks that are gone.
                assert_eq!(below.iter().count(), 2 * rocks.iter().count());
            },
        );
    });
}

#[test]
fn children_that_a_view_makes_are_there_once() {
    /// A picture below a rock.
    #[derive(Component, Clone, Reflect)]
    #[reflect(Component)]
    struct Picture;

    fn draw(mut commands: Commands, rocks: Query<Entity, Added<Rock>>) {
        for rock in &rocks {
            commands.spawn((Picture, ChildOf(rock)));
        }
    }

    fn check(rocks: Query<&Children, With<Rock>>, pictures: Query<&Picture>) {
        assert!(rocks.iter().all(|children| children.len() == 1));
        assert_eq!(rocks.iter().count(), pictures.iter().count());
    }

    assert_equal(|app| {
        game(app);
        app.add_systems(Update, (draw, check).chain());
    });
    assert_equal(|app| {
        game(app);
        app.add_systems(Update, check).add_observer(
            |add: On<Add, Rock>, mut commands: Commands| {
                commands.spawn((Picture, ChildOf(add.entity)));
            },
        );
    });
}

#[test]
fn a_copy_of_an_entity_has_its_own_place() {
    assert_equal(|app| {
        game(app);
        app.add_systems(
            NetplayUpdate,
            (|mut commands: Commands, inputs: Inputs<u8>, rocks: Rocks| {
                let first = rocks.iter().sort::<&SpawnOrder>().next();
                if let Some((rock, order)) = first
                    && inputs.get(0) > 200
                    && rocks.iter().count() < 12
                {
                    commands.entity(rock).clone_and_spawn();
                    commands.spawn((RollbackEntity, *order, Rock(1)));
                }
            })
            .after(join),
        )
        .add_systems(Update, |rocks: Rocks| {
            let mut orders: Vec<_> = rocks.iter().map(|(_, order)| *order).collect();
            orders.sort();
            assert!(orders.windows(2).all(|pair| pair[0] != pair[1]), "{orders:?}");
        });
    });
}

/// Cannot be compared: a value of it does not serialize.
#[derive(Component, Clone, Deserialize)]
struct Broken;

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it is broken"))
    }
}

#[derive(Resource, Clone, Default, Hash)]
struct Score(usize);

#[test]
fn a_value_that_cannot_be_compared_leaves_the_comparison_of_all_others_as_it_is() {
    let mut apps = builder(61, |app| {
        app.rollback_component::<Broken>()
            .rollback_resource_by_hash::<Score>()
            .init_resource::<Score>()
            .add_systems(StartMatch, |mut commands: Commands| {
                commands.spawn((RollbackEntity, Broken));
            });
    })
    .extend(|index, app| {
        let score = move |mut score: ResMut<Score>, frame: Res<RollbackFrameCount>| {
            score.0 = if frame.0 > 120 { index } else { 0 };
        };
        app.add_systems(NetplayUpdate, score);
    })
    .start();
    apps.run_until_confirmed(100, 1000);
    apps.assert_no_desync();
    apps.run_until_confirmed(200, 1000);
    for index in apps.indices() {
        assert_eq!(apps.world(index).resource::<RollbackMetrics>().desyncs.len(), 1, "{apps}");
    }
}

/// The state of a match at its latest confirmed frame.
fn encoded(apps: &TestApps) -> Vec<u8> {
    let world = apps.world(0);
    let frame = world.resource::<bevy_netplay::Checksums>().confirmed_frame();
    encode_state(world, frame).unwrap()
}

fn counting(app: &mut App) {
    app.rollback_component::<Numbered>().add_systems(StartMatch, |mut commands: Commands| {
        for number in 0..3 {
            commands.spawn((RollbackEntity, Numbered(number)));
        }
    });
}

#[derive(Component, Clone, Serialize, Deserialize, PartialEq, Debug)]
struct Numbered(u8);

#[test]
fn a_state_is_decoded_before_the_first_match_and_one_with_impossible_places_is_not() {
    let mut apps = builder(62, counting).start();
    apps.run_until_confirmed(30, 600);
    let bytes = encoded(&apps);
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()));
    counting(&mut app);
    assert!(encode_state(app.world(), -1).is_err());
    decode_state(app.world_mut(), &bytes).unwrap();
    let mut numbers = app.world_mut().query::<&Numbered>();
    let mut numbers: Vec<u8> = numbers.iter(app.world()).map(|number| number.0).collect();
    numbers.sort();
    assert_eq!(numbers, [0, 1, 2]);
    // The greatest number there is, and no entity.
    let next = [&bytes[..1], &[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]].concat();
    let error = decode_state(app.world_mut(), &next).unwrap_err();
    assert!(matches!(error, DecodeError::Entities), "{error}");
    let long = vec![bytes[0]; (64 << 20) + 1];
    let error = decode_state(app.world_mut(), &long).unwrap_err();
    assert!(matches!(error, DecodeError::TooLarge(_)), "{error}");
}
