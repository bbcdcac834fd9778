//! STUN and TURN servers as they are written in a configuration and on a command line.

use netplay_server::parse_ice_server;
use rand::seq::IndexedRandom;

use crate::{Random, Target, examples};

pub const ICE_SERVER: Target = Target {
    name: "ice_server",
    check,
    example,
    words: &[
        "stun:",
        "turn:",
        "turns:",
        "?transport=udp",
        "[",
        "]",
        ":",
        ",",
        "::1",
        "65536",
        "//",
        "@",
        "%00",
    ],
    test_runs: 1_000_000,
};

/// What is read is a URL without surprises, and is read again as the same.
fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match parse_ice_server(text) {
        Ok(server) => {
            let [url] = &server.urls[..] else { panic!("one URL: {server:?}") };
            assert!(
                url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@' && byte != b',')
            );
            let parts = [Some(url), server.username.as_ref(), server.credential.as_ref()];
            let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            assert_eq!(parts.join(","), text);
            assert_eq!(parse_ice_server(&parts.join(",")), Ok(server));
        }
        Err(error) => {
            // The error tells nothing of the credential: with another one it is the same.
            let mut parts: Vec<&str> = text.splitn(3, ',').collect();
            if let Some(credential) = parts.get_mut(2).filter(|credential| !credential.is_empty()) {
                *credential = "another";
            }
            assert_eq!(parse_ice_server(&parts.join(",")), Err(error));
        }
    }
}

fn example(random: &mut Random) -> Vec<u8> {
    let scheme = ["stun", "stuns", "turn", "turns", "http"].choose(random).unwrap_or(&"stun");
    let host =
        ["example.org", "10.0.0.1", "[2001:db8::1]", "[::1", ""].choose(random).unwrap_or(&"");
    let port = examples::option(random, |random| format!(":{}", examples::number(random)));
    let query = ["", "", "?transport=udp", "?transport=tcp", "?x"].choose(random).unwrap_or(&"");
    let credential =
        ["", ",alice,s3cret of alice", ",alice,a,b", ",,"].choose(random).unwrap_or(&"");
    format!("{scheme}:{host}{}{query}{credential}", port.unwrap_or_default()).into()
}
