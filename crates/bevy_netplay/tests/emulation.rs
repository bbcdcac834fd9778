//! A bad network that peers emulate themselves, and change while a match is played.

use std::time::Duration;

use bevy::ecs::system::RunSystemOnce;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_core::emulator::PeerConditions;
use netplay_testkit::{TestApps, TestAppsBuilder};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
use serde::{Deserialize, Serialize};

/// A number that a player sends to the others, one after the other.
#[derive(Clone, Serialize, Deserialize)]
struct Number(u32);

/// The numbers that an App has read, of each peer.
#[derive(Resource, Default)]
struct Heard(Vec<(PeerKey, u32)>);

fn hear(mut heard: ResMut<Heard>, mut numbers: MessageReader<FromPeer<Number>>) {
    heard.0.extend(numbers.read().map(|it| (it.peer, it.message.0)));
}

fn apps(seed: u64, players: usize) -> TestAppsBuilder {
    TestApps::builder(seed).players(players).extend(|_, app| {
        app.add_peer_message::<Number>(PeerMessageOptions::reliable("number", 1))
            .init_resource::<Heard>()
            .add_systems(Update, hear);
    })
}

fn emulate(apps: &mut TestApps, index: usize, emulation: Option<NetworkEmulation>) {
    apps.world_mut(index).resource_mut::<NetplayConfig>().emulate = emulation;
}

fn current(apps: &TestApps, index: usize) -> Option<NetworkEmulation> {
    apps.world(index).resource::<CurrentEmulation>().0.clone()
}

/// The smoothed round trip between two Apps, in milliseconds, as the first one measures it.
fn rtt(apps: &TestApps, index: usize, other: usize) -> f64 {
    let links = apps.world(index).resource::<PeerLinks>();
    let link = links.iter().find(|link| link.peer == apps.key(other)).unwrap();
    link.rtt.unwrap().as_secs_f64() * 1000.0
}

#[test]
fn round_trips_are_what_each_direction_and_each_peer_is_set_to() {
    let mut apps = TestApps::builder(501).players(3).start();
    let ms = Duration::from_millis;
    let latency = |latency| NetworkConditions { latency: ms(latency), ..default() };
    let own = PeerConditions { outgoing: Some(latency(50)), incoming: Some(latency(200)) };
    let emulations: [(NetworkEmulation, [f64; 2]); 5] = [
        (NetworkEmulation::outgoing(latency(100)), [100.0; 2]),
        (NetworkEmulation::incoming(latency(100)), [100.0; 2]),
        ("out:latency_ms=50;in:latency_ms=150".parse().unwrap(), [200.0; 2]),
        (NetworkEmulation::both(latency(50)), [100.0; 2]),
        (
            NetworkEmulation {
                peers: [(apps.key(2), own)].into(),
                ..NetworkEmulation::both(latency(50))
            },
            [100.0, 250.0],
        ),
    ];
    for (emulation, expected) in emulations {
        emulate(&mut apps, 0, Some(emulation.clone()));
        apps.run(300);
        assert_eq!(current(&apps, 0).as_ref(), Some(&emulation));
        for (other, expected) in [1, 2].into_iter().zip(expected) {
            for (from, to) in [(0, other), (other, 0)] {
                let measured = rtt(&apps, from, to);
                let is_as_set = (expected * 0.99..expected * 1.1).contains(&measured);
                assert!(is_as_set, "{emulation}: {measured} ms from {from} to {to}");
            }
        }
        assert!(rtt(&apps, 1, 2) < 20.0, "the others are not concerned");
        assert_eq!(current(&apps, 1), None, "and are not told");
    }
    // What two peers emulate adds up.
    emulate(&mut apps, 0, Some("both:latency_ms=50".parse().unwrap()));
    emulate(&mut apps, 1, Some("latency_ms=100".parse().unwrap()));
    apps.run(300);
    let measured = rtt(&apps, 0, 1);
    assert!((199.0..220.0).contains(&measured), "{measured} ms");
    apps.assert_in_sync();
}

#[test]
fn what_is_emulated_is_shown_and_ends_with_the_setting_and_with_the_room() {
    let wifi = || Some(NetworkConditions::wifi().into());
    let mut apps = TestApps::builder(502)
        .configure(move |index, config| {
            config.emulate = (index == 0).then(|| "wifi".parse().unwrap())
        })
        .start();
    assert_eq!(current(&apps, 0), wifi());
    assert_eq!(current(&apps, 1), None);
    apps.run(300);
    assert!((15.0..40.0).contains(&rtt(&apps, 1, 0)), "{}", rtt(&apps, 1, 0));
    emulate(&mut apps, 0, Some(NetworkEmulation::default()));
    apps.run(300);
    assert_eq!(current(&apps, 0), None, "a perfect network is none");
    assert!(rtt(&apps, 1, 0) < 5.0, "{}", rtt(&apps, 1, 0));
    emulate(&mut apps, 0, wifi());
    apps.run(1);
    assert_eq!(current(&apps, 0), wifi());
    apps.command(0, |commands| commands.leave_room());
    apps.run(2);
    assert_eq!(current(&apps, 0), None);
}

#[test]
fn presets_that_change_hundreds_of_times_in_a_match_cost_nothing_but_what_they_imply() {
    const CHANGES: u32 = 300;
    for (seed, players) in [(503, 2), (504, 3)] {
        let mut random = Pcg32::seed_from_u64(seed);
        let mut apps = apps(seed, players).start();
        let mut sent = vec![0; players];
        for _ in 0..CHANGES {
            let index = random.random_range(0..players);
            let preset = random.random_range(0..NetworkConditions::PRESETS.len());
            let (_, preset) = NetworkConditions::PRESETS[preset].clone();
            let emulation = match random.random_range(0..4) {
                0 => None,
                1 => Some(NetworkEmulation::incoming(preset)),
                2 => Some(NetworkEmulation::both(preset)),
                _ => Some(NetworkEmulation::outgoing(preset)),
            };
            emulate(&mut apps, index, emulation);
            for (index, sent) in sent.iter_mut().enumerate() {
                let number = Number(*sent);
                let write =
                    move |mut writer: PeerMessageWriter<Number>| writer.write_to_all(&number);
                apps.world_mut(index).run_system_once(write).unwrap().unwrap();
                *sent += 1;
            }
            apps.run(random.random_range(1..40));
        }
        // The worst of it is 30 % of loss in bursts on both sides and half a second of round trips.
        let longest = apps.take_longest_stall();
        assert!(longest < Duration::from_secs(5), "{longest:?}");
        (0..players).for_each(|index| emulate(&mut apps, index, None));
        apps.run(120);
        apps.take_longest_stall();
        let confirmed = apps.confirmed();
        apps.run(600);
        assert!(apps.confirmed() >= confirmed + 590, "{apps}");
        let longest = apps.take_longest_stall();
        assert!(longest < Duration::from_millis(100), "{longest:?} on perfect networks");
        apps.assert_in_sync();
        for index in apps.indices() {
            let heard = &apps.world(index).resource::<Heard>().0;
            for other in apps.indices().filter(|other| *other != index) {
                let key = apps.key(other);
                let numbers = heard.iter().filter(|(peer, _)| *peer == key).map(|(_, it)| *it);
                assert!(numbers.eq(0..sent[other]), "from {other} to {index}: {apps}");
            }
        }
    }
}
