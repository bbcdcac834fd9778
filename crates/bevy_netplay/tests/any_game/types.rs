//! Types of all kinds roll back, with a line each.

use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use serde::{Deserialize, Serialize};

use super::{assert_plays, builder};

#[derive(Component, Clone, Hash)]
struct Owner {
    player: usize,
    side: isize,
    items: Vec<u16>,
}

#[derive(Component, Clone, Reflect)]
struct Cooldown(Timer);

#[derive(Component, Clone, Serialize, Deserialize)]
struct Speed {
    now: (f32, f32),
    best: f64,
}

#[derive(Component, Clone, Copy, Reflect)]
#[component(immutable)]
struct Team(u8);

#[derive(Component, Clone)]
struct Scratch(u32);

#[derive(Resource, Clone, Reflect, Default)]
#[reflect(Resource)]
struct Weather {
    wind: Vec2,
}

#[derive(Resource, Clone, Serialize, Deserialize, Default)]
struct Score(Vec<u32>);

#[derive(States, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Phase {
    #[default]
    Calm,
    Storm,
}

#[derive(Message, Clone)]
struct Gust(f32);

/// What `OnEnter` and `OnExit` have seen.
#[derive(Resource, Clone, Default, Hash)]
struct Entered {
    calm: u32,
    storm: u32,
    left_storm: u32,
}

fn game(app: &mut App) {
    app.rollback_component_by_hash::<Owner>()
        .rollback_component_by_reflect::<Transform>()
        .rollback_component_by_reflect::<Cooldown>()
        .rollback_component_by_reflect::<Team>()
        .rollback_component::<Speed>()
        .rollback_component_snapshot_only::<Scratch>()
        .rollback_resource_by_reflect::<Weather>()
        .rollback_resource::<Score>()
        .rollback_resource_by_hash::<Entered>()
        .rollback_state_by_hash::<Phase>()
        .rollback_message::<Gust>()
        .init_resource::<Weather>()
        .init_resource::<Score>()
        .init_resource::<Entered>()
        .add_systems(StartMatch, set_up)
        .add_systems(OnEnter(Phase::Calm), |mut entered: ResMut<Entered>| entered.calm += 1)
        .add_systems(OnEnter(Phase::Storm), |mut entered: ResMut<Entered>| entered.storm += 1)
        .add_systems(OnExit(Phase::Storm), |mut entered: ResMut<Entered>| entered.left_storm += 1)
        .add_systems(NetplayUpdate, (change_weather, blow, steer, change_team).chain());
}

fn set_up(mut commands: Commands, this_match: Res<CurrentMatch>) {
    commands.insert_resource(Weather::default());
    commands.insert_resource(Score(vec![0; this_match.players]));
    commands.insert_resource(Entered::default());
    for player in 0..this_match.players {
        commands.spawn((
            RollbackEntity,
            Owner { player, side: -(player as isize), items: vec![1, 2] },
            Transform::default(),
            Cooldown(Timer::from_seconds(0.1, TimerMode::Repeating)),
            Speed { now: (0.0, 0.0), best: 0.0 },
            Team(player as u8),
            Scratch(0),
        ));
    }
}

fn change_weather(
    inputs: Inputs<u8>,
    phase: Res<State<Phase>>,
    mut next: ResMut<NextState<Phase>>,
    mut gusts: MessageWriter<Gust>,
) {
    let force = inputs.get(0);
    if force > 250 {
        next.set(match phase.get() {
            Phase::Calm => Phase::Storm,
            Phase::Storm => Phase::Calm,
        });
    }
    if force > 128 {
        gusts.write(Gust(f32::from(force) / 100.0));
    }
}

fn blow(mut gusts: MessageReader<Gust>, mut weather: ResMut<Weather>) {
    for gust in gusts.read() {
        weather.wind = (weather.wind + Vec2::new(gust.0, -0.5)) * 0.9;
    }
}

fn steer(
    time: Res<Time>,
    inputs: Inputs<u8>,
    weather: Res<Weather>,
    phase: Res<State<Phase>>,
    mut score: ResMut<Score>,
    mut players: Query<(&mut Owner, &mut Transform, &mut Cooldown, &mut Speed, &mut Scratch)>,
) {
    for (mut owner, mut transform, mut cooldown, mut speed, mut scratch) in &mut players {
        let stick = f32::from(inputs.get(owner.player)) / 128.0 - 1.0;
        let storm = if *phase.get() == Phase::Storm { 3.0 } else { 1.0 };
        speed.now.0 = speed.now.0 * 0.95 + stick + weather.wind.x * storm;
        speed.now.1 += weather.wind.y;
        speed.best = speed.best.max(f64::from(speed.now.0));
        transform.translation += Vec3::new(speed.now.0, speed.now.1, 0.0) * time.delta_secs();
        scratch.0 += 1;
        if cooldown.0.tick(time.delta()).just_finished() {
            score.0[owner.player] += u32::from(stick > 0.0);
            owner.items.push(scratch.0 as u16);
            owner.items.truncate(4);
            owner.side += 1;
        }
    }
}

fn change_team(
    mut commands: Commands,
    inputs: Inputs<u8>,
    players: Query<(Entity, &Owner, &Team)>,
) {
    for (entity, owner, team) in &players {
        if inputs.get(owner.player) > 240 {
            commands.entity(entity).insert(Team(team.0.wrapping_add(1)));
        }
    }
}

#[test]
fn floats_timers_states_messages_and_immutable_components_roll_back() {
    let mut apps = builder(1, game).start();
    assert_plays(&mut apps, 600);
    for index in apps.indices() {
        let entered = apps.world(index).resource::<Entered>();
        assert!(entered.storm > 0, "the state never changed: {apps}");
        assert!(entered.left_storm <= entered.storm && entered.storm <= entered.left_storm + 1);
        assert_eq!(
            entered.calm,
            entered.left_storm + 1,
            "entered when the match began, and after each storm"
        );
    }
}

#[test]
fn time_in_the_simulation_is_that_of_the_match() {
    let mut apps = builder(2, |app| {
        app.init_resource::<Elapsed>().rollback_resource_by_reflect::<Elapsed>().add_systems(
            NetplayUpdate,
            |time: Res<Time>, mut elapsed: ResMut<Elapsed>| {
                elapsed.0 += time.delta();
            },
        );
    })
    .start();
    assert_plays(&mut apps, 300);

    #[derive(Resource, Clone, Default, Reflect)]
    #[reflect(Resource)]
    struct Elapsed(Duration);
}
