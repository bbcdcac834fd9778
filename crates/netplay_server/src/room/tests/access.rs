//! Kicks, bans, votes, and rooms that are closed.

use std::collections::BTreeSet;

use netplay_protocol::signaling::{KickRule, Listing, RoomState};
use proptest::prelude::*;

use super::*;

impl TestRoom {
    fn voting(size: u8, peers: &[u64]) -> Self {
        let options = RoomOptions { kick: KickRule::Vote, public: None };
        let mut test = Self { room: new_room(size, options), ..Self::new(size) };
        for peer in peers {
            test.join(*peer).unwrap();
        }
        test
    }

    fn kick(&mut self, by: u64, target: u64, ban: bool) -> (KickOutcome, Vec<Delivery>) {
        let rules = rules(&self.signer, self.now);
        let kicked = self.room.handle_kick(rules, SocketId(by), key(target), ban);
        (kicked.unwrap(), self.sent())
    }

    fn open(&mut self, by: u64, open: bool) -> Vec<Delivery> {
        self.room.handle_open(rules(&self.signer, self.now), SocketId(by), open).unwrap();
        self.sent()
    }
}

const KICKED: KickOutcome = KickOutcome::Kicked { banned: false };
const BANNED: KickOutcome = KickOutcome::Kicked { banned: true };

fn closed(socket: u64, banned: bool) -> Delivery {
    let outgoing = Outgoing::Close(Refusal::Kicked { banned });
    Delivery { to: vec![SocketId(socket)], outgoing }
}

fn told(target: u64, banned: bool, to: &[u64]) -> Delivery {
    message(to, ServerMessage::Kicked { peer: key(target), banned })
}

fn votes(target: u64, votes: u8, needed: u8, to: &[u64]) -> Delivery {
    message(to, ServerMessage::KickVotes { peer: key(target), votes, needed })
}

#[test]
fn the_first_player_removes_a_member_whose_socket_closes_and_whose_relay_ends() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    test.relay(2, 3, true).unwrap();
    test.relay(3, 2, true).unwrap();
    let (outcome, sent) = test.kick(1, 2, false);
    assert_eq!(outcome, KICKED);
    let left = presence(2, Presence::Left, &[1, 3]);
    let roster = test.roster(4, &[1, 3], &[1, 3]);
    assert_eq!(sent, [closed(2, false), left, roster, told(2, false, &[1, 3])]);
    assert_eq!(test.room.relay_route(SocketId(2), key(3)), None);
    assert_eq!(test.room.relay_route(SocketId(3), key(2)), None);
    assert_eq!(test.signal(2, 3, "late"), Err(Refusal::OutOfOrder));
    assert_eq!(test.resume(2, 22), Err(Refusal::CannotResume));
    // Its place is free at once, also for itself.
    test.join(4).unwrap();
    assert_eq!(test.join(2), Err(Refusal::RoomFull { size: 3 }));
    test.leave(4);
    test.join(2).unwrap();
    assert_eq!(test.members(), [1, 3, 2]);
}

#[test]
fn nobody_but_the_first_player_who_is_there_removes_anybody() {
    let mut test = TestRoom::filled(4, &[1, 2, 3, 4]);
    for (by, target) in [(2, 1), (3, 2), (4, 4), (2, 9), (1, 1)] {
        assert_eq!(test.kick(by, target, true), (KickOutcome::Ignored, vec![]), "{by} {target}");
    }
    let unknown = test.room.handle_kick(rules(&test.signer, test.now), SocketId(9), key(1), true);
    assert_eq!(unknown, Err(Refusal::OutOfOrder));
    // While the first one is away, the next one is the first.
    test.disconnect(1);
    assert_eq!(test.kick(3, 4, false).0, KickOutcome::Ignored);
    assert_eq!(test.kick(2, 4, false).0, KICKED);
    test.resume(1, 11).unwrap();
    assert_eq!(test.kick(2, 3, false).0, KickOutcome::Ignored);
    assert_eq!(test.kick(11, 3, false).0, KICKED);
    assert_eq!(test.members(), [1, 2]);
}

