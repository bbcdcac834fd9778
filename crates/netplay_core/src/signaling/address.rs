//! The address of a signaling server, as a player or a game writes it.

use netplay_protocol::signaling::PATH;

use crate::transport::LeaveReason;

/// The URL of the WebSocket on a server.
///
/// # Errors
///
/// [`LeaveReason::BadAddress`] where the address is none.
pub(super) fn websocket_url(server: &str) -> Result<String, LeaveReason> {
    let bad = || LeaveReason::BadAddress(server.to_owned());
    let rest =
        server.strip_prefix("ws://").or_else(|| server.strip_prefix("wss://")).ok_or_else(bad)?;
    if rest.trim_matches('/').is_empty() || rest.contains(char::is_whitespace) {
        return Err(bad());
    }
    Ok(format!("{}{PATH}", server.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_is_no_address_is_refused_with_a_hint() {
        let url = websocket_url("ws://127.0.0.1:3536/").unwrap();
        assert_eq!(url, "ws://127.0.0.1:3536/netplay");
        let url = websocket_url("wss://play.example.org").unwrap();
        assert_eq!(url, "wss://play.example.org/netplay");
        for bad in ["", "127.0.0.1:3536", "http://example.org", "ws://", "ws:// x"] {
            let refused = websocket_url(bad).unwrap_err();
            assert!(refused.to_string().contains("ws://host:port"), "{refused}");
        }
    }
}
