//! What travels on the internet of a laboratory.

use std::fmt;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

/// Ethernet, and what it carries.
const ETHERNET_HEADER: usize = 14;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// A packet that went over the internet. As text it is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Whether it is UDP; otherwise it is TCP.
    pub is_udp: bool,
    /// Where it came from.
    pub from: SocketAddr,
    /// Where it went.
    pub to: SocketAddr,
    /// Its payload, after the headers.
    pub payload: Vec<u8>,
}

impl Captured {
    /// Whether an address is in its payload: as text, as it is, or as STUN writes it.
    pub fn names(&self, address: Ipv4Addr) -> bool {
        let contains = |bytes: &[u8]| self.payload.windows(bytes.len()).any(|at| at == bytes);
        // The cookie of STUN, with which addresses are combined (RFC 8489 section 14.2).
        let hidden = u32::from(address) ^ 0x2112_a442;
        contains(address.to_string().as_bytes())
            || contains(&address.octets())
            || contains(&hidden.to_be_bytes())
    }
}

impl fmt::Display for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_udp, from, to, payload } = self;
        write!(f, "{is_udp} {from} {to} ")?;
        payload.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Captured {
    /// Reads what [`Display`](fmt::Display) has written.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut word = || words.next();
        let (is_udp, from, to) = (word()?, word()?, word()?);
        let digits = word()?;
        let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self {
            is_udp: is_udp.parse().ok()?,
            from: from.parse().ok()?,
            to: to.parse().ok()?,
            payload: (0..digits.len()).step_by(2).map(byte).collect::<Option<_>>()?,
        })
    }
}

/// Captures every packet in the namespace of this process, until that is killed. It must be one that
/// [`Lab::internet`](super::Lab::internet) runs. `ready` is called once nothing is missed any more.
///
/// # Errors
///
/// Where the system does not let it.
pub fn capture(ready: impl FnOnce(), mut packet: impl FnMut(Captured)) -> std::io::Result<()> {
    // ETH_P_ALL, in the byte order of the network.
    let everything = Protocol::from(i32::from(3u16.to_be()));
    let mut socket = Socket::new(Domain::PACKET, Type::RAW, Some(everything))?;
    socket.set_recv_buffer_size(8 << 20)?;
    ready();
    let (mut buffer, mut last) = (vec![0; 65536], None);
    loop {
        let length = socket.read(&mut buffer)?;
        let Some(captured) = parse(&buffer[..length]) else { continue };
        // Seen where it enters the bridge, and where it leaves it.
        if last.as_ref() != Some(&captured) {
            last = Some(captured.clone());
            packet(captured);
        }
    }
}

/// The packet of a frame, if it is UDP or TCP.
fn parse(frame: &[u8]) -> Option<Captured> {
    let word =
        |bytes: &[u8], at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let packet = frame.get(ETHERNET_HEADER..)?;
    let (protocol, from, to, rest): (u8, IpAddr, IpAddr, &[u8]) = match word(frame, 12)? {
        IPV4 => {
            let header = usize::from(packet.first()? & 15) * 4;
            let address = |at: usize| {
                let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
                Some(Ipv4Addr::from(octets).into())
            };
            (*packet.get(9)?, address(12)?, address(16)?, packet.get(header..)?)
        }
        IPV6 => {
            let address = |at: usize| {
                let octets: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
                Some(Ipv6Addr::from(octets).into())
            };
            (*packet.get(6)?, address(8)?, address(24)?, packet.get(40..)?)
        }
        _ => return None,
    };
    let header = match protocol {
        UDP => 8,
        TCP => usize::from(rest.get(12)? >> 4) * 4,
        _ => return None,
    };
    Some(Captured {
        is_udp: protocol == UDP,
        from: SocketAddr::new(from, word(rest, 0)?),
        to: SocketAddr::new(to, word(rest, 2)?),
        payload: rest.get(header..)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_and_addresses_in_it_are_found() {
        let local = Ipv4Addr::new(10, 0, 20, 2);
        let mut frame = vec![0; 12];
        frame.extend(IPV4.to_be_bytes());
        frame.extend([0x45, 0, 0, 0, 0, 0, 0, 0, 64, UDP, 0, 0, 203, 0, 113, 20, 203, 0, 113, 1]);
        frame.extend([0x10, 0, 0x0d, 0x96, 0, 0, 0, 0]);
        let header = frame.len();
        assert_eq!(parse(&frame[..header - 3]), None);
        let with = |payload: &[u8]| parse(&[&frame, payload].concat()).unwrap();
        let packet = with(b"nothing");
        assert!(packet.is_udp && !packet.names(local));
        assert_eq!(Captured::read(&packet.to_string()), Some(packet.clone()));
        assert_eq!(packet.from, "203.0.113.20:4096".parse().unwrap());
        assert_eq!(packet.to, "203.0.113.1:3478".parse().unwrap());
        for payload in [&b"typ host 10.0.20.2 5"[..], &[1, 10, 0, 20, 2], &[0x2b, 0x12, 0xb0, 0x40]]
        {
            assert!(with(payload).names(local), "{payload:?}");
        }
    }
}
