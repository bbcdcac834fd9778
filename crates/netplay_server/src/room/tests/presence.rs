//! Disconnecting, resuming and restoring a room.

use super::*;

#[test]
fn a_member_that_lost_its_socket_resumes_its_slot_and_receives_what_it_missed_in_order() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    assert_eq!(test.disconnect(2), [presence(2, Presence::Away, &[1, 3])]);
    assert_eq!(test.disconnect(2), [], "it is disconnected already");
    for text in ["offer", "first", "second"] {
        assert_eq!(test.signal(1, 2, text), Ok(SignalOutcome::Kept));
    }
    test.disconnect(3);
    let received = test.resume(2, 22).unwrap();
    let expected = [
        Delivery { to: vec![SocketId(22)], ..test.welcome(2) },
        test.roster(3, &[22], &[1, 2, 3]),
        presence(3, Presence::Away, &[22]),
        presence(2, Presence::Online, &[1]),
        message(&[22], signaled(1, "offer")),
        message(&[22], signaled(1, "first")),
        message(&[22], signaled(1, "second")),
    ];
    assert_eq!(received, expected);
    assert_eq!(test.signal(1, 2, "x"), Ok(SignalOutcome::Sent));
    assert_eq!(test.sent(), [message(&[22], signaled(1, "x"))]);
}

#[test]
fn a_restarted_process_resumes_its_slot_and_receives_nothing_of_before() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    test.disconnect(2);
    assert_eq!(test.signal(1, 2, "offer"), Ok(SignalOutcome::Kept));
    let rosters = [22, 33].map(|socket| test.roster(2, &[socket], &[1, 2]));
    let [first, second] = [22, 33].map(|socket| {
        let roster = rosters[usize::from(socket == 33)].clone();
        let welcome = Delivery { to: vec![SocketId(socket)], ..test.welcome(2) };
        vec![welcome, roster, presence(2, Presence::Restarted, &[1])]
    });
    assert_eq!(test.resume_as(2, 22, true).unwrap(), first);
    // The server may still have the previous socket.
    let closed = Outgoing::Close(Refusal::Superseded);
    let closed = Delivery { to: vec![SocketId(22)], outgoing: closed };
    assert_eq!(test.resume_as(2, 33, true).unwrap(), [second, vec![closed]].concat());
}

#[test]
fn a_mailbox_is_bounded_in_messages_and_in_bytes_of_each_sender() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    test.disconnect(2);
    for number in 0..64 {
        assert_eq!(test.signal(1, 2, "x"), Ok(SignalOutcome::Kept), "{number}");
    }
    assert_eq!(test.signal(1, 2, "x"), Ok(SignalOutcome::Dropped));
    assert_eq!(test.signal(3, 2, "of another"), Ok(SignalOutcome::Kept));
    test.resume(2, 22).unwrap();
    test.disconnect(22);
    let large = "x".repeat(16 * 1024);
    let kept = (0..10).filter(|_| test.signal(1, 2, &large) == Ok(SignalOutcome::Kept)).count();
    assert_eq!(kept, 3, "the fourth does not fit beside the overhead of four messages");
    assert_eq!(test.signal(1, 2, "small"), Ok(SignalOutcome::Kept));
}

#[test]
fn members_that_come_and_go_cannot_fill_a_mailbox() {
    let mut test = TestRoom::filled(3, &[1, 2]);
    test.disconnect(2);
    let kept = (3..1_000)
        .filter(|peer| {
            test.join(*peer).unwrap();
            let kept = (0..100).filter(|_| test.signal(*peer, 2, "x") == Ok(SignalOutcome::Kept));
            let kept = kept.count();
            test.leave(*peer);
            kept == 64
        })
        .count();
    assert!(kept <= 16, "{kept}");
}

#[test]
fn a_member_that_is_away_for_the_grace_period_loses_its_slot() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    test.disconnect(2);
    assert_eq!(test.room.poll_timeout(), Some(GRACE));
    test.pass(GRACE - Duration::from_millis(1));
    assert_eq!(test.time_out(), []);
    test.pass(Duration::from_millis(1));
    assert_eq!(test.time_out(), [presence(2, Presence::Left, &[1]), test.roster(3, &[1], &[1])]);
    assert_eq!(test.room.poll_timeout(), None);
    assert_eq!(test.resume(2, 22), Err(Refusal::CannotResume));
    assert!(test.join(3).is_ok());
}

