//! Entities that are spawned and despawned in predicted frames, refer to each other and have parents.

use bevy::prelude::*;
use bevy_netplay::prelude::*;

use super::{assert_plays, builder};

#[derive(Component, Clone, Reflect)]
struct Ship {
    player: PlayerHandle,
    #[entities]
    target: Option<Entity>,
    hits: u32,
}

#[derive(Component, Clone, Hash)]
struct Rock {
    size: u8,
}

/// A picture, which nobody registers.
#[derive(Component, Clone, Reflect, PartialEq, Debug)]
#[reflect(Component)]
struct Picture(u32);

/// Something that cannot be copied.
#[derive(Component)]
struct Handle;

fn game(app: &mut App) {
    app.register_type::<Picture>()
        .rollback_component_by_reflect::<Ship>()
        .rollback_component_by_hash::<Rock>()
        .rollback_component_by_reflect::<ChildOf>()
        .add_systems(StartMatch, set_up)
        .add_systems(NetplayUpdate, (spawn_rocks, aim, shoot, attach).chain());
}

fn set_up(mut commands: Commands, this_match: Res<CurrentMatch>) {
    for player in this_match.player_handles() {
        commands.spawn((RollbackEntity, Ship { player, target: None, hits: 0 }));
    }
}

fn spawn_rocks(mut commands: Commands, inputs: Inputs<u8>, rocks: Query<&Rock>) {
    for player in [0, 1] {
        let input = inputs.get(player);
        if input > 200 && rocks.iter().count() < 20 {
            commands.spawn((RollbackEntity, Rock { size: input }, Picture(u32::from(input))));
        }
    }
}

fn aim(
    inputs: Inputs<u8>,
    mut ships: Query<&mut Ship>,
    rocks: Query<(Entity, &SpawnOrder), With<Rock>>,
) {
    let rocks: Vec<Entity> = rocks.iter().sort::<&SpawnOrder>().map(|(rock, _)| rock).collect();
    for mut ship in &mut ships {
        let input = usize::from(inputs.get(ship.player));
        if input % 3 == 0 && !rocks.is_empty() {
            ship.target = Some(rocks[input % rocks.len()]);
        }
    }
}

fn shoot(
    mut commands: Commands,
    inputs: Inputs<u8>,
    mut ships: Query<(&SpawnOrder, &mut Ship)>,
    rocks: Query<&Rock>,
) {
    for (_, mut ship) in ships.iter_mut().sort::<&SpawnOrder>() {
        let Some(target) = ship.target.filter(|_| inputs.get(ship.player).is_multiple_of(5)) else {
            continue;
        };
        // A rock that another ship has hit is gone.
        let Ok(rock) = rocks.get(target) else {
            ship.target = None;
            continue;
        };
        ship.hits += u32::from(rock.size);
        ship.target = None;
        commands.entity(target).try_despawn();
    }
}

/// Rocks become children of ships, and are let go.
fn attach(
    mut commands: Commands,
    inputs: Inputs<u8>,
    ships: Query<(Entity, &Ship, &SpawnOrder)>,
    rocks: Query<(Entity, &Rock, Option<&ChildOf>, &SpawnOrder)>,
) {
    let rocks: Vec<_> = rocks.iter().sort::<&SpawnOrder>().collect();
    for (entity, ship, _) in ships.iter().sort::<&SpawnOrder>() {
        let input = inputs.get(ship.player);
        let Some((rock, _, parent, _)) = rocks.get(usize::from(input) % 8) else { continue };
        match parent {
            Some(_) if input.is_multiple_of(2) => drop(commands.entity(*rock).remove::<ChildOf>()),
            None if input % 2 == 1 => drop(commands.entity(*rock).insert(ChildOf(entity))),
            _ => {}
        }
    }
}

