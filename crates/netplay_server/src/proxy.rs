//! Finds the address of a client behind proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The header to which each proxy appends the address of its own client.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client: the last one in `X-Forwarded-For` that is not a trusted proxy. The entries before
/// it may be forged. The header counts only on connections from a trusted proxy.
pub(crate) fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer.ip().to_canonical();
    let lists: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    let entries = lists.iter().rev().filter_map(|list| list.to_str().ok());
    for entry in entries.flat_map(|list| list.rsplit(',')) {
        if !is_trusted(&address) {
            break;
        }
        // Some proxies add the port. An entry that is not an address is not from a trusted proxy.
        let entry = entry.trim();
        let read = entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|it| it.ip()));
        match read {
            Ok(before) => address = before.to_canonical(),
            Err(_) => break,
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append(FORWARDED_FOR, list.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_the_header_of_a_trusted_proxy_counts() {
        assert_eq!(address("192.0.2.1:9", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(address("10.0.0.1:9", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(address("[fd00::1]:9", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(address("[::ffff:10.0.0.1]:9", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1:9", &[]), "10.0.0.1");
    }

    #[test]
    fn entries_that_the_client_wrote_itself_do_not_count() {
        assert_eq!(address("10.0.0.1:9", &["1.1.1.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1:9", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1:9", &["1.1.1.1", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1:9", &["1.1.1.1, nonsense"]), "10.0.0.1");
    }
}