#[test]
fn a_late_resume_is_refused_even_before_the_timeout_was_handled() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    test.disconnect(2);
    test.pass(GRACE);
    assert_eq!(test.resume(2, 22), Err(Refusal::CannotResume));
}

#[test]
fn a_resume_replaces_a_socket_that_the_server_still_has() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    let received = test.resume(2, 22).unwrap();
    let outgoing = Outgoing::Close(Refusal::Superseded);
    assert!(received.contains(&Delivery { to: vec![SocketId(2)], outgoing }));
    // Events of the old socket change nothing from now on.
    assert_eq!(test.disconnect(2), []);
    assert_eq!(test.leave(2), []);
    assert_eq!(test.signal(2, 1, "x"), Err(Refusal::OutOfOrder));
    assert_eq!(test.members(), [1, 2]);
}

#[test]
fn a_room_is_over_when_the_last_member_is_removed() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    test.leave(1);
    test.disconnect(2);
    assert!(!test.room.is_empty());
    test.pass(GRACE);
    assert_eq!(test.time_out(), []);
    assert!(test.room.is_empty());
}

#[test]
fn a_restored_room_waits_for_its_members_in_their_order_and_admits_no_new_peer() {
    let before = TestRoom::filled(3, &[3, 1, 2]);
    let roster = before.room.roster();
    let signed = signed(before.room.revision, roster);
    let mut test = TestRoom::new(3);
    test.room = Room::restored(rules(&test.signer, test.now), code(), &signed, None);
    assert_eq!(test.members(), [3, 1, 2]);
    let received = test.resume(1, 11).unwrap();
    assert!(received.contains(&presence(3, Presence::Away, &[11])), "{received:?}");
    assert_eq!(test.signal(11, 2, "kept"), Ok(SignalOutcome::Kept));
    test.resume(3, 33).unwrap();
    test.pass(GRACE);
    test.time_out();
    assert_eq!(test.members(), [3, 1]);
    assert_eq!(test.join(4), Err(Refusal::Locked));
    assert_eq!(test.resume(4, 44), Err(Refusal::CannotResume));
}

#[test]
fn a_restored_room_takes_the_newest_roster_and_counts_on_from_it() {
    let members = |names: &[u64]| Roster::new(3, names.iter().copied().map(key).collect());
    let mut test = TestRoom::new(3);
    let first = signed(7, members(&[1, 2, 3]));
    test.room = Room::restored(rules(&test.signer, test.now), code(), &first, None);
    test.resume(3, 33).unwrap();
    let shown = |test: &mut TestRoom, signed: &SignedRoster| {
        test.room.handle_newer_roster(rules(&test.signer, test.now), signed);
        test.sent()
    };
    let other_room = SignedRoster { nonce: RoomNonce([9; 16]), ..signed(9, members(&[1])) };
    for stale in [first.clone(), signed(6, members(&[1])), other_room] {
        assert_eq!(shown(&mut test, &stale), [], "{stale:?}");
    }
    let close =
        Delivery { to: vec![SocketId(33)], outgoing: Outgoing::Close(Refusal::CannotResume) };
    let sent = shown(&mut test, &signed(8, members(&[2, 1])));
    assert_eq!(sent[0], close);
    assert_eq!((test.members(), test.room.revision), (vec![2, 1], 9));
    let before = TestRoom::filled(3, &[1, 2]);
    test.room = before.room;
    assert_eq!(shown(&mut test, &signed(99, members(&[3]))), [], "a room that was never restored");
}

#[test]
fn a_token_of_another_incarnation_of_the_room_is_refused() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    let (socket, nonce, ice_servers) = (SocketId(22), RoomNonce([9; 16]), Vec::new());
    let (key, address, restarted) = (key(2), address(2), false);
    let request = ResumeRequest { socket, key, address, nonce, restarted, ice_servers };
    let resumed = test.room.handle_resume(rules(&test.signer, test.now), request);
    assert_eq!(resumed, Err(Refusal::CannotResume));
}
