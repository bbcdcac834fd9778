//! Guessing codes and passwords, on virtual time.

use netplay_protocol::signaling::Refusal;

use super::*;

/// Joins on a connection of its own.
async fn try_to_join(hub: &Arc<Hub>, join: Join) -> Result<(), Refusal> {
    let permit = hub.limits.connect(ClientAddress::V4([127, 0, 0, 1].into())).unwrap();
    let (queue, _reader) = send_queue(hub.relay_bounds());
    hub.connect(queue, permit).join(join).await
}

#[tokio::test(start_paused = true)]
async fn guessing_is_limited_and_reveals_nothing() {
    let (one, three) = (NonZeroU32::new(1).unwrap(), NonZeroU32::new(3).unwrap());
    let limits = LimitsConfig {
        failures_per_address: Rate { rate: one, burst: three },
        ..Default::default()
    };
    let config = ServerConfig { limits, ..Default::default() };
    let hub = Arc::new(Hub::new(config, Lifecycle::default()).unwrap());
    let with_password = |room: &str, size, password: &str| Join {
        entry: Entry::Existing(room.into()),
        size: Some(size),
        password: Some(password.into()),
        ..join(0, 2)
    };
    let owner = Join { password: Some("hunter2".into()), ..join(0, 1) };
    assert_eq!(try_to_join(&hub, owner).await, Ok(()));
    // A wrong password, a wrong size with a wrong password, and an unknown room: one answer.
    for (room, size, password) in [
        ("ROOM0", SIZE, "hunter3"),
        ("ROOM0", SIZE + 1, "hunter3"),
        ("ROOM1", SIZE, "hunter2"),
        ("ROOM1", SIZE, "hunter3"),
    ] {
        let guess = try_to_join(&hub, with_password(room, size, password)).await;
        assert_eq!(guess, Err(Refusal::NoSuchRoom), "{room} {size} {password}");
    }
    // From now on the server refuses even the right password, for as long as it says.
    let right = || with_password("ROOM0", SIZE, "hunter2");
    let Err(Refusal::RateLimited { retry_after_ms, .. }) = try_to_join(&hub, right()).await else {
        panic!("not limited")
    };
    tokio::time::advance(Duration::from_millis(u64::from(retry_after_ms) - 1)).await;
    let early = try_to_join(&hub, right()).await;
    assert!(matches!(early, Err(Refusal::RateLimited { .. })), "{early:?}");
    tokio::time::advance(Duration::from_millis(2)).await;
    assert_eq!(try_to_join(&hub, right()).await, Ok(()));
}
