//! The rules of an exchange, and what breaks them.

use std::collections::BTreeSet;

use netplay_protocol::Roster;

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

pub(super) const ROSTER: u64 = 9;

pub(super) fn key(peer: usize) -> PeerKey {
    PeerKey::from_bytes([peer as u8 + 1; 16])
}

pub(super) fn roster(peers: usize) -> Roster {
    Roster::new(peers as u8, (0..peers).map(key).collect())
}

pub(super) fn others(peer: usize, peers: usize) -> Vec<PeerKey> {
    (0..peers).filter(|other| *other != peer).map(key).collect()
}

fn exchanges<const N: usize>(entropy: u8) -> [SeedExchange; N] {
    std::array::from_fn(|peer| {
        SeedExchange::new(key(peer), Entropy([entropy.wrapping_mul(16) + peer as u8; 32]))
    })
}

/// Plays an exchange in which every message arrives. Returns the seed that all agree on.
fn agree<const N: usize>(peers: &mut [SeedExchange; N], epoch: u16) -> u64 {
    let mut told = Vec::new();
    for peer in &mut *peers {
        peer.commit(ROSTER, epoch);
        told.push(peer.commitment().unwrap());
    }
    each(peers, &told, |peer, from, it| peer.handle_commitment(from, it).unwrap());
    let reveals: Vec<SeedReveal> =
        (0..N).map(|peer| peers[peer].reveal(&roster(N), &others(peer, N)).unwrap()).collect();
    each(peers, &reveals, |peer, from, it| peer.handle_reveal(from, it).unwrap());
    let seeds: BTreeSet<u64> = peers.iter_mut().map(|peer| agreed(peer).seed).collect();
    peers.iter_mut().for_each(SeedExchange::started);
    assert_eq!(seeds.len(), 1);
    seeds.into_iter().next().unwrap()
}

/// Has every peer take the messages of every other one.
fn each<T: Copy>(
    peers: &mut [SeedExchange],
    messages: &[T],
    handle: impl Fn(&mut SeedExchange, PeerKey, T),
) {
    for (at, peer) in peers.iter_mut().enumerate() {
        for (from, message) in messages.iter().enumerate().filter(|(from, _)| *from != at) {
            handle(peer, key(from), *message);
        }
    }
}

fn agreed(peer: &mut SeedExchange) -> AgreedSeed {
    match peer.poll_outcome() {
        SeedOutcome::Agreed(agreed) => *agreed,
        other => panic!("{other:?}"),
    }
}

/// Two peers that have each other's commitments.
fn committed() -> [SeedExchange; 2] {
    let mut peers = exchanges(0);
    peers.iter_mut().for_each(|peer| peer.commit(ROSTER, 1));
    let told: Vec<_> = peers.iter().map(|peer| peer.commitment().unwrap()).collect();
    each(&mut peers, &told, |peer, from, it| peer.handle_commitment(from, it).unwrap());
    peers
}

#[test]
fn all_agree_on_a_seed_that_is_another_one_for_each_match_and_each_process() {
    let (mut pairs, mut again) = (exchanges::<2>(0), exchanges::<2>(1));
    let seeds = [
        agree(&mut pairs, 1),
        agree(&mut pairs, 2),
        agree(&mut again, 1),
        agree(&mut again, 2),
        agree(&mut exchanges::<3>(0), 1),
        agree(&mut exchanges::<8>(0), 1),
    ];
    assert_eq!(seeds.iter().collect::<BTreeSet<_>>().len(), seeds.len());
}

#[test]
fn a_nonce_is_revealed_once_and_only_when_all_others_have_committed() {
    let mut peers = exchanges::<3>(0);
    peers.iter_mut().for_each(|peer| peer.commit(ROSTER, 1));
    let told: Vec<_> = peers.iter().map(|peer| peer.commitment().unwrap()).collect();
    let [first, ..] = &mut peers;
    for from in [1, 2] {
        assert_eq!(first.reveal(&roster(3), &others(0, 3)), None);
        first.handle_commitment(key(from), told[from]).unwrap();
    }
    assert!(first.reveal(&roster(3), &others(0, 3)).is_some());
    assert_eq!(first.reveal(&roster(3), &others(0, 3)), None);
}

#[test]
fn a_commitment_cannot_be_changed_and_a_nonce_has_to_match_it() {
    let [mut a, mut b] = committed();
    let commitment = b.commitment().unwrap();
    assert_eq!(a.handle_commitment(key(1), commitment), Ok(()));
    let other = SeedCommitment { hash: [7; 32], ..commitment };
    assert_eq!(a.handle_commitment(key(1), other), Err(SeedViolation::Changed));
    let reveal = b.reveal(&roster(2), &others(1, 2)).unwrap();
    let terms = SeedTerms { round: 1, ..reveal.terms };
    for forged in [SeedReveal { nonce: [7; 32], ..reveal }, SeedReveal { terms, ..reveal }] {
        assert_eq!(a.handle_reveal(key(1), forged), Err(SeedViolation::Forged));
    }
    // Nor can it be taken from another peer.
    let mut thief = exchanges::<3>(3);
    thief[0].handle_commitment(key(2), commitment).unwrap();
    assert_eq!(thief[0].handle_reveal(key(2), reveal), Err(SeedViolation::Forged));
    assert_eq!(a.handle_reveal(key(1), reveal), Ok(()));
}