#[test]
fn who_is_away_is_removed_as_well() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    test.disconnect(2);
    let (outcome, sent) = test.kick(1, 2, true);
    assert_eq!((outcome, sent.first()), (BANNED, Some(&presence(2, Presence::Left, &[1, 3]))));
    assert_eq!(test.resume(2, 22), Err(Refusal::CannotResume));
    assert_eq!(test.join(2), Err(Refusal::Banned));
}

#[test]
fn a_ban_is_of_the_key_and_of_the_address_and_of_nobody_who_is_in() {
    let mut test = TestRoom::filled(4, &[1, 2, 3]);
    // A neighbour of the one that is banned.
    test.room.members[2].address = Some(address(2));
    assert_eq!(test.kick(1, 2, true).0, BANNED);
    let elsewhere = JoinRequest { address: address(7), ..join_request(2, 4) };
    assert_eq!(test.enter(elsewhere), Err(Refusal::Banned));
    let other_key = JoinRequest { address: address(2), ..join_request(5, 4) };
    assert_eq!(test.enter(other_key), Err(Refusal::Banned));
    test.join(5).unwrap();
    test.disconnect(3);
    test.resume(3, 33).unwrap();
    assert_eq!(test.members(), [1, 3, 5]);
}

#[test]
fn a_ban_is_of_the_address_at_which_the_member_was_last() {
    let mut test = TestRoom::filled(3, &[1, 2]);
    test.disconnect(2);
    let (socket, address) = (SocketId(22), address(77));
    let (nonce, restarted, ice_servers) = (NONCE, false, Vec::new());
    let request = ResumeRequest { socket, key: key(2), address, nonce, restarted, ice_servers };
    test.room.handle_resume(rules(&test.signer, test.now), request).unwrap();
    test.kick(1, 2, true);
    let there = JoinRequest { address, ..join_request(3, 3) };
    assert_eq!(test.enter(there), Err(Refusal::Banned));
    let before = JoinRequest { address: super::address(2), ..join_request(3, 3) };
    assert!(test.enter(before).is_ok());
}

#[test]
fn a_room_that_has_banned_as_many_as_it_remembers_is_closed_for_good() {
    let mut test = TestRoom::filled(4, &[1]);
    for peer in 10..10 + BANS as u64 {
        test.join(peer).unwrap();
        test.kick(1, peer, true);
    }
    assert_eq!(test.join(5), Err(Refusal::RoomClosed));
    assert_eq!(test.open(1, true), [], "nobody opens it again");
    assert_eq!(test.join(5), Err(Refusal::RoomClosed));
    for peer in 10..10 + BANS as u64 {
        assert_eq!(test.join(peer), Err(Refusal::Banned));
    }
}

#[test]
fn more_than_half_of_the_others_remove_a_member_by_vote() {
    let mut test = TestRoom::voting(5, &[1, 2, 3, 4, 5]);
    assert_eq!(test.kick(2, 1, true), (KickOutcome::Voted, vec![votes(1, 1, 3, &[2, 3, 4, 5])]));
    assert_eq!(test.kick(2, 1, true), (KickOutcome::Ignored, vec![]), "a vote counts once");
    assert_eq!(test.kick(3, 1, false).0, KickOutcome::Voted);
    let (outcome, sent) = test.kick(4, 1, true);
    assert_eq!((outcome, &sent[0]), (KICKED, &closed(1, false)), "two of four want it banned");
    test.join(1).unwrap();
    for by in [2, 3] {
        assert_eq!(test.kick(by, 1, true).0, KickOutcome::Voted, "votes do not outlive the member");
    }
    // Who has voted may go on to want a ban.
    test.kick(4, 5, false);
    assert_eq!(test.kick(4, 5, true), (KickOutcome::Voted, vec![votes(5, 1, 3, &[2, 3, 4, 1])]));
    assert_eq!(test.kick(4, 1, true).0, BANNED);
    assert_eq!(test.join(1), Err(Refusal::Banned));
}

