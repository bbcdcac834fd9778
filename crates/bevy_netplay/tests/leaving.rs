//! Peers that go.

use bevy_netplay::prelude::*;
use netplay_testkit::Cluster;

#[test]
fn a_player_who_leaves_ends_the_match_for_the_others_with_a_sentence() {
    for players in [2, 4] {
        let mut cluster =
            Cluster::builder(51).players(players).conditions(NetworkConditions::mobile()).start();
        cluster.run_until_confirmed(120, 1000);
        cluster.command(1, |commands| commands.leave_room());
        cluster.run_until("the others have ended", 300, |cluster| {
            cluster
                .seats()
                .all(|seat| seat == 1 || matches!(cluster.state(seat), NetplayState::Ended(_)))
        });
        assert_eq!(*cluster.state(1), NetplayState::Offline, "{cluster}");
        for seat in cluster.seats().filter(|seat| *seat != 1) {
            let reason = crate::ended(&cluster, seat);
            let says = reason.to_string();
            assert!(matches!(reason, EndReason::PeerLeft { player: 1, .. }), "{says}: {cluster}");
            assert!(says.starts_with("player 2 left"), "{says}: {cluster}");
        }
        cluster.assert_in_agreement();
    }
}

#[test]
fn a_player_whose_game_closes_ends_the_match_for_the_others_with_a_sentence() {
    let mut cluster = Cluster::builder(52).players(3).conditions(NetworkConditions::wifi()).start();
    cluster.run_until_confirmed(120, 1000);
    cluster.crash_last();
    cluster.run_until("the others have ended", 300, Cluster::all_ended);
    // Whoever notices first leaves as well, and the other may hear of that before it notices itself.
    let reasons = [0, 1].map(|seat| crate::ended(&cluster, seat));
    let lost = |reason: &&EndReason| matches!(reason, EndReason::PeerLost { player: 2, .. });
    assert!(reasons.iter().any(lost), "{reasons:?}: {cluster}");
    cluster.assert_in_agreement();
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