#[test]
fn nobody_is_led_into_later_rounds_for_ever() {
    let [mut a, b] = committed();
    let mut commitment = b.commitment().unwrap();
    commitment.terms.round = u64::MAX;
    assert_eq!(a.handle_commitment(key(1), commitment), Ok(()));
    assert_eq!(a.commitment().unwrap().terms.round, 0);
    for round in 1..=u64::from(MAX_RAISES) {
        commitment.terms.round = round;
        assert_eq!(a.handle_commitment(key(1), commitment), Ok(()));
        assert_eq!(a.commitment().unwrap().terms.round, round);
    }
    commitment.terms.round += 1;
    // It may have been led there itself.
    assert_eq!(a.handle_commitment(key(1), commitment), Ok(()));
    assert_eq!(a.commitment().unwrap().terms.round, u64::from(MAX_RAISES));
    // Another roster, another count.
    a.commit(ROSTER + 1, 1);
    commitment.terms = SeedTerms { roster: ROSTER + 1, round: 90, ..commitment.terms };
    a.handle_commitment(key(1), commitment).unwrap();
    assert_eq!(a.commitment().unwrap().terms.round, 90);
}

/// Plays against one who wants a bit of the seed to be 1: the player who reveals last knows the seed, and does `again` what
/// makes the other one draw another nonce. Returns among how many seeds it could choose.
fn draws(again: impl Fn(&mut SeedExchange, SeedCommitment) -> bool) -> u32 {
    let mut honest = SeedExchange::new(key(0), Entropy([5; 32]));
    honest.commit(ROSTER, 1);
    let commitment =
        |terms| SeedCommitment { terms, hash: seed::commitment(terms, key(1), &[1; 32]) };
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        let terms = honest.terms().unwrap();
        honest.handle_commitment(key(1), commitment(terms)).unwrap();
        let Some(reveal) = honest.reveal(&roster(2), &others(0, 2)) else { break };
        assert!(seen.insert(reveal.nonce), "a nonce that was known serves twice");
        let next = SeedTerms { round: terms.round + 1, ..terms };
        if !again(&mut honest, commitment(next)) {
            break;
        }
        honest.commit(ROSTER, 1);
    }
    seen.len() as u32
}

#[test]
fn who_reveals_last_has_one_draw_and_one_more_for_each_time_that_it_is_gone_or_begins_again() {
    assert_eq!(draws(|_, _| false), 1);
    assert_eq!(draws(|honest, _| honest.gone(key(1)).is_ok()), 1 + MAX_WITHHELD);
    let raised = draws(|honest, next| {
        honest.handle_commitment(key(1), next).is_ok() && !honest.is_revealed()
    });
    assert_eq!(raised, 1 + MAX_WITHHELD_RAISES);
}

#[test]
fn who_was_there_or_has_revealed_is_not_blamed_for_going() {
    for revealed in [false, true] {
        let [mut a, mut b] = committed();
        if revealed {
            let reveal = b.reveal(&roster(2), &others(1, 2)).unwrap();
            a.reveal(&roster(2), &others(0, 2)).unwrap();
            a.handle_reveal(key(1), reveal).unwrap();
        }
        (0..20).for_each(|_| a.gone(key(1)).unwrap());
    }
}

#[test]
fn a_revealed_nonce_is_not_used_again_once_anything_it_was_revealed_for_changes() {
    let changes: [fn(&mut SeedExchange, &SeedCommitment); 4] = [
        |peer, _| peer.forget(key(1)),
        |peer, _| peer.draw_again(),
        |peer, _| peer.commit(ROSTER + 1, 1),
        |peer, theirs| {
            let terms = SeedTerms { round: 1, ..theirs.terms };
            peer.handle_commitment(key(1), SeedCommitment { terms, hash: [3; 32] }).unwrap();
        },
    ];
    for change in changes {
        let [mut a, b] = committed();
        let revealed = a.reveal(&roster(2), &others(0, 2)).unwrap();
        change(&mut a, &b.commitment().unwrap());
        assert!(!a.is_revealed());
        let commitment = a.commitment().unwrap();
        assert_eq!(commitment.terms.round, 1);
        assert_ne!(commitment.hash, seed::commitment(commitment.terms, key(0), &revealed.nonce));
    }
    // One that nobody knows is kept.
    let [mut a, _] = committed();
    let before = a.commitment();
    a.forget(key(1));
    a.commit(ROSTER + 1, 1);
    a.commit(ROSTER, 1);
    assert_eq!(a.commitment(), before);
}