#[test]
fn one_vote_removes_nobody_and_the_vote_of_who_leaves_counts_no_more() {
    let mut pair = TestRoom::voting(2, &[1, 2]);
    assert_eq!(pair.kick(2, 1, true).0, KickOutcome::Voted);
    assert_eq!(pair.members(), [1, 2]);
    let mut test = TestRoom::voting(4, &[1, 2, 3, 4]);
    test.kick(2, 1, false);
    test.leave(2);
    assert_eq!(test.kick(3, 1, false), (KickOutcome::Voted, vec![votes(1, 1, 2, &[3, 4])]));
}

#[test]
fn who_leaves_may_make_the_votes_that_are_there_enough() {
    let mut test = TestRoom::voting(6, &[1, 2, 3, 4, 5]);
    test.kick(1, 5, true);
    test.kick(2, 5, true);
    let sent = test.leave(4);
    assert!(sent.contains(&closed(5, true)) && sent.ends_with(&[told(5, true, &[1, 2, 3])]));
    assert_eq!((test.members(), test.join(5)), (vec![1, 2, 3], Err(Refusal::Banned)));
}

#[test]
fn a_closed_room_admits_only_who_returns() {
    let mut test = TestRoom::filled(3, &[1, 2]);
    assert_eq!(test.open(2, false), [], "only the first player closes it");
    let closed = RoomState { open: false, ..RoomState::default() };
    let message = |state| message(&[1, 2], ServerMessage::RoomState(state));
    assert_eq!(test.open(1, false), [message(closed)]);
    assert_eq!(test.open(1, false), [], "it is closed");
    assert_eq!(test.join(3), Err(Refusal::RoomClosed));
    test.disconnect(2);
    let welcome = &test.resume(2, 2).unwrap()[0];
    assert!(matches!(
        &welcome.outgoing,
        Outgoing::Message(ServerMessage::Welcome { state, .. }) if *state == closed
    ));
    assert_eq!(test.open(1, true), [message(RoomState::default())]);
    test.join(3).unwrap();
}

#[test]
fn a_place_that_became_free_in_a_match_is_filled_once_the_match_is_over() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    for peer in [1, 2, 3] {
        assert!(!test.room.state().has_played || peer == 3);
        test.room.handle_playing(SocketId(peer), true).unwrap();
    }
    assert!(test.room.state().has_played);
    test.kick(1, 2, false);
    assert_eq!(test.join(4), Err(Refusal::Locked));
    test.room.handle_playing(SocketId(1), false).unwrap();
    assert_eq!(test.join(4), Err(Refusal::Locked), "the other one still plays");
    test.room.handle_playing(SocketId(3), false).unwrap();
    test.join(4).unwrap();
    assert_eq!(test.members(), [1, 3, 4]);
}

#[test]
fn nobody_brings_a_removed_member_back_with_a_roster_of_before_a_restart_of_the_server() {
    let members = |names: &[u64]| Roster::new(3, names.iter().copied().map(key).collect());
    let mut test = TestRoom::new(3);
    let older = signed(7, members(&[1, 2, 3]));
    test.room = Room::restored(rules(&test.signer, test.now), code(), &older, None);
    assert_eq!(test.room.state().kick, KickRule::Vote, "what the creator chose is not known");
    for peer in [1, 2, 3] {
        test.resume(peer, peer).unwrap();
    }
    test.kick(1, 3, false);
    assert_eq!(test.kick(2, 3, false).0, KICKED);
    let newer = signed(8, members(&[1, 3]));
    test.room.handle_newer_roster(rules(&test.signer, test.now), &newer);
    assert_eq!(test.members(), [1]);
    assert_eq!(test.resume(3, 33), Err(Refusal::CannotResume));
}

