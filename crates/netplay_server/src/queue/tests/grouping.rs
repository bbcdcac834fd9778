//! Which peers are grouped, and when.

use super::*;

#[test]
fn a_group_is_probed_and_then_matched_in_the_order_of_arrival() {
    let mut test = TestQueue::new();
    assert_eq!(test.join(3, 3, None), []);
    assert_eq!(test.join(1, 3, None), []);
    assert_eq!(test.join(2, 3, None), [probe(1, &[3, 1, 2])]);
    assert_eq!(test.pong(2, 1), []);
    assert_eq!(test.pong(2, 1), [], "a second answer changes nothing");
    assert_eq!(test.pong(9, 1), []);
    assert_eq!(test.pong(3, 1), []);
    assert_eq!(matched(&test.pong(1, 1)), [3, 1, 2]);
    assert_eq!(test.queue.len(), 0);
    assert_eq!(test.queue.poll_timeout(), None);
}

#[test]
fn only_peers_with_the_same_criteria_are_matched() {
    let mut test = TestQueue::new();
    test.join(1, 2, None);
    assert_eq!(test.join(2, 3, None), []);
    let other = |part: &str| GameInfo { mode: part.into(), ..GameInfo::default() };
    let ranked = MatchCriteria { game: other("ranked"), size: 2, least: None };
    let joined = test.queue.handle_join(test.now, entrant(3, 3), ranked.clone());
    assert_eq!((joined, test.commands()), (Ok(1), vec![]));
    let joined = test.queue.handle_join(test.now, entrant(4, 4), ranked);
    assert_eq!((joined, test.commands()), (Ok(2), vec![probe(1, &[3, 4])]));
}

#[test]
fn a_window_grows_until_another_peer_is_in_it() {
    let mut test = TestQueue::new();
    test.join(1, 2, Some(1000));
    assert_eq!(test.join(2, 2, Some(1220)), [], "220 is outside the window of 100");
    assert_eq!(test.pass(SECOND), []);
    assert_eq!(test.pass(SECOND), []);
    assert_eq!(test.pass(SECOND), [probe(1, &[1, 2])], "100 + 3 × 50 reaches 220");
}

#[test]
fn a_window_grows_up_to_its_limit() {
    let config = MatchmakingConfig { widest: Some(150), ..MatchmakingConfig::default() };
    let mut test = TestQueue { queue: Queue::new(&config), ..TestQueue::new() };
    test.join(1, 2, Some(i32::MIN));
    test.join(2, 2, Some(i32::MAX));
    assert_eq!(test.pass(1000 * SECOND), []);
    let mut test = TestQueue::new();
    test.join(1, 2, Some(i32::MIN));
    test.join(2, 2, Some(i32::MAX));
    assert_eq!(test.pass(100_000_000 * SECOND), [probe(1, &[1, 2])]);
}

#[test]
fn the_longest_waiting_peer_is_matched_first_with_the_longest_waiting_others() {
    let mut test = TestQueue::new();
    for (number, skill) in [(1, 0), (2, 500), (3, 200), (4, 700)] {
        assert_eq!(test.join(number, 2, Some(skill)), []);
    }
    // 5 fits 2 and 4: 2 waits longer. 6 then fits 4.
    assert_eq!(test.join(5, 2, Some(600)), [probe(1, &[2, 5])]);
    assert_eq!(test.join(6, 2, Some(650)), [probe(2, &[4, 6])]);
    // A peer without a skill is in every window.
    assert_eq!(test.join(7, 2, None), [probe(3, &[1, 7])]);
}

#[test]
fn a_peer_that_does_not_answer_a_probe_is_disconnected_and_the_others_keep_their_places() {
    let mut test = TestQueue::new();
    test.join(1, 2, None);
    test.join(2, 2, None);
    test.join(3, 2, None);
    assert_eq!(test.pong(1, 1), []);
    assert_eq!(
        test.pass(2 * SECOND),
        [QueueCommand::Close { socket: SocketId(2) }, probe(2, &[1, 3]),]
    );
    assert_eq!(test.pong(2, 1), [], "too late");
    assert_eq!(test.pong(1, 1), [], "an answer to an earlier probe");
    assert_eq!(test.pong(1, 2), []);
    assert_eq!(matched(&test.pong(3, 2)), [1, 3]);
}

#[test]
fn leaving_is_immediate_even_during_a_probe() {
    let mut test = TestQueue::new();
    test.join(1, 2, None);
    assert_eq!(test.leave(1), []);
    test.join(2, 2, None);
    assert_eq!(test.join(3, 2, None), [probe(1, &[2, 3])]);
    test.pong(2, 1);
    assert_eq!(test.leave(3), []);
    assert_eq!(test.pong(3, 1), []);
    assert_eq!(test.join(4, 2, None), [probe(2, &[2, 4])]);
    assert_eq!(test.leave(9), []);
}

#[test]
fn a_key_and_a_socket_are_in_the_queue_once() {
    let mut test = TestQueue::new();
    test.join(1, 2, None);
    let again = test.queue.handle_join(test.now, entrant(9, 1), criteria(2));
    assert_eq!(again, Err(Refusal::AlreadyJoined));
    let again = test.queue.handle_join(test.now, entrant(1, 9), criteria(2));
    assert_eq!(again, Err(Refusal::OutOfOrder));
    test.leave(1);
    assert!(test.queue.handle_join(test.now, entrant(9, 1), criteria(2)).is_ok());
}

#[test]
fn ten_thousand_peers_that_match_no_other_cost_little() {
    let mut test = TestQueue::new();
    for number in 0..10_000 {
        assert_eq!(test.join(number, 2, Some(number as i32 * 1000)), []);
    }
    // The windows reach the neighbours after 18 s: then one timeout groups everybody.
    assert_eq!(test.pass(17 * SECOND), []);
    assert_eq!(test.pass(SECOND).len(), 5_000);
}

#[test]
fn a_group_has_exactly_as_many_players_as_the_match_is_for() {
    let mut test = TestQueue::new();
    // 1 brings two players, 2 as many: together they are too many for three.
    assert_eq!(test.join_with(1, 2, 3, None), []);
    assert_eq!(test.join_with(2, 2, 3, None), []);
    assert_eq!(test.join(3, 3, None), [probe(1, &[1, 3])]);
    assert_eq!(test.join(4, 3, None), [probe(2, &[2, 4])]);
}

#[test]
fn who_has_waited_longest_is_served_first_whatever_it_brings() {
    let mut test = TestQueue::new();
    for (number, players) in [(1, 3), (2, 4), (3, 2)] {
        assert_eq!(test.join_with(number, players, 8, None), [], "{number}");
    }
    // The first one still lacks one player.
    assert_eq!(test.join_with(4, 4, 8, None), [probe(1, &[2, 4])]);
    let mut other = TestQueue::new();
    for (number, players) in [(1, 3), (2, 2), (3, 4)] {
        assert_eq!(other.join_with(number, players, 8, None), [], "{number}");
    }
    assert_eq!(other.join(4, 8, None), [probe(1, &[1, 3, 4])]);
}
