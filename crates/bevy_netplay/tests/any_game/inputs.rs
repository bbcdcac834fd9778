//! Inputs of all kinds.

use std::time::Duration;

use bevy::input::InputSystems;
use bevy::prelude::*;
use bevy_netplay::messages::PlayerDisconnected;
use bevy_netplay::prelude::*;
use bevy_netplay::{InputPredictor, InputStatus, PredictDefault, PredictRepeatLast};
use netplay_testkit::TestApps;
use serde::{Deserialize, Serialize};

use super::start::{alone, play_alone};
use super::{assert_plays, builder, random, random_input};

/// What a match has come to.
#[derive(Resource, Clone, Default, Hash)]
struct Sum(u64);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Action {
    #[default]
    Stand,
    Walk {
        stick: (f32, f32),
        runs: bool,
    },
    Aim(Option<u16>),
}

impl Action {
    fn random(seed: u64) -> Self {
        let number = random(seed);
        match number % 3 {
            0 => Self::Stand,
            1 => Self::Walk { stick: (number as f32, 0.5), runs: number & 8 == 0 },
            _ => Self::Aim((number & 16 == 0).then_some(number as u16)),
        }
    }
}

#[test]
fn an_enum_by_serde_is_an_input_and_arrives_as_it_was_given() {
    let game = |app: &mut App, config: NetplayConfig| {
        app.add_plugins(NetplayPlugins::<Action>::new(config).by_serde())
            .init_resource::<Sum>()
            .rollback_resource_by_hash::<Sum>()
            .add_systems(
                ReadLocalInput,
                |this_match: Res<CurrentMatch>,
                 frame: Res<RollbackFrameCount>,
                 mut input: ResMut<LocalInput<Action>>| {
                    input.0 =
                        Action::random(frame.0 as u64 ^ u64::from(this_match.local_player.0) << 32);
                },
            )
            .add_systems(
                NetplayUpdate,
                |inputs: Inputs<Action>, frame: Res<RollbackFrameCount>, mut sum: ResMut<Sum>| {
                    for player in [0, 1] {
                        let text = format!("{:?}", inputs.get(player));
                        sum.0 = random(sum.0 ^ text.len() as u64 ^ frame.0 as u64);
                        if inputs.status(player) == InputStatus::Confirmed && frame.0 > 4 {
                            let given =
                                Action::random((frame.0 - 3) as u64 ^ (player as u64) << 32);
                            assert_eq!(
                                inputs.get(player),
                                given,
                                "player {player}, frame {}",
                                frame.0
                            );
                        }
                    }
                },
            );
    };
    let mut apps = TestApps::builder(41).conditions(NetworkConditions::wifi()).game(game).start();
    assert_plays(&mut apps, 300);
}

#[test]
fn a_string_is_no_input_and_a_list_is_none() {
    // `Copy` rules out strings; a type that serializes as a list does not.
    #[derive(Clone, Copy, Default, PartialEq)]
    struct List;
    impl Serialize for List {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            [1_u8, 2].as_slice().serialize(serializer)
        }
    }
    impl<'de> Deserialize<'de> for List {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Vec::<u8>::deserialize(deserializer).map(|_| List)
        }
    }
    let mut apps = TestApps::builder(42)
        .game(|app, config| {
            app.add_plugins(NetplayPlugins::<List>::new(config).by_serde());
        })
        .build();
    apps.join(0, JoinRoom::code("LIST"));
    apps.command(1, |commands| commands.play_alone(2));
    apps.run(2);
    for index in apps.indices() {
        let reason = apps.end_reason(index).unwrap().to_string();
        assert!(reason.contains("no greatest size"), "{reason}");
    }
}

#[test]
fn inputs_that_are_equal_but_not_the_same_are_told_apart_by_a_prediction() {
    let game = |app: &mut App, config: NetplayConfig| {
        app.add_plugins(NetplayPlugins::<f32>::new(config))
            .init_resource::<Sum>()
            .rollback_resource_by_hash::<Sum>()
            .add_systems(
                ReadLocalInput,
                |this_match: Res<CurrentMatch>,
                 frame: Res<RollbackFrameCount>,
                 mut input: ResMut<LocalInput<f32>>| {
                    let random = random_input(this_match.local_player, frame.0);
                    input.0 = if random.is_multiple_of(2) { 0.0 } else { -0.0 };
                },
            )
            .add_systems(NetplayUpdate, |inputs: Inputs<f32>, mut sum: ResMut<Sum>| {
                for player in [0, 1] {
                    sum.0 = random(sum.0 ^ u64::from(inputs.get(player).to_bits()));
                }
            });
    };
    let mut apps = TestApps::builder(48).conditions(NetworkConditions::mobile()).game(game).start();
    assert_plays(&mut apps, 300);
}

