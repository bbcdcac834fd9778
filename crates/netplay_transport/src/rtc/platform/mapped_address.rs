//! The address that an ICE agent tells its peer back.
//!
//! The answer to a connectivity check names the address that the check came from (XOR-MAPPED-ADDRESS, RFC 8445 section
//! 7.3.1.1). Behind a [tunnel](super::tunnels) that is an address of the tunnel on this machine; the peer is told
//! the address that it has at the TURN server instead.

use std::net::SocketAddr;

use rtc::crypto::RTCCrypto;
use rtc::stun::fingerprint::FINGERPRINT;
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{BINDING_SUCCESS, Message, TransactionId, is_stun_message};
use rtc::stun::xoraddr::XorMappedAddress;

/// What the agent sends to `peer`, as it may leave this machine: `packet` itself, unless it names an address. `password`
/// is the one of the local description. `None` where the packet cannot be written.
pub(super) fn conceal(
    packet: Vec<u8>,
    peer: SocketAddr,
    password: &str,
    crypto: &dyn RTCCrypto,
) -> Option<Vec<u8>> {
    if !is_stun_message(&packet) {
        return Some(packet);
    }
    let mut message = Message { raw: packet, ..Message::new() };
    message.decode().ok()?;
    if message.typ != BINDING_SUCCESS {
        return Some(message.raw);
    }
    let mut answer = Message::new();
    let integrity =
        MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), crypto);
    answer
        .build(&[
            Box::new(TransactionId(message.transaction_id.0)),
            Box::new(BINDING_SUCCESS),
            Box::new(XorMappedAddress { ip: peer.ip(), port: peer.port() }),
            Box::new(integrity),
            Box::new(FINGERPRINT),
        ])
        .ok()?;
    Some(answer.raw)
}

#[cfg(test)]
mod tests {
    use rtc::stun::message::{BINDING_REQUEST, Getter};

    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn message(typ: rtc::stun::message::MessageType, mapped: Option<SocketAddr>) -> Vec<u8> {
        let mut message = Message::new();
        message.build(&[Box::new(TransactionId([7; 12])), Box::new(typ)]).unwrap();
        if let Some(mapped) = mapped {
            let mapped = XorMappedAddress { ip: mapped.ip(), port: mapped.port() };
            message
                .build(&[Box::new(TransactionId([7; 12])), Box::new(typ), Box::new(mapped)])
                .unwrap();
        }
        message.raw
    }

    #[test]
    fn an_answer_names_the_address_of_the_peer_and_is_signed() {
        let provider = rtc::crypto::default_provider().unwrap();
        for (local, peer) in
            [("10.0.0.7:40000", "198.51.100.2:50000"), ("[fd00::7]:4", "[2001:db8::2]:5")]
        {
            let answer = message(BINDING_SUCCESS, Some(addr(local)));
            let sent = conceal(answer, addr(peer), "secret", provider.crypto()).unwrap();
            let mut read = Message { raw: sent, ..Message::new() };
            read.decode().unwrap();
            let mut mapped = XorMappedAddress::default();
            mapped.get_from(&read).unwrap();
            assert_eq!(SocketAddr::new(mapped.ip, mapped.port), addr(peer));
            assert_eq!(read.transaction_id, TransactionId([7; 12]));
            MessageIntegrity::check(&mut read, b"secret", provider.crypto()).unwrap();
            FINGERPRINT.check(&read).unwrap();
        }
    }

    #[test]
    fn everything_else_is_sent_as_it_is_and_what_is_cut_off_is_not() {
        let provider = rtc::crypto::default_provider().unwrap();
        let pass = |packet| conceal(packet, addr("198.51.100.2:5"), "secret", provider.crypto());
        let request = message(BINDING_REQUEST, None);
        assert_eq!(pass(request.clone()), Some(request));
        assert_eq!(pass(vec![22, 254, 253]), Some(vec![22, 254, 253]), "DTLS");
        let mut cut = message(BINDING_SUCCESS, Some(addr("10.0.0.7:1")));
        cut.truncate(25);
        assert_eq!(pass(cut), None);
    }
}
