//! Metrics, draining, TLS, and the program.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netplay_protocol::signaling::{ClientMessage, Entry, Join, PATH, Refusal, ServerMessage};
use netplay_server::{LimitsConfig, ServerConfig, TlsConfig};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{Connector, connect_async, connect_async_tls_with_config};

use crate::client::{
    Client, generous, http, join, join_by, metric, patient, start, start_with, until_metric, within,
};

#[tokio::test]
async fn the_metrics_count_what_happens() {
    let server = start();
    let first = Client::joined(&server, "room", 2, 1, &[1]).await;
    let mut refused = Client::connect(&server).await;
    refused.send(&join("room", 3, 2)).await;
    refused.expect_refusal().await;
    assert_eq!(metric(&server, "netplay_rooms").await, 1);
    assert_eq!(metric(&server, "netplay_joins_total").await, 1);
    let reason = "netplay_refusals_total{reason=\"room_size_differs\"}";
    assert_eq!(metric(&server, reason).await, 1);
    drop(first);
    until_metric(&server, "netplay_connections", |connections| connections == 0).await;
}

#[tokio::test]
async fn metrics_can_have_an_address_of_their_own() {
    let metrics_listen = Some(([127, 0, 0, 1], 0).into());
    let server = start_with(ServerConfig { metrics_listen, ..patient() });
    assert_ne!(http(server.addr(), "/metrics").await.0, 200);
    assert_eq!(http(server.metrics_addr(), "/metrics").await.0, 200);
    assert_eq!(http(server.metrics_addr(), "/readyz").await.0, 200);
}

#[tokio::test]
async fn only_a_trusted_proxy_sets_the_address_of_a_client() {
    let limits = LimitsConfig { connections_per_address: 1, ..generous() };
    let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let trusting =
        start_with(ServerConfig { limits: limits.clone(), trusted_proxies, ..patient() });
    let plain = start_with(ServerConfig { limits, ..patient() });
    for (server, alike) in [(&trusting, false), (&plain, true)] {
        let mut connections = Vec::new();
        for client in ["192.0.2.1", "192.0.2.2"] {
            let mut request = format!("{}{PATH}", server.url()).into_client_request().unwrap();
            request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
            let (socket, _) = within(connect_async(request)).await.unwrap();
            connections.push(Client::new(socket, &server.addr().to_string()));
        }
        let mut second = connections.pop().unwrap();
        if alike {
            assert!(matches!(second.expect_refusal().await, Refusal::TooMany { .. }));
        } else {
            second.send(&join("room", 2, 1)).await;
            assert!(matches!(second.next().await, Some(ServerMessage::Welcome { .. })));
        }
    }
}

