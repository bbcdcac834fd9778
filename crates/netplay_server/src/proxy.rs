//! Finds the address of a client behind proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The header to which each proxy appends the address of its own client.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the client: the last one in `X-Forwarded-For` that is not a trusted proxy. The entries before
/// it may be forged. The header counts only on connections from a trusted proxy.
///
/// An entry that is no address ends the search at the proxy that wrote it: what is before it has passed somebody who
/// does not write addresses, and may be anything. The client then counts as that proxy, which is the strictest.
pub(crate) fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer.ip().to_canonical();
    let lists: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    // Bytes, because a client may have sent a line that is no text, to which the proxy appended.
    for entry in lists.iter().rev().flat_map(|list| list.as_bytes().rsplit(|byte| *byte == b',')) {
        if !is_trusted(address, trusted) {
            break;
        }
        match parse_entry(entry) {
            Some(before) => address = before.to_canonical(),
            None => break,
        }
    }
    address
}

/// Whether this is the address of a proxy of ours.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address.to_canonical()))
}

/// Some proxies add the port.
fn parse_entry(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    entry.parse().or_else(|_| entry.parse::<SocketAddr>().map(|it| it.ip())).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> String {
        address_of_bytes(peer, &forwarded.iter().map(|list| list.as_bytes()).collect::<Vec<_>>())
    }

    fn address_of_bytes(peer: &str, forwarded: &[&[u8]]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(list).unwrap());
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

    #[test]
    fn bytes_that_are_no_text_hide_no_entry_and_uncover_none() {
        let of = |lists: &[&[u8]]| address_of_bytes("10.0.0.1:9", lists);
        // What the client wrote before the proxy's own entry.
        assert_eq!(of(&[b"\xff\xfe, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(of(&[b"1.1.1.1 \xe9,198.51.100.7 , 10.0.0.2"]), "198.51.100.7");
        // A line that ends in it must not give way to the line before, which the client may have forged.
        assert_eq!(of(&[b"1.1.1.1", b"198.51.100.7, \xff"]), "10.0.0.1");
        assert_eq!(of(&[b"1.1.1.1", b"\xff, 10.0.0.2"]), "10.0.0.2");
    }
}
