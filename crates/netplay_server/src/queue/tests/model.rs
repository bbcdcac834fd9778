//! The queue compared with a simple model.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Action {
    Join {
        number: u64,
        size: u8,
        skill: Option<i32>,
    },
    Leave(u64),
    /// Every probed peer answers, except one.
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

/// The peers in the queue, as simply as it can be written down.
#[derive(Debug, Default)]
struct Model {
    /// In the order of arrival: socket, size, skill, since.
    waiting: Vec<(u64, u8, Option<i32>, Duration)>,
    probed: BTreeMap<u64, (Vec<u64>, Duration)>,
    /// Probe and socket.
    answered: HashSet<(u64, u64)>,
}

impl Model {
    /// The first possible group of peers that are not being probed.
    fn group(&self, now: Duration) -> Option<Vec<u64>> {
        let probed: Vec<u64> = self.probed.values().flat_map(|(group, _)| group.clone()).collect();
        let free: Vec<_> = self.waiting.iter().filter(|one| !probed.contains(&one.0)).collect();
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
                    self.probed.insert(*probe, (sockets, now + 2 * SECOND));
                }
                QueueCommand::Close { socket } => {
                    let late = self
                        .probed
                        .values()
                        .any(|(group, until)| group.contains(&socket.0) && *until <= now);
                    assert!(late, "disconnected before the probe was over");
                    self.waiting.retain(|one| one.0 != socket.0);
                    dropped.push(socket.0);
                }
                QueueCommand::CreateRoom { criteria, group } => {
                    assert_eq!(group.len(), usize::from(criteria.size));
                    let group: Vec<u64> = group.iter().map(|one| one.socket.0).collect();
                    let alive = self.probed.iter().any(|(probe, (probed, _))| {
                        *probed == group
                            && group.iter().all(|one| self.answered.contains(&(*probe, *one)))
                    });
                    assert!(alive, "matched without an answer");
                    self.probed.retain(|_, (probed, _)| *probed != group);
                    self.waiting.retain(|one| !group.contains(&one.0));
                }
            }
        }
        self.probed.retain(|_, (group, _)| !group.iter().any(|one| dropped.contains(one)));
    }

    /// Every probed peer answers, except one.
    fn answer(&mut self, test: &mut TestQueue, silent: Option<u64>) {
        for (probe, (group, _)) in self.probed.clone() {
            for socket in group.into_iter().filter(|one| Some(*one) != silent) {
                self.answered.insert((probe, socket));
                let commands = test.pong(socket, probe);
                self.check(test.now, &commands);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Compared with a model that looks at every peer: no peer is matched that left or did not answer, the
    /// peers of a group have the same criteria, and no possible group is left waiting.
    #[test]
    fn the_queue_does_what_a_simple_model_does(actions in proptest::collection::vec(action(), 1..60)) {
        let mut test = TestQueue::new();
        let mut model = Model::default();
        for action in actions {
            let commands = match action {
                Action::Join { number, size, skill } => {
                    let entrant = Entrant { skill, ..entrant(number, number) };
                    let joined = test.queue.handle_join(test.now, entrant, criteria(size));
                    let waits = model.waiting.iter().any(|one| one.0 == number);
                    prop_assert_eq!(joined.is_err(), waits);
                    match joined {
                        Ok(_) => {
                            model.waiting.push((number, size, skill, test.now));
                            test.commands()
                        }
                        Err(_) => Vec::new(),
                    }
                }
                Action::Leave(number) => {
                    model.waiting.retain(|one| one.0 != number);
                    model.probed.retain(|_, (group, _)| !group.contains(&number));
                    test.leave(number)
                }
                Action::Answer { silent } => {
                    model.answer(&mut test, Some(silent));
                    Vec::new()
                }
                Action::Pass(ms) => {
                    test.pass(Duration::from_millis(ms))
                }
            };
            model.check(test.now, &commands);
            prop_assert_eq!(test.queue.len(), model.waiting.len());
            // The queue looks at the windows once a second: a possible group waits no longer than that.
            let soon = test.queue.poll_timeout();
            if model.group(test.now).is_some() {
                prop_assert!(soon.is_some_and(|at| at <= test.now + SECOND));
            }
        }
        // All peers answer from now on: those that are left in the end do not fill a group.
        for _ in 0..200 {
            let commands = test.pass(SECOND);
            model.check(test.now, &commands);
            model.answer(&mut test, None);
        }
        prop_assert_eq!(model.group(test.now), None);
        for size in 2..4u8 {
            let left = model.waiting.iter().filter(|one| one.1 == size).count();
            prop_assert!(left < usize::from(size), "{:?}", model);
        }
    }
}
