//! Exchanges with a server that is played here.

use super::*;

const SERVER: &str = "192.0.2.1:3478";
const MS: Duration = Duration::from_millis(1);

fn server() -> SocketAddr {
    SERVER.parse().unwrap()
}

fn exchange(purpose: Purpose) -> StunExchange {
    StunExchange::new(purpose, server(), Duration::ZERO).unwrap()
}

fn allocation() -> Purpose {
    Purpose::Allocation { username: "user".into(), credential: "hunter2".into() }
}

/// The answer to a request, of this class and with these attributes.
fn answer(
    request: &[u8],
    class: rtc::stun::message::MessageClass,
    more: Vec<Box<dyn Setter>>,
) -> Vec<u8> {
    let request = read(request).unwrap();
    let mut setters: Vec<Box<dyn Setter>> = vec![
        Box::new(request.transaction_id),
        Box::new(MessageType::new(request.typ.method, class)),
    ];
    setters.extend(more);
    let mut message = Message::new();
    message.build(&setters).unwrap();
    message.raw.clone()
}

fn error(code: u16, names_realm: bool) -> Vec<Box<dyn Setter>> {
    let error = ErrorCodeAttribute { code: rtc::stun::error_code::ErrorCode(code), reason: vec![] };
    let mut setters: Vec<Box<dyn Setter>> = vec![Box::new(error)];
    if names_realm {
        setters.push(Box::new(TextAttribute::new(ATTR_REALM, "realm".into())));
        setters.push(Box::new(TextAttribute::new(ATTR_NONCE, "nonce".into())));
    }
    setters
}

fn mapped() -> Vec<Box<dyn Setter>> {
    vec![Box::new(XorMappedAddress { ip: [198, 51, 100, 7].into(), port: 4000 })]
}

#[test]
fn a_binding_tells_the_address() {
    let mut it = exchange(Purpose::Binding);
    let request = it.poll_transmit(Duration::ZERO).unwrap();
    assert_eq!(it.poll_transmit(Duration::ZERO), None);
    let answer = answer(&request, CLASS_SUCCESS_RESPONSE, mapped());
    // Of another server, or of another transaction.
    let other = exchange(Purpose::Binding).poll_transmit(Duration::ZERO).unwrap();
    let foreign = super::tests::answer(&other, CLASS_SUCCESS_RESPONSE, mapped());
    assert_eq!(it.handle_packet(MS, "192.0.2.2:3478".parse().unwrap(), &answer), None);
    assert_eq!(it.handle_packet(MS, server(), &foreign), None);
    let seen = it.handle_packet(MS, server(), &answer);
    assert_eq!(seen, Some(Ok(Some("198.51.100.7:4000".parse().unwrap()))));
    assert_eq!(it.poll_timeout(), None);
}

#[test]
fn a_request_is_repeated_and_then_given_up() {
    let mut it = exchange(Purpose::Binding);
    let mut sent = 0;
    let silent = loop {
        let now = it.poll_timeout().unwrap();
        sent += usize::from(it.poll_transmit(now).is_some());
        if let Some(outcome) = it.handle_timeout(now) {
            assert_eq!(now, GIVE_UP);
            break outcome;
        }
    };
    assert_eq!((silent, sent), (Err(IceFailure::Silent), SENDS.len()));
}

#[test]
fn an_allocation_is_asked_for_with_credentials_and_given_back() {
    let mut it = exchange(allocation());
    let first = it.poll_transmit(Duration::ZERO).unwrap();
    assert!(read(&first).unwrap().get(ATTR_USERNAME).is_err());
    assert_eq!(
        it.handle_packet(MS, server(), &answer(&first, CLASS_ERROR_RESPONSE, error(401, true))),
        None
    );
    let second = it.poll_transmit(MS).unwrap();
    let provider = rtc::crypto::default_provider().unwrap();
    let key = MessageIntegrity::long_term_integrity_key(
        "user".into(),
        "realm".into(),
        "hunter2".into(),
        provider.crypto(),
    );
    let mut request = read(&second).unwrap();
    MessageIntegrity::check(&mut request, &key.unwrap(), provider.crypto()).unwrap();
    let granted = answer(&second, CLASS_SUCCESS_RESPONSE, mapped());
    assert!(matches!(it.handle_packet(MS, server(), &granted), Some(Ok(Some(_)))));
    let release = read(&it.poll_transmit(MS).unwrap()).unwrap();
    assert_eq!(release.typ, MessageType::new(METHOD_REFRESH, CLASS_REQUEST));
    assert_eq!(release.get(ATTR_LIFETIME).unwrap(), [0; 4]);
    assert_eq!((it.poll_transmit(MS), it.poll_timeout()), (None, None));
}

#[test]
fn a_refusal_is_told_by_its_code() {
    for code in [401, 403, 437, 441, 486, 508] {
        let mut it = exchange(allocation());
        let first = it.poll_transmit(Duration::ZERO).unwrap();
        it.handle_packet(MS, server(), &answer(&first, CLASS_ERROR_RESPONSE, error(401, true)));
        let second = it.poll_transmit(MS).unwrap();
        let refused = answer(&second, CLASS_ERROR_RESPONSE, error(code, true));
        assert_eq!(it.handle_packet(MS, server(), &refused), Some(Err(IceFailure::Refused(code))));
    }
}

#[test]
fn a_server_that_finds_every_nonce_stale_is_given_up() {
    let mut it = exchange(allocation());
    let mut outcome = None;
    let mut requests = 0;
    while outcome.is_none() {
        let request = it.poll_transmit(MS).unwrap();
        requests += 1;
        let stale = answer(&request, CLASS_ERROR_RESPONSE, error(STALE_NONCE, true));
        outcome = it.handle_packet(MS, server(), &stale);
    }
    assert_eq!((outcome, requests), (Some(Err(IceFailure::Refused(STALE_NONCE))), MAX_REQUESTS));
}

#[test]
fn what_is_no_answer_is_ignored() {
    let mut it = exchange(Purpose::Binding);
    let request = it.poll_transmit(Duration::ZERO).unwrap();
    let good = answer(&request, CLASS_SUCCESS_RESPONSE, mapped());
    for length in 0..good.len() {
        assert_eq!(it.handle_packet(MS, server(), &good[..length]), None, "{length}");
    }
    assert_eq!(it.handle_packet(MS, server(), &vec![0; 70_000]), None);
    assert_eq!(it.handle_packet(MS, server(), &request), None);
    let empty = answer(&request, CLASS_SUCCESS_RESPONSE, vec![]);
    assert!(matches!(it.handle_packet(MS, server(), &empty), Some(Err(IceFailure::Other(_)))));
}

#[test]
fn an_answer_in_which_any_byte_is_another_one_breaks_nothing() {
    for (class, is_error) in [(CLASS_SUCCESS_RESPONSE, false), (CLASS_ERROR_RESPONSE, true)] {
        let asked = || {
            let mut it = exchange(allocation());
            let request = it.poll_transmit(Duration::ZERO).unwrap();
            let attributes = if is_error { error(401, true) } else { mapped() };
            let good = answer(&request, class, attributes);
            (it, good)
        };
        // An exchange that has its answer ignores what comes later: each packet comes to one of its own.
        for at in 0..asked().1.len() {
            let (mut it, good) = asked();
            it.handle_packet(MS, server(), &good[..at]);
            for byte in [0, 1, 7, 0x7F, 0x80, 0xFF] {
                let (mut it, mut packet) = asked();
                packet[at] = byte;
                it.handle_packet(MS, server(), &packet);
            }
        }
    }
}
