//! Effects are shown once, whatever is simulated again, and sounds are heard once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bevy::prelude::*;
use bevy_netplay::prelude::*;
use bevy_netplay::{EffectId, SoundCommand, SyncTest};
use netplay_testkit::{TestApps, TestAppsBuilder};

/// The frame and the player of it are its name; the sum is not.
#[derive(Clone, PartialEq, Debug)]
struct Hit {
    player: PlayerHandle,
    frame: i32,
    sum: u64,
}

/// May move by a few frames: only one player can give it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Clash(PlayerHandle);

/// What the simulation has written, rolled back.
#[derive(Resource, Clone, Default, Hash)]
struct Written {
    hits: Vec<(i32, PlayerHandle, u64)>,
    clashes: Vec<(i32, PlayerHandle)>,
    sum: u64,
}

/// The frame with which the simulation ends the match.
#[derive(Resource)]
struct EndsAt(i32);

/// What became of effects of a type.
#[derive(Resource, Clone, Debug)]
struct Told<E: Send + Sync + 'static> {
    predicted: Vec<(EffectId, i32, u32, E)>,
    cancelled: Vec<(EffectId, E)>,
    confirmed: Vec<(EffectId, i32, E)>,
}

impl<E: Send + Sync + 'static> Default for Told<E> {
    fn default() -> Self {
        Self { predicted: Vec::new(), cancelled: Vec::new(), confirmed: Vec::new() }
    }
}

impl<E: Clone + Send + Sync + 'static> Told<E> {
    fn note(mut effects: MessageReader<EffectMessage<E>>, mut told: ResMut<Self>) {
        for effect in effects.read().cloned() {
            match effect {
                EffectMessage::Predicted { id, frame, late, effect } => {
                    told.predicted.push((id, frame, late, effect));
                }
                EffectMessage::Cancelled { id, effect } => told.cancelled.push((id, effect)),
                EffectMessage::Confirmed { id, frame, effect } => {
                    told.confirmed.push((id, frame, effect));
                }
            }
        }
    }

    /// Every message came once, and what has ended was predicted. Returns how many are open.
    #[track_caller]
    fn check(&self) -> usize {
        let once = |ids: Vec<EffectId>| {
            let set: BTreeSet<EffectId> = ids.iter().copied().collect();
            assert_eq!(set.len(), ids.len(), "an id is told twice");
            set
        };
        let predicted = once(self.predicted.iter().map(|it| it.0).collect());
        let cancelled = self.cancelled.iter().map(|it| it.0);
        let ended = once(cancelled.chain(self.confirmed.iter().map(|it| it.0)).collect());
        assert!(ended.is_subset(&predicted), "what has ended was predicted");
        predicted.len() - ended.len()
    }
}

/// The commands of sounds.
#[derive(Resource, Default)]
struct Heard(Vec<SoundCommand>);

impl Heard {
    fn note(mut sounds: MessageReader<SoundCommand>, mut heard: ResMut<Self>) {
        heard.0.extend(sounds.read().cloned());
    }

    fn plays(&self) -> usize {
        self.0.iter().filter(|it| matches!(it, SoundCommand::Play { .. })).count()
    }

    fn loops(&self) -> usize {
        self.0.iter().filter(|it| matches!(it, SoundCommand::StartLoop { .. })).count()
    }

    fn fades(&self) -> usize {
        self.0.iter().filter(|it| matches!(it, SoundCommand::FadeOut { .. })).count()
    }
}

/// There from frame 30 on, and heard.
#[derive(Component, Clone, Hash)]
struct Engine(PlayerHandle);

fn simulate(
    inputs: Inputs<u8>,
    this_match: Res<CurrentMatch>,
    (frame, ends_at): (Res<RollbackFrameCount>, Res<EndsAt>),
    mut written: ResMut<Written>,
    (mut hits, mut clashes): (EffectWriter<Hit>, EffectWriter<Clash>),
    mut commands: Commands,
) {
    // It has counted on already.
    let frame = frame.0 - 1;
    for player in this_match.player_handles() {
        let input = inputs.get(player);
        written.sum = written.sum.wrapping_mul(31).wrapping_add(input.into());
        if frame == 30 {
            commands.spawn((RollbackEntity, Engine(player)));
        }
        if input % 4 == 1 {
            let sum = written.sum;
            hits.write(Hit { player, frame, sum });
            written.hits.push((frame, player, sum));
        }
        if input % 4 == 2 {
            clashes.write(Clash(player));
            written.clashes.push((frame, player));
        }
    }
    if frame == ends_at.0 {
        commands.end_match(&());
    }
}

/// A long sound: that of what happened long ago would still be heard.
fn sound(file: &'static str) -> Option<EffectSound> {
    Some(EffectSound::new(file).length(Duration::from_secs(3600)))
}