#[test]
fn a_public_room_is_listed_as_long_as_it_admits_somebody() {
    let listing = Listing { name: "Friday".into(), info: "map 3".into() };
    let options = RoomOptions { public: Some(listing.clone()), ..RoomOptions::default() };
    let mut test = TestRoom { room: new_room(2, options), ..TestRoom::new(2) };
    assert_eq!(test.room.listed(), None, "nobody is in it");
    test.join(1).unwrap();
    let listed = test.room.listed().unwrap();
    assert_eq!((&listed.listing, listed.players, listed.size), (&listing, 1, 2));
    assert!(!listed.password && listed.fits());
    test.open(1, false);
    assert_eq!(test.room.listed(), None, "it is closed");
    test.open(1, true);
    test.room.handle_playing(SocketId(1), true).unwrap();
    assert_eq!(test.room.listed(), None, "a match runs");
    test.room.handle_playing(SocketId(1), false).unwrap();
    test.join(2).unwrap();
    assert_eq!(test.room.listed(), None, "it is full");
    test.leave(2);
    assert_eq!(test.room.listed(), Some(listed));
    assert_eq!(TestRoom::filled(3, &[1]).room.listed(), None, "nobody asked for it");
}

#[derive(Clone, Debug)]
enum Action {
    Join { who: u64, from: u64 },
    Resume { who: u64, from: u64 },
    Kick { by: u64, target: u64, ban: bool },
    Open { by: u64, open: bool },
    Leave(u64),
    Drop(u64),
}

fn action() -> impl Strategy<Value = Action> {
    let (who, from) = (|| 1..8u64, || 1..6u64);
    prop_oneof![
        6 => (who(), from()).prop_map(|(who, from)| Action::Join { who, from }),
        1 => (who(), from()).prop_map(|(who, from)| Action::Resume { who, from }),
        5 => (who(), who(), any::<bool>()).prop_map(|(by, target, ban)| Action::Kick { by, target, ban }),
        1 => (who(), any::<bool>()).prop_map(|(by, open)| Action::Open { by, open }),
        1 => who().prop_map(Action::Leave),
        2 => who().prop_map(Action::Drop),
    ]
}

/// What the rules say, with as little as they need: members with their addresses, who is connected, votes and bans.
#[derive(Default)]
struct Model {
    members: Vec<(u64, u64, bool)>,
    votes: BTreeSet<(u64, u64)>,
    /// Everybody who was ever banned.
    out: BTreeSet<u64>,
    /// Those of them that the room remembers, and their addresses.
    banned: BTreeSet<u64>,
    addresses: BTreeSet<u64>,
    open: bool,
}

impl Model {
    fn is_member(&self, who: u64) -> bool {
        self.members.iter().any(|(member, ..)| *member == who)
    }

    fn is_online(&self, who: u64) -> bool {
        self.members.iter().any(|(member, _, online)| *member == who && *online)
    }

    fn first(&self) -> Option<u64> {
        self.members.iter().find(|(.., online)| *online).map(|(member, ..)| *member)
    }

    fn kick(&mut self, who: u64, banned: bool) {
        let from =
            self.members.iter().find(|(member, ..)| *member == who).map(|(_, from, _)| *from);
        if banned {
            self.out.insert(who);
            if self.banned.len() < BANS {
                self.banned.insert(who);
                self.addresses.extend(from);
            }
            self.open &= self.banned.len() < BANS;
        }
        self.remove(who);
    }

    fn votes(&self, target: u64) -> usize {
        self.votes.iter().filter(|(_, of)| *of == target).count()
    }

    /// A member of these for which there are enough votes.
    fn outvoted(&self, of: impl Fn(u64) -> bool) -> Option<u64> {
        let members = self.members.iter().map(|(member, ..)| *member).filter(|it| of(*it));
        let enough = |votes: usize| votes >= 2 && 2 * votes > self.members.len() - 1;
        members.into_iter().find(|member| enough(self.votes(*member)))
    }

