use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn wish(size: u8) -> Wish {
    Wish { game: GameInfo::default(), size }
}

fn key(number: u64) -> PeerKey {
    PeerKey::from_bytes(u128::from(number).to_be_bytes())
}

/// A queue and a clock. Sockets and keys are named alike.
struct Hall {
    queue: Queue,
    now: Duration,
}

impl Hall {
    fn new() -> Self {
        Self { queue: Queue::new(&MatchmakingConfig::default()), now: Duration::ZERO }
    }

    fn join(&mut self, number: u64, size: u8, skill: Option<i32>) -> Vec<QueueCommand> {
        let joined = self.queue.join(self.now, SocketId(number), key(number), wish(size), skill);
        joined.unwrap().1
    }

    fn leave(&mut self, number: u64) -> Vec<QueueCommand> {
        self.queue.leave(self.now, SocketId(number))
    }

    fn alive(&mut self, number: u64, probe: u64) -> Vec<QueueCommand> {
        self.queue.alive(SocketId(number), probe)
    }

    fn pass(&mut self, time: Duration) -> Vec<QueueCommand> {
        self.now += time;
        self.queue.tick(self.now)
    }
}

fn probe(probe: u64, sockets: &[u64]) -> QueueCommand {
    QueueCommand::Probe { sockets: sockets.iter().copied().map(SocketId).collect(), probe }
}

