//! STUN and TURN servers in the configuration.

use netplay_protocol::signaling::{IceServer, IceUrlError, IceUrlKind, parse_ice_url};

/// The text does not describe a STUN or TURN server. No variant contains the credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadIceServer {
    /// The URL is not valid.
    #[error(transparent)]
    Url(#[from] IceUrlError),
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
    let turn = parse_ice_url(url)? == IceUrlKind::Turn;
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
    match parse_ice_url(url)? {
        IceUrlKind::Turn => Ok(()),
        IceUrlKind::Stun => Err(IceUrlError::Scheme.into()),
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
            ("http://example.org", Url(IceUrlError::Scheme)),
            ("stun:[::1]x", Url(IceUrlError::Host("[::1]x".into()))),
            (
                "turn:example.org?transport=sctp,a,b",
                Url(IceUrlError::Query("transport=sctp".into())),
            ),
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
