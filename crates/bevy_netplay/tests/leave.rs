//! Peers that leave.

use bevy::ecs::message::Messages;
use bevy::prelude::*;
use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

/// The longest time after which the others know that a player has left, in steps: a second.
const A_SECOND: u32 = 60;

#[test]
fn the_remaining_player_of_two_learns_why_the_match_ended() {
    let mut apps = TestApps::builder(51).players(2).conditions(NetworkConditions::mobile()).start();
    apps.run_until_confirmed(120, 1000);
    apps.command(1, |commands| commands.leave_room());
    apps.run_until("the other has ended", 300, |apps| apps.state(0) == NetplayState::Ended);
    assert_eq!(apps.state(1), NetplayState::Offline, "{apps}");
    let reason = crate::ended(&apps, 0);
    let says = reason.to_string();
    assert!(
        matches!(reason, EndReason::PeerLeft { player: PlayerHandle(1), .. }),
        "{says}: {apps}"
    );
    assert!(says.starts_with("player 2 left"), "{says}: {apps}");
    apps.assert_in_sync();
}

#[test]
fn a_process_that_ends_ends_a_match_of_two_with_a_reason() {
    let mut apps = TestApps::builder(52).players(2).conditions(NetworkConditions::wifi()).start();
    apps.run_until_confirmed(120, 1000);
    apps.crash(1);
    apps.run_until("the other has ended", 300, TestApps::all_ended);
    let reason = crate::ended(&apps, 0);
    assert!(
        matches!(reason, EndReason::PeerLost { player: PlayerHandle(1), .. }),
        "{reason:?}: {apps}"
    );
}

#[test]
fn players_who_left_can_meet_again() {
    let mut apps = TestApps::builder(53).players(2).start();
    apps.run_until_confirmed(60, 600);
    apps.command(0, |commands| commands.leave_room());
    apps.run_until("the other has ended", 300, |apps| apps.state(1) == NetplayState::Ended);
    apps.run(10);
    apps.join_all();
    apps.run_until("both play again", 600, TestApps::all_playing);
    apps.run_until_confirmed(60, 600);
    apps.assert_no_desync();
}

#[test]
fn the_report_of_the_last_match_is_there_until_another_room_is_joined() {
    const FRAME: i32 = 120;
    let mut apps = TestApps::builder(54).players(2).start();
    apps.run_until_confirmed(FRAME + 30, 1000);
    let report = |apps: &TestApps, index| session_report_at(apps.world(index), FRAME);
    let while_played = report(&apps, 0).unwrap();
    apps.command(0, |commands| commands.leave_room());
    apps.run_until("the other has ended", 300, |apps| apps.state(1) == NetplayState::Ended);
    apps.run(60);
    let [left, ended] = [0, 1].map(|index| report(&apps, index).unwrap());
    assert_eq!(left.checksum, while_played.checksum, "{apps}");
    assert_eq!(ended.checksum, while_played.checksum, "{apps}");
    assert_eq!(left.connect_ms, while_played.connect_ms, "{apps}");
    assert!(left.confirmed_frame >= while_played.confirmed_frame, "{apps}");
    assert_eq!((left.links.len(), ended.links.len()), (1, 1), "{apps}");
    assert!(left.links[0].datagrams_received > 0, "{apps}");
    let total = left.total_ms;
    apps.run(60);
    assert_eq!(report(&apps, 0).unwrap().total_ms, total, "time ends with the room: {apps}");
    apps.join_all();
    apps.run(2);
    assert_eq!(report(&apps, 0), None, "{apps}");
    apps.run_until("there is a report of the next match", 1000, |apps| report(apps, 0).is_some());
    assert!(apps.all_playing(), "{apps}");
}

/// Apps of which the second exits in its update 300: with `leaves`, it leaves the room in the same update.
fn exiting(seed: u64, players: usize, leaves: bool) -> TestApps {
    let exit =
        move |mut updates: Local<u32>, mut commands: Commands, mut exit: MessageWriter<AppExit>| {
            *updates += 1;
            if *updates == 300 {
                if leaves {
                    commands.leave_room();
                }
                exit.write(AppExit::Success);
            }
        };
    let conditions = NetworkConditions::mobile();
    TestApps::builder(seed)
        .players(players)
        .conditions(conditions)
        .extend(move |index, app| {
            if index == 1 {
                app.add_systems(Update, exit);
            }
        })
        .build()
}

/// Runs until the second App has exited: its process ends after that update.
fn run_until_exit(apps: &mut TestApps) {
    let has_exited = |apps: &TestApps| !apps.world(1).resource::<Messages<AppExit>>().is_empty();
    apps.run_until("it exits", 400, has_exited);
    apps.pause(1);
    apps.exclude(&[1]);
}

#[test]
fn an_app_that_exits_has_left_for_the_others_within_a_second() {
    for (seed, leaves) in [(60, false), (61, true)] {
        let mut apps = exiting(seed, 2, leaves);
        apps.join_all();
        run_until_exit(&mut apps);
        apps.run_until("it has left", A_SECOND, TestApps::all_ended);
        let reason = crate::ended(&apps, 0);
        assert!(matches!(reason, EndReason::PeerLeft { .. }), "{reason:?}: {apps}");

        let mut apps = exiting(seed, 4, leaves);
        apps.join_all();
        run_until_exit(&mut apps);
        apps.run_until("it is dropped", A_SECOND, |apps| {
            [0, 2, 3].iter().all(|index| !apps.messages(*index).disconnected.is_empty())
        });
        for index in [0, 2, 3] {
            let reason = &apps.messages(index).disconnected[0].reason;
            assert_eq!(reason, "they closed the game", "{apps}");
        }
        let frame = apps.confirmed();
        apps.run_until_confirmed(frame + 120, 600);
        apps.assert_in_sync();
    }
}

#[test]
fn an_app_that_exits_has_left_the_lobby_for_the_others_within_a_second() {
    for (seed, leaves) in [(62, false), (63, true)] {
        let mut apps = exiting(seed, 3, leaves);
        for index in [0, 1] {
            apps.join(index, JoinRoom::code(TestApps::ROOM).players(3));
        }
        run_until_exit(&mut apps);
        assert_eq!(apps.state(0), NetplayState::Lobby, "{apps}");
        apps.run_until("it has left", A_SECOND, |apps| !apps.messages(0).left.is_empty());
        assert_eq!(apps.messages(0).left.len(), 1, "{apps}");
    }
}
