//! The state of a frame as bytes: the same on every machine, readable on every other one, and checked.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_netplay::prelude::*;
use bevy_netplay::{
    Checksums, DecodeError, EncodeError, EntropySource, decode_state, encode_state,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::{Deserialize, Serialize};

use super::{press, random};

#[derive(Component, Clone, Serialize, Deserialize)]
struct Ship {
    speed: (f32, i64),
    names: Vec<String>,
    cargo: Option<Cargo>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Cargo {
    Coal(u16),
    People { count: usize, names: Vec<u8> },
}

#[derive(Component, Clone, Reflect)]
struct Target(#[entities] Option<Entity>);

#[derive(Component, Clone, Reflect)]
struct Fuel {
    left: Timer,
    tanks: Vec<f64>,
}

/// Reflects neither `Hash` nor `PartialEq`, as Bevy's own maps require of keys.
#[derive(Clone, PartialEq, Eq, Hash, Reflect)]
struct Port {
    name: String,
    at: (i8, i8),
}

#[derive(Component, Clone, Reflect)]
struct Trade {
    prices: HashMap<Port, u16>,
    visits: BTreeMap<u8, bool>,
    closed: HashSet<Port>,
    reefs: HashMap<(i8, i8), [u8; 2]>,
}

#[derive(Resource, Clone, Default, Reflect)]
struct Wind(Vec2);

#[derive(States, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Sea {
    #[default]
    Calm,
    Rough,
}

fn game(app: &mut App) {
    app.rollback_component::<Ship>()
        .rollback_component_by_reflect::<Transform>()
        .rollback_component_by_reflect::<ChildOf>()
        .rollback_component_by_reflect::<Target>()
        .rollback_component_by_reflect::<Fuel>()
        .rollback_component_by_reflect::<Trade>()
        .rollback_resource_by_reflect::<Wind>()
        .rollback_state::<Sea>()
        .init_resource::<Wind>()
        .add_systems(StartMatch, |mut commands: Commands| {
            (0..4).for_each(|number| spawn(&mut commands, number));
        })
        .add_systems(NetplayUpdate, sail);
}

fn spawn(commands: &mut Commands, number: u64) {
    let cargo = match number % 3 {
        0 => None,
        1 => Some(Cargo::Coal(number as u16)),
        _ => Some(Cargo::People { count: number as usize, names: vec![1, 2, 3] }),
    };
    let fuel = Fuel { left: Timer::from_seconds(0.5, TimerMode::Repeating), tanks: vec![0.5; 3] };
    let names = vec!["a ship".into(), number.to_string()];
    let port = |at: i8| Port { name: "a port".into(), at: (at, -at) };
    let trade = Trade {
        prices: (0..3).map(|at| (port(at), 300)).collect(),
        visits: [(1, true), (2, false)].into(),
        closed: (0..number as i8 % 3).map(port).collect(),
        reefs: [((1, -1), [1, 2]), ((2, -2), [3, 4])].into(),
    };
    commands.spawn((
        Ship { speed: (number as f32, -1), names, cargo },
        Transform::from_xyz(number as f32, 0.0, 0.0),
        Target(None),
        fuel,
        trade,
        RollbackEntity,
    ));
}

fn sail(
    mut commands: Commands,
    inputs: Inputs<u8>,
    time: Res<Time>,
    mut next: ResMut<NextState<Sea>>,
    mut wind: ResMut<Wind>,
    mut ships: Query<(Entity, &mut Transform, &mut Target, &mut Fuel, &SpawnOrder), With<Ship>>,
) {
    let input = inputs.get(0);
    wind.0.x += f32::from(input);
    if input > 200 {
        next.set(if input > 230 { Sea::Rough } else { Sea::Calm });
    }
    let mut before = None;
    for (entity, mut transform, mut target, mut fuel, _) in ships.iter_mut().sort::<&SpawnOrder>() {
        transform.translation.y += wind.0.x;
        fuel.left.tick(time.delta());
        target.0 = before;
        if let (true, Some(parent)) = (input % 16 == 3, before) {
            commands.entity(entity).insert(ChildOf(parent));
        }
        before = Some(entity);
    }
    match (input, before) {
        (100..110, Some(last)) => commands.entity(last).despawn(),
        (110..130, _) => spawn(&mut commands, random(input.into()) % 100),
        _ => {}
    }
}

/// An App that has played this game alone for so many frames, beside so many entities of its own.
fn played(game: fn(&mut App), frames: usize, others: usize) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
        .insert_resource(EntropySource::new(move || [frames as u8; 32]))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_micros(16_667)))
        .add_systems(ReadLocalInput, press);
    game(&mut app);
    app.finish();
    app.cleanup();
    (0..others).for_each(|_| _ = app.world_mut().spawn_empty());
    app.world_mut().resource_mut::<Checksums>().request_every_frame();
    app.world_mut().commands().play_alone(2);
    app.world_mut().flush();
    (0..frames + 2).for_each(|_| app.update());
    app
}

