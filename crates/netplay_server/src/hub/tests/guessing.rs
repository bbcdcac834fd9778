//! Guessing codes and passwords, on virtual time.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use netplay_protocol::signaling::Refusal;

use super::*;

/// Joins on a connection of its own.
async fn try_to_join(hub: &Arc<Hub>, from: u8, join: Join) -> Result<(), Refusal> {
    let peer = connect(hub, from);
    let joined = peer.join(signed(&peer, join)).await;
    peer.depart(Departure::Left).await;
    joined
}

fn connect(hub: &Arc<Hub>, from: u8) -> Peer {
    let permit = hub.limits.connect(ClientAddress::V4([127, 0, 0, from].into())).unwrap();
    let (queue, _reader) = send_queue(hub.relay_bounds(&permit));
    hub.connect(queue, permit, Some(HOST))
}

fn rate(rate: u32, burst: u32) -> Rate {
    Rate { rate: rate.try_into().unwrap(), burst: burst.try_into().unwrap() }
}

fn hub(change: impl FnOnce(&mut LimitsConfig)) -> Arc<Hub> {
    let plenty = rate(u32::MAX, u32::MAX);
    let mut limits = LimitsConfig {
        connects_per_address: plenty,
        failures_per_address: plenty,
        creations_per_address: plenty,
        failures_per_room: plenty,
        connections_per_address: 10_000,
        ..Default::default()
    };
    change(&mut limits);
    let config = ServerConfig { limits, ..Default::default() };
    Arc::new(Hub::new(config, Lifecycle::default()).unwrap())
}

fn existing(room: &str, password: Option<&str>) -> Join {
    let entry = Entry::Existing(room.into());
    Join { entry, password: password.map(Secret::from), ..join(0, 7) }
}

fn is_limited(refusal: &Result<(), Refusal>) -> bool {
    matches!(refusal, Err(Refusal::RateLimited { .. }))
}

#[tokio::test(start_paused = true)]
async fn guessing_is_limited_and_reveals_nothing() {
    let hub = hub(|limits| limits.failures_per_address = rate(1, 4));
    let with_password = |room: &str, size, password: &str| Join {
        size: Some(size),
        ..existing(room, Some(password))
    };
    let owner = connect(&hub, 1);
    let joined =
        owner.join(Join { password: Some("hunter2".into()), ..join_on(&owner, 0, 1) }).await;
    assert_eq!(joined, Ok(()));
    // A wrong password, a wrong size with a wrong password, and an unknown room: one answer.
    for (room, size, password) in [
        ("ROOM0", SIZE, "hunter3"),
        ("ROOM0", SIZE + 1, "hunter3"),
        ("ROOM1", SIZE, "hunter2"),
        ("ROOM1", SIZE, "hunter3"),
    ] {
        let guess = try_to_join(&hub, 1, with_password(room, size, password)).await;
        assert_eq!(guess, Err(Refusal::NoSuchRoom), "{room} {size} {password}");
    }
    // From now on the server refuses even the right password, for as long as it says.
    let right = || with_password("ROOM0", SIZE, "hunter2");
    let Err(Refusal::RateLimited { retry_after_ms, .. }) = try_to_join(&hub, 1, right()).await
    else {
        panic!("not limited")
    };
    tokio::time::advance(Duration::from_millis(u64::from(retry_after_ms) - 1)).await;
    assert!(is_limited(&try_to_join(&hub, 1, right()).await));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(try_to_join(&hub, 1, right()).await, Ok(()));
}

