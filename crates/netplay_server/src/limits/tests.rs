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
        assert_eq!(permit.may_try_join(), Ok(()));
        permit.failed_join();
    }
    assert_eq!(permit.may_try_join(), Ok(()), "the last attempt of the burst");
    permit.failed_join();
    let again = limits.connect(from(1)).unwrap();
    assert_eq!(wait(again.may_try_join().unwrap_err()), ("failed joins".into(), 2000));
    assert_eq!(limits.connect(from(2)).unwrap().may_try_join(), Ok(()));
    drop((permit, again));
    limits.retain_recent();
    advance(Duration::from_secs(1)).await;
    assert!(
        limits.connect(from(1)).unwrap().may_try_join().is_err(),
        "closing the connection does not help"
    );
    advance(Duration::from_secs(1)).await;
    assert_eq!(limits.connect(from(1)).unwrap().may_try_join(), Ok(()));
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