#[test]
fn an_input_is_simulated_as_the_others_receive_it() {
    /// What a player aims at, and what others need not know.
    #[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
    struct Aim {
        angle: u16,
        #[serde(skip)]
        cursor: u16,
    }
    let game = |app: &mut App, config: NetplayConfig| {
        app.add_plugins(NetplayPlugins::<Aim>::new(config).by_serde())
            .init_resource::<Sum>()
            .rollback_resource_by_hash::<Sum>()
            .add_systems(
                ReadLocalInput,
                |frame: Res<RollbackFrameCount>, mut input: ResMut<LocalInput<Aim>>| {
                    let number = random(frame.0 as u64);
                    input.0 = Aim { angle: number as u16, cursor: (number >> 16) as u16 };
                },
            )
            .add_systems(NetplayUpdate, |inputs: Inputs<Aim>, mut sum: ResMut<Sum>| {
                for player in [0, 1] {
                    let Aim { angle, cursor } = inputs.get(player);
                    sum.0 = random(sum.0 ^ u64::from(angle) ^ u64::from(cursor) << 16);
                }
            });
    };
    let mut apps = TestApps::builder(49).conditions(NetworkConditions::wifi()).game(game).start();
    assert_plays(&mut apps, 300);
}

#[test]
fn an_input_that_was_set_for_a_player_is_forgotten_before_the_next_match() {
    #[derive(Resource, Default)]
    struct Seen([u8; 2]);
    let mut app = alone(|app| {
        app.init_resource::<Seen>()
            .add_systems(
                ReadLocalInput,
                |this_match: Res<CurrentMatch>, mut input: ResMut<LocalInput<u8>>| {
                    if this_match.epoch == 1 {
                        input.0 = 3;
                        input.set(1, 4);
                    }
                },
            )
            .add_systems(NetplayUpdate, |inputs: Inputs<u8>, mut seen: ResMut<Seen>| {
                seen.0 = [inputs.get(0), inputs.get(1)];
            });
    });
    for expected in [[3, 4], [3, 0]] {
        play_alone(&mut app, 2, 20);
        assert_eq!(app.world().resource::<Seen>().0, expected);
    }
}

#[test]
fn a_player_who_is_dropped_has_the_default_input() {
    /// A stick, at rest in the middle.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    struct Stick(u8);
    impl Default for Stick {
        fn default() -> Self {
            Self(128)
        }
    }
    #[derive(Resource, Default)]
    struct Seen(Vec<u8>);
    let game = |app: &mut App, config: NetplayConfig| {
        app.add_plugins(NetplayPlugins::<Stick>::new(config).by_serde())
            .init_resource::<Seen>()
            .add_systems(ReadLocalInput, |mut input: ResMut<LocalInput<Stick>>| {
                input.0 = Stick(200)
            })
            .add_systems(NetplayUpdate, |inputs: Inputs<Stick>, mut seen: ResMut<Seen>| {
                seen.0.push(inputs.get(2).0);
            });
    };
    let mut apps = TestApps::builder(43).players(3).game(game).start();
    apps.run_until_confirmed(60, 600);
    apps.exclude(&[2]);
    apps.pause(2);
    let dropped = |apps: &TestApps| !apps.messages(0).disconnected.is_empty();
    apps.run_until("player 3 is dropped", 1200, dropped);
    apps.run(60);
    let dropped: &PlayerDisconnected = &apps.messages(0).disconnected[0];
    assert_eq!(dropped.player, PlayerHandle(2));
    let seen = &apps.world(0).resource::<Seen>().0;
    assert_eq!(seen.first(), Some(&128), "nobody has pressed anything before the input delay");
    assert!(seen.contains(&200));
    assert_eq!(seen.last(), Some(&128));
}

#[test]
fn seventy_two_random_bytes_play_over_a_slow_network() {
    type Large = [[u8; 24]; 3];
    let game = |app: &mut App, config: NetplayConfig| {
        app.add_plugins(NetplayPlugins::<Large>::new(config))
            .init_resource::<Sum>()
            .rollback_resource_by_hash::<Sum>()
            .add_systems(
                ReadLocalInput,
                |this_match: Res<CurrentMatch>,
                 frame: Res<RollbackFrameCount>,
                 mut input: ResMut<LocalInput<Large>>| {
                    let seed = frame.0 as u64 ^ u64::from(this_match.local_player.0) << 32;
                    for (place, byte) in input.0.as_flattened_mut().iter_mut().enumerate() {
                        *byte = random(seed ^ (place as u64) << 40) as u8;
                    }
                },
            )
            .add_systems(NetplayUpdate, |inputs: Inputs<Large>, mut sum: ResMut<Sum>| {
                for player in [0, 1] {
                    for byte in inputs.get(player).into_iter().flatten() {
                        sum.0 = random(sum.0 ^ u64::from(byte));
                    }
                }
            });
    };
    let slow =
        NetworkConditions { latency: Duration::from_millis(130), ..NetworkConditions::default() };
    let mut apps = TestApps::builder(44).conditions(slow).game(game).start();
    assert_plays(&mut apps, 600);
}

