//! What players sign, what is taken of it, and what shows that one lies.

use netplay_protocol::Roster;

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MS: Duration = Duration::from_millis(1);
const REPEAT: Duration = Duration::from_millis(100);

fn identity(player: u8) -> Identity {
    Identity::from_secret(&[player + 1; 32])
}

fn peer(player: u8) -> PeerKey {
    identity(player).peer_key()
}

fn id() -> MatchId {
    MatchId::new(1, 7, &Roster::new(3, (0..3).map(peer).collect()))
}

/// What one of three players knows.
fn statements(local: u8) -> Statements {
    let players = (0..3).map(|player| identity(player).public()).collect();
    Statements::new(Signatures { id: id(), identity: identity(local), players })
}

/// A log of so many inputs.
fn log(frames: i32, input: u8) -> InputLog {
    let mut log = InputLog::new(&[0, 0]);
    log.extend(0, (0..frames).map(|_| vec![input, 0]));
    log
}

fn statement(player: u8, frame: i32, log: &InputLog) -> InputStatement {
    let digest = Digests::default().at(frame, log).unwrap();
    identity(player).sign_inputs(&id(), frame, digest)
}

fn part(statement: InputStatement) -> PayloadStatements {
    PayloadStatements { statement: Some(statement), ..PayloadStatements::default() }
}

/// Takes a statement of a player, as the traffic of a match does.
fn take(
    statements: &mut Statements,
    from: u8,
    statement: InputStatement,
    log: &InputLog,
) -> Result<(), PayloadError> {
    statements.check(peer(from), &part(statement))?;
    statements.handle_part(peer(from), part(statement), log);
    Ok(())
}

#[test]
fn each_statement_is_sent_until_it_is_acknowledged_and_then_the_next_one() {
    let (mut ours, log) = (statements(0), log(130, 5));
    let mut now = Duration::ZERO;
    for frame in [-1, 59, 119] {
        for _ in 0..3 {
            now += REPEAT * 2;
            let due = ours.due(peer(1), now, REPEAT, &log);
            assert_eq!(due.statement, Some(statement(0, frame, &log)), "{frame}");
            ours.handle_sent(peer(1), now, &due);
            let again = ours.due(peer(1), now + MS, REPEAT, &log);
            assert_eq!(again.statement, None, "it is on its way");
        }
        let ack = PayloadStatements { ack: Some(frame), ..PayloadStatements::default() };
        ours.handle_part(peer(1), ack, &InputLog::new(&[0, 0]));
    }
    assert_eq!(ours.due(peer(1), now + REPEAT, REPEAT, &log).statement, None);
    // Another peer gets them at its own pace, and one whose process restarted from the first on.
    assert_eq!(ours.due(peer(2), now, REPEAT, &log).statement.unwrap().frame, -1);
    ours.handle_restart(peer(1));
    assert_eq!(ours.due(peer(1), now, REPEAT, &log).statement.unwrap().frame, -1);
}

#[test]
fn statements_count_in_their_order_and_once_the_inputs_are_here() {
    let (mut ours, whole) = (statements(0), log(130, 5));
    let [first, second, third] = [-1, 59, 119].map(|frame| statement(1, frame, &whole));
    take(&mut ours, 1, second, &log(100, 5)).unwrap();
    assert_eq!(ours.last(peer(1)), None, "the first one is left out");
    take(&mut ours, 1, first, &log(100, 5)).unwrap();
    assert_eq!(ours.last(peer(1)), Some(first));
    assert_eq!(ours.due(peer(1), MS, REPEAT, &whole).ack, Some(-1));
    take(&mut ours, 1, second, &log(40, 5)).unwrap();
    assert_eq!(ours.last(peer(1)), Some(first), "inputs are missing");
    ours.handle_inputs(peer(1), &log(60, 5));
    assert_eq!(ours.last(peer(1)), Some(second));
    take(&mut ours, 1, third, &whole).unwrap();
    assert_eq!((ours.last(peer(1)), ours.poll_violation()), (Some(third), None));
}

#[test]
fn what_the_player_has_not_signed_is_refused() {
    let (mut ours, log) = (statements(0), log(130, 5));
    let first = statement(1, -1, &log);
    for forged in [
        InputStatement { signature: statement(2, -1, &log).signature, ..first },
        InputStatement { digest: first.digest.next(0, &[1]), ..first },
    ] {
        assert_eq!(take(&mut ours, 1, forged, &log), Err(PayloadError::Signature));
    }
    let other = identity(1).sign_inputs(&id(), 58, first.digest);
    assert_eq!(take(&mut ours, 1, other, &log), Err(PayloadError::Frame));
    assert_eq!(ours.last(peer(1)), None);
}

#[test]
fn a_player_who_signs_other_inputs_than_it_sends_is_found_and_so_is_one_who_signs_nothing() {
    let (mut ours, sent) = (statements(0), log(130, 5));
    take(&mut ours, 1, statement(1, -1, &sent), &sent).unwrap();
    take(&mut ours, 1, statement(1, 59, &log(130, 6)), &sent).unwrap();
    assert_eq!(ours.poll_violation(), Some((peer(1), Violation::Contradiction)));
    ours.handle_inputs(peer(2), &log(MAX_OVERDUE - 1, 5));
    assert_eq!(ours.poll_violation(), None, "it has time");
    ours.handle_inputs(peer(2), &log(MAX_OVERDUE, 5));
    ours.handle_inputs(peer(2), &log(MAX_OVERDUE + 1, 5));
    assert_eq!(ours.poll_violation(), Some((peer(2), Violation::Unsigned)));
    assert_eq!(ours.poll_violation(), None, "once");
}

#[test]
fn peers_who_have_different_statements_of_a_player_find_out() {
    let (mut ours, mut theirs) = (statements(0), statements(1));
    let (log, lie) = (log(70, 5), log(70, 6));
    for frame in [-1, 59] {
        for (knows, from) in [(&mut ours, 1), (&mut theirs, 0)] {
            take(knows, from, statement(from, frame, &log), &log).unwrap();
        }
        take(&mut ours, 2, statement(2, frame, &log), &log).unwrap();
        take(&mut theirs, 2, statement(2, frame, &lie), &lie).unwrap();
    }
    let due = ours.due(peer(1), MS, REPEAT, &log);
    let summary = due.summary.unwrap();
    assert_eq!((summary.frame, summary.players), (59, 0b111));
    let told = PayloadStatements { summary: due.summary, ..PayloadStatements::default() };
    theirs.handle_part(peer(0), told, &log);
    assert_eq!(theirs.poll_difference(), None, "it has not signed the frame itself");
    let _ = theirs.due(peer(0), MS, REPEAT, &log);
    assert_eq!(theirs.poll_difference(), Some((peer(0), 59)));
    assert_eq!(theirs.poll_difference(), None, "once");
    assert_ne!(ours.get(peer(2), 59), theirs.get(peer(2), 59));
    // Each summary is sent three times.
    for _ in 0..SENDS {
        let due = ours.due(peer(1), MS, REPEAT, &log);
        assert!(due.summary.is_some());
        ours.handle_sent(peer(1), MS, &due);
    }
    assert_eq!(ours.due(peer(1), MS, REPEAT, &log).summary, None);
}
