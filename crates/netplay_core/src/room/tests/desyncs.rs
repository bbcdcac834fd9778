//! States that differ: who is told, how often, and of which frame.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;

use super::network::{Network, key};
use crate::match_::StateComparison;
use crate::room::RoomEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A desync as a room tells it: the player, the first frame and the last equal one.
type Told = (usize, i32, Option<i32>);

impl Network {
    fn desyncs(&self, peer: usize) -> Vec<Told> {
        let told = self.nodes[&peer].said.iter().filter_map(|event| match event {
            RoomEvent::Desync { peer, player, frame, local, remote, last_equal_frame } => {
                assert_eq!(*peer, key(*player));
                assert_ne!(local, remote);
                Some((*player, *frame, *last_equal_frame))
            }
            _ => None,
        });
        told.collect()
    }

    fn comparison(&self, peer: usize, other: usize) -> StateComparison {
        let mut peers = self.nodes[&peer].room.peers();
        peers.find(|peer| peer.key() == key(other)).unwrap().comparison()
    }

    /// The process of a peer restarts, and it plays again with these.
    fn rejoin(&mut self, restarted: usize, peers: &[usize]) {
        let confirmed = self.confirmed(peers.iter().copied());
        self.restart(restarted);
        let what = format!("{peers:?} play again");
        self.run_until(&what, |it| it.confirmed(peers.iter().copied()) > confirmed + 60);
        self.play_on(peers);
    }
}

#[test]
fn equal_states_are_compared_and_nobody_is_told_of_a_desync() {
    for (seed, loss) in [(200, 0.0), (201, 0.3)] {
        let mut network = Network::playing(seed, 3);
        network.loss = loss;
        network.play_on(&[0, 1, 2]);
        for (peer, other) in [(0, 1), (1, 0), (1, 2), (2, 0)] {
            assert_eq!(network.desyncs(peer), []);
            let comparison = network.comparison(peer, other);
            let confirmed = network.confirmed([0, 1, 2]);
            assert!(comparison.last_equal_frame.unwrap() > confirmed - 60, "{comparison:?}");
            assert_eq!(comparison.different_frames, 0);
        }
    }
}

#[test]
fn a_desync_is_told_to_both_sides() {
    for seed in 0..20 {
        let mut network = Network::playing(210 + seed, 2);
        network.loss = [0.0, 0.1, 0.3][seed as usize % 3];
        let from = network.confirmed([0, 1]) + Pcg32::seed_from_u64(seed).random_range(30..200);
        network.differs_from.insert(1, from);
        network.run_until("frames after it are confirmed", |it| it.confirmed([0, 1]) > from + 90);
        let first = (from as u32).next_multiple_of(15) as i32;
        assert_eq!(network.desyncs(0), [(1, first, Some(first - 15))], "{network}");
        assert_eq!(network.desyncs(1), [(0, first, Some(first - 15))], "{network}");
        let comparison = network.comparison(0, 1);
        assert_eq!(comparison.first_different_frame, Some(first));
        assert!(comparison.different_frames > 1, "{comparison:?}");
        // The match goes on.
        network.play_on(&[0, 1]);
    }
}

#[test]
fn of_three_the_one_that_differs_is_named_by_both_others_and_names_both() {
    let mut network = Network::playing(240, 3);
    network.loss = 0.1;
    network.differs_from.insert(2, 300);
    network.run_until("frames after it are confirmed", |it| it.confirmed([0, 1, 2]) > 400);
    assert_eq!(network.desyncs(0), [(2, 300, Some(285))], "{network}");
    assert_eq!(network.desyncs(1), [(2, 300, Some(285))], "{network}");
    let mut told = network.desyncs(2);
    told.sort();
    assert_eq!(told, [(0, 300, Some(285)), (1, 300, Some(285))], "{network}");
    // The one that differs goes: nobody else differs.
    network.leave(2);
    network.run_until("it is dropped", |it| [0, 1].iter().all(|peer| it.dropped(*peer).len() == 1));
    network.play_on(&[0, 1]);
    assert!(network.comparison(0, 1).last_equal_frame > Some(400));
}