/// The sockets that are seated together.
fn seated(commands: &[QueueCommand]) -> Vec<u64> {
    match commands {
        [QueueCommand::Seat { group, .. }] => group.iter().map(|one| one.socket.0).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_group_is_probed_and_then_seated_in_the_order_it_came() {
    let mut hall = Hall::new();
    assert_eq!(hall.join(3, 3, None), []);
    assert_eq!(hall.join(1, 3, None), []);
    assert_eq!(hall.join(2, 3, None), [probe(1, &[3, 1, 2])]);
    assert_eq!(hall.alive(2, 1), []);
    assert_eq!(hall.alive(2, 1), [], "twice is once");
    assert_eq!(hall.alive(9, 1), []);
    assert_eq!(hall.alive(3, 1), []);
    assert_eq!(seated(&hall.alive(1, 1)), [3, 1, 2]);
    assert_eq!(hall.queue.len(), 0);
    assert_eq!(hall.queue.next_deadline(), None);
}

#[test]
fn only_those_who_want_the_same_are_brought_together() {
    let mut hall = Hall::new();
    hall.join(1, 2, None);
    assert_eq!(hall.join(2, 3, None), []);
    let other = |part: &str| GameInfo { mode: part.into(), ..GameInfo::default() };
    let ranked = Wish { game: other("ranked"), size: 2 };
    let joined = hall.queue.join(hall.now, SocketId(3), key(3), ranked.clone(), None);
    assert_eq!(joined, Ok((1, vec![])));
    let joined = hall.queue.join(hall.now, SocketId(4), key(4), ranked, None);
    assert_eq!(joined, Ok((2, vec![probe(1, &[3, 4])])));
}

#[test]
fn a_window_grows_until_somebody_is_in_it() {
    let mut hall = Hall::new();
    hall.join(1, 2, Some(1000));
    assert_eq!(hall.join(2, 2, Some(1220)), [], "120 too far for now");
    assert_eq!(hall.pass(SECOND), []);
    assert_eq!(hall.pass(SECOND), []);
    assert_eq!(hall.pass(SECOND), [probe(1, &[1, 2])], "100 + 3 × 50 reaches 220");
}

#[test]
fn a_window_grows_no_further_than_it_may() {
    let config = MatchmakingConfig { widest: Some(150), ..MatchmakingConfig::default() };
    let mut hall = Hall { queue: Queue::new(&config), ..Hall::new() };
    hall.join(1, 2, Some(i32::MIN));
    hall.join(2, 2, Some(i32::MAX));
    assert_eq!(hall.pass(1000 * SECOND), []);
    let mut hall = Hall::new();
    hall.join(1, 2, Some(i32::MIN));
    hall.join(2, 2, Some(i32::MAX));
    assert_eq!(hall.pass(100_000_000 * SECOND), [probe(1, &[1, 2])]);
}

#[test]
fn whoever_waits_longest_is_served_first_with_those_who_wait_longest() {
    let mut hall = Hall::new();
    for (number, skill) in [(1, 0), (2, 500), (3, 200), (4, 700)] {
        assert_eq!(hall.join(number, 2, Some(skill)), []);
    }
    // 5 fits 2 and 4: 2 waits longer. 6 then fits 4.
    assert_eq!(hall.join(5, 2, Some(600)), [probe(1, &[2, 5])]);
    assert_eq!(hall.join(6, 2, Some(650)), [probe(2, &[4, 6])]);
    // Who tells no skill fits the first.
    assert_eq!(hall.join(7, 2, None), [probe(3, &[1, 7])]);
}

#[test]
fn who_gives_no_sign_of_life_is_dropped_and_the_others_keep_their_places() {
    let mut hall = Hall::new();
    hall.join(1, 2, None);
    hall.join(2, 2, None);
    hall.join(3, 2, None);
    assert_eq!(hall.alive(1, 1), []);
    assert_eq!(
        hall.pass(2 * SECOND),
        [QueueCommand::Drop { socket: SocketId(2) }, probe(2, &[1, 3]),]
    );
    assert_eq!(hall.alive(2, 1), [], "too late");
    assert_eq!(hall.alive(1, 1), [], "an answer to an earlier question");
    assert_eq!(hall.alive(1, 2), []);
    assert_eq!(seated(&hall.alive(3, 2)), [1, 3]);
}

#[test]
fn leaving_is_immediate_also_while_a_group_is_probed() {
    let mut hall = Hall::new();
    hall.join(1, 2, None);
    assert_eq!(hall.leave(1), []);
    hall.join(2, 2, None);
    assert_eq!(hall.join(3, 2, None), [probe(1, &[2, 3])]);
    hall.alive(2, 1);
    assert_eq!(hall.leave(3), []);
    assert_eq!(hall.alive(3, 1), []);
    assert_eq!(hall.join(4, 2, None), [probe(2, &[2, 4])]);
    assert_eq!(hall.leave(9), []);
}

#[test]
fn a_key_waits_once_and_a_socket_waits_once() {
    let mut hall = Hall::new();
    hall.join(1, 2, None);
    let again = hall.queue.join(hall.now, SocketId(9), key(1), wish(2), None);
    assert_eq!(again, Err(Refusal::AlreadyJoined));
    let again = hall.queue.join(hall.now, SocketId(1), key(9), wish(2), None);
    assert_eq!(again, Err(Refusal::OutOfOrder));
    hall.leave(1);
    assert!(hall.queue.join(hall.now, SocketId(9), key(1), wish(2), None).is_ok());
}

#[test]
fn ten_thousand_who_fit_nobody_cost_nobody_much() {
    let mut hall = Hall::new();
    for number in 0..10_000 {
        assert_eq!(hall.join(number, 2, Some(number as i32 * 1000)), []);
    }
    // The windows reach the neighbours after 18 s: then everybody is grouped at one tick.
    assert_eq!(hall.pass(17 * SECOND), []);
    assert_eq!(hall.pass(SECOND).len(), 5_000);
}

#[derive(Clone, Debug)]
enum Action {
    Join {
        number: u64,
        size: u8,
        skill: Option<i32>,
    },
    Leave(u64),
    /// Everybody who is asked answers, but for those.
    Answer {
        silent: u64,
    },
    Pass(u64),
}

fn action() -> impl Strategy<Value = Action> {
    let number = 0..20u64;
    prop_oneof![
        4 => (number.clone(), 2..4u8, proptest::option::of(0..2000i32))
            .prop_map(|(number, size, skill)| Action::Join { number, size, skill }),
        1 => number.clone().prop_map(Action::Leave),
        2 => number.prop_map(|silent| Action::Answer { silent }),
        1 => (0..5000u64).prop_map(Action::Pass),
    ]
}

/// Those who are not seated yet, as simply as it can be written down.
#[derive(Debug, Default)]
struct Model {
    /// In the order they came: socket, size, skill, since.
    waiting: Vec<(u64, u8, Option<i32>, Duration)>,
    asked: BTreeMap<u64, (Vec<u64>, Duration)>,
    /// Probe and socket.
    answered: HashSet<(u64, u64)>,
}

impl Model {
    /// Whether a group could be made, of those whom nobody asks.
    fn group(&self, now: Duration) -> Option<Vec<u64>> {
        let asked: Vec<u64> = self.asked.values().flat_map(|(group, _)| group.clone()).collect();
        let free: Vec<_> = self.waiting.iter().filter(|one| !asked.contains(&one.0)).collect();
        free.iter().enumerate().find_map(|(place, anchor)| {
            let window = MatchmakingConfig::default().window_after(now - anchor.3);
            let fits = free[place + 1..].iter().filter(|one| {
                let near =
                    anchor.2.zip(one.2).is_none_or(|(a, b)| u64::from(a.abs_diff(b)) <= window);
                one.1 == anchor.1 && near
            });
            let others: Vec<u64> = fits.map(|one| one.0).take(usize::from(anchor.1) - 1).collect();
            (others.len() + 1 == usize::from(anchor.1))
                .then(|| std::iter::once(anchor.0).chain(others).collect())
        })
    }

    fn check(&mut self, now: Duration, commands: &[QueueCommand]) {
        let mut dropped = Vec::new();
        for command in commands {
            match command {
                QueueCommand::Probe { sockets, probe } => {
                    let sockets: Vec<u64> = sockets.iter().map(|socket| socket.0).collect();
                    assert!(sockets.iter().all(|one| self.waiting.iter().any(|it| it.0 == *one)));
                    self.asked.insert(*probe, (sockets, now + 2 * SECOND));
                }
                QueueCommand::Drop { socket } => {
                    let late = self
                        .asked
                        .values()
                        .any(|(group, until)| group.contains(&socket.0) && *until <= now);
                    assert!(late, "dropped without having been asked for long enough");
                    self.waiting.retain(|one| one.0 != socket.0);
                    dropped.push(socket.0);
                }
                QueueCommand::Seat { wish, group } => {
                    assert_eq!(group.len(), usize::from(wish.size));
                    let group: Vec<u64> = group.iter().map(|one| one.socket.0).collect();
                    let alive = self.asked.iter().any(|(probe, (asked, _))| {
                        *asked == group
                            && group.iter().all(|one| self.answered.contains(&(*probe, *one)))
                    });
                    assert!(alive, "seated without a sign of life");
                    self.asked.retain(|_, (asked, _)| *asked != group);
                    self.waiting.retain(|one| !group.contains(&one.0));
                }
            }
        }
        self.asked.retain(|_, (group, _)| !group.iter().any(|one| dropped.contains(one)));
    }

    /// Everybody who is asked answers, but for one.
    fn answer(&mut self, hall: &mut Hall, silent: Option<u64>) {
        for (probe, (group, _)) in self.asked.clone() {
            for socket in group.into_iter().filter(|one| Some(*one) != silent) {
                self.answered.insert((probe, socket));
                let commands = hall.alive(socket, probe);
                self.check(hall.now, &commands);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a model that looks at everybody: nobody is seated who left or did not answer, groups are of
    /// those who want the same, and nobody who could be grouped at once is left waiting.
    #[test]
    fn the_queue_does_what_a_simple_model_does(actions in proptest::collection::vec(action(), 1..60)) {
        let mut hall = Hall::new();
        let mut model = Model::default();
        for action in actions {
            let commands = match action {
                Action::Join { number, size, skill } => {
                    let joined = hall.queue.join(
                        hall.now, SocketId(number), key(number), wish(size), skill,
                    );
                    let waits = model.waiting.iter().any(|one| one.0 == number);
                    prop_assert_eq!(joined.is_err(), waits);
                    match joined {
                        Ok((_, commands)) => {
                            model.waiting.push((number, size, skill, hall.now));
                            commands
                        }
                        Err(_) => Vec::new(),
                    }
                }
                Action::Leave(number) => {
                    model.waiting.retain(|one| one.0 != number);
                    model.asked.retain(|_, (group, _)| !group.contains(&number));
                    hall.leave(number)
                }
                Action::Answer { silent } => {
                    model.answer(&mut hall, Some(silent));
                    Vec::new()
                }
                Action::Pass(ms) => {
                    hall.now += Duration::from_millis(ms);
                    hall.queue.tick(hall.now)
                }
            };
            model.check(hall.now, &commands);
            prop_assert_eq!(hall.queue.len(), model.waiting.len());
            // Windows are looked at once a second: who could be grouped waits no longer than that.
            let soon = hall.queue.next_deadline();
            if model.group(hall.now).is_some() {
                prop_assert!(soon.is_some_and(|at| at <= hall.now + SECOND));
            }
        }
        // Everybody answers from now on: whoever is left in the end cannot fill a group.
        for _ in 0..200 {
            let commands = hall.pass(SECOND);
            model.check(hall.now, &commands);
            model.answer(&mut hall, None);
        }
        prop_assert_eq!(model.group(hall.now), None);
        for size in 2..4u8 {
            let left = model.waiting.iter().filter(|one| one.1 == size).count();
            prop_assert!(left < usize::from(size), "{:?}", model);
        }
    }
}