#[test]
fn an_input_that_fits_into_no_datagram_is_refused_with_the_size_that_would() {
    type Huge = [[[u8; 32]; 32]; 2];
    let mut apps = TestApps::builder(46)
        .game(|app, config| {
            app.add_plugins(NetplayPlugins::<Huge>::new(config));
        })
        .build();
    apps.join_all();
    apps.run(2);
    let reason = apps.end_reason(0).unwrap().to_string();
    assert!(reason.contains("2048") && reason.contains("1102"), "{reason}");
}

#[test]
fn a_game_chooses_how_inputs_are_predicted() {
    /// In how many frames the other player was predicted to press.
    #[derive(Resource, Default)]
    struct Predicted(u32);
    fn predicted<P: InputPredictor<u8> + 'static>() -> u32 {
        let latency = Duration::from_millis(80);
        let slow = NetworkConditions { latency, ..NetworkConditions::default() };
        let game = |app: &mut App, config: NetplayConfig| {
            // Longer than a frame: a press and its release may arrive together if they follow each other at once.
            let press = |frame: Res<RollbackFrameCount>, mut input: ResMut<LocalInput<u8>>| {
                input.0 = u8::from(frame.0 % 10 < 3);
            };
            let count = |inputs: Inputs<u8>, mut predicted: ResMut<Predicted>| {
                for player in [0, 1] {
                    let is_predicted = inputs.status(player) == InputStatus::Predicted;
                    predicted.0 += u32::from(is_predicted && inputs.get(player) == 1);
                }
            };
            app.add_plugins(NetplayPlugins::<u8>::new(config).predict_by::<P>())
                .init_resource::<Predicted>()
                .add_systems(ReadLocalInput, press)
                .add_systems(NetplayUpdate, count);
        };
        let mut apps = TestApps::builder(47).conditions(slow).game(game).start();
        apps.run_until_confirmed(300, 2000);
        apps.assert_no_desync();
        apps.world(0).resource::<Predicted>().0
    }
    let repeated = predicted::<PredictRepeatLast>();
    assert!(repeated > 20, "{repeated} frames");
    assert_eq!(predicted::<PredictDefault>(), 0);
}

#[test]
fn each_press_counts_once_whatever_the_rate_of_updates() {
    /// Presses that were not simulated yet, and how many were made.
    #[derive(Resource, Default)]
    struct Presses {
        waiting: u8,
        made: u64,
        updates: u64,
    }
    fn collect(mut presses: ResMut<Presses>) {
        presses.updates += 1;
        // As a player does who presses something now and then.
        if presses.updates.is_multiple_of(7) && presses.made < 100 {
            presses.waiting += 1;
            presses.made += 1;
        }
    }
    for updates_per_frame in [0.5, 1.0, 4.0] {
        let mut apps = builder(45, |app| {
            app.init_resource::<Presses>()
                .init_resource::<Sum>()
                .rollback_resource_by_hash::<Sum>()
                .add_systems(
                    PreUpdate,
                    collect.after(InputSystems).before(NetplaySystems::Simulate),
                )
                .add_systems(
                    ReadLocalInput,
                    (|mut presses: ResMut<Presses>, mut input: ResMut<LocalInput<u8>>| {
                        input.0 = std::mem::take(&mut presses.waiting);
                    })
                    .after(super::press),
                )
                .add_systems(
                    NetplayUpdate,
                    |inputs: Inputs<u8>, this_match: Res<CurrentMatch>, mut sum: ResMut<Sum>| {
                        sum.0 += (0..this_match.players)
                            .map(|player| u64::from(inputs.get(player)))
                            .sum::<u64>();
                    },
                );
        })
        .start();
        for index in apps.indices() {
            apps.set_tick(index, netplay_testkit::TICK.div_f32(updates_per_frame));
        }
        let all = |apps: &TestApps| {
            apps.indices().all(|index| apps.world(index).resource::<Presses>().made == 100)
        };
        apps.run_until("everybody has pressed often enough", 20_000, all);
        apps.run(200);
        for index in apps.indices() {
            assert_eq!(
                apps.world(index).resource::<Sum>().0,
                200,
                "{updates_per_frame}, App {index}: {apps}"
            );
        }
    }
}