#[test]
fn references_and_parents_are_the_same_on_machines_with_other_entities() {
    let mut apps = builder(11, game)
        .extend(|index, app| {
            // The second machine has five more entities, and hands out others than the first.
            for _ in 0..index * 5 {
                app.world_mut().spawn_empty();
            }
        })
        .start();
    assert_plays(&mut apps, 900);
    for index in apps.indices() {
        let world = apps.world_mut(index);
        let hits: u32 = world.query::<&Ship>().iter(world).map(|ship| ship.hits).sum();
        assert!(hits > 0, "nobody has hit anything");
        let mut targets = world.query::<&Ship>();
        let targets: Vec<Entity> = targets.iter(world).filter_map(|ship| ship.target).collect();
        assert!(
            targets.iter().all(|target| world.get_entity(*target).is_ok()),
            "{targets:?} are not alive"
        );
    }
}

/// What every machine has of its own, beside the match.
#[derive(Component)]
struct Board;

#[test]
fn children_of_a_parent_that_does_not_roll_back_stay_its_children() {
    let game = |app: &mut App| {
        game(app);
        let put = |mut commands: Commands,
                   board: Single<Entity, With<Board>>,
                   rocks: Query<Entity, (With<Rock>, Without<ChildOf>)>| {
            for rock in &rocks {
                commands.entity(rock).insert(ChildOf(*board));
            }
        };
        app.add_systems(Startup, |mut commands: Commands| _ = commands.spawn(Board))
            .add_systems(NetplayUpdate, put.after(attach));
    };
    let mut apps = builder(15, game)
        .extend(|index, app| (0..7 * index).for_each(|_| _ = app.world_mut().spawn_empty()))
        .start();
    assert_plays(&mut apps, 300);
    for index in apps.indices() {
        let world = apps.world_mut(index);
        let board = world.query_filtered::<Entity, With<Board>>().single(world).unwrap();
        let children = world.get::<Children>(board).map(|children| children.to_vec());
        let mut rocks = world.query_filtered::<(Entity, &ChildOf), With<Rock>>();
        let below = rocks.iter(world).filter(|(_, parent)| parent.parent() == board);
        let below: Vec<Entity> = below.map(|(rock, _)| rock).collect();
        let children = children.unwrap_or_default();
        assert!(!below.is_empty(), "no rock is below the board");
        assert_eq!(children.len(), below.len(), "App {index}");
        assert!(below.iter().all(|rock| children.contains(rock)), "App {index}");
    }
}

#[test]
fn an_entity_that_comes_back_has_what_was_not_registered() {
    let mut apps = builder(12, game).start();
    for _ in 0..300 {
        apps.step();
        for index in apps.indices() {
            let world = apps.world_mut(index);
            let mut rocks = world.query::<(&Rock, Option<&Picture>)>();
            for (rock, picture) in rocks.iter(world) {
                assert_eq!(picture, Some(&Picture(u32::from(rock.size))));
            }
        }
    }
    apps.assert_equal_checksums();
}

#[test]
fn the_simulation_goes_on_where_an_entity_comes_back_without_what_nobody_can_copy() {
    let mut apps = builder(13, |app| {
        game(app);
        app.add_systems(
            Update,
            |mut commands: Commands, rocks: Query<Entity, (With<Rock>, Without<Handle>)>| {
                for rock in &rocks {
                    commands.entity(rock).insert(Handle);
                }
            },
        );
    })
    .start();
    assert_plays(&mut apps, 300);
}

/// Change detection across a rollback: what it says is written in the book.
#[test]
fn restored_components_count_as_changed_and_only_those_that_came_back_as_added() {
    #[derive(Resource, Default)]
    struct Seen {
        changed: u32,
        added: u32,
    }
    let mut apps = builder(14, |app| {
        game(app);
        app.init_resource::<Seen>().add_systems(
            Update,
            |changed: Query<(), Changed<Ship>>,
             added: Query<(), Added<Ship>>,
             mut seen: ResMut<Seen>| {
                seen.changed += changed.iter().count() as u32;
                seen.added += added.iter().count() as u32;
            },
        );
    })
    .start();
    assert_plays(&mut apps, 300);
    for index in apps.indices() {
        let seen = apps.world(index).resource::<Seen>();
        assert_eq!(seen.added, 2, "ships are never despawned");
        assert!(seen.changed > 100, "restored in every rollback: {}", seen.changed);
    }
}
