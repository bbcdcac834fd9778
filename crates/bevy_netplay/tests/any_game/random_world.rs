//! Random worlds: with rollbacks and without, and on a machine with other entities, they come to the same.

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{SyncTest, SyncTestError};

use super::{random, random_input};

/// How many worlds are tried.
const SEEDS: u64 = 24;

#[derive(Component, Clone, Hash)]
struct Number(u64);

#[derive(Component, Clone, Reflect)]
struct Link(#[entities] Entity);

#[derive(Component, Clone, Copy, Reflect)]
#[component(immutable)]
struct Label(u8);

#[derive(Component, Clone, Hash)]
#[component(storage = "SparseSet")]
struct Sparse(u8);

#[derive(Resource, Clone, Default, Hash)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = random(self.0);
        (self.0 % sides.max(1) as u64) as usize
    }
}

fn world(app: &mut App) {
    app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::default()))
        .rollback_component_by_hash::<Number>()
        .rollback_component_by_reflect::<Link>()
        .rollback_component_by_reflect::<Label>()
        .rollback_component_by_hash::<Sparse>()
        .rollback_component_by_reflect::<ChildOf>()
        .rollback_resource_by_hash::<Dice>()
        .init_resource::<Dice>()
        .add_systems(StartMatch, |mut commands: Commands, this_match: Res<CurrentMatch>| {
            commands.insert_resource(Dice(this_match.seed));
            for number in 0..8 {
                commands.spawn((RollbackEntity, Number(number)));
            }
        })
        .add_systems(NetplayUpdate, change);
}

/// A few random changes, of which the inputs decide as much as chance.
fn change(world: &mut World) {
    let mut dice = world.resource::<Dice>().clone();
    let inputs =
        world.run_system_cached(|inputs: Inputs<u8>| [inputs.get(0), inputs.get(1)]).unwrap();
    dice.0 ^= u64::from(inputs[0]) << 8 | u64::from(inputs[1]);
    for _ in 0..4 {
        let mut entities = world.query_filtered::<(Entity, &SpawnOrder), With<RollbackEntity>>();
        let mut entities: Vec<_> =
            entities.iter(world).map(|(entity, order)| (*order, entity)).collect();
        entities.sort();
        let (some, other) = match entities.len() {
            0 => (None, None),
            len => (Some(entities[dice.roll(len)].1), Some(entities[dice.roll(len)].1)),
        };
        let number = dice.roll(256) as u8;
        let (Some(some), Some(other)) = (some, other) else {
            world.spawn((RollbackEntity, Number(1)));
            continue;
        };
        match dice.roll(11) {
            0 | 1 if entities.len() < 30 => {
                _ = world.spawn((RollbackEntity, Number(number.into()), Label(number)))
            }
            2 => drop(world.despawn(some)),
            3 => _ = world.entity_mut(some).insert(Link(other)),
            4 => _ = world.entity_mut(some).remove::<Link>(),
            5 => _ = world.entity_mut(some).insert(Label(number)),
            6 => _ = world.entity_mut(some).remove::<Label>(),
            7 => _ = world.entity_mut(some).insert(Sparse(number)),
            8 => _ = world.entity_mut(some).remove::<Sparse>(),
            9 if !is_above(world, some, other) => _ = world.entity_mut(some).insert(ChildOf(other)),
            10 => _ = world.entity_mut(some).remove::<ChildOf>(),
            _ => {
                if let Some(mut value) = world.get_mut::<Number>(some) {
                    value.0 = value.0.wrapping_mul(31) + u64::from(number);
                }
            }
        }
    }
    world.insert_resource(dice);
}

/// Whether an entity is the other one, or above it.
fn is_above(world: &World, entity: Entity, mut other: Entity) -> bool {
    loop {
        if other == entity {
            return true;
        }
        let Some(parent) = world.get::<ChildOf>(other) else { return false };
        other = parent.parent();
    }
}

fn input(player: PlayerHandle, frame: i32) -> u8 {
    random_input(player, frame) as u8
}

#[test]
fn random_worlds_come_to_the_same_with_other_rollbacks_and_other_entities() {
    let seeds = std::env::var("NETPLAY_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    for seed in 0..seeds.unwrap_or(SEEDS) {
        let deep = SyncTest::new(2).seed(seed).frames(200).check_distance(7).run(world, input);
        let flat = SyncTest::new(2).seed(seed).frames(200).check_distance(1).run(world, input);
        let (deep, flat) =
            (deep.unwrap_or_else(|error| panic!("seed {seed}: {error}")), flat.unwrap());
        assert!(deep.rollbacks > 0, "seed {seed}");
        assert_eq!(deep.checksum, flat.checksum, "seed {seed}");
    }
}

#[test]
fn a_sync_test_names_the_type_and_the_entity_that_differ() {
    fn game(app: &mut App) {
        world(app);
        // What a system remembers for itself does not roll back.
        app.add_systems(
            NetplayUpdate,
            (|mut runs: Local<u64>, mut numbers: Query<(&SpawnOrder, &mut Number)>| {
                *runs += 1;
                for (order, mut number) in &mut numbers {
                    if order.index() == 3 {
                        number.0 = *runs;
                    }
                }
            })
            .after(change),
        );
    }
    let SyncTestError::Differs { type_name, entity, frame } =
        SyncTest::new(2).frames(200).run(game, input).unwrap_err()
    else {
        panic!("the match stopped")
    };
    assert!(type_name.ends_with("Number"), "{type_name}");
    assert_eq!(entity.map(SpawnOrder::index), Some(3));
    assert!(frame < 60, "{frame}");
}
