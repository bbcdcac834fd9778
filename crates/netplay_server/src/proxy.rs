//! Which address a request comes from, also when a proxy stands in between.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The list that proxies append the address to that they were connected from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client: the last one in `X-Forwarded-For` that is not one of the proxies. What
/// stands before it was written by the client itself, or by nobody we know. A connection that does not
/// come from a trusted proxy speaks for itself.
pub(crate) fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer.ip().to_canonical();
    let lists: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    let entries = lists.iter().rev().filter_map(|list| list.to_str().ok());
    for entry in entries.flat_map(|list| list.rsplit(',')) {
        if !is_trusted(&address) {
            break;
        }
        // Some proxies write the port as well. What cannot be read was not written by a proxy of ours.
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
    fn only_what_a_trusted_proxy_says_is_believed() {
        assert_eq!(address("192.0.2.1:9", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(address("10.0.0.1:9", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(address("[fd00::1]:9", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(address("[::ffff:10.0.0.1]:9", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1:9", &[]), "10.0.0.1");
    }

    #[test]
    fn what_the_client_wrote_itself_is_not() {
        assert_eq!(address("10.0.0.1:9", &["1.1.1.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1:9", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1:9", &["1.1.1.1", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(address("10.0.0.1:9", &["1.1.1.1, nonsense"]), "10.0.0.1");
    }
}
