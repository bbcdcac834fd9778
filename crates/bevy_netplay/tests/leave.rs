//! Peers that leave.

use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;

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