/// Each of these joins a room that did not exist, which tells the client as much as a refusal.
#[tokio::test(start_paused = true)]
async fn looking_for_codes_by_creating_rooms_is_limited() {
    let hub = hub(|limits| limits.creations_per_address = rate(1, 5));
    let named = |number: usize| Join { entry: Entry::Room(format!("GUESS{number}")), ..join(0, 7) };
    let owner = connect(&hub, 2);
    let taken = || Join { entry: Entry::Room("TAKEN".into()), ..join(0, 7) };
    assert_eq!(
        owner.join(signed(&owner, Join { entry: taken().entry, ..join(0, 1) })).await,
        Ok(())
    );
    for number in 0..5 {
        // A room that exists costs nothing.
        assert_eq!(try_to_join(&hub, 1, taken()).await, Ok(()));
        assert_eq!(try_to_join(&hub, 1, named(number)).await, Ok(()));
    }
    assert!(is_limited(&try_to_join(&hub, 1, named(9)).await));
    // The answer is the same for a room that exists. One with a random code reveals nothing.
    assert!(is_limited(&try_to_join(&hub, 1, taken()).await));
    assert_eq!(try_to_join(&hub, 1, Join { entry: Entry::New, ..join(0, 7) }).await, Ok(()));
    assert_eq!(hub.backbone.room_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_room_under_attack_by_many_addresses_keeps_its_members() {
    let hub = hub(|limits| limits.failures_per_room = rate(1, 10));
    let mut member = {
        let permit = hub.limits.connect(ClientAddress::V4([127, 0, 1, 1].into())).unwrap();
        let (queue, reader) = send_queue(hub.relay_bounds(&permit));
        let peer = hub.connect(queue, permit, Some(HOST));
        Connection { peer, reader, room: 0, signals: Vec::new(), roster: None }
    };
    assert_eq!(member.peer.join(join_on(&member.peer, 0, 1)).await, Ok(()));
    let mut tokens = [const { None }; 2];
    member.read(&mut tokens, 1);
    let (_, token) = tokens[1].clone().unwrap();
    // No password is right: the room has none. Nothing is hashed for a join that has none either.
    let _blocked = hub.hasher.block();
    let guesses: Vec<_> =
        (0..200u8).map(|from| (connect(&hub, from), existing("ROOM0", Some("x")))).collect();
    let mut guessing: Vec<_> = guesses
        .iter()
        .map(|(peer, join)| Box::pin(peer.join(signed(peer, join.clone()))))
        .collect();
    let limited = guessing.iter_mut().filter_map(|guess| guess.now_or_never());
    assert_eq!(limited.filter(is_limited).count(), 190, "ten are being checked");
    // Other rooms are as before, and a member that lost its socket resumes.
    let other = Join { entry: Entry::Room("OTHER".into()), ..join(0, 8) };
    assert_eq!(try_to_join(&hub, 250, other).await, Ok(()));
    member.peer.depart(Departure::Lost).await;
    let again = connect(&hub, 251);
    assert_eq!(again.resume(resume(&again, 0, 1, token)).await, Ok(()));
}

/// What one of many sockets does.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A code that does not exist.
    Wrong {
        from: u8,
    },
    /// A room that anybody may join.
    Right {
        from: u8,
    },
    /// A password, which waits to be hashed for as long as the test lasts.
    Slow {
        from: u8,
    },
    /// The client of the oldest of these closes its socket.
    Cancel,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let from = 1..3u8;
    prop_oneof![
        4 => from.clone().prop_map(|from| Step::Wrong { from }),
        2 => from.clone().prop_map(|from| Step::Right { from }),
        3 => from.prop_map(|from| Step::Slow { from }),
        1 => Just(Step::Cancel),
        1 => (0..3_000u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// For every order of any number of guesses on as many sockets: those that are checked, or being checked, never
    /// exceed the budget of their address, nor all together that of the room.
    #[test]
    fn guesses_at_the_same_time_never_exceed_the_budget(steps in proptest::collection::vec(step(), 1..150)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let hub = hub(|limits| {
                (limits.failures_per_address, limits.failures_per_room) = (rate(60, 8), rate(30, 12));
                (limits.hashes, limits.hashes_per_address) = (1_000, 1_000);
            });
            let owner = connect(&hub, 100);
            let open = Join { entry: Entry::Room("OPEN".into()), ..join(0, 1) };
            owner.join(signed(&owner, open)).await.unwrap();
            let _blocked = hub.hasher.block();
            let start = tokio::time::Instant::now();
            let (mut checked, mut of_room) = ([0u64; 3], 0u64);
            let mut slow: Vec<LocalBoxFuture<'_, Result<(), Refusal>>> = Vec::new();
            for step in steps {
                match step {
                    Step::Wrong { from } => {
                        let guess = try_to_join(&hub, from, existing("SECRET", None)).await;
                        if !is_limited(&guess) {
                            assert_eq!(guess, Err(Refusal::NoSuchRoom));
                            (checked[usize::from(from)], of_room) = (checked[usize::from(from)] + 1, of_room + 1);
                        }
                    }
                    Step::Right { from } => {
                        let joined = try_to_join(&hub, from, existing("OPEN", None)).await;
                        assert!(joined.is_ok() || is_limited(&joined), "{joined:?}");
                    }
                    Step::Slow { from } => {
                        let (peer, guess) = (connect(&hub, from), existing("SECRET", Some("hunter2")));
                        let mut guess = Box::pin(async move { peer.join(signed(&peer, guess)).await });
                        match (&mut guess).now_or_never() {
                            Some(refused) => assert!(is_limited(&refused), "{refused:?}"),
                            None => {
                                slow.push(guess);
                                (checked[usize::from(from)], of_room) = (checked[usize::from(from)] + 1, of_room + 1);
                            }
                        }
                    }
                    Step::Cancel if !slow.is_empty() => drop(slow.remove(0)),
                    Step::Cancel => {}
                    Step::Pass(ms) => tokio::time::advance(Duration::from_millis(ms)).await,
                }
                let passed = start.elapsed().as_millis() as u64;
                assert!(checked.iter().all(|checked| *checked <= 8 + passed / 1000));
                assert!(of_room <= 12 + passed / 2000);
            }
        });
    }
}
