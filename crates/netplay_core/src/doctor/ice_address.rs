//! Where a STUN or TURN server is, from its URL.

use netplay_protocol::signaling::{IceUrlError, IceUrlKind, parse_ice_url};

/// The port of STUN and TURN (RFC 8489, section 18.4).
const PORT: u16 = 3478;
/// The port of both over TLS.
const TLS_PORT: u16 = 5349;

/// Where a STUN or TURN server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceAddress {
    /// The URL as it was given.
    pub url: String,
    /// What it leads to.
    pub kind: IceUrlKind,
    /// The host, without the brackets of an IPv6 address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is reached over UDP: not with `stuns:`, `turns:` and `?transport=tcp`.
    pub is_udp: bool,
}

impl IceAddress {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// [`IceUrlError`] where it is not the URL of a STUN or TURN server.
    pub fn read(url: &str) -> Result<Self, IceUrlError> {
        // Often written, though URLs of STUN have no query (RFC 7064).
        let plain = match url.starts_with("stun") {
            true => url.split_once('?').map_or(url, |(plain, _)| plain),
            false => url,
        };
        let kind = parse_ice_url(plain)?;
        let (scheme, rest) = plain.split_once(':').ok_or(IceUrlError::Scheme)?;
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let is_tls = matches!(scheme, "stuns" | "turns");
        let usual = if is_tls { TLS_PORT } else { PORT };
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(usual)),
            _ => (address, usual),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_udp = !is_tls && query != "transport=tcp";
        Ok(Self { url: url.to_owned(), kind, host, port, is_udp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_url_is_read_into_its_parts() {
        for (url, host, port, is_udp) in [
            ("stun:a.example", "a.example", 3478, true),
            ("stun:a.example:19302?transport=udp", "a.example", 19302, true),
            ("turn:192.0.2.1:99?transport=udp", "192.0.2.1", 99, true),
            ("turn:[2001:db8::1]", "2001:db8::1", 3478, true),
            ("turn:[2001:db8::1]:5?transport=tcp", "2001:db8::1", 5, false),
            ("turns:a.example", "a.example", 5349, false),
        ] {
            let address = IceAddress::read(url).unwrap();
            assert_eq!(
                (address.host.as_str(), address.port, address.is_udp),
                (host, port, is_udp),
                "{url}"
            );
        }
        assert!(IceAddress::read("http://a.example").is_err());
        assert!(IceAddress::read("stun:").is_err());
    }
}
