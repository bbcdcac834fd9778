//! The address of a client behind proxies, and what the limits count as one client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use netplay_server::fuzzing::{are_one_client, client_address};
use rand::RngExt;

use crate::{Random, Target, examples};

pub const ADDRESS: Target = Target {
    name: "address",
    check,
    example,
    words: &[
        ",",
        ", ",
        "10.0.0.1",
        "[::1]:80",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "unknown",
        "_hidden",
        "é",
    ],
    test_runs: 500_000,
};

/// The address is the socket's own or was in the header, and without a trusted proxy it is the socket's own.
fn check(input: &[u8]) {
    let Some((peer, header)) = input.split_first_chunk::<4>() else { return };
    let lines: Vec<&[u8]> = header.split(|byte| *byte == b'\n').collect();
    let socket = SocketAddr::from((*peer, 4711));
    let trusted: [IpNet; 2] = [net(10, 8), net(192, 2)];
    let found = client_address(socket, &lines, &trusted);
    assert_eq!(found, found.to_canonical());
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if found != socket.ip() {
        assert!(is_trusted(&socket.ip()), "the header of a stranger counts");
        let text = String::from_utf8_lossy(header);
        assert!(text.contains([':', '.']), "{text}");
    }
    assert_eq!(client_address(socket, &lines, &[]), socket.ip());
    assert!(are_one_client(found, found.to_canonical()));
    if let IpAddr::V4(address) = found {
        assert!(are_one_client(found, address.to_ipv6_mapped().into()));
    }
}

fn net(first: u8, prefix: u8) -> IpNet {
    IpNet::new(Ipv4Addr::new(first, 0, 0, 0).into(), prefix).expect("it is a network")
}

fn example(random: &mut Random) -> Vec<u8> {
    let first = [10, 10, 10, 192, 203][random.random_range(0..5)];
    let mut input = vec![first, 0, 0, random.random()];
    for _ in 0..random.random_range(0..6) {
        let address = match random.random_range(0..6) {
            0 => examples::text(random, 40),
            1 => Ipv6Addr::from(random.random::<u128>()).to_string(),
            2 => SocketAddr::from((random.random::<[u8; 4]>(), random.random())).to_string(),
            3 => format!("10.0.0.{}", random.random::<u8>()),
            _ => Ipv4Addr::from(random.random::<u32>()).to_string(),
        };
        input.extend_from_slice(address.as_bytes());
        input.extend_from_slice([&b", "[..], b",", b"\n"][random.random_range(0..3)]);
    }
    input
}
