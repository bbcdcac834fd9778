use netplay_protocol::ConnectionId;
use netplay_protocol::signaling::Signal;

use super::traffic::Route;
use super::*;

const GRACE: Duration = Duration::from_secs(10);

#[test]
fn everybody_is_welcomed_and_told_the_roster_in_the_order_they_joined() {
    let mut table = Table::new(3);
    assert_eq!(table.join(30), Ok(vec![table.welcome(30), table.roster(1, &[30], &[30])]));
    assert_eq!(table.join(10), Ok(vec![table.welcome(10), table.roster(2, &[30, 10], &[30, 10])]));
    let all = [30, 10, 20];
    assert_eq!(table.join(20), Ok(vec![table.welcome(20), table.roster(3, &all, &all)]));
}

#[test]
fn the_order_is_stable_when_somebody_leaves_and_another_joins() {
    let mut table = Table::filled(3, &[1, 2, 3]);
    let left = table.leave(2);
    assert_eq!(left, [presence(2, Presence::Left, &[1, 3]), table.roster(4, &[1, 3], &[1, 3])]);
    table.join(4).unwrap();
    table.leave(1);
    table.join(2).unwrap();
    assert_eq!(table.members(), [3, 4, 2]);
}

#[test]
fn a_full_room_refuses_and_takes_somebody_again_when_a_seat_is_free() {
    let mut table = Table::filled(2, &[1, 2]);
    assert_eq!(table.join(3), Err(Refusal::RoomFull { size: 2 }));
    assert_eq!(table.leave(3), []);
    table.leave(1);
    assert!(table.join(3).is_ok());
}

#[test]
fn size_and_game_must_be_those_of_the_room() {
    let mut table = Table::filled(3, &[1]);
    let other_size = Newcomer { size: Some(2), ..newcomer(2, 3) };
    assert_eq!(table.enter(other_size), Err(Refusal::RoomSizeDiffers { size: 3, asked: 2 }));
    for game in [
        GameInfo { game: "other".into(), ..GameInfo::default() },
        GameInfo { version: "2".into(), ..GameInfo::default() },
        GameInfo { mode: "ranked".into(), ..GameInfo::default() },
    ] {
        let refused = table.enter(Newcomer { game, ..newcomer(2, 3) });
        assert_eq!(refused, Err(Refusal::GameDiffers { game: GameInfo::default() }));
    }
}

#[test]
fn a_peer_that_names_no_size_takes_the_room_as_it_is() {
    let mut table = Table::filled(3, &[1]);
    let welcomed = table.enter(Newcomer { size: None, ..newcomer(2, 3) }).unwrap();
    assert_eq!(welcomed[0], table.welcome(2));
    assert_eq!(table.members(), [1, 2]);
}

#[test]
fn whoever_does_not_know_the_password_hears_that_there_is_no_such_room_whatever_else_is_wrong() {
    let digest = |byte| Some(PasswordDigest::for_tests(byte));
    let mut table =
        Table { room: Room::new(code(), 2, GameInfo::default(), digest(1), None), ..Table::new(2) };
    let with = |number, password| Newcomer { password, ..newcomer(number, 2) };
    assert!(table.enter(with(1, digest(1))).is_ok());
    for password in [None, digest(2)] {
        assert_eq!(table.enter(with(2, password)), Err(Refusal::NoSuchRoom));
        let wrong = Newcomer { size: Some(5), ..with(1, password) };
        assert_eq!(table.enter(wrong), Err(Refusal::NoSuchRoom));
    }
    assert!(table.enter(with(2, digest(1))).is_ok());
    assert_eq!(table.enter(with(3, digest(2))), Err(Refusal::NoSuchRoom));
    assert_eq!(table.enter(with(3, digest(1))), Err(Refusal::RoomFull { size: 2 }));

    let mut open = Table::filled(2, &[1]);
    assert_eq!(open.enter(with(2, digest(1))), Err(Refusal::NoSuchRoom));
}

#[test]
fn a_key_sits_in_a_room_once_also_while_it_is_away() {
    let mut table = Table::filled(2, &[1, 2]);
    let again = Newcomer { socket: SocketId(9), ..newcomer(1, 2) };
    assert_eq!(table.enter(again.clone()), Err(Refusal::AlreadyJoined));
    table.lost(1);
    assert_eq!(table.enter(again), Err(Refusal::AlreadyJoined));
}

