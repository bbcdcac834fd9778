//! STUN and TURN servers, and which of their URLs are valid.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::MAX_ICE_URL_BYTES;

/// A STUN (RFC 8489) or TURN (RFC 8656) server. Its debug text hides the credential.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// Its URLs, such as `stun:stun.example.org:3478`.
    pub urls: Vec<String>,
    /// The user name, for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The credential, for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer")
            .field("urls", &self.urls)
            .field("username", &self.username)
            .field("credential", &self.credential.as_ref().map(|_| "…"))
            .finish()
    }
}

/// What a URL leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceUrlKind {
    /// A STUN server (RFC 7064).
    Stun,
    /// A TURN server (RFC 7065). It needs a user name and a credential.
    Turn,
}

/// The text is not the URL of a STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IceUrlError {
    /// It is longer than [`MAX_ICE_URL_BYTES`].
    #[error("the URL of an ICE server has at most {MAX_ICE_URL_BYTES} bytes")]
    TooLong,
    /// The scheme is neither STUN nor TURN.
    #[error(
        "an ICE server begins with 'stun:', 'stuns:', 'turn:' or 'turns:', \
         such as stun:stun.example.org:3478"
    )]
    Scheme,
    /// The host is missing or not valid.
    #[error("{0:?} is not a host: write a name, an IPv4 address or an IPv6 address in brackets")]
    Host(String),
    /// The port is not valid.
    #[error("{0:?} is not a port: write a number from 1 to 65535, or leave it out")]
    Port(String),
    /// The query is not a known transport.
    #[error(
        "'?{0}' is not known: a TURN server may end in ?transport=udp or ?transport=tcp, a STUN server in \
         neither"
    )]
    Query(String),
}

/// Checks the URL of a STUN server (RFC 7064) or TURN server (RFC 7065).
///
/// ```
/// use netplay_protocol::signaling::{IceUrlKind, parse_ice_url};
///
/// assert_eq!(parse_ice_url("stun:stun.example.org"), Ok(IceUrlKind::Stun));
/// assert_eq!(parse_ice_url("turns:[2001:db8::1]:443?transport=tcp"), Ok(IceUrlKind::Turn));
/// assert!(parse_ice_url("https://example.org").is_err());
/// ```
///
/// # Errors
///
/// [`IceUrlError`] says which part is wrong.
pub fn parse_ice_url(url: &str) -> Result<IceUrlKind, IceUrlError> {
    if url.len() > MAX_ICE_URL_BYTES {
        return Err(IceUrlError::TooLong);
    }
    let (scheme, rest) = url.split_once(':').ok_or(IceUrlError::Scheme)?;
    let kind = match scheme {
        "stun" | "stuns" => IceUrlKind::Stun,
        "turn" | "turns" => IceUrlKind::Turn,
        _ => return Err(IceUrlError::Scheme),
    };
    let address = match rest.split_once('?') {
        None => rest,
        Some((address, "transport=udp" | "transport=tcp")) if kind == IceUrlKind::Turn => address,
        Some((_, query)) => return Err(IceUrlError::Query(query.into())),
    };
    check_address(address)?;
    Ok(kind)
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn check_address(address: &str) -> Result<(), IceUrlError> {
    let bad_host = |host: &str| IceUrlError::Host(host.to_owned());
    let port = if let Some(v6) = address.strip_prefix('[') {
        let (host, after) = v6.split_once(']').ok_or_else(|| bad_host(address))?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| bad_host(host))?;
        match after.strip_prefix(':') {
            Some(port) => Some(port),
            None if after.is_empty() => None,
            None => return Err(bad_host(address)),
        }
    } else {
        let (host, port) = match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if host.is_empty() || !host.bytes().all(plain) {
            return Err(bad_host(host));
        }
        port
    };
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    match port.map(|port| (port, port.parse::<u16>())) {
        None => Ok(()),
        Some((port, Ok(1..))) if digits(port) => Ok(()),
        Some((port, _)) => Err(IceUrlError::Port(port.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_debug_text_hides_the_credential() {
        let server = IceServer {
            urls: vec!["turn:turn.example.org".into()],
            username: Some("alice".into()),
            credential: Some("hunter2".into()),
        };
        let shown = format!("{server:?}");
        assert!(shown.contains("alice") && !shown.contains("hunter2"), "{shown}");
        let welcome = super::super::ServerMessage::IceServers { ice_servers: vec![server] };
        assert!(!format!("{welcome:?}").contains("hunter2"));
    }

    #[test]
    fn an_error_names_the_part_that_is_wrong() {
        use IceUrlError::*;
        for (url, error) in [
            ("", Scheme),
            ("example.org:3478", Scheme),
            ("javascript:alert(1)", Scheme),
            ("stun:", Host("".into())),
            ("stun://example.org", Host("//example.org".into())),
            ("stun:a b", Host("a b".into())),
            ("turn:[::1", Host("[::1".into())),
            ("stun:example.org:0", Port("0".into())),
            ("stun:example.org:+80", Port("+80".into())),
            ("stun:example.org:99999", Port("99999".into())),
            ("stun:example.org?transport=udp", Query("transport=udp".into())),
            ("turn:example.org?transport=sctp", Query("transport=sctp".into())),
        ] {
            assert_eq!(parse_ice_url(url), Err(error), "{url}");
        }
        assert_eq!(parse_ice_url(&format!("stun:{}", "a".repeat(600))), Err(TooLong));
    }
}