#[test]
fn states_that_differ_from_the_beginning_are_told_of_frame_0() {
    let mut network = Network::new(241, 2);
    network.differs_from.insert(0, 0);
    network.join(0);
    network.join(1);
    network.run_until("a match runs", |network| network.confirmed([0, 1]) >= 60);
    assert_eq!(network.desyncs(0), [(1, 0, None)], "{network}");
    assert_eq!(network.desyncs(1), [(0, 0, None)], "{network}");
}

#[test]
fn what_a_player_who_rejoins_simulates_again_is_compared() {
    for (seed, players) in [(250, 2), (251, 3)] {
        let mut network = Network::playing(seed, players);
        let all: Vec<usize> = (0..players).collect();
        network.play_on(&all);
        let confirmed = network.confirmed(all.iter().copied());
        network.rejoin(1, &all);
        for peer in all.iter().copied().filter(|peer| *peer != 1) {
            assert_eq!((network.desyncs(peer), network.desyncs(1)), (vec![], vec![]), "{network}");
            for (peer, other) in [(peer, 1), (1, peer)] {
                let comparison = network.comparison(peer, other);
                assert!(comparison.last_equal_frame > Some(confirmed), "{comparison:?}");
            }
        }
        // Its next process simulates something else from the beginning, as another build would.
        network.differs_from.insert(1, 40);
        network.rejoin(1, &all);
        for peer in all.iter().copied().filter(|peer| *peer != 1) {
            assert_eq!(network.desyncs(peer), [(1, 45, Some(30))], "{network}");
            assert!(network.desyncs(1).contains(&(peer, 45, Some(30))), "{network}");
        }
        assert_eq!(network.desyncs(1).len(), players - 1, "{network}");
    }
}

#[test]
fn of_a_long_match_that_is_rejoined_the_latest_frames_are_compared() {
    let mut network = Network::playing(260, 2);
    network.run_until("the match is long", |it| it.confirmed([0, 1]) >= 2500);
    network.differs_from.insert(1, 0);
    network.rejoin(1, &[0, 1]);
    let [(1, frame, None)] = network.desyncs(0)[..] else { panic!("{network}") };
    assert!((500..1000).contains(&frame), "the oldest that is kept: {frame}");
    assert_eq!(network.desyncs(1), [(0, frame, None)], "{network}");
}

#[test]
fn each_match_has_its_own_desync() {
    let mut network = Network::playing(270, 2);
    network.differs_from.insert(1, 0);
    network.run_until("it is found", |it| [0, 1].iter().all(|it2| it.desyncs(*it2).len() == 1));
    let now = network.now;
    for peer in [0, 1] {
        network.nodes.get_mut(&peer).unwrap().room.vote_rematch(now);
    }
    network.run_until("the rematch", |it| it.started(0).is_some_and(|start| start.epoch == 2));
    network.run(120);
    assert_eq!(network.desyncs(0).len(), 2, "{network}");
    assert_eq!(network.desyncs(0)[1], (1, 0, None), "{network}");
    assert_eq!(network.desyncs(1)[1], (0, 0, None), "{network}");
}

#[test]
fn after_its_end_a_room_tells_what_was_so_at_the_end() {
    let mut network = Network::playing(280, 2);
    network.run(60);
    let (before, now) = (network.comparison(0, 1), network.now);
    let room = &mut network.nodes.get_mut(&0).unwrap().room;
    room.leave(now, "they left the room");
    let total = room.times().total(now);
    let much_later = now * 10;
    room.leave(much_later, "again");
    assert_eq!(room.times().total(much_later), total);
    assert!(room.times().first_confirmed_after() < Some(total));
    assert_eq!(network.comparison(0, 1), before);
    assert!(before.last_equal_frame > Some(100), "{before:?}");
}