fn game(app: &mut App) {
    app.insert_resource(EndsAt(i32::MAX))
        .init_resource::<Written>()
        .init_resource::<Told<Hit>>()
        .init_resource::<Told<Clash>>()
        .init_resource::<Heard>()
        .rollback_resource_by_hash::<Written>()
        .rollback_component_by_hash::<Engine>()
        .add_effect_by_key(|hit: &Hit| (hit.player, hit.frame))
        .add_effect::<Clash>()
        .add_effect_sound(|_: &Hit| sound("hit.wav"))
        .add_effect_sound(|_: &Clash| sound("clash.wav"))
        .add_loop_sound(|_: &Engine| Some(LoopSound::new("engine.wav")))
        .add_systems(
            StartMatch,
            (
                |mut written: ResMut<Written>| *written = Written::default(),
                // Nothing of this is shown.
                |mut clashes: EffectWriter<Clash>| clashes.write(Clash(PlayerHandle(9))),
            ),
        )
        .add_systems(NetplayUpdate, simulate)
        .add_systems(Update, |mut clashes: EffectWriter<Clash>| {
            clashes.write(Clash(PlayerHandle(9)))
        })
        .add_systems(Update, (Told::<Hit>::note, Told::<Clash>::note, Heard::note));
}

/// Inputs that nobody can predict.
fn press_anything(
    this_match: Res<CurrentMatch>,
    frame: Res<RollbackFrameCount>,
    mut input: ResMut<LocalInput<u8>>,
) {
    let seed = this_match.seed ^ frame.0 as u64 ^ u64::from(this_match.local_player.0) << 32;
    input.0 = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8;
}

fn random(seed: u64) -> TestAppsBuilder {
    let conditions =
        NetworkConditions { latency: Duration::from_millis(60), ..NetworkConditions::wifi() };
    TestApps::builder(seed).conditions(conditions).game(|app, config| {
        app.add_plugins(NetplayPlugins::<u8>::new(config))
            .add_systems(ReadLocalInput, press_anything);
        game(app);
    })
}

fn hits(apps: &TestApps, index: usize) -> &Told<Hit> {
    apps.world(index).resource()
}

fn clashes(apps: &TestApps, index: usize) -> &Told<Clash> {
    apps.world(index).resource()
}

fn heard(apps: &TestApps, index: usize) -> &Heard {
    apps.world(index).resource()
}

fn end_at(apps: &mut TestApps, frame: i32) {
    for index in apps.indices() {
        apps.world_mut(index).resource_mut::<EndsAt>().0 = frame;
    }
}

/// What was confirmed is what the simulation has written, and nothing is open.
#[track_caller]
fn assert_settled(apps: &TestApps, index: usize) {
    assert_eq!((hits(apps, index).check(), clashes(apps, index).check()), (0, 0), "{apps}");
    let written = apps.world(index).resource::<Written>();
    let confirmed = hits(apps, index).confirmed.iter();
    let confirmed: Vec<_> = confirmed.map(|(_, at, hit)| (*at, hit.player, hit.sum)).collect();
    assert_eq!(confirmed, written.hits, "{apps}");
    let confirmed = clashes(apps, index).confirmed.iter();
    let confirmed: Vec<_> = confirmed.map(|(_, at, clash)| (*at, clash.0)).collect();
    assert_eq!(confirmed, written.clashes, "{apps}");
}

#[test]
fn all_peers_confirm_what_the_simulation_has_come_to_and_cancel_the_rest() {
    type Configure = fn(&mut NetplayConfig);
    let modes: [(u64, Configure); 3] = [
        (900, |_| {}),
        (901, |config| config.sparse_saving = true),
        (902, |config| config.max_prediction = 0),
    ];
    for (seed, configure) in modes {
        let mut apps = random(seed).players(3).configure(move |_, it| configure(it)).start();
        end_at(&mut apps, 400);
        let over = |apps: &TestApps| apps.indices().all(|it| apps.state(it) == NetplayState::Lobby);
        apps.run_until("the match is over", 4000, over);
        for index in apps.indices() {
            assert_settled(&apps, index);
            let (hits, clashes) = (hits(&apps, index), clashes(&apps, index));
            assert!(hits.confirmed.len() > 150 && clashes.confirmed.len() > 150, "{apps}");
            // In lockstep, nothing is predicted wrongly.
            let is_lockstep = seed == 902;
            assert_eq!(hits.cancelled.is_empty(), is_lockstep, "{apps}");
            assert_eq!(clashes.cancelled.is_empty(), is_lockstep, "{apps}");
            assert_eq!(hits.predicted.iter().all(|it| it.2 == 0), is_lockstep, "{apps}");
            let sounds = heard(&apps, index);
            assert_eq!(sounds.plays(), hits.predicted.len() + clashes.predicted.len(), "{apps}");
            // Three engines end with the match.
            assert_eq!(sounds.loops(), 3, "{apps}");
            assert_eq!(
                sounds.fades(),
                hits.cancelled.len() + clashes.cancelled.len() + 3,
                "{apps}"
            );
        }
    }
}