#[test]
fn who_lacks_a_nonce_takes_it_from_somebody_who_has_all_and_checks_it() {
    let [mut a, mut b] = committed();
    let reveal = b.reveal(&roster(2), &others(1, 2)).unwrap();
    let own = a.reveal(&roster(2), &others(0, 2)).unwrap();
    b.handle_reveal(key(0), own).unwrap();
    let SeedReveals { exchange, nonces } = agreed(&mut b).reveals;
    let of = |exchange, nonces| SeedReveals { exchange, nonces };
    let forged = [of(exchange, vec![[0; 32]; 2]), of(exchange, nonces[..1].to_vec())];
    for forged in forged {
        assert_eq!(a.handle_reveals(forged), Err(SeedViolation::Forged));
    }
    assert_eq!(a.handle_reveals(of([0; 32], nonces.clone())), Ok(None), "another exchange");
    assert_eq!(nonces, [own.nonce, reveal.nonce]);
    // Also after the other one was lost, and the exchange has begun again.
    a.forget(key(1));
    let started = a.handle_reveals(of(exchange, nonces)).unwrap().unwrap();
    assert_eq!((started.seed, started.epoch), (agreed(&mut b).seed, 1));
    assert_eq!(started.target.roster, roster(2));
}

#[test]
fn a_peer_that_tells_others_different_things_keeps_them_from_a_match_for_a_few_rounds() {
    let mut peers = exchanges::<2>(0);
    let all = others(usize::MAX, 3);
    let without =
        |peer: usize| all.iter().copied().filter(|other| *other != key(peer)).collect::<Vec<_>>();
    for round in 0.. {
        peers.iter_mut().for_each(|peer| peer.commit(ROSTER, 1));
        let told: Vec<_> = peers.iter().map(|peer| peer.commitment().unwrap()).collect();
        assert_eq!(told[0].terms.round, round);
        each(&mut peers, &told, |peer, from, it| peer.handle_commitment(from, it).unwrap());
        for (at, peer) in peers.iter_mut().enumerate() {
            let hash = [at as u8; 32];
            peer.handle_commitment(key(2), SeedCommitment { hash, ..told[0] }).unwrap();
        }
        let reveals: Vec<SeedReveal> =
            (0..2).map(|at| peers[at].reveal(&roster(3), &without(at)).unwrap()).collect();
        each(&mut peers, &reveals, |peer, from, it| peer.handle_reveal(from, it).unwrap());
        let outcomes = peers.each_mut().map(SeedExchange::poll_outcome);
        if outcomes == [SeedOutcome::Disputed, SeedOutcome::Disputed] {
            assert_eq!(round, u64::from(MAX_DISPUTES));
            return;
        }
        assert_eq!(outcomes, [SeedOutcome::Pending, SeedOutcome::Pending]);
    }
}

#[test]
fn a_peer_lacks_its_commitment_and_then_its_nonce() {
    let mut peers = exchanges::<2>(0);
    let [a, b] = &mut peers;
    assert_eq!(a.lacks(key(1)), None, "there is no match to play");
    a.commit(ROSTER, 1);
    assert_eq!(a.lacks(key(1)), Some(Lack::Commitment));
    b.commit(ROSTER, 1);
    b.handle_commitment(key(0), a.commitment().unwrap()).unwrap();
    let commitment = b.commitment().unwrap();
    let of_another = SeedTerms { epoch: 2, ..commitment.terms };
    a.handle_commitment(key(1), SeedCommitment { terms: of_another, ..commitment }).unwrap();
    assert_eq!(a.lacks(key(1)), Some(Lack::Commitment));
    a.handle_commitment(key(1), commitment).unwrap();
    assert_eq!(a.lacks(key(1)), None, "it is not its turn");
    a.reveal(&roster(2), &others(0, 2)).unwrap();
    assert_eq!(a.lacks(key(1)), Some(Lack::Reveal));
    a.handle_reveal(key(1), b.reveal(&roster(2), &others(1, 2)).unwrap()).unwrap();
    assert_eq!(a.lacks(key(1)), None);
}

#[test]
fn nobody_lacks_a_round_into_which_others_led_the_local_peer_too_often() {
    let [mut a, mut b, mut c] = exchanges::<3>(0);
    [&mut a, &mut b, &mut c].into_iter().for_each(|peer| peer.commit(ROSTER, 1));
    a.handle_commitment(key(1), b.commitment().unwrap()).unwrap();
    let first = c.commitment().unwrap();
    for round in 1..=u64::from(MAX_WITHHELD_RAISES) {
        assert_eq!(a.lacks(key(1)), (round > 1).then_some(Lack::Commitment));
        let terms = SeedTerms { round, ..first.terms };
        a.handle_commitment(key(2), SeedCommitment { terms, ..first }).unwrap();
        assert!(a.began_round(key(2)) && a.lacks(key(2)).is_none());
    }
    assert_eq!(a.lacks(key(1)), Some(Lack::Commitment));
    let terms = SeedTerms { round: 9, ..first.terms };
    a.handle_commitment(key(2), SeedCommitment { terms, ..first }).unwrap();
    assert_eq!(a.lacks(key(1)), None);
    // Who led it there has no such reason.
    a.handle_commitment(key(2), first).unwrap();
    assert_eq!(a.lacks(key(2)), Some(Lack::Commitment));
}
