//! The lobby and the chat of the arena on virtual time: what players wish for, what the match starts with, how it ends.

use std::time::Duration;

use arena::bot::BotPlugin;
use arena::chat::{self, ChatLog, Say};
use arena::lobby::{self, LastResult, LobbyWish, ShipColors};
use arena::sim::{ArenaInput, RoundRules, SHORT_ROUND_FRAMES, SimulationPlugin};
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

/// Apps with the lobby of a player, in a room that two can start and that has places for four.
fn in_lobby(seed: u64, names: &[&str]) -> TestApps {
    let game = |app: &mut App, mut config: NetplayConfig| {
        config.game = arena::GAME.into();
        app.add_plugins((
            NetplayPlugins::<ArenaInput>::new(config),
            SimulationPlugin,
            BotPlugin { seed: 1, hunts: true },
            lobby::plugin,
            chat::plugin,
        ));
    };
    let mut apps = TestApps::builder(seed)
        .players(names.len())
        .game(game)
        .configure(|_, config| config.countdown = Duration::from_secs(1))
        .served()
        .build();
    for (index, name) in names.iter().enumerate() {
        apps.join(index, JoinRoom::code(TestApps::ROOM).players_between(2..=4).name(*name));
        apps.run(5);
    }
    apps.run_until("all are connected", 600, |apps| {
        apps.indices().all(|index| {
            let members = &apps.world(index).resource::<CurrentLobby>().members;
            members.len() == names.len() && members.iter().all(|member| member.known)
        })
    });
    apps
}

fn wish(apps: &mut TestApps, index: usize, wish: LobbyWish) {
    apps.command(index, move |commands| {
        commands.write_message(wish);
    });
    apps.run(30);
}

fn say(apps: &mut TestApps, index: usize, text: &str) {
    let said = Say(text.into());
    apps.command(index, move |commands| {
        commands.write_message(said);
    });
    apps.run(30);
}

fn lines(apps: &TestApps, index: usize) -> Vec<String> {
    let log = apps.world(index).resource::<ChatLog>();
    log.lines().map(|line| format!("{}: {}", line.name, line.text)).collect()
}

#[test]
fn a_round_has_the_chosen_length_and_colors_and_ends_in_the_lobby() {
    let mut apps = in_lobby(900, &["Ann", "Ben", "Eve"]);
    // Of the first player only.
    wish(&mut apps, 1, LobbyWish::NextLength);
    wish(&mut apps, 0, LobbyWish::NextLength);
    wish(&mut apps, 1, LobbyWish::NextColor);
    wish(&mut apps, 1, LobbyWish::NextColor);
    for round in 1..=2 {
        for index in [2, 1, 0] {
            wish(&mut apps, index, LobbyWish::Ready);
        }
        apps.run_until("they play", 600, |apps| {
            apps.indices().all(|index| apps.state(index) == NetplayState::Playing)
        });
        for index in apps.indices() {
            let rules = apps.world(index).resource::<RoundRules>();
            assert_eq!((rules.frames, rules.ends_match), (SHORT_ROUND_FRAMES, true));
            let colors = apps.world(index).resource::<ShipColors>();
            assert_eq!([0, 1, 2].map(|player| colors.of(player)), [0, 3, 2], "{apps}");
        }
        apps.run_until("the round is over", 3000, |apps| {
            apps.indices().all(|index| apps.state(index) == NetplayState::Lobby)
        });
        let mut points: Vec<Vec<u16>> = Vec::new();
        for index in apps.indices() {
            let result = apps.world(index).resource::<LastResult>().0.clone().unwrap();
            assert!(result.title.contains("WIN") || result.title == "A DRAW", "{result:?}");
            let own = result.scores.iter().filter(|(name, _)| name == "you").count();
            assert_eq!((own, result.scores.len()), (1, 3), "{result:?}");
            points.push(result.scores.iter().map(|(_, points)| *points).collect());
            let epoch = apps.world(index).resource::<CurrentMatch>().epoch;
            assert_eq!(epoch, round, "{apps}");
        }
        assert!(points.iter().all(|seen| *seen == points[0]), "{points:?}");
    }
}

#[test]
fn the_first_player_starts_with_those_who_are_there_and_can_stop_it() {
    let mut apps = in_lobby(901, &["Ann", "Ben", "Eve"]);
    let counts = |apps: &TestApps| {
        apps.indices().all(|index| apps.world(index).resource::<CurrentLobby>().countdown.is_some())
    };
    wish(&mut apps, 1, LobbyWish::Start);
    assert!(!counts(&apps), "only the first player starts");
    wish(&mut apps, 0, LobbyWish::Start);
    assert!(counts(&apps), "{apps}");
    wish(&mut apps, 0, LobbyWish::Start);
    assert!(!counts(&apps), "{apps}");
    // Also where it starts because all are ready.
    for index in apps.indices() {
        wish(&mut apps, index, LobbyWish::Ready);
    }
    assert!(counts(&apps), "{apps}");
    wish(&mut apps, 0, LobbyWish::Start);
    assert!(!counts(&apps), "{apps}");
    wish(&mut apps, 0, LobbyWish::Start);
    apps.run_until("they play", 600, |apps| {
        apps.indices().all(|index| apps.state(index) == NetplayState::Playing)
    });
}

#[test]
fn players_talk_are_muted_and_are_removed() {
    let mut apps = in_lobby(902, &["Ann", "Ben", "Eve"]);
    say(&mut apps, 1, " hello\u{202e} all\n");
    assert_eq!(lines(&apps, 1), ["you: hello all"]);
    for index in [0, 2] {
        assert_eq!(lines(&apps, index), ["Ben: hello all"], "{apps}");
    }
    let ben = apps.key(1);
    wish(&mut apps, 2, LobbyWish::Mute(ben));
    say(&mut apps, 1, "do you hear me?");
    assert_eq!(lines(&apps, 0), ["Ben: hello all", "Ben: do you hear me?"], "{apps}");
    assert_eq!(lines(&apps, 2), [""; 0], "{apps}");

    // Not the first player, who alone may.
    wish(&mut apps, 2, LobbyWish::Kick(ben));
    assert_eq!(apps.state(1), NetplayState::Lobby, "{apps}");
    wish(&mut apps, 0, LobbyWish::Kick(ben));
    apps.run_until("it is out", 300, |apps| apps.state(1) == NetplayState::Ended);
    let reason = apps.world(1).resource::<LastEndReason>().0.clone();
    assert_eq!(reason, Some(EndReason::Kicked { banned: false }), "{apps}");
    apps.run(60);
    assert_eq!(lines(&apps, 2), [": Ben was removed from the room"], "{apps}");
}
