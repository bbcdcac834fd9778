//! The address of a signaling server, as a player or a game writes it.

use netplay_protocol::ServerName;
use netplay_protocol::signaling::PATH;

use crate::transport::LeaveReason;

/// A signaling server that can be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerAddress {
    /// The URL of its WebSocket.
    pub(crate) url: String,
    /// Its name, for which the client proves its key.
    pub(crate) name: ServerName,
}

/// Reads the address of a server.
///
/// # Errors
///
/// [`LeaveReason::BadAddress`] where the address is none.
pub(crate) fn read_address(server: &str) -> Result<ServerAddress, LeaveReason> {
    let bad = || LeaveReason::BadAddress(server.to_owned());
    let name = ServerName::of_url(server).map_err(|_| bad())?;
    if server.contains(char::is_whitespace) {
        return Err(bad());
    }
    Ok(ServerAddress { url: format!("{}{PATH}", server.trim_end_matches('/')), name })
}

/// Whether a server may send its clients to another one that the game has not listed: to another port of its own host,
/// and not from an encrypted connection to a plain one.
pub(super) fn may_refer(from: &str, to: &str) -> bool {
    let host = |server| ServerName::of_url(server).map(|name| name.host().to_owned());
    let downgrade = from.starts_with("wss://") && !to.starts_with("wss://");
    !downgrade && read_address(to).is_ok() && host(from).is_ok() && host(from) == host(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_is_no_address_is_refused_with_a_hint() {
        let address = read_address("ws://127.0.0.1:3536/").unwrap();
        assert_eq!(address.url, "ws://127.0.0.1:3536/netplay");
        let address = read_address("wss://play.example.org").unwrap();
        assert_eq!(address.url, "wss://play.example.org/netplay");
        assert_eq!(address.name.as_str(), "play.example.org");
        for bad in ["", "127.0.0.1:3536", "http://example.org", "ws://", "ws:// x", "ws://a/ x"] {
            let refused = read_address(bad).unwrap_err();
            assert!(refused.to_string().contains("ws://host:port"), "{refused}");
        }
    }

    #[test]
    fn a_server_refers_to_its_own_host_only_and_never_to_a_plain_connection() {
        for (from, to, may) in [
            ("ws://a:1", "ws://a:2", true),
            ("ws://a:1", "wss://A", true),
            ("wss://a", "wss://a:8443", true),
            ("wss://a", "ws://a", false),
            ("ws://a:1", "ws://b:1", false),
            ("ws://a", "ws://a.b", false),
            ("ws://a", "ws://a@b", false),
            ("ws://a", "http://a", false),
            ("ws://a", "", false),
        ] {
            assert_eq!(may_refer(from, to), may, "{from} to {to}");
        }
    }
}
