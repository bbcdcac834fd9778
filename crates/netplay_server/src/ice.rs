//! STUN and TURN servers in the configuration.

use netplay_protocol::signaling::IceServer;

/// The text does not describe a STUN or TURN server. No variant contains the credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadIceServer {
    /// The scheme is neither STUN nor TURN.
    #[error(
        "an ICE server begins with 'stun:', 'stuns:', 'turn:' or 'turns:', \
         such as stun:stun.example.org:3478"
    )]
    Scheme,
    /// The host is missing or not valid.
    #[error("'{0}' is not a host: write a name, an IPv4 address or an IPv6 address in brackets")]
    Host(String),
    /// The port is not valid.
    #[error("'{0}' is not a port: write a number from 1 to 65535, or leave it out")]
    Port(String),
    /// The query is not a known transport.
    #[error(
        "'?{0}' is not known: a TURN server may end in ?transport=udp or ?transport=tcp, a STUN server in \
         neither"
    )]
    Query(String),
    /// A TURN server lacks the user or the password.
    #[error("a TURN server needs a user and a password: write '{0},user,password'")]
    NoCredential(String),
    /// A STUN server has a user or a password.
    #[error("a STUN server has no user and no password: remove what follows '{0}'")]
    Credential(String),
}

/// Parses an ICE server as written on the command line: `stun:host:port` (RFC 7064), or
/// `turn:host:port?transport=udp,user,password` (the URL of RFC 7065, then the credential). The port and
/// the transport are optional; the password may contain commas.
///
/// ```
/// use netplay_server::parse_ice_server;
///
/// let server = parse_ice_server("turn:turn.example.org:3478,alice,s3cret").unwrap();
/// assert_eq!(server.urls, ["turn:turn.example.org:3478"]);
/// assert_eq!(server.username.as_deref(), Some("alice"));
/// assert!(parse_ice_server("https://example.org").is_err());
/// ```
///
/// # Errors
///
/// [`BadIceServer`] says which part is wrong.
pub fn parse_ice_server(text: &str) -> Result<IceServer, BadIceServer> {
    let mut parts = text.splitn(3, ',');
    let url = parts.next().unwrap_or_default();
    let credential = (parts.next(), parts.next());
    let turn = check_url(url)?;
    let (username, credential) = match (turn, credential) {
        (false, (None, None)) => (None, None),
        (false, _) => return Err(BadIceServer::Credential(url.into())),
        (true, (Some(user), Some(password))) if !user.is_empty() && !password.is_empty() => {
            (Some(user.to_owned()), Some(password.to_owned()))
        }
        (true, _) => return Err(BadIceServer::NoCredential(url.into())),
    };
    Ok(IceServer { urls: vec![url.to_owned()], username, credential })
}

/// Deserializes a list of ICE servers, each a text for [`parse_ice_server`]. The error never contains the
/// credential.
#[cfg(feature = "config-file")]
pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<IceServer>, D::Error> {
    use serde::Deserialize;
    use serde::de::Error;

    let servers = Vec::<netplay_protocol::Secret>::deserialize(deserializer)?;
    servers.iter().map(|text| parse_ice_server(text.expose()).map_err(Error::custom)).collect()
}

/// Checks the URL of a TURN server without credentials.
pub(crate) fn check_turn_url(url: &str) -> Result<(), BadIceServer> {
    if check_url(url)? { Ok(()) } else { Err(BadIceServer::Scheme) }
}

/// Checks the URL of a STUN or TURN server. Returns whether it is TURN.
fn check_url(url: &str) -> Result<bool, BadIceServer> {
    let (scheme, rest) = url.split_once(':').ok_or(BadIceServer::Scheme)?;
    let turn = match scheme {
        "stun" | "stuns" => false,
        "turn" | "turns" => true,
        _ => return Err(BadIceServer::Scheme),
    };
    let address = match rest.split_once('?') {
        None => rest,
        Some((address, "transport=udp" | "transport=tcp")) if turn => address,
        Some((_, query)) => return Err(BadIceServer::Query(query.into())),
    };
    check_address(address)?;
    Ok(turn)
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn check_address(address: &str) -> Result<(), BadIceServer> {
    let bad_host = |host: &str| BadIceServer::Host(host.to_owned());
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
    match port.map(|port| (port, port.parse::<u16>())) {
        None | Some((_, Ok(1..))) => Ok(()),
        Some((port, _)) => Err(BadIceServer::Port(port.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stun_and_turn_servers_are_parsed() {
        for stun in ["stun:example.org", "stuns:10.0.0.1:5349", "stun:[2001:db8::1]:3478"] {
            let server = parse_ice_server(stun).unwrap();
            assert_eq!(
                server,
                IceServer { urls: vec![stun.into()], username: None, credential: None }
            );
        }
        let turn = parse_ice_server("turns:example.org:443?transport=tcp,bob,a,b").unwrap();
        assert_eq!(turn.urls, ["turns:example.org:443?transport=tcp"]);
        assert_eq!(
            (turn.username.as_deref(), turn.credential.as_deref()),
            (Some("bob"), Some("a,b"))
        );
    }

    #[test]
    fn an_error_names_the_part_that_is_wrong() {
        use BadIceServer::*;
        for (text, error) in [
            ("", Scheme),
            ("example.org:3478", Scheme),
            ("http://example.org", Scheme),
            ("stun:", Host("".into())),
            ("stun://example.org", Host("//example.org".into())),
            ("stun:[::1", Host("[::1".into())),
            ("stun:[::1]x", Host("[::1]x".into())),
            ("stun:example.org:0", Port("0".into())),
            ("stun:example.org:port", Port("port".into())),
            ("stun:example.org:99999", Port("99999".into())),
            ("stun:example.org?transport=udp", Query("transport=udp".into())),
            ("turn:example.org?transport=sctp,a,b", Query("transport=sctp".into())),
            ("stun:example.org,a,b", Credential("stun:example.org".into())),
            ("turn:example.org", NoCredential("turn:example.org".into())),
            ("turn:example.org,a", NoCredential("turn:example.org".into())),
            ("turn:example.org,a,", NoCredential("turn:example.org".into())),
        ] {
            assert_eq!(parse_ice_server(text), Err(error), "{text}");
        }
    }

    #[test]
    fn an_error_never_contains_the_credential() {
        for text in ["turn:example.org:0,u,s3cret", "stun:example.org,u,s3cret", "x,u,s3cret"] {
            let sentence = parse_ice_server(text).unwrap_err().to_string();
            assert!(!sentence.contains("s3cret"), "{sentence}");
        }
    }
}