/// A player who holds a button, and changes in frame 96.
fn planted(seed: u64, before: u8, after: u8) -> TestApps {
    let press = move |this_match: Res<CurrentMatch>,
                      frame: Res<RollbackFrameCount>,
                      mut input: ResMut<LocalInput<u8>>| {
        let is_other = this_match.local_player.0 == 1;
        // It counts in the next frame.
        input.0 = match frame.0 + 1 {
            _ if !is_other => 0,
            ..96 => before,
            _ => after,
        };
    };
    let mut apps = TestApps::builder(seed)
        .configure(|_, config| config.input_delay = 1)
        .game(move |app, config| {
            app.add_plugins(NetplayPlugins::<u8>::new(config)).add_systems(ReadLocalInput, press);
            game(app);
        })
        .start();
    apps.run_until("frame 94", 600, |apps| newest(apps, 1) >= 94);
    apps.mute(1);
    apps.run(10);
    apps
}

/// The newest frame that an App has simulated.
fn newest(apps: &TestApps, index: usize) -> i32 {
    apps.world(index).resource::<RollbackFrameCount>().0 - 1
}

/// The frames of effects.
fn frames<E: Clone + Send + Sync>(effects: impl Iterator<Item = (i32, E)>) -> BTreeMap<i32, usize> {
    effects.fold(BTreeMap::new(), |mut frames, (frame, _)| {
        *frames.entry(frame).or_default() += 1;
        frames
    })
}

#[test]
fn hits_that_were_predicted_and_never_were_are_cancelled_once_each() {
    let mut apps = planted(910, 1, 0);
    let stopped = newest(&apps, 0);
    assert!((99..=103).contains(&stopped), "{stopped}: {apps}");
    assert_eq!(hits(&apps, 0).cancelled.len(), 0, "{apps}");
    apps.unmute(1);
    apps.run_until_confirmed(150, 600);
    let told = hits(&apps, 0);
    assert_eq!(told.check(), 0, "{apps}");
    let predicted = frames(told.predicted.iter().map(|it| (it.1, it.0)));
    assert_eq!(predicted, (1..=stopped).map(|frame| (frame, 1)).collect(), "{apps}");
    let cancelled = frames(told.cancelled.iter().map(|it| (it.1.frame, it.0)));
    assert_eq!(cancelled, (96..=stopped).map(|frame| (frame, 1)).collect(), "{apps}");
    let confirmed = frames(told.confirmed.iter().map(|it| (it.1, it.0)));
    assert_eq!(confirmed, (1..96).map(|frame| (frame, 1)).collect(), "{apps}");
    assert_eq!(heard(&apps, 0).plays(), told.predicted.len(), "{apps}");
    assert_eq!(heard(&apps, 0).fades(), told.cancelled.len(), "{apps}");
    // The player who held the button predicts nothing wrongly of it.
    assert_eq!((hits(&apps, 1).predicted.len(), hits(&apps, 1).cancelled.len()), (95, 0), "{apps}");
}

