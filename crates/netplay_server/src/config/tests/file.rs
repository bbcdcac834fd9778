//! Files, the environment and the command line.

#![expect(clippy::result_large_err, reason = "the errors of figment's test harness are large")]

use super::*;

/// The environment belongs to the whole process. Everything that depends on it is in this test, and figment
/// restores it afterwards.
#[test]
fn the_command_line_overrides_the_environment_and_that_overrides_the_file() {
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
        assert!(config.turn.is_some_and(|turn| turn.ttl == Duration::from_secs(600)));
        Ok(())
    });
}

#[test]
fn an_error_names_the_key_and_never_quotes_a_credential() {
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

/// The example in the documentation lists every key with its default, commented out.
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
        "alternate_server",
        "matchbox",
        "log",
        "connections_per_address",
        "bytes_per_address",
        "handshakes",
        "passwords_per_address",
        "waiting_bytes_per_address",
        "handshakes_per_address",
        "creations_per_address",
        "failures_per_room",
        "hashes",
        "hashes_per_address",
        "credentials_per_address",
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
