#![expect(clippy::result_large_err, reason = "the errors of figment's test harness are large")]

use super::*;

#[test]
fn times_that_would_drop_healthy_clients_are_refused() {
    assert!(ServerConfig::default().check().is_ok());
    let never = ServerConfig { ping_interval: Duration::ZERO, ..Default::default() };
    assert!(matches!(never.check(), Err(ServerError::TimeOutOfRange { .. })));
    let eternal = ServerConfig { handshake_deadline: Duration::MAX, ..Default::default() };
    assert!(matches!(eternal.check(), Err(ServerError::TimeOutOfRange { .. })));
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
        auth: AuthConfig { token_secret: Some("s3cret".into()), ..Default::default() },
        ..Default::default()
    };
    let text = format!("{config:?}");
    assert!(text.contains("turn:example.org"), "{text}");
    assert!(!text.contains("s3cret") && !text.contains("alice"), "{text}");
}

/// The environment belongs to the whole process, so everything that depends on it is in one test, in a
/// place where figment undoes what was set.
#[test]
fn the_file_is_weaker_than_the_environment_and_that_is_weaker_than_the_command_line() {
    figment::Jail::expect_with(|jail| {
        let file = jail.directory().join("server.toml");
        jail.create_file(
            "server.toml",
            r#"
                listen = "0.0.0.0:1"
                grace = "1m 30s"
                ice_servers = ["stun:a.example", "turn:b.example,user,s3cret"]
                trusted_proxies = ["10.0.0.0/8"]
                secret = "of the file, long enough"
                [limits]
                connections = 7
                rooms_per_address = 8
                messages = { rate = 5, burst = 6 }
                [turn]
                urls = ["turn:c.example"]
                secret = "north"
                [auth]
                mode = "password"
            "#,
        )?;
        jail.set_env("NETPLAY_LIMITS__CONNECTIONS", "9");
        jail.set_env("NETPLAY_SECRET", "12345678901234567890");
        jail.set_env("NETPLAY_LISTEN", "0.0.0.0:2");
        jail.set_env("NETPLAY_CONFIG", "server.toml");
        let overrides = Overrides {
            listen: "0.0.0.0:3".parse().ok(),
            ping_interval_s: Some(4),
            ..Default::default()
        };
        let config = ServerConfig::load(Some(&file), overrides).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!((config.limits.connections, config.limits.rooms_per_address), (9, 8));
        assert_eq!(config.limits.messages.burst.get(), 6);
        assert_eq!(config.limits.packets, LimitsConfig::default().packets);
        assert_eq!(config.secret, Some("12345678901234567890".into()));
        assert_eq!(config.grace, Duration::from_secs(90));
        assert_eq!(config.ping_interval, Duration::from_secs(4));
        assert_eq!(config.ice_servers[1].credential.as_deref(), Some("s3cret"));
        assert_eq!(config.auth.mode, crate::AuthMode::Password);
        assert!(config.turn.is_some_and(|turn| turn.ttl == Duration::from_secs(3600)));
        Ok(())
    });
}

#[test]
fn what_is_wrong_in_a_file_is_named_and_no_credential_is_quoted() {
    figment::Jail::expect_with(|jail| {
        for (text, word) in [
            ("lisen = \"0.0.0.0:1\"", "lisen"),
            ("[limits]\nconections = 1", "conections"),
            ("listen = \"here\"", "listen"),
            ("grace = 10", "grace"),
            ("[limits]\nmessages = { rate = 0, burst = 1 }", "rate"),
            ("ice_servers = [\"turn:x.example:0,u,s3cret\"]", "not a port"),
        ] {
            jail.create_file("server.toml", text)?;
            let file = jail.directory().join("server.toml");
            let error = ServerConfig::load(Some(&file), Overrides::default()).unwrap_err();
            let sentence = error.to_string();
            assert!(sentence.contains(word) && !sentence.contains("s3cret"), "{sentence}");
        }
        let missing = ServerConfig::load(Some("nowhere.toml".as_ref()), Overrides::default());
        assert!(missing.unwrap_err().to_string().contains("nowhere.toml"));
        Ok(())
    });
}

/// The example in the documentation shows every key with its default, commented out; the table headers
/// and the secrets stand as they are.
#[test]
fn the_example_file_has_every_key_and_its_defaults() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/deploy/netplay-server.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix("#: ") {
            Some(setting) => format!("{setting}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    figment::Jail::expect_with(|jail| {
        let file = jail.directory().join("server.toml");
        jail.create_file("server.toml", &text)?;
        let as_it_is = ServerConfig::load(Some(&file), Overrides::default()).unwrap();
        assert_eq!(as_it_is, ServerConfig::default());
        jail.create_file("server.toml", &uncommented)?;
        let config = ServerConfig::load(Some(&file), Overrides::default()).unwrap();
        assert_eq!(config, ServerConfig::default());
        Ok(())
    });
    let keys = [
        "listen",
        "metrics_listen",
        "tls",
        "trusted_proxies",
        "ice_servers",
        "turn",
        "secret",
        "auth",
        "limits",
        "matchmaking",
        "ping_interval",
        "idle_timeout",
        "handshake_deadline",
        "grace",
        "away_messages",
        "away_bytes",
        "drain_deadline",
        "elsewhere",
        "matchbox",
        "log",
        "connections_per_address",
        "bytes_per_address",
        "relay_queue_bytes",
        "probe_timeout",
        "token_public_key",
        "origins",
        "ttl",
        "certificate",
        "format",
    ];
    for key in keys {
        assert!(text.contains(key), "{key} is not in the example");
    }
}
