//! The configuration file of the server.

use netplay_server::fuzzing::parse_config;
use rand::RngExt;
use rand::seq::IndexedRandom;

use crate::{Random, Target, examples};

pub const CONFIG: Target = Target {
    name: "config",
    check,
    example,
    words: &[
        "[limits]\n",
        "[turn]\n",
        "[auth]\n",
        "[matchmaking]\n",
        "[[",
        "]]",
        "=",
        "\"\"\"",
        "'''",
        "1e309",
        "nan",
        "{ }",
        "\"10s\"",
        "\"9999999999999999y\"",
        "-1",
        "\"0.0.0.0/0\"",
        "\"turn:a:1,u,p\"",
        "\\u0000",
        "# ",
    ],
    test_runs: 500_000,
};

/// A file is refused with a sentence, or is a configuration whose check ends in one.
fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match parse_config(text) {
        Ok(config) => {
            if let Err(error) = config.check() {
                assert!(!error.to_string().is_empty());
            }
            assert!(!format!("{config:?}").is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

const LINES: [&str; 24] = [
    "listen = \"127.0.0.1:3536\"",
    "trusted_proxies = [\"10.0.0.0/8\", \"fd00::/8\"]",
    "ice_servers = [\"stun:stun.example.org\", \"turn:turn.example.org:3478,alice,s3cret\"]",
    "secret = \"s3cret of sixteen bytes\"",
    "ping_interval = \"10s\"",
    "idle_timeout = \"30s\"",
    "handshake_deadline = \"10s\"",
    "grace = \"1h 2m\"",
    "away_messages = 64",
    "away_bytes = 65536",
    "drain_deadline = \"30s\"",
    "alternate_server = \"wss://other.example.org\"",
    "matchbox = false",
    "auth.mode = \"token\"",
    "auth.token_secret = \"s3cret of sixteen bytes\"",
    "auth.origins = [\"https://play.example.org\"]",
    "turn.urls = [\"turn:turn.example.org:3478?transport=udp\"]",
    "turn.secret = \"s3cret of sixteen bytes\"",
    "turn.ttl = \"1h\"",
    "limits.connections = 64",
    "limits.message_bytes = 65536",
    "limits.messages = { rate = 50, burst = 200 }",
    "matchmaking.mode = 1",
    "unknown = 1",
];

fn example(random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<String> =
        examples::several(random, 10, |random| (*LINES.choose(random).unwrap_or(&"")).to_owned());
    if random.random_ratio(1, 10) {
        lines.push(examples::text(random, 100));
    }
    lines.join("\n").into()
}
