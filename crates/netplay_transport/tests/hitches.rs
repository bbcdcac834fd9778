//! Rooms that go on between the updates of their games, over real data channels.

use netplay_core::room::{EndReason, RoomEvent};
use netplay_transport::Leaving;

use crate::game::{Game, NEVER};
use crate::support::{metric, server, wait_until};

#[test]
fn a_match_is_reached_without_any_update_after_the_one_that_joins() {
    let server = server();
    let games = [1, 2].map(|n| Game::join(&server.url(), n));
    wait_until(|| games.iter().all(Game::plays));
    for game in &games {
        // What the game is told waits for its next update.
        let told = game.update();
        let at = |of: fn(&RoomEvent) -> bool| told.iter().position(of);
        let order = [
            at(|event| matches!(event, RoomEvent::Joined { .. })),
            at(|event| matches!(event, RoomEvent::Lobby)),
            at(|event| matches!(event, RoomEvent::PeerJoined { .. })),
            at(|event| matches!(event, RoomEvent::Synchronizing)),
            at(|event| matches!(event, RoomEvent::StartMatch(_))),
        ];
        assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{told:?}");
    }
}

#[test]
fn the_server_counts_how_players_reached_each_other() {
    let server = server();
    let games = [1, 2].map(|n| Game::join(&server.url(), n));
    wait_until(|| games.iter().all(Game::plays));
    let straight = ["host", "reflexive", "direct"];
    wait_until(|| {
        games.iter().for_each(|game| drop(game.update()));
        let of = |path| metric(&server, &format!("netplay_links_total{{path=\"{path}\"}}"));
        straight.into_iter().map(of).sum::<u64>() > 0
    });
    assert!(metric(&server, "netplay_attempts_total") > 0);
    assert_eq!(metric(&server, "netplay_links_total{path=\"turn\"}"), 0);
}

#[test]
fn a_game_that_hitches_in_a_match_is_heard_of_by_the_others() {
    let server = server();
    let [hitches, other] = [1, 2].map(|n| Game::join(&server.url(), n));
    wait_until(|| hitches.plays() && other.plays());
    hitches.update();
    other.update();
    // A keepalive is due every 100 ms: what comes in three seconds.
    let before = other.heard();
    wait_until(|| {
        other.update();
        other.heard() >= before + 30
    });
    // The one that hitches takes in what comes as well.
    let before = hitches.heard();
    wait_until(|| {
        other.update();
        hitches.heard() >= before + 10
    });
}

#[test]
fn a_room_that_was_left_is_driven_no_more_and_its_transport_says_goodbye() {
    let server = server();
    let game = Game::join(&server.url(), 1);
    let mut leaving = game.room.lock().leave(game.started.elapsed(), "they left").unwrap();
    wait_until(|| leaving.poll(game.started.elapsed()));
    assert!(game.room.lock().leave(NEVER, "again").is_none());
}

#[test]
fn a_process_that_ends_says_goodbye_before() {
    let server = server();
    let [leaves, other] = [1, 2].map(|n| Game::join(&server.url(), n));
    wait_until(|| leaves.plays() && other.plays());
    other.update();
    let leaving = leaves.room.lock().leave(leaves.started.elapsed(), "they closed the game");
    // Nothing of it is left after this: not even its transport.
    Leaving::finish(leaving);
    drop(leaves);
    let mut told = Vec::new();
    wait_until(|| {
        told.extend(other.update());
        matches!(told.last(), Some(RoomEvent::Ended(_)))
    });
    let Some(RoomEvent::Ended(EndReason::PeerLeft { detail, .. })) = told.last() else {
        panic!("{told:?}");
    };
    assert_eq!(detail, "they closed the game");
}