#[test]
fn while_anybody_plays_nobody_new_is_let_in() {
    let mut table = Table::filled(3, &[1, 2, 3]);
    table.room.playing(SocketId(1), true).unwrap();
    table.room.playing(SocketId(2), true).unwrap();
    table.leave(3);
    assert_eq!(table.join(4), Err(Refusal::Locked));
    table.room.playing(SocketId(1), false).unwrap();
    assert_eq!(table.join(4), Err(Refusal::Locked));
    // Being away does not end the match; leaving does.
    table.lost(2);
    assert_eq!(table.join(4), Err(Refusal::Locked));
    table.pass(GRACE);
    table.expire();
    assert!(table.join(4).is_ok());
    assert_eq!(table.room.playing(SocketId(9), true), Err(Refusal::OutOfOrder));
}

#[test]
fn a_signal_reaches_its_receiver_under_the_name_of_its_sender() {
    let mut table = Table::filled(3, &[1, 2, 3]);
    let delivery = message(&[1], signaled(3, "v=0"));
    assert_eq!(table.signal(3, 1, "v=0"), Ok(Signaled::Deliver(delivery)));
}

#[test]
fn a_signal_to_nobody_or_to_oneself_is_dropped_and_one_from_outside_is_out_of_order() {
    let mut table = Table::filled(2, &[1, 2]);
    assert_eq!(table.signal(1, 1, "v=0"), Ok(Signaled::Nobody));
    assert_eq!(table.signal(1, 9, "v=0"), Ok(Signaled::Nobody));
    assert_eq!(table.signal(9, 1, "v=0"), Err(Refusal::OutOfOrder));
    table.lost(2);
    assert_eq!(table.signal(2, 1, "v=0"), Err(Refusal::OutOfOrder));
    table.pass(GRACE);
    table.expire();
    assert_eq!(table.signal(1, 2, "v=0"), Ok(Signaled::Nobody));
}

#[test]
fn who_loses_the_socket_comes_back_to_the_same_seat_and_hears_what_it_missed_in_order() {
    let mut table = Table::filled(3, &[1, 2, 3]);
    assert_eq!(table.lost(2), [presence(2, Presence::Away, &[1, 3])]);
    assert_eq!(table.lost(2), [], "it is lost already");
    for text in ["offer", "first", "second"] {
        assert_eq!(table.signal(1, 2, text), Ok(Signaled::Kept));
    }
    table.lost(3);
    let back = table.resume(2, 22).unwrap();
    let expected = [
        Delivery { to: vec![SocketId(22)], ..table.welcome(2) },
        table.roster(3, &[22], &[1, 2, 3]),
        presence(3, Presence::Away, &[22]),
        presence(2, Presence::Online, &[1]),
        message(&[22], signaled(1, "offer")),
        message(&[22], signaled(1, "first")),
        message(&[22], signaled(1, "second")),
    ];
    assert_eq!(back, expected);
    assert_eq!(table.signal(1, 2, "x"), Ok(Signaled::Deliver(message(&[22], signaled(1, "x")))));
}

#[test]
fn who_was_started_anew_has_the_same_seat_and_hears_nothing_of_before() {
    let mut table = Table::filled(2, &[1, 2]);
    table.lost(2);
    assert_eq!(table.signal(1, 2, "offer"), Ok(Signaled::Kept));
    let rosters = [22, 33].map(|socket| table.roster(2, &[socket], &[1, 2]));
    let [first, second] = [22, 33].map(|socket| {
        let roster = rosters[usize::from(socket == 33)].clone();
        let welcome = Delivery { to: vec![SocketId(socket)], ..table.welcome(2) };
        vec![welcome, roster, presence(2, Presence::Restarted, &[1])]
    });
    assert_eq!(table.come_back(2, 22, true).unwrap(), first);
    // The socket before may still seem to be there.
    let dismissed = Parcel::Dismissal(Refusal::Superseded);
    let dismissed = Delivery { to: vec![SocketId(22)], parcel: dismissed };
    assert_eq!(table.come_back(2, 33, true).unwrap(), [second, vec![dismissed]].concat());
}

#[test]
fn a_mailbox_keeps_so_many_messages_and_bytes_and_no_more() {
    let mut table = Table::filled(2, &[1, 2]);
    table.lost(2);
    for number in 0..64 {
        assert_eq!(table.signal(1, 2, "x"), Ok(Signaled::Kept), "{number}");
    }
    assert_eq!(table.signal(1, 2, "x"), Ok(Signaled::Dropped));
    table.resume(2, 22).unwrap();
    table.lost(22);
    let large = "x".repeat(16 * 1024);
    let kept = (0..10).filter(|_| table.signal(1, 2, &large) == Ok(Signaled::Kept)).count();
    assert_eq!(kept, 3, "the fourth would need the overhead of four messages beside 64 KiB");
    assert_eq!(table.signal(1, 2, "small"), Ok(Signaled::Kept));
}

