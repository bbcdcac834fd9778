//! Peers that go.

use bevy_netplay::prelude::*;
use netplay_testkit::Cluster;

#[test]
fn the_last_of_two_is_told_why_the_match_is_over() {
    let mut cluster =
        Cluster::builder(51).players(2).conditions(NetworkConditions::mobile()).start();
    cluster.run_until_confirmed(120, 1000);
    cluster.command(1, |commands| commands.leave_room());
    cluster.run_until("the other has ended", 300, |cluster| {
        matches!(cluster.state(0), NetplayState::Ended(_))
    });
    assert_eq!(*cluster.state(1), NetplayState::Offline, "{cluster}");
    let reason = crate::ended(&cluster, 0);
    let says = reason.to_string();
    assert!(matches!(reason, EndReason::PeerLeft { player: 1, .. }), "{says}: {cluster}");
    assert!(says.starts_with("player 2 left"), "{says}: {cluster}");
    cluster.assert_in_agreement();
}

#[test]
fn a_game_that_closes_ends_the_match_of_two_with_a_sentence() {
    let mut cluster = Cluster::builder(52).players(2).conditions(NetworkConditions::wifi()).start();
    cluster.run_until_confirmed(120, 1000);
    cluster.crash(1);
    cluster.run_until("the other has ended", 300, Cluster::all_ended);
    let reason = crate::ended(&cluster, 0);
    assert!(matches!(reason, EndReason::PeerLost { player: 1, .. }), "{reason:?}: {cluster}");
}

#[test]
fn players_who_left_can_meet_again() {
    let mut cluster = Cluster::builder(53).players(2).start();
    cluster.run_until_confirmed(60, 600);
    cluster.command(0, |commands| commands.leave_room());
    cluster.run_until("the other has ended", 300, |cluster| {
        matches!(cluster.state(1), NetplayState::Ended(_))
    });
    cluster.run(10);
    cluster.join_all();
    cluster.run_until("both play again", 600, Cluster::all_playing);
    cluster.run_until_confirmed(60, 600);
    cluster.assert_no_desync();
}