fn confirmed(app: &App) -> i32 {
    app.world().resource::<Checksums>().confirmed_frame()
}

#[test]
fn a_state_that_is_decoded_is_the_one_that_was_encoded() {
    let from = played(game, 300, 0);
    let bytes = encode_state(from.world(), confirmed(&from)).unwrap();
    let mut to = played(game, 17, 1000);
    decode_state(to.world_mut(), &bytes).unwrap();
    let frame = to.world().resource::<RollbackFrameCount>().0;
    while confirmed(&to) < frame {
        to.update();
    }
    assert_eq!(encode_state(to.world(), frame).unwrap(), bytes);
    let missing = confirmed(&to) + 1;
    assert!(matches!(encode_state(to.world(), missing), Err(EncodeError::Frame(_))));
}

#[test]
fn bytes_that_are_no_state_are_refused_and_change_nothing() {
    let from = played(game, 300, 0);
    let bytes = encode_state(from.world(), confirmed(&from)).unwrap();
    let to = RefCell::new(played(game, 17, 10));
    let state = |app: &mut App| {
        let mut ships = app.world_mut().query::<(&SpawnOrder, &Transform, &Target, &Ship)>();
        let all = ships.iter(app.world());
        let mut all: Vec<String> = all
            .map(|(order, at, target, ship)| {
                format!("{order:?} {at:?} {:?} {:?}", target.0, ship.names)
            })
            .collect();
        all.sort();
        all
    };
    let decode = |bytes: &[u8]| {
        let mut app = to.borrow_mut();
        let before = state(&mut app);
        let decoded = decode_state(app.world_mut(), bytes);
        if decoded.is_err() {
            assert_eq!(state(&mut app), before, "it changed although it was refused");
        }
        decoded
    };
    for length in 0..bytes.len() {
        assert!(decode(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
    }
    assert!(matches!(decode(&[&bytes[..], &[0]].concat()), Err(DecodeError::TooLong(1))));
    assert!(matches!(decode(&[&[99], &bytes[1..]].concat()), Err(DecodeError::Version(99))));
    // A count that nobody can have sent, in every place.
    for place in 1..bytes.len() {
        let huge = [&bytes[..place], &[0xff, 0xff, 0xff, 0xff, 0x0f], &bytes[place..]].concat();
        let _ = decode(&huge);
    }
    let places = (1..bytes.len(), 1..bytes.len(), any::<u8>());
    let mut runner =
        TestRunner::new(Config { cases: 2000, failure_persistence: None, ..Config::default() });
    let fuzzed = runner.run(&places, |(one, other, byte)| {
        let mut swapped = bytes.clone();
        swapped.swap(one, other);
        let _ = decode(&swapped);
        swapped[one] = byte;
        let _ = decode(&swapped);
        Ok(())
    });
    fuzzed.unwrap();
    decode(&bytes).unwrap();
}

#[test]
fn a_type_that_contains_itself_is_compared_and_has_no_encoding() {
    #[derive(Component, Clone, Serialize, Deserialize)]
    struct Rope {
        next: Option<Box<Rope>>,
    }
    #[derive(Component, Clone, Reflect)]
    #[reflect(no_field_bounds)]
    struct Mast {
        sails: Vec<Mast>,
    }
    let games: [fn(&mut App); 2] = [
        |app| {
            app.rollback_component::<Rope>().add_systems(StartMatch, |mut commands: Commands| {
                let next = Some(Box::new(Rope { next: None }));
                commands.spawn((RollbackEntity, Rope { next }));
            });
        },
        |app| {
            app.rollback_component_by_reflect::<Mast>().add_systems(
                StartMatch,
                |mut commands: Commands| {
                    let sails = vec![Mast { sails: Vec::new() }];
                    commands.spawn((RollbackEntity, Mast { sails }));
                },
            );
        },
    ];
    for game in games {
        let app = played(game, 30, 0);
        let frame = confirmed(&app);
        assert!(app.world().resource::<Checksums>().confirmed(frame).is_some());
        let error = encode_state(app.world(), frame).unwrap_err();
        assert!(matches!(error, EncodeError::Type(_)), "{error}");
    }
}
