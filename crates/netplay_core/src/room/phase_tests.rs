//! Every transition of a room's phase.

use std::collections::BTreeSet;
use std::time::Duration;

use netplay_protocol::{Identity, LobbyValues, MatchId, RejoinState, Roster};

use super::super::MatchStart;
use super::*;
use crate::match_::{DelayBounds, MatchConfig, Signatures};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PEER: PeerKey = PeerKey::from_bytes([7; 16]);

fn identity() -> Identity {
    Identity::from_secret(&[7; 32])
}

fn rejoin(epoch: u16) -> Rejoin {
    let roster = Roster::new(2, vec![identity().peer_key(); 2]);
    let state = RejoinState {
        epoch,
        roster,
        disconnected: vec![],
        last_frames: vec![-1; 2],
        seed: 1,
        keys: vec![identity().public().to_bytes(); 2],
        statements: vec![None; 2],
        lobby: LobbyValues::default(),
    };
    let mut rejoin = Rejoin::new(&[0, 0], Duration::ZERO);
    assert!(rejoin.handle_state(Duration::ZERO, PEER, 0, state));
    rejoin
}

fn active(epoch: u16) -> ActiveMatch {
    let start = MatchStart {
        player_counts: vec![1; 2],
        epoch,
        players: vec![PEER; 2],
        local_player: 0,
        seed: 1,
        lobby: LobbyValues::default(),
        input_delay: 2,
    };
    let default_input = vec![0, 0];
    let config = MatchConfig {
        players: 2,
        default_input,
        input_delay: 2,
        delay_bounds: DelayBounds::fixed(2),
        frame: Duration::from_millis(16),
        max_prediction: 8,
        input_redundancy: 3,
    };
    let identity = identity();
    let id = MatchId::new(epoch, 1, &Roster::new(2, vec![PEER; 2]));
    let signatures = Signatures { id, players: vec![identity.public()], identity };
    ActiveMatch::new(start, config, signatures, &BTreeSet::new(), None)
}

fn name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Connecting => "connecting",
        Phase::Queued => "queued",
        Phase::Lobby => "lobby",
        Phase::Synchronizing => "synchronizing",
        Phase::Rejoining(_) => "rejoining",
        Phase::Playing(_) => "playing",
        Phase::Ended => "ended",
    }
}

fn every() -> [Phase; 7] {
    let playing = Phase::Playing(Box::new(active(1)));
    let rejoining = Phase::Rejoining(rejoin(1));
    let (lobby, synchronizing) = (Phase::Lobby, Phase::Synchronizing);
    [Phase::Connecting, Phase::Queued, lobby, synchronizing, rejoining, playing, Phase::Ended]
}

/// From which phases a transition leads into which one; it changes nothing in the others.
#[track_caller]
fn leads(transition: fn(&mut Phase) -> bool, from: &[&str], to: &str) {
    for mut phase in every() {
        let before = name(&phase);
        let changes = transition(&mut phase);
        assert_eq!(changes, from.contains(&before), "from {before}");
        assert_eq!(name(&phase), if changes { to } else { before });
    }
}

#[test]
fn every_transition_leads_from_its_phases_only() {
    leads(Phase::queued, &["connecting"], "queued");
    leads(Phase::joined, &["connecting", "queued"], "lobby");
    leads(Phase::agreed, &["lobby"], "synchronizing");
    leads(Phase::disagreed, &["synchronizing"], "lobby");
    leads(|phase| phase.peer_restarted(PEER), &["synchronizing", "rejoining"], "lobby");
    leads(|phase| phase.started(active(1)), &["synchronizing", "playing"], "playing");
    let all = ["connecting", "queued", "lobby", "synchronizing", "rejoining", "playing"];
    leads(Phase::ended, &all, "ended");
}

#[test]
fn a_match_is_rejoined_from_the_lobby_or_given_up() {
    leads(|phase| phase.rejoin(rejoin(1)), &["lobby", "synchronizing"], "rejoining");
    leads(Phase::rejoin_failed, &["rejoining"], "lobby");
}

#[test]
fn a_match_to_rejoin_starts_once_it_is_taken() {
    leads(|phase| phase.take_rejoin().is_some(), &["rejoining"], "synchronizing");
}

#[test]
fn a_match_to_rejoin_is_kept_while_somebody_else_knows_it() {
    let mut phase = Phase::Rejoining(rejoin(1));
    assert!(!phase.peer_restarted(PeerKey::from_bytes([8; 16])));
    assert_eq!(name(&phase), "rejoining");
}

#[test]
fn a_room_has_a_match_in_one_phase_and_follows_the_server_before_it() {
    let playing = every().map(|phase| phase.active_match().is_some());
    assert_eq!(playing, [false, false, false, false, false, true, false]);
    let follows = every().map(|phase| phase.follows_the_server());
    assert_eq!(follows, [true, true, true, true, false, false, false]);
}
