//! What is counted of connections between members.

use netplay_protocol::signaling::ConnectionType;

use super::*;

impl TestRoom {
    fn attempt(&mut self, socket: u64, to: u64, connection: u64) -> bool {
        self.room.count_attempt(SocketId(socket), key(to), ConnectionId(connection))
    }

    fn connected(&mut self, socket: u64, to: u64, path: ConnectionType) -> bool {
        self.room.handle_connected(SocketId(socket), key(to), path).unwrap()
    }

    /// Which types count when a member reports all of them.
    fn counted(&mut self, socket: u64, to: u64) -> Vec<ConnectionType> {
        let all = ConnectionType::ALL.into_iter();
        all.filter(|path| self.connected(socket, to, *path)).collect()
    }
}

#[test]
fn an_attempt_counts_once_whichever_of_the_two_began_it() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    assert!(test.attempt(1, 2, 5));
    assert!(!test.attempt(1, 2, 5), "the same offer again");
    assert!(test.attempt(2, 1, 6));
    assert!(test.attempt(1, 3, 6), "of another pair");
    assert!(!test.attempt(9, 1, 7), "nobody is on this connection");
}

#[test]
fn a_connection_counts_only_after_the_server_has_forwarded_what_could_lead_to_it() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    assert_eq!(test.counted(1, 2), []);
    test.relay(2, 1, true).unwrap();
    assert_eq!(test.counted(1, 2), [ConnectionType::Relay]);
    test.attempt(2, 1, 5);
    let rest = ConnectionType::ALL.into_iter().filter(|path| *path != ConnectionType::Relay);
    assert_eq!(test.counted(1, 2), rest.collect::<Vec<_>>(), "each type counts once");
    assert_eq!(test.counted(1, 2), []);
    assert_eq!(test.counted(1, 3), [], "another pair");
    for nobody in [1, 9] {
        assert_eq!(test.counted(1, nobody), []);
    }
    let refused = test.room.handle_connected(SocketId(9), key(1), ConnectionType::Host);
    assert_eq!(refused, Err(Refusal::OutOfOrder));
}

#[test]
fn only_one_of_two_members_is_heard() {
    let mut test = TestRoom::filled(2, &[1, 2]);
    test.attempt(1, 2, 5);
    assert_eq!(test.counted(2, 1), [], "the polite one");
    assert_eq!(test.counted(1, 2).len(), 4);
}

#[test]
fn a_connection_counts_again_after_a_restart_and_another_attempt() {
    for leaves in [false, true] {
        let mut test = TestRoom::filled(2, &[1, 2]);
        test.attempt(1, 2, 5);
        assert!(test.connected(1, 2, ConnectionType::Host));
        // The socket alone was lost.
        test.disconnect(2);
        test.resume(2, 2).unwrap();
        assert!(!test.connected(1, 2, ConnectionType::Host));
        if leaves {
            test.leave(2);
            test.join(2).unwrap();
        } else {
            test.disconnect(2);
            test.resume_as(2, 2, true).unwrap();
        }
        assert!(!test.connected(1, 2, ConnectionType::Host), "no attempt since");
        test.attempt(1, 2, 6);
        assert!(test.connected(1, 2, ConnectionType::Host));
    }
}

#[test]
fn relays_are_open_until_they_are_closed_or_a_member_is_out() {
    let mut test = TestRoom::filled(3, &[1, 2, 3]);
    for (from, to) in [(1, 2), (2, 1), (1, 3), (1, 3)] {
        test.relay(from, to, true).unwrap();
    }
    assert_eq!(test.room.open_relays(), 3);
    test.relay(1, 2, false).unwrap();
    assert_eq!(test.room.open_relays(), 2);
    test.leave(3);
    assert_eq!(test.room.open_relays(), 1);
}
