use netplay_protocol::signaling::PATH;

use crate::LeaveReason;

/// The URL of the WebSocket on a server, if the address is one.
pub(super) fn url(server: &str) -> Result<String, LeaveReason> {
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

    #[test]
    fn what_is_no_address_is_refused_with_a_hint() {
        assert_eq!(url("ws://127.0.0.1:3536/").unwrap(), "ws://127.0.0.1:3536/netplay");
        assert_eq!(url("wss://play.example.org").unwrap(), "wss://play.example.org/netplay");
        for bad in ["", "127.0.0.1:3536", "http://example.org", "ws://", "ws:// x"] {
            let refused = url(bad).unwrap_err();
            assert!(refused.to_string().contains("ws://host:port"), "{refused}");
        }
    }
}