#[test]
fn hits_that_nobody_predicted_come_late_and_begin_in_the_middle_of_their_sound() {
    let mut apps = planted(911, 0, 1);
    let stopped = newest(&apps, 0);
    apps.unmute(1);
    apps.run_until("they are there", 60, |apps| !hits(apps, 0).predicted.is_empty());
    let now = newest(&apps, 0);
    let told = hits(&apps, 0);
    let late: Vec<_> = told.predicted.iter().map(|it| (it.1, it.2)).collect();
    let expected: Vec<_> = (96..=now).map(|frame| (frame, (now - frame) as u32)).collect();
    assert_eq!(late, expected, "{apps}");
    assert!(late[0].1 as i32 >= stopped - 96, "{apps}");
    let seeks = heard(&apps, 0).0.iter().filter_map(|it| match it {
        SoundCommand::Play { seek, .. } => Some(*seek),
        _ => None,
    });
    let expected = expected.iter().map(|(_, late)| Duration::from_secs(1) / 60 * *late);
    assert_eq!(seeks.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{apps}");
    let until = now + 60;
    apps.run_until_confirmed(until, 600);
    assert!(hits(&apps, 0).cancelled.is_empty(), "{apps}");
    assert_eq!(hits(&apps, 0).predicted.len() - hits(&apps, 0).check(), (until - 95) as usize);
}

#[test]
fn a_rematch_and_the_end_of_a_room_settle_everything_and_no_id_comes_again() {
    let mut apps = random(920).start();
    let mut seen = 0;
    for epoch in 1..=3 {
        let plays = |apps: &TestApps| {
            apps.indices().all(|index| apps.epoch(index) == Some(epoch)) && apps.confirmed() > 120
        };
        apps.run_until("it is played", 2000, plays);
        for index in apps.indices() {
            let predicted = hits(&apps, index).predicted.len();
            assert!(predicted > seen, "{apps}");
            hits(&apps, index).check();
            // Only those of the match that is played are open, which are those of a few frames.
            assert!(hits(&apps, index).check() < 60, "{apps}");
            apps.command(index, |commands| commands.rematch());
        }
        seen = hits(&apps, 0).predicted.len();
    }
    for index in apps.indices() {
        apps.command(index, |commands| commands.leave_room());
    }
    apps.run(2);
    for index in apps.indices() {
        assert_eq!((hits(&apps, index).check(), clashes(&apps, index).check()), (0, 0), "{apps}");
        let sounds = heard(&apps, index);
        let cancelled = hits(&apps, index).cancelled.len() + clashes(&apps, index).cancelled.len();
        assert_eq!(
            sounds.fades(),
            cancelled + sounds.loops(),
            "no engine is heard any more: {apps}"
        );
        assert!(sounds.loops() >= 6, "{apps}");
    }
}

#[test]
fn a_player_alone_has_every_effect_predicted_and_confirmed_at_once() {
    let mut apps = random(930).players(1).build();
    apps.command(0, |commands| commands.play_alone(2));
    apps.run(60);
    end_at(&mut apps, 100);
    apps.run(90);
    assert_settled(&apps, 0);
    assert!(hits(&apps, 0).cancelled.is_empty() && hits(&apps, 0).confirmed.len() > 10, "{apps}");
}

#[test]
fn a_player_who_rejoins_is_told_of_all_effects_and_hears_none_that_is_over() {
    let mut apps = random(940).served().start();
    apps.run_until_confirmed(400, 2000);
    apps.restart(1);
    apps.run_until("it plays again", 900, |apps| apps.state(1) == NetplayState::Playing);
    let frame = apps.confirmed().max(400) + 200;
    apps.run_until_confirmed(frame, 1500);
    let (told, others) = (hits(&apps, 1), hits(&apps, 0));
    told.check();
    let list = |told: &Told<Hit>| {
        let until = told.confirmed.iter().take_while(|it| it.1 <= frame);
        until.map(|it| (it.1, it.2.clone())).collect::<Vec<_>>()
    };
    assert_eq!(list(told), list(others), "{apps}");
    let late = |it: &&(EffectId, i32, u32, Hit)| it.2 > 20;
    let caught_up = told.predicted.iter().filter(late).count();
    assert!(caught_up > 150, "{caught_up}: {apps}");
    assert!(told.predicted[0].2 > 300, "{:?}: {apps}", told.predicted[0]);
    let sounds = heard(&apps, 1);
    let at_most = Duration::from_millis(20 * 1000 / 60);
    for sound in &sounds.0 {
        assert!(!matches!(sound, SoundCommand::Play { seek, .. } if *seek > at_most), "{sound:?}");
    }
    assert!(sounds.plays() > 60, "{apps}");
    assert_eq!(sounds.loops(), 2, "{apps}");
}

#[test]
fn in_a_sync_test_effects_are_told_once_and_nothing_is_heard() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let input = |player: PlayerHandle, frame: i32| {
        ((u64::from(player.0 + 1) * frame as u64 * 2_654_435_761) >> 7) as u8
    };
    for (seed, sparse) in [(0, false), (1, true)] {
        let logs = log.clone();
        let add = move |app: &mut App| {
            let config = NetplayConfig { sparse_saving: sparse, ..default() };
            app.add_plugins((MinimalPlugins, NetplayPlugins::<u8>::new(config)));
            game(app);
            let (logs, side) = (logs.clone(), app.world().entities().len());
            let keep = move |told: Res<Told<Hit>>, heard: Res<Heard>| {
                let mut logs = logs.lock().unwrap();
                logs.retain(|(of, _, _)| *of != side);
                logs.push((side, told.clone(), heard.0.len()));
            };
            app.add_systems(PostUpdate, keep);
        };
        let report = SyncTest::new(2).seed(seed).frames(200).run(add, input).unwrap();
        assert!(report.rollbacks > 20, "{report:?}");
        let logs = std::mem::take(&mut *log.lock().unwrap());
        assert_eq!(logs.len(), 2, "one of each App");
        for (_, told, sounds) in &logs {
            assert_eq!(*sounds, 0);
            // What is open is in the frames that may still be simulated again.
            assert!(told.check() < 40, "{}", told.check());
            let mut frames = BTreeSet::new();
            assert!(told.confirmed.iter().all(|it| frames.insert((it.1, it.2.player))));
            assert!(told.confirmed.len() > 80, "{}", told.confirmed.len());
        }
    }
}
