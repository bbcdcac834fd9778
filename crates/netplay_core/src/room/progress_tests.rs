//! Every transition of a peer's progress.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: Duration = Duration::from_secs(3);
const VOTE: Vote = Vote { roster: 9, epoch: 1 };

fn hello(roster: u64) -> Hello {
    Hello {
        game: "game".into(),
        registered: 1,
        roster,
        frame_rate: 60,
        names: Vec::new(),
        key: [0; 32],
    }
}

fn after(mut progress: Progress, change: impl Fn(&mut Progress)) -> Progress {
    change(&mut progress);
    progress
}

#[test]
fn a_peer_greets_votes_and_plays() {
    let mut peer = Progress::Linking;
    assert!(!peer.voted(VOTE), "a vote before the hello");
    assert_eq!(peer, Progress::Linking);
    peer.greeted(hello(8));
    assert_eq!(peer, Progress::Greeted(hello(8)));
    assert!(peer.voted(VOTE));
    // The roster changed: the vote stays, and names the roster that it is for.
    peer.greeted(hello(9));
    assert_eq!(peer, Progress::Ready(hello(9), VOTE));
    peer.started(1);
    assert_eq!(peer, Progress::Playing { vote: None });
    let next = Vote { epoch: 2, ..VOTE };
    assert!(peer.voted(next));
    assert_eq!(peer.vote(), Some(next));
    peer.started(2);
    assert_eq!(peer, Progress::Playing { vote: None });
}

#[test]
fn a_vote_for_the_match_after_the_one_that_starts_is_kept() {
    let next = Vote { epoch: 2, ..VOTE };
    let peer = after(Progress::Ready(hello(9), next), |peer| peer.started(1));
    assert_eq!(peer, Progress::Playing { vote: Some(next) });
}

#[test]
fn a_restart_puts_a_peer_back_before_a_match_and_in_one() {
    let restarted = |progress| after(progress, |peer| peer.restarted(NOW));
    for lobby in [Progress::Linking, Progress::Greeted(hello(1)), Progress::Ready(hello(1), VOTE)] {
        assert_eq!(restarted(lobby), Progress::Linking);
    }
    let rejoining = Progress::Rejoining { began: NOW, since: NOW, vote: None };
    let before =
        Progress::Rejoining { began: Duration::ZERO, since: Duration::ZERO, vote: Some(VOTE) };
    for playing in [Progress::Playing { vote: Some(VOTE) }, before] {
        assert_eq!(restarted(playing), rejoining);
    }
    assert_eq!(restarted(Progress::Left(Some(hello(1)))), Progress::Left(None));
    let gone = Progress::Disconnected { forget_at: None };
    assert_eq!(restarted(gone.clone()), gone);
}

#[test]
fn a_peer_rejoins_until_an_input_comes() {
    let mut peer = Progress::Playing { vote: Some(VOTE) };
    peer.rejoins(NOW);
    assert_eq!(peer, Progress::Rejoining { began: NOW, since: NOW, vote: Some(VOTE) });
    peer.plays();
    assert_eq!(peer, Progress::Playing { vote: Some(VOTE) });
}

#[test]
fn a_peer_that_left_the_lobby_is_still_compared_and_no_longer_votes() {
    let mut peer = after(Progress::Ready(hello(1), VOTE), Progress::left);
    assert_eq!(peer, Progress::Left(Some(hello(1))));
    assert_eq!((peer.hello(), peer.vote()), (Some(&hello(1)), None));
    assert!(!peer.voted(VOTE));
    peer.greeted(hello(2));
    peer.left();
    assert_eq!(peer, Progress::Left(Some(hello(2))));
}

#[test]
fn a_disconnected_peer_stays_so_and_is_forgotten_once() {
    let mut peer = after(Progress::Playing { vote: None }, |peer| peer.disconnected(NOW));
    peer.greeted(hello(1));
    peer.started(2);
    peer.rejoins(NOW);
    peer.plays();
    assert!(!peer.voted(VOTE));
    assert!(!peer.is_to_forget(NOW - Duration::from_millis(1)));
    assert!(peer.is_to_forget(NOW));
    assert!(!peer.is_to_forget(NOW));
    assert_eq!(peer, Progress::Disconnected { forget_at: None });
}