#[tokio::test]
async fn draining_is_announced_admits_no_new_peer_and_ends_with_the_last_connection() {
    let alternate_server = Some("wss://other.example.org".to_owned());
    let server =
        start_with(ServerConfig { alternate_server: alternate_server.clone(), ..patient() });
    let mut member = Client::joined(&server, "room", 2, 1, &[1]).await;
    server.drain();
    let Some(ServerMessage::Draining { within_ms, alternate_server: told }) = member.next().await
    else {
        panic!("not told")
    };
    // Less than the deadline by as long as it took to arrive here: on virtual time it is tested to the instant.
    assert!(within_ms > 0 && u128::from(within_ms) <= patient().drain_deadline.as_millis());
    assert_eq!(told, alternate_server);
    assert_eq!(http(server.addr(), "/readyz").await.0, 503);
    assert_eq!(http(server.addr(), "/healthz").await.0, 200);
    let mut late = Client::connect(&server).await;
    assert!(matches!(late.next().await, Some(ServerMessage::Draining { .. })));
    late.send(&join("room", 2, 2)).await;
    assert_eq!(late.expect_refusal().await, Refusal::Draining);
    member.send(&ClientMessage::Leave).await;
    assert_eq!(member.next().await, None);
    // The last connection has ended, so the port is free again.
    let addr = server.addr();
    within(async {
        while tokio::net::TcpListener::bind(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn tls_works_with_certificate_files_and_a_bad_certificate_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let tls = Some(TlsConfig { certificate: certificate.clone(), key: key.clone() });
    let server = start_with(ServerConfig { tls, ..patient() });
    assert!(server.url().starts_with("wss://"));

    let mut roots = rustls::RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = Some(Connector::Rustls(Arc::new(config)));
    let url = format!("wss://localhost:{}{PATH}", server.addr().port());
    let connecting = connect_async_tls_with_config(url, None, true, connector);
    let (socket, _) = within(connecting).await.unwrap();
    let mut client = Client::new(socket, &format!("localhost:{}", server.addr().port()));
    client.send(&join("room", 2, 1)).await;
    assert!(matches!(client.next().await, Some(ServerMessage::Welcome { .. })));

    let swapped = Some(TlsConfig { certificate: key, key: certificate });
    let listen = ([127, 0, 0, 1], 0).into();
    let bad =
        netplay_server::Server::start(ServerConfig { tls: swapped, listen, ..Default::default() });
    let sentence = bad.err().unwrap().to_string();
    assert!(sentence.contains("cert.pem") && sentence.contains("PEM"), "{sentence}");
}

/// The program. A test that fails shows what it logged.
struct Program {
    child: Child,
    addr: SocketAddr,
    log: Arc<Mutex<String>>,
    /// Reads the log, so that it cannot fill the pipe. Ends with the program.
    reading: JoinHandle<()>,
}

impl Program {
    /// Starts it, and waits until it listens.
    async fn start(arguments: &[&str], level: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_netplay-server"))
            .args(["--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(["--idle-timeout-s", "3600", "--handshake-deadline-s", "3600"])
            .args(arguments)
            .env("RUST_LOG", level)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let addr = loop {
            let line = within(lines.next_line()).await.unwrap().expect(&log);
            let entry: serde_json::Value = serde_json::from_str(&line).expect("not a JSON line");
            log += &(line + "\n");
            let message = entry["message"].as_str().unwrap_or_default();
            if let Some(address) = message.strip_prefix("listening on ws://") {
                break address.parse().unwrap();
            }
        };
        let log = Arc::new(Mutex::new(log));
        let shared = log.clone();
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                *shared.lock().unwrap() += &(line + "\n");
            }
        });
        Self { child, addr, log, reading }
    }

    /// Sends SIGTERM.
    fn terminate(&self) {
        let id = self.child.id().unwrap().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits until it has ended. Returns whether that was without an error, and all that it logged.
    async fn ended(&mut self) -> (bool, String) {
        let success = within(self.child.wait()).await.unwrap().success();
        within(&mut self.reading).await.unwrap();
        (success, self.log.lock().unwrap().clone())
    }
}

impl Drop for Program {
    #[expect(clippy::print_stderr, reason = "a test that fails shows what its processes logged")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- netplay-server logged:\n{}----", self.log.lock().unwrap());
        }
    }
}

/// A client that is in a room of the program.
async fn member_of(program: &Program) -> Client {
    let mut client = Client::open(program.addr).await;
    client.send(&join("room", 2, 1)).await;
    assert!(matches!(client.next().await, Some(ServerMessage::Welcome { .. })));
    client.expect_roster(2, &[1]).await;
    client
}

#[tokio::test]
async fn sigterm_drains_the_program_and_a_second_one_stops_it_at_once() {
    let mut program = Program::start(&["--drain-deadline-s", "3600"], "debug").await;
    let mut client = member_of(&program).await;
    program.terminate();
    assert!(matches!(client.next().await, Some(ServerMessage::Draining { .. })));
    assert!(program.child.try_wait().unwrap().is_none());
    program.terminate();
    assert_eq!(client.expect_refusal().await, Refusal::ShuttingDown);
    assert!(program.ended().await.0);
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let turn = "turn:turn.example.org,alice,s3cret";
    let mut program = Program::start(&["--ice-server", turn], "trace").await;
    let join = Join {
        password: Some("hunter2".into()),
        token: Some("hunter3".into()),
        ..join_by(Entry::Room("room".into()), 2, 1)
    };
    let mut client = Client::open(program.addr).await;
    client.send(&ClientMessage::Join(join)).await;
    let Some(ServerMessage::Welcome { resume, ice_servers, .. }) = client.next().await else {
        panic!("not welcomed")
    };
    assert_eq!(ice_servers[0].credential.as_deref(), Some("s3cret"));
    client.send_raw(Message::text("{\"type\":\"hunter4\"}")).await;
    while client.next().await.is_some() {}
    program.terminate();
    let (_, log) = program.ended().await;
    assert!(log.contains("refused"));
    for secret in ["hunter", "s3cret", "alice", resume.expose()] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn draining_ends_at_its_deadline() {
    let mut program = Program::start(&["--drain-deadline-s", "1"], "debug").await;
    let mut client = member_of(&program).await;
    program.terminate();
    assert!(matches!(client.next().await, Some(ServerMessage::Draining { .. })));
    assert_eq!(client.expect_refusal().await, Refusal::ShuttingDown);
    assert!(program.ended().await.0);
}

#[tokio::test]
async fn the_configuration_is_checked_without_serving_and_no_secret_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("server.toml");
    let check = async |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_netplay-server"))
            .args(["--check", "--config"])
            .arg(&file)
            .output();
        let output = within(output).await.unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert!(check("grace = '5s'").await.0);
    for (text, word) in [
        ("secret = 's3cret'", "secret"),
        ("grase = '5s'", "grase"),
        ("ice_servers = ['turn:host,user']", "password"),
        ("[turn]\nurls = ['turn:host']\nsecret = 's3cret of the TURN server'\nttl = '1s'", "ttl"),
        ("[turn]\nurls = ['turn:host']\nsecret = 's3cret'", "turn.secret"),
    ] {
        let (good, sentence) = check(text).await;
        assert!(!good && sentence.contains(word) && !sentence.contains("s3cret"), "{sentence}");
    }
}

#[tokio::test]
async fn turn_credentials_are_renewed_before_they_expire() {
    let turn = netplay_server::TurnConfig {
        urls: vec!["turn:turn.example.org".into()],
        secret: "north and south and west".into(),
        ttl: Duration::from_secs(10),
    };
    let server = start_with(ServerConfig { turn: Some(turn), ..patient() });
    let mut client = Client::connect(&server).await;
    client.send(&join("room", 2, 1)).await;
    let Some(ServerMessage::Welcome { ice_servers: before, .. }) = client.next().await else {
        panic!("not welcomed")
    };
    client.expect_roster(2, &[1]).await;
    let Some(ServerMessage::IceServers { ice_servers: after }) = client.next().await else {
        panic!("not renewed")
    };
    assert_eq!(before[0].urls, after[0].urls);
    assert_ne!(before[0].username, after[0].username);
    assert_ne!(before[0].credential, after[0].credential);
}
