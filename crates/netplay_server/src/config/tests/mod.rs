//! Checks of the configuration.

use super::*;

/// Needs every feature: the example file has the keys of all of them.
#[cfg(feature = "cli")]
mod file;

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    assert!(ServerConfig::default().check().is_ok());
    let never = ServerConfig { ping_interval: Duration::ZERO, ..Default::default() };
    assert!(matches!(never.check(), Err(ServerError::TimeOutOfRange { .. })));
    let eternal = ServerConfig { handshake_deadline: Duration::MAX, ..Default::default() };
    assert!(matches!(eternal.check(), Err(ServerError::TimeOutOfRange { .. })));
    // What overflows a clock when it is added to the time.
    let matchmaking = MatchmakingConfig { probe_timeout: Duration::MAX, ..Default::default() };
    let patient = ServerConfig { matchmaking, ..Default::default() };
    assert!(matches!(patient.check(), Err(ServerError::TimeOutOfRange { .. })));
    let turn = TurnConfig { urls: Vec::new(), secret: "s3cret".into(), ttl: Duration::MAX };
    let timeless = ServerConfig { turn: Some(turn), ..Default::default() };
    assert!(matches!(timeless.check(), Err(ServerError::TimeOutOfRange { .. })));
    let limits = LimitsConfig { datagram_bytes: 1_201, ..Default::default() };
    let large = ServerConfig { limits, ..Default::default() };
    assert!(matches!(large.check(), Err(ServerError::SizeOutOfRange { .. })));
    let late = ServerConfig { ping_interval: Duration::from_secs(30), ..Default::default() };
    assert!(matches!(late.check(), Err(ServerError::IdleBeforePing { .. })));
}

#[test]
fn the_debug_text_has_no_credentials() {
    let config = ServerConfig {
        ice_servers: vec![crate::parse_ice_server("turn:example.org,alice,s3cret").unwrap()],
        secret: Some("s3cret".into()),
        turn: Some(TurnConfig {
            urls: Vec::new(),
            secret: "s3cret".into(),
            ttl: Duration::from_secs(60),
        }),
        #[cfg(feature = "jwt")]
        auth: AuthConfig { token_secret: Some("s3cret".into()), ..Default::default() },
        ..Default::default()
    };
    let text = format!("{config:?}");
    assert!(text.contains("turn:example.org"), "{text}");
    assert!(!text.contains("s3cret") && !text.contains("alice"), "{text}");
}
