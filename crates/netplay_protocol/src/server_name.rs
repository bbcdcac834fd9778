//! The name of a signaling server, as the game dialled it.
//!
//! It is the authority of the URL (RFC 3986, section 3.2) in lower case, without a user, and without the port where
//! that is the scheme's own: 80 of `ws`, 443 of `wss`. What a client proves to a server, it proves to a server of this
//! name ([`join_proof`](crate::join_proof)).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::MAX_SERVER_NAME_BYTES;

/// The authority of a server's URL, in the one form in which it is compared and signed.
///
/// ```
/// use netplay_protocol::ServerName;
///
/// let name = ServerName::of_url("wss://Play.Example.org:443/netplay").unwrap();
/// assert_eq!(name.as_str(), "play.example.org");
/// let name = ServerName::of_url("ws://[::1]:3536").unwrap();
/// assert_eq!((name.as_str(), name.host()), ("[::1]:3536", "[::1]"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerName(String);

/// The text is not the name of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a server is named by its host and, if it is not the usual one, its port: play.example.org or 192.0.2.1:3536"
)]
pub struct BadServerName;

impl ServerName {
    /// The name of the server at a URL with the scheme `ws` or `wss`.
    ///
    /// # Errors
    ///
    /// [`BadServerName`] where the URL has another scheme, no host, or a host that is not ASCII: write an
    /// internationalized domain name in its ASCII form (RFC 5891).
    pub fn of_url(url: &str) -> Result<Self, BadServerName> {
        let (scheme, rest) = url.split_once("://").ok_or(BadServerName)?;
        let usual_port = match scheme {
            "ws" => ":80",
            "wss" => ":443",
            _ => return Err(BadServerName),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        host.strip_suffix(usual_port).unwrap_or(host).parse()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without the port.
    pub fn host(&self) -> &str {
        // The colons of an IPv6 address are inside its brackets.
        match self.0.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            _ => &self.0,
        }
    }

    /// Whether the header `Host` of a request (RFC 9110, section 7.2) names this server. The port may be there or not
    /// where it is a scheme's own: a server behind a proxy does not know by which scheme it was dialled.
    pub fn is_in_host_header(&self, header: &str) -> bool {
        let named = header.trim().to_ascii_lowercase();
        let rest = named.strip_prefix(&self.0);
        rest.is_some_and(|rest| matches!(rest, "" | ":80" | ":443"))
    }
}

impl FromStr for ServerName {
    type Err = BadServerName;

    fn from_str(text: &str) -> Result<Self, BadServerName> {
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        };
        let fits = (1..=MAX_SERVER_NAME_BYTES).contains(&text.len());
        if !fits || !text.bytes().all(plain) || text.starts_with(':') {
            return Err(BadServerName);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for ServerName {
    type Error = BadServerName;

    fn try_from(text: String) -> Result<Self, BadServerName> {
        text.parse()
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_name_of_a_url_is_its_authority_in_one_form() {
        for (url, name) in [
            ("ws://127.0.0.1:3536", "127.0.0.1:3536"),
            ("ws://LOCALHOST:80/", "localhost"),
            ("wss://localhost:80", "localhost:80"),
            ("ws://localhost:443", "localhost:443"),
            ("wss://play.example.org:8443/some/path?x=1", "play.example.org:8443"),
            ("wss://user:word@play.example.org#x", "play.example.org"),
            ("ws://[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(ServerName::of_url(url).unwrap().as_str(), name, "{url}");
        }
        for bad in ["", "ws://", "http://a", "ws://:3536", "ws://ä.example", "ws:// x", "a"] {
            assert_eq!(ServerName::of_url(bad), Err(BadServerName), "{bad}");
        }
        let long = format!("ws://{}", "a".repeat(MAX_SERVER_NAME_BYTES + 1));
        assert_eq!(ServerName::of_url(&long), Err(BadServerName));
    }

    #[test]
    fn a_host_header_names_one_server() {
        let name: ServerName = "play.example.org".parse().unwrap();
        for header in ["play.example.org", "PLAY.example.org:443", "play.example.org:80"] {
            assert!(name.is_in_host_header(header), "{header}");
        }
        for header in ["", "example.org", "play.example.org.evil.example", "play.example.org:8443"]
        {
            assert!(!name.is_in_host_header(header), "{header}");
        }
        let with_port: ServerName = "play.example.org:8443".parse().unwrap();
        assert!(with_port.is_in_host_header("play.example.org:8443"));
        assert!(!with_port.is_in_host_header("play.example.org"));
        assert_eq!(with_port.host(), "play.example.org");
    }
}