#[test]
fn who_stays_away_for_the_grace_period_loses_the_seat() {
    let mut table = Table::filled(2, &[1, 2]);
    table.lost(2);
    assert_eq!(table.room.next_expiry(), Some(GRACE));
    table.pass(GRACE - Duration::from_millis(1));
    assert_eq!(table.expire(), []);
    table.pass(Duration::from_millis(1));
    assert_eq!(table.expire(), [presence(2, Presence::Left, &[1]), table.roster(3, &[1], &[1])]);
    assert_eq!(table.room.next_expiry(), None);
    assert_eq!(table.resume(2, 22), Err(Refusal::CannotResume));
    assert!(table.join(3).is_ok());
}

#[test]
fn who_comes_back_too_late_is_refused_even_if_nobody_has_looked_at_the_clock() {
    let mut table = Table::filled(2, &[1, 2]);
    table.lost(2);
    table.pass(GRACE);
    assert_eq!(table.resume(2, 22), Err(Refusal::CannotResume));
}

#[test]
fn who_comes_back_before_its_old_socket_is_noticed_replaces_it() {
    let mut table = Table::filled(2, &[1, 2]);
    let back = table.resume(2, 22).unwrap();
    let parcel = Parcel::Dismissal(Refusal::Superseded);
    assert!(back.contains(&Delivery { to: vec![SocketId(2)], parcel }));
    // What then becomes of the old socket changes nothing.
    assert_eq!(table.lost(2), []);
    assert_eq!(table.leave(2), []);
    assert_eq!(table.signal(2, 1, "x"), Err(Refusal::OutOfOrder));
    assert_eq!(table.members(), [1, 2]);
}

#[test]
fn a_room_is_over_when_the_last_seat_is_free() {
    let mut table = Table::filled(2, &[1, 2]);
    table.leave(1);
    table.lost(2);
    assert!(!table.room.is_empty());
    table.pass(GRACE);
    assert_eq!(table.expire(), []);
    assert!(table.room.is_empty());
}

#[test]
fn a_revived_room_waits_for_its_members_in_their_order_and_takes_nobody_new() {
    let before = Table::filled(3, &[3, 1, 2]);
    let roster = before.room.roster();
    let signed = SignedRoster { roster, signature: String::new(), game: GameInfo::default() };
    let mut table = Table::new(3);
    table.room = Room::revived(rules(&table.seals, table.now), code(), &signed, None);
    assert_eq!(table.members(), [3, 1, 2]);
    let back = table.resume(1, 11).unwrap();
    assert!(back.contains(&presence(3, Presence::Away, &[11])), "{back:?}");
    assert_eq!(table.signal(11, 2, "kept"), Ok(Signaled::Kept));
    table.resume(3, 33).unwrap();
    table.pass(GRACE);
    table.expire();
    assert_eq!(table.members(), [3, 1]);
    assert_eq!(table.join(4), Err(Refusal::Locked));
    assert_eq!(table.resume(4, 44), Err(Refusal::CannotResume));
}

#[test]
fn a_relay_carries_nothing_until_it_is_opened_and_nothing_after_it_is_closed() {
    let mut table = Table::filled(3, &[1, 2, 3]);
    assert_eq!(table.room.route(SocketId(1), key(2)), None);
    let told = table.room.relay(SocketId(1), key(2), true).unwrap();
    let open = |from, open| ServerMessage::Relay { from: key(from), open };
    assert_eq!(told, Some(message(&[2], open(1, true))));
    let route = Route { from: key(1), to: SocketId(2) };
    assert_eq!(table.room.route(SocketId(1), key(2)), Some(route));
    assert_eq!(table.room.route(SocketId(2), key(1)), None, "each direction is opened by itself");
    assert_eq!(table.room.route(SocketId(1), key(3)), None);
    let told = table.room.relay(SocketId(1), key(2), false).unwrap();
    assert_eq!(told, Some(message(&[2], open(1, false))));
    assert_eq!(table.room.route(SocketId(1), key(2)), None);
    for nobody in [1, 9] {
        assert_eq!(table.room.relay(SocketId(1), key(nobody), true), Ok(None));
        assert_eq!(table.room.route(SocketId(1), key(nobody)), None);
    }
    assert_eq!(table.room.relay(SocketId(9), key(1), true), Err(Refusal::OutOfOrder));
}

#[test]
fn a_relay_outlives_a_lost_socket_and_ends_with_the_seat() {
    let mut table = Table::filled(2, &[1, 2]);
    table.room.relay(SocketId(1), key(2), true).unwrap();
    table.lost(2);
    assert_eq!(table.room.route(SocketId(1), key(2)), None);
    let back = table.resume(2, 22).unwrap();
    let opened = ServerMessage::Relay { from: key(1), open: true };
    assert_eq!(back.last(), Some(&message(&[22], opened)));
    assert!(table.room.route(SocketId(1), key(2)).is_some());
    table.leave(22);
    table.join(2).unwrap();
    assert_eq!(table.room.route(SocketId(1), key(2)), None);
}

