//! The limits on tokio's paused clock.

use tokio::time::advance;

use super::*;

fn limits(change: impl FnOnce(&mut LimitsConfig)) -> Arc<Limits> {
    let mut config = LimitsConfig::default();
    change(&mut config);
    Limits::new(&config)
}

fn from(last: u8) -> ClientAddress {
    std::net::IpAddr::from([192, 0, 2, last]).into()
}

fn rate(rate: u32, burst: u32) -> Rate {
    Rate { rate: rate.try_into().unwrap(), burst: burst.try_into().unwrap() }
}

fn wait(refusal: Refusal) -> (String, u32) {
    let Refusal::RateLimited { what, retry_after_ms } = refusal else { panic!("{refusal}") };
    (what, retry_after_ms)
}

#[tokio::test(start_paused = true)]
async fn open_connections_are_limited_per_address_and_in_total() {
    let limits = limits(|config| (config.connections, config.connections_per_address) = (3, 2));
    let too_many =
        |permit: Result<ConnectionPermit, Refusal>| matches!(permit, Err(Refusal::TooMany { .. }));
    let first = limits.connect(from(1)).unwrap();
    let _second = limits.connect(from(1)).unwrap();
    assert!(too_many(limits.connect(from(1))));
    let _other = limits.connect(from(2)).unwrap();
    assert!(too_many(limits.connect(from(3))));
    drop(first);
    assert!(limits.connect(from(1)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_address_that_connects_too_often_has_to_wait_even_after_closing() {
    let limits = limits(|config| config.connects_per_address = rate(2, 3));
    for _ in 0..3 {
        drop(limits.connect(from(1)).unwrap());
    }
    let refused = limits.connect(from(1)).err().unwrap();
    assert_eq!(wait(refused), ("connections".into(), 500));
    assert!(limits.connect(from(2)).is_ok());
    advance(Duration::from_millis(500)).await;
    assert!(limits.connect(from(1)).is_ok());
    assert!(limits.connect(from(1)).is_err());
}

#[tokio::test(start_paused = true)]
async fn messages_are_limited_per_connection_and_per_address() {
    let limits = limits(|config| {
        (config.messages, config.messages_per_address) = (rate(10, 5), rate(10, 8));
    });
    let (first, second) = (limits.connect(from(1)).unwrap(), limits.connect(from(1)).unwrap());
    let other = limits.connect(from(2)).unwrap();
    let most =
        |permit: &ConnectionPermit| (0..100).take_while(|_| permit.count_message().is_ok()).count();
    assert_eq!((most(&first), most(&second), most(&other)), (5, 3, 5));
    advance(Duration::from_millis(200)).await;
    assert_eq!((most(&other), most(&first)), (2, 2));
    assert_eq!(wait(first.count_message().unwrap_err()), ("messages".into(), 100));
}

#[tokio::test(start_paused = true)]
async fn relayed_packets_are_limited_in_number_and_in_bytes() {
    let limits = limits(|config| {
        (config.packets, config.bytes) = (rate(10, 5), rate(1000, 1000));
    });
    let permit = limits.connect(from(1)).unwrap();
    assert_eq!((0..100).take_while(|_| permit.count_relayed(10).is_ok()).count(), 5);
    advance(Duration::from_secs(10)).await;
    assert!(permit.count_relayed(900).is_ok());
    assert_eq!(wait(permit.count_relayed(200).unwrap_err()), ("relayed packets".into(), 100));
    advance(Duration::from_secs(10)).await;
    assert!(permit.count_relayed(5000).is_ok(), "one packet always fits into a full bucket");
    assert!(permit.count_relayed(1).is_err());
}

#[tokio::test(start_paused = true)]
async fn after_too_many_refused_joins_an_address_is_barred_and_others_are_not() {
    let limits = limits(|config| config.failures_per_address = rate(30, 3));
    let permit = limits.connect(from(1)).unwrap();
    for _ in 0..3 {
        drop(permit.try_join(false).unwrap());
    }
    let again = limits.connect(from(1)).unwrap();
    let refused = again.try_join(false).err().unwrap();
    assert_eq!(wait(refused), ("failed joins".into(), 2000));
    assert!(limits.connect(from(2)).unwrap().try_join(false).is_ok());
    drop((permit, again));
    limits.retain_recent();
    advance(Duration::from_secs(1)).await;
    assert!(
        limits.connect(from(1)).unwrap().try_join(false).is_err(),
        "closing the connection does not help"
    );
    advance(Duration::from_secs(1)).await;
    assert!(limits.connect(from(1)).unwrap().try_join(false).is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_counts_while_it_lasts_and_not_after_it_succeeded() {
    let limits = limits(|config| {
        (config.failures_per_address, config.creations_per_address) = (rate(1, 3), rate(1, 2));
    });
    let permit = limits.connect(from(1)).unwrap();
    let mut attempts: Vec<_> = (0..3).map(|_| permit.try_join(false).unwrap()).collect();
    assert!(permit.try_join(false).is_err(), "three at the same time are the budget");
    attempts.remove(0).succeeded(false);
    // A room that exists costs nothing, one that is created costs its token.
    permit.try_join(true).unwrap().succeeded(false);
    permit.try_join(true).unwrap().succeeded(true);
    permit.try_join(true).unwrap().succeeded(true);
    let refused = permit.try_join(true).err().unwrap();
    assert_eq!(wait(refused), ("new rooms".into(), 60_000));
    assert!(permit.try_join(false).is_ok(), "what creates no room is not affected");
}

#[tokio::test(start_paused = true)]
async fn the_networks_of_ipv6_share_larger_budgets() {
    let limits = limits(|config| {
        config.failures_per_address = rate(1, 1);
        (config.connections_per_address, config.connects_per_address) = (1_000, rate(9999, 9999));
    });
    let fails = |segments: [u16; 8]| {
        let permit = limits.connect(std::net::IpAddr::from(segments).into()).unwrap();
        permit.try_join(false).is_ok()
    };
    let of = |net48: u16, net64: u16| fails([0x2001, 0xdb8, net48, net64, 0, 0, 0, 1]);
    // One in a /64, four in a /56, sixteen in a /48, and another /48 has its own.
    assert!(of(1, 0) && !of(1, 0));
    assert_eq!((1..256).filter(|net64| of(1, *net64)).count(), 3);
    assert_eq!((256..10_000).filter(|net64| of(1, *net64)).count(), 12);
    assert!(of(2, 0));
    // A network that was refused because of a wider one has lost nothing of its own.
    advance(Duration::from_secs(60)).await;
    assert!(of(1, 9_999));
}

#[tokio::test(start_paused = true)]
async fn guesses_of_one_room_are_limited_over_all_addresses() {
    let limits = limits(|config| config.failures_per_room = rate(60, 3));
    let [room, other] = ["A", "B"].map(|code| code.parse::<RoomCode>().unwrap());
    assert!((0..3).all(|_| limits.guess(&room).is_ok()));
    let refused = limits.guess(&room).unwrap_err();
    assert_eq!(wait(refused), ("failed joins of this room".into(), 1000));
    limits.right_guess(&room);
    assert!(limits.guess(&room).is_ok() && limits.guess(&room).is_err());
    // Unless both share a budget, which is as likely as 1 in 4096.
    let shared =
        std::ptr::eq(limits.rooms.budget_for_tests(&room), limits.rooms.budget_for_tests(&other));
    assert!(shared || limits.guess(&other).is_ok());
}

#[tokio::test(start_paused = true)]
async fn places_in_the_queue_for_hashing_are_limited_per_address_and_in_total() {
    let limits = limits(|config| (config.hashes, config.hashes_per_address) = (3, 2));
    let [first, second] = [1, 2].map(|last| limits.connect(from(last)).unwrap());
    let place = first.hash().unwrap();
    let _also = first.hash().unwrap();
    assert_eq!(wait(first.hash().unwrap_err()), ("passwords".into(), 1000));
    let _other = second.hash().unwrap();
    assert!(second.hash().is_err());
    drop(place);
    assert!(second.hash().is_ok());
}

#[tokio::test(start_paused = true)]
async fn passwords_are_limited_whether_they_are_right_or_wrong() {
    let limits = limits(|config| config.passwords_per_address = rate(60, 3));
    let permit = limits.connect(from(1)).unwrap();
    assert!((0..3).all(|_| permit.hash().is_ok()));
    assert_eq!(wait(permit.hash().unwrap_err()), ("passwords".into(), 1000));
    assert!(limits.connect(from(2)).unwrap().hash().is_ok());
}

#[tokio::test(start_paused = true)]
async fn handshakes_are_limited_per_address_and_in_total_until_they_end() {
    let limits = limits(|config| (config.handshakes, config.handshakes_per_address) = (3, 2));
    let first = limits.accept(Some(from(1))).unwrap();
    let second = limits.accept(Some(from(1))).unwrap();
    assert!(limits.accept(Some(from(1))).is_err());
    let _behind_proxy = limits.accept(None).unwrap();
    assert!(limits.accept(Some(from(2))).is_err() && limits.accept(None).is_err());
    second.end();
    assert!(second.has_ended() && !first.has_ended());
    drop((limits.accept(Some(from(1))).unwrap(), first));
    let _both = [limits.accept(None).unwrap(), limits.accept(Some(from(2))).unwrap()];
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_twice_the_rate_are_not_even_accepted() {
    let limits = limits(|config| config.connects_per_address = rate(1, 2));
    let accepted = || (0..100).take_while(|_| limits.accept(Some(from(1))).is_ok()).count();
    assert_eq!(accepted(), 4);
    assert!(limits.accept(Some(from(2))).is_ok());
    advance(Duration::from_secs(1)).await;
    assert_eq!(accepted(), 2);
}

#[tokio::test(start_paused = true)]
async fn existing_rooms_are_limited_per_address() {
    let limits = limits(|config| config.rooms_per_address = 1);
    let permit = limits.connect(from(1)).unwrap();
    let room = permit.room().unwrap();
    let again = limits.connect(from(1)).unwrap();
    assert!(matches!(again.room(), Err(Refusal::TooMany { what }) if what == "rooms"));
    assert!(limits.connect(from(2)).unwrap().room().is_ok());
    drop(room);
    assert!(again.room().is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_inactive_address_is_forgotten_and_a_connected_one_is_not() {
    let limits = limits(|_| {});
    let _stays = limits.connect(from(1)).unwrap();
    drop(limits.connect(from(2)).unwrap());
    advance(MEMORY).await;
    limits.retain_recent();
    assert_eq!(limits.lock().keys().collect::<Vec<_>>(), [&from(1)]);
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_addresses_is_bounded() {
    let limits = limits(|config| (config.connections, config.handshakes) = (10, 10));
    let _stays = limits.connect(from(1)).unwrap();
    for last in 0..=MAX_REMEMBERED as u64 {
        // Each in a /48 of its own.
        let segments = [0x2001, (last >> 16) as u16, last as u16, 0, 0, 0, 0, 1];
        drop(limits.connect(std::net::IpAddr::from(segments).into()).unwrap());
    }
    assert!(limits.lock().len() <= MAX_REMEMBERED + 3 * 20);
    assert!(limits.lock().contains_key(&from(1)));
}
