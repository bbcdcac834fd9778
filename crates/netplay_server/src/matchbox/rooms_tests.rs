//! Rooms of matchbox clients, compared with a model.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::limits::RoomPermit;

fn id(number: u64) -> PeerId {
    PeerId(Uuid::from_u128(number.into()))
}

fn name(room: &str, next: Option<usize>) -> RoomName {
    RoomName { room: room.into(), next }
}

fn join(rooms: &mut Rooms, name: RoomName, number: u64) -> Option<Events> {
    let permit = || Ok::<_, Infallible>(RoomPermit::for_tests());
    let Ok(events) = rooms.join(name, SocketId(number), id(number), permit);
    events
}

/// The members that receive the new member.
fn told(rooms: &mut Rooms, name: RoomName, number: u64) -> Vec<u64> {
    let mut events = join(rooms, name, number).unwrap();
    assert_eq!(events.remove(0), (SocketId(number), JsonPeerEvent::IdAssigned(id(number))));
    let told = events.into_iter().map(|(to, event)| {
        assert_eq!(event, JsonPeerEvent::NewPeer(id(number)));
        to.0
    });
    told.collect()
}

#[test]
fn all_members_receive_a_new_member_and_the_new_member_receives_none() {
    let mut rooms = Rooms::default();
    assert_eq!(told(&mut rooms, name("a", None), 1), [0; 0]);
    assert_eq!(told(&mut rooms, name("a", None), 2), [1]);
    assert_eq!(told(&mut rooms, name("b", None), 3), [0; 0]);
    assert_eq!(told(&mut rooms, name("a", None), 4), [1, 2]);
    let left = |to| (SocketId(to), JsonPeerEvent::PeerLeft(id(1)));
    assert_eq!(rooms.leave(SocketId(1)), [left(2), left(4)]);
    assert_eq!(rooms.leave(SocketId(1)), []);
}

#[test]
fn groups_are_filled_one_after_another_and_stay_closed() {
    let mut rooms = Rooms::default();
    let pair = || name("a", Some(2));
    assert_eq!(told(&mut rooms, pair(), 1), [0; 0]);
    assert_eq!(told(&mut rooms, name("a", Some(3)), 8), [0; 0]);
    assert_eq!(told(&mut rooms, name("a", None), 9), [0; 0]);
    assert_eq!(told(&mut rooms, pair(), 2), [1]);
    assert_eq!(told(&mut rooms, pair(), 3), [0; 0]);
    // A member that leaves before the group is full does not count. One that leaves a full group makes no room.
    assert_eq!(rooms.leave(SocketId(3)), []);
    assert_eq!(told(&mut rooms, pair(), 4), [0; 0]);
    rooms.leave(SocketId(1));
    assert_eq!(told(&mut rooms, pair(), 5), [4]);
    assert_eq!(rooms.leave(SocketId(5)).len(), 1);
}

#[test]
fn a_room_is_bounded_and_ends_with_its_last_member() {
    let mut rooms = Rooms::default();
    for number in 0..64 {
        assert!(join(&mut rooms, name("a", None), number).is_some());
    }
    assert_eq!(join(&mut rooms, name("a", None), 64), None);
    for number in 0..64 {
        rooms.leave(SocketId(number));
    }
    assert!(rooms.open.is_empty() && rooms.groups.is_empty() && rooms.group_of.is_empty());
}

#[test]
fn a_signal_reaches_only_its_receiver_in_the_same_group() {
    let mut rooms = Rooms::default();
    for number in [1, 2, 3] {
        join(&mut rooms, name("a", Some(2)), number);
    }
    let data = Value::from("x");
    let event = JsonPeerEvent::Signal { sender: id(1), data: data.clone() };
    assert_eq!(rooms.signal(SocketId(1), id(2), data.clone()), Some(vec![(SocketId(2), event)]));
    assert_eq!(rooms.signal(SocketId(1), id(3), data.clone()), None);
    assert_eq!(rooms.signal(SocketId(1), id(1), data.clone()), None);
    assert_eq!(rooms.signal(SocketId(9), id(1), data), None);
}

#[derive(Clone, Debug)]
enum Action {
    Join(u64, usize),
    Leave(u64),
    Signal(u64, u64),
}

fn action() -> impl Strategy<Value = Action> {
    let who = 0..12u64;
    prop_oneof![
        3 => (who.clone(), 0..3usize).prop_map(|(who, room)| Action::Join(who, room)),
        1 => who.clone().prop_map(Action::Leave),
        2 => (who.clone(), who).prop_map(|(from, to)| Action::Signal(from, to)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// For every sequence of actions: of each two members of a group exactly the earlier one receives the other;
    /// groups are never too large; no member receives one of another group.
    #[test]
    fn all_members_of_a_group_know_exactly_the_others(actions in proptest::collection::vec(action(), 1..150)) {
        let mut rooms = Rooms::default();
        // The members that each client knows.
        let mut known: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for action in actions {
            let events = match action {
                Action::Join(who, room) if !known.contains_key(&who) => {
                    known.insert(who, BTreeSet::new());
                    let next = [None, Some(2), Some(3)][room];
                    join(&mut rooms, name("room", next), who).unwrap()
                }
                Action::Join(..) => Vec::new(),
                Action::Leave(who) => {
                    known.remove(&who);
                    rooms.leave(SocketId(who))
                }
                Action::Signal(from, to) => {
                    let acquainted = known.get(&from).is_some_and(|known| known.contains(&to))
                        || known.get(&to).is_some_and(|known| known.contains(&from));
                    let events = rooms.signal(SocketId(from), id(to), Value::Null);
                    prop_assert_eq!(events.is_some(), acquainted);
                    Vec::new()
                }
            };
            for (to, event) in events {
                match event {
                    JsonPeerEvent::NewPeer(PeerId(peer)) => {
                        prop_assert!(known.get_mut(&to.0).unwrap().insert(peer.as_u128() as u64));
                    }
                    JsonPeerEvent::PeerLeft(PeerId(peer)) => {
                        known.get_mut(&to.0).unwrap().remove(&(peer.as_u128() as u64));
                    }
                    _ => {}
                }
            }
            for group in rooms.groups.values() {
                prop_assert!(group.name.next.is_none_or(|next| group.members.len() <= next));
                for (place, (earlier, _)) in group.members.iter().enumerate() {
                    let later: BTreeSet<_> =
                        group.members[place + 1..].iter().map(|(socket, _)| socket.0).collect();
                    prop_assert_eq!(&known[&earlier.0], &later);
                }
            }
        }
    }
}