/// A room and a clock.
struct Table {
    room: Room,
    seals: Seals,
    now: Duration,
}

impl Table {
    fn new(size: u8) -> Self {
        Self {
            room: Room::new(code(), size, GameInfo::default(), None, None),
            seals: Seals::new(Some(&"a secret for the tests".into())).unwrap(),
            now: Duration::ZERO,
        }
    }

    fn filled(size: u8, peers: &[u64]) -> Self {
        let mut table = Self::new(size);
        for peer in peers {
            table.join(*peer).unwrap();
        }
        table
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn enter(&mut self, newcomer: Newcomer) -> Result<Vec<Delivery>, Refusal> {
        self.room.join(rules(&self.seals, self.now), newcomer)
    }

    fn leave(&mut self, socket: u64) -> Vec<Delivery> {
        self.room.leave(rules(&self.seals, self.now), SocketId(socket))
    }

    fn lost(&mut self, socket: u64) -> Vec<Delivery> {
        self.room.lost(rules(&self.seals, self.now), SocketId(socket))
    }

    fn expire(&mut self) -> Vec<Delivery> {
        self.room.expire(rules(&self.seals, self.now))
    }

    fn resume(&mut self, peer: u64, socket: u64) -> Result<Vec<Delivery>, Refusal> {
        self.come_back(peer, socket, false)
    }

    fn come_back(
        &mut self,
        peer: u64,
        socket: u64,
        restarted: bool,
    ) -> Result<Vec<Delivery>, Refusal> {
        let rules = rules(&self.seals, self.now);
        let (socket, key, ice_servers) = (SocketId(socket), key(peer), Vec::new());
        let returner = Returner { socket, key, restarted, ice_servers };
        self.room.resume(rules, returner)
    }

    fn welcome(&self, peer: u64) -> Delivery {
        let resume = self.seals.resume_token(&code(), key(peer));
        let (version, room, size) = (VERSION, code(), self.room.size);
        let (grace_ms, ice_servers) = (10_000, Vec::new());
        message(
            &[peer],
            ServerMessage::Welcome { version, room, size, resume, grace_ms, ice_servers },
        )
    }

    fn signal(&mut self, socket: u64, to: u64, text: &str) -> Result<Signaled, Refusal> {
        let rules = rules(&self.seals, self.now);
        let signal = Signal::Offer(text.into());
        self.room.signal(rules, SocketId(socket), key(to), ConnectionId(5), signal)
    }

    fn join(&mut self, peer: u64) -> Result<Vec<Delivery>, Refusal> {
        let size = self.room.size;
        self.enter(newcomer(peer, size))
    }

    fn members(&self) -> Vec<u64> {
        let number = |key: &PeerKey| u128::from_be_bytes(key.to_bytes()) as u64;
        self.room.roster().members.iter().map(number).collect()
    }

    fn roster(&self, revision: u64, to: &[u64], members: &[u64]) -> Delivery {
        let members = members.iter().copied().map(key).collect();
        let roster = Roster { size: self.room.size, members };
        let signature = self.seals.sign_roster(&code(), &GameInfo::default(), &roster);
        message(to, ServerMessage::Roster { revision, roster, signature })
    }
}

fn rules(seals: &Seals, now: Duration) -> Rules<'_> {
    Rules { now, grace: GRACE, away_messages: 64, away_bytes: 64 * 1024, seals }
}

fn code() -> RoomCode {
    "ROOM".parse().unwrap()
}

/// The peer behind a socket, named alike.
fn key(number: u64) -> PeerKey {
    PeerKey::from_bytes(u128::from(number).to_be_bytes())
}

fn newcomer(peer: u64, size: u8) -> Newcomer {
    let (socket, key, game) = (SocketId(peer), key(peer), GameInfo::default());
    let (size, ice_servers) = (Some(size), Vec::new());
    Newcomer { socket, key, size, game, password: None, ice_servers }
}

fn message(to: &[u64], message: ServerMessage) -> Delivery {
    Delivery { to: to.iter().copied().map(SocketId).collect(), parcel: Parcel::Message(message) }
}

fn presence(peer: u64, presence: Presence, to: &[u64]) -> Delivery {
    message(to, ServerMessage::Presence { peer: key(peer), presence })
}

fn signaled(from: u64, text: &str) -> ServerMessage {
    let signal = Signal::Offer(text.into());
    ServerMessage::Signal { from: key(from), connection: ConnectionId(5), signal }
}
