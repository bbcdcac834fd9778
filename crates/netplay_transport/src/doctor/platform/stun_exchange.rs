//! One exchange with a STUN server (RFC 8489) or a TURN server (RFC 8656), without IO: requests, retransmits, and the
//! answer by its code.
//!
//! A TURN server is asked for an allocation: first without credentials, which it refuses and names its realm and a
//! nonce, then with them. An allocation that is granted is given back at once. Whether an answer is the server's is
//! known by its address and by the 96 random bits of the transaction: what follows from it is a sentence, and no packet
//! is sent to an address that it names.

use std::net::SocketAddr;
use std::time::Duration;

use netplay_core::doctor::IceFailure;
use rtc::stun::attributes::{
    ATTR_LIFETIME, ATTR_NONCE, ATTR_REALM, ATTR_REQUESTED_TRANSPORT, ATTR_USERNAME, AttrType,
};
use rtc::stun::error_code::ErrorCodeAttribute;
use rtc::stun::integrity::MessageIntegrity;
use rtc::stun::message::{
    BINDING_REQUEST, CLASS_ERROR_RESPONSE, CLASS_REQUEST, CLASS_SUCCESS_RESPONSE, Getter,
    METHOD_ALLOCATE, METHOD_REFRESH, Message, MessageType, Setter, TransactionId, is_stun_message,
};
use rtc::stun::textattrs::TextAttribute;
use rtc::stun::xoraddr::XorMappedAddress;

/// The largest message that is read, in bytes: none is larger than an Ethernet frame.
pub(super) const MAX_MESSAGE_BYTES: usize = 1500;
/// When a request is sent, after it was made.
const SENDS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(300),
    Duration::from_millis(900),
    Duration::from_millis(2100),
];
/// After how long a request without an answer is given up.
const GIVE_UP: Duration = Duration::from_millis(3600);
/// How many requests there are at most. A server may find a nonce stale and name another.
const MAX_REQUESTS: u8 = 4;
/// Error codes (RFC 8489, section 14.8).
const UNAUTHENTICATED: u16 = 401;
const STALE_NONCE: u16 = 438;
/// UDP, as the transport of an allocation (RFC 8656, section 18.8).
const UDP: [u8; 4] = [17, 0, 0, 0];

/// What a server is asked for.
pub(super) enum Purpose {
    /// The address that it sees.
    Binding,
    /// An allocation, with these credentials.
    Allocation { username: String, credential: String },
}

/// One exchange.
pub(super) struct StunExchange {
    purpose: Purpose,
    server: SocketAddr,
    request: Request,
    /// The realm and the nonce, once the server has named them.
    challenge: Option<(String, String)>,
    requests: u8,
    state: State,
}

/// What was sent.
struct Request {
    id: [u8; 12],
    bytes: Vec<u8>,
    made: Duration,
    sent: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Asking,
    /// The packet that gives the allocation back, if it was not sent yet.
    Releasing(Vec<u8>),
    Done,
}

/// The address that the server sees, if it says so, or why there is no answer.
pub(super) type Outcome = Result<Option<SocketAddr>, IceFailure>;

impl StunExchange {
    /// Begins an exchange.
    pub(super) fn new(purpose: Purpose, server: SocketAddr, now: Duration) -> Result<Self, String> {
        let request = Request { id: [0; 12], bytes: Vec::new(), made: now, sent: 0 };
        let mut exchange =
            Self { purpose, server, request, challenge: None, requests: 0, state: State::Asking };
        exchange.ask(now)?;
        Ok(exchange)
    }

    /// Where the server is.
    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    /// The next packet for the server, if one is due.
    pub(super) fn poll_transmit(&mut self, now: Duration) -> Option<Vec<u8>> {
        match &mut self.state {
            State::Asking => {
                let due = self.request.made + *SENDS.get(self.request.sent)?;
                (due <= now).then(|| {
                    self.request.sent += 1;
                    self.request.bytes.clone()
                })
            }
            State::Releasing(packet) => {
                let packet = std::mem::take(packet);
                self.state = State::Done;
                Some(packet)
            }
            State::Done => None,
        }
    }