    fn remove(&mut self, who: u64) {
        self.members.retain(|(member, ..)| *member != who);
        self.votes.retain(|(by, target)| *by != who && *target != who);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// For every sequence of joins, kicks, votes, bans and losses: a banned key is in the room at no time, no banned
    /// address gets in, nobody is removed by somebody who has no right to it, and a right to it is enough.
    #[test]
    fn who_is_banned_is_not_in_the_room_and_only_who_may_removes_anybody(
        votes in any::<bool>(),
        actions in proptest::collection::vec(action(), 1..200),
    ) {
        let mut test = if votes { TestRoom::voting(5, &[]) } else { TestRoom::new(5) };
        let mut model = Model { open: true, ..Model::default() };
        for action in actions {
            match action {
                Action::Join { who, from } => {
                    let joined = test.enter(JoinRequest { address: address(from), ..join_request(who, 5) });
                    let is_out = model.banned.contains(&who) || model.addresses.contains(&from);
                    if model.is_member(who) {
                        prop_assert_eq!(joined, Err(Refusal::AlreadyJoined));
                    } else if is_out {
                        prop_assert_eq!(joined, Err(Refusal::Banned));
                    } else {
                        prop_assert_eq!(joined.is_ok(), model.members.len() < 5 && model.open);
                        if joined.is_ok() {
                            model.members.push((who, from, true));
                        }
                    }
                }
                Action::Resume { who, from } => {
                    let rules = rules(&test.signer, test.now);
                    let (socket, nonce, ice_servers) = (SocketId(who), NONCE, Vec::new());
                    let request = ResumeRequest {
                        socket, key: key(who), address: address(from), nonce, restarted: false, ice_servers,
                    };
                    let resumed = test.room.handle_resume(rules, request);
                    prop_assert_eq!(resumed.is_ok(), model.is_member(who));
                    if let Some(member) = model.members.iter_mut().find(|(member, ..)| *member == who) {
                        *member = (who, from, true);
                    }
                }
                Action::Kick { by, target, ban } if model.is_online(by) => {
                    let (outcome, _) = test.kick(by, target, ban);
                    let counts = by != target && model.is_member(target);
                    let others = model.members.len().saturating_sub(1);
                    let may = match votes {
                        true if counts => {
                            model.votes.insert((by, target));
                            model.votes(target) >= 2 && 2 * model.votes(target) > others
                        }
                        true => false,
                        false => counts && model.first() == Some(by),
                    };
                    let kicked = matches!(outcome, KickOutcome::Kicked { .. });
                    prop_assert_eq!(kicked, may, "{} kicks {}", by, target);
                    if let KickOutcome::Kicked { banned } = outcome {
                        prop_assert!(votes || banned == ban);
                        model.kick(target, banned);
                        // Others may be outvoted without it. In which order, is the room's to say.
                        let members = test.members();
                        while let Some(gone) = model.outvoted(|member| !members.contains(&member)) {
                            model.kick(gone, test.room.access.is_banned(key(gone)));
                        }
                    }
                }
                Action::Open { by, open } if model.is_online(by) => {
                    test.open(by, open);
                    if model.first() == Some(by) {
                        model.open = open && model.banned.len() < BANS;
                    }
                }
                Action::Leave(who) if model.is_online(who) && !votes => {
                    test.leave(who);
                    model.remove(who);
                }
                Action::Drop(who) if model.is_online(who) => {
                    test.disconnect(who);
                    model.members.iter_mut().filter(|(member, ..)| *member == who).for_each(|it| it.2 = false);
                }
                Action::Kick { .. } | Action::Open { .. } | Action::Leave(_) | Action::Drop(_) => {}
            }
            test.sent();
            let members: Vec<u64> = model.members.iter().map(|(member, ..)| *member).collect();
            prop_assert_eq!(test.members(), members);
            prop_assert!(model.members.iter().all(|(member, ..)| !model.out.contains(member)));
            prop_assert_eq!(test.room.state().open, model.open);
        }
    }
}