    /// When something is due.
    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Asking => {
                let next = SENDS.get(self.request.sent).copied().unwrap_or(GIVE_UP);
                Some(self.request.made + next)
            }
            State::Releasing(_) => Some(Duration::ZERO),
            State::Done => None,
        }
    }

    /// Gives up a server that is silent.
    pub(super) fn handle_timeout(&mut self, now: Duration) -> Option<Outcome> {
        let over = self.state == State::Asking && now >= self.request.made + GIVE_UP;
        over.then(|| self.end(Err(IceFailure::Silent)))
    }

    /// Takes a packet that came from this address. What is no answer to the request is ignored.
    pub(super) fn handle_packet(
        &mut self,
        now: Duration,
        from: SocketAddr,
        packet: &[u8],
    ) -> Option<Outcome> {
        if self.state != State::Asking || from != self.server {
            return None;
        }
        let answer = read(packet).filter(|answer| answer.transaction_id.0 == self.request.id)?;
        let method = match self.purpose {
            Purpose::Binding => BINDING_REQUEST.method,
            Purpose::Allocation { .. } => METHOD_ALLOCATE,
        };
        match answer.typ {
            typ if typ == MessageType::new(method, CLASS_SUCCESS_RESPONSE) => {
                Some(self.handle_success(&answer))
            }
            typ if typ == MessageType::new(method, CLASS_ERROR_RESPONSE) => {
                self.handle_error(now, &answer)
            }
            _ => None,
        }
    }

    fn handle_success(&mut self, answer: &Message) -> Outcome {
        let mapped = mapped_address(answer);
        let outcome = match (&self.purpose, mapped) {
            (Purpose::Binding, None) => {
                Err(IceFailure::Other("its answer has no address".to_owned()))
            }
            (_, mapped) => Ok(mapped),
        };
        let release = match self.purpose {
            Purpose::Binding => None,
            // Lost packets do not matter: the server gives the allocation up by itself after ten minutes.
            Purpose::Allocation { .. } => self.message(METHOD_REFRESH).ok(),
        };
        self.state = release.map_or(State::Done, |(_, packet)| State::Releasing(packet));
        outcome
    }

    fn handle_error(&mut self, now: Duration, answer: &Message) -> Option<Outcome> {
        let mut error = ErrorCodeAttribute::default();
        let code = match error.get_from(answer) {
            Ok(()) => error.code.0,
            Err(_) => {
                return Some(self.end(Err(IceFailure::Other("its answer has no code".into()))));
            }
        };
        let text = |attribute| TextAttribute::get_from_as(answer, attribute).ok().map(|it| it.text);
        let named = text(ATTR_REALM).zip(text(ATTR_NONCE));
        let goes_on = matches!(self.purpose, Purpose::Allocation { .. })
            && self.requests < MAX_REQUESTS
            && match code {
                UNAUTHENTICATED => self.challenge.is_none(),
                STALE_NONCE => true,
                _ => false,
            };
        if goes_on && named.is_some() {
            self.challenge = named;
            return match self.ask(now) {
                Ok(()) => None,
                Err(detail) => Some(self.end(Err(IceFailure::Other(detail)))),
            };
        }
        Some(self.end(Err(IceFailure::Refused(code))))
    }

    fn end(&mut self, outcome: Outcome) -> Outcome {
        self.state = State::Done;
        outcome
    }

    /// Makes the next request.
    fn ask(&mut self, now: Duration) -> Result<(), String> {
        let (id, bytes) = self.message(METHOD_ALLOCATE)?;
        self.request = Request { id, bytes, made: now, sent: 0 };
        self.requests += 1;
        Ok(())
    }

    /// A request: a binding, or one with this method of TURN.
    fn message(&self, method: rtc::stun::message::Method) -> Result<([u8; 12], Vec<u8>), String> {
        let mut id = [0; 12];
        getrandom::fill(&mut id).map_err(|error| error.to_string())?;
        let provider = rtc::crypto::default_provider().map_err(|error| error.to_string())?;
        let mut setters: Vec<Box<dyn Setter + '_>> = vec![Box::new(TransactionId(id))];
        match &self.purpose {
            Purpose::Binding => setters.push(Box::new(BINDING_REQUEST)),
            Purpose::Allocation { username, credential } => {
                setters.push(Box::new(MessageType::new(method, CLASS_REQUEST)));
                setters.push(Box::new(match method == METHOD_ALLOCATE {
                    true => Raw(ATTR_REQUESTED_TRANSPORT, UDP),
                    // Ends the allocation.
                    false => Raw(ATTR_LIFETIME, [0; 4]),
                }));
                if let Some((realm, nonce)) = &self.challenge {
                    for (attribute, text) in
                        [(ATTR_USERNAME, username), (ATTR_REALM, realm), (ATTR_NONCE, nonce)]
                    {
                        setters.push(Box::new(TextAttribute::new(attribute, text.clone())));
                    }
                    let integrity = MessageIntegrity::new_long_term_integrity_with_provider(
                        username.clone(),
                        realm.clone(),
                        credential.clone(),
                        provider.crypto(),
                    );
                    setters.push(Box::new(integrity.map_err(|error| error.to_string())?));
                }
            }
        }
        let mut message = Message::new();
        message.build(&setters).map_err(|error| error.to_string())?;
        Ok((id, message.raw.clone()))
    }
}

/// An attribute of four bytes.
struct Raw(AttrType, [u8; 4]);

impl Setter for Raw {
    fn add_to(&self, message: &mut Message) -> rtc::shared::error::Result<()> {
        message.add(self.0, &self.1);
        Ok(())
    }
}

/// Reads a message of at most [`MAX_MESSAGE_BYTES`].
fn read(packet: &[u8]) -> Option<Message> {
    if packet.len() > MAX_MESSAGE_BYTES || !is_stun_message(packet) {
        return None;
    }
    let mut message = Message { raw: packet.to_vec(), ..Message::new() };
    message.decode().ok()?;
    Some(message)
}

fn mapped_address(message: &Message) -> Option<SocketAddr> {
    let mut mapped = XorMappedAddress::default();
    mapped.get_from(message).ok()?;
    Some(SocketAddr::new(mapped.ip, mapped.port))
}

#[cfg(test)]
#[path = "stun_exchange_tests.rs"]
mod tests;
