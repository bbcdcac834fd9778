//! What the driver saw.

use std::net::{IpAddr, SocketAddr};

use crate::signaling::SocketEvent;

/// What became of a [`DoctorCommand`](super::DoctorCommand).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoctorEvidence {
    /// How many addresses the name of the server has, or what the system says.
    Resolved(Result<usize, String>),
    /// Whether the server accepts connections.
    TcpConnected(Result<(), TcpFailure>),
    /// Whether TLS has started.
    TlsStarted(Result<(), TlsFailure>),
    /// Whether the WebSocket is open, and the `Date` of the answer (RFC 9110, section 6.6.1) in seconds since 1970, if
    /// it had one.
    Opened(Result<Option<u64>, OpenFailure>),
    /// What happened on the open WebSocket.
    Socket(SocketEvent),
    /// What a STUN server answered.
    Stun {
        /// The number of the server.
        number: usize,
        /// The answer: the address that the server sees. None in a page that gives none and reports no error, because
        /// it is an address of the machine itself.
        answer: IceAnswer<Option<StunMapping>>,
    },
    /// What a TURN server answered.
    Turn {
        /// The number of the server.
        number: usize,
        /// The answer: the address that the server sees, where it says so.
        answer: IceAnswer<Option<StunMapping>>,
    },
    /// The addresses that servers see of one and the same socket. Ends
    /// [`CompareMappings`](super::DoctorCommand::CompareMappings).
    Mapping(Vec<StunMapping>),
    /// Whether a server accepts a connection over TCP.
    TcpProbed {
        /// The number of the server.
        number: usize,
        /// Whether it does.
        accepts: bool,
    },
}

/// Why there is no connection to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpFailure {
    /// The machine is there, and nothing listens at the port.
    Refused,
    /// Any other, in the words of the system.
    Other(String),
}

/// Why TLS did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFailure {
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for other names.
    WrongName,
    /// No authority that the game trusts has issued the certificate.
    Untrusted,
    /// The other side does not speak TLS.
    NotTls,
    /// Any other, in the words of the TLS library.
    Other(String),
}

/// Why the WebSocket did not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenFailure {
    /// The answer has this HTTP status, which is not the one that opens a WebSocket.
    Status(u16),
    /// The answer is not HTTP.
    NotHttp,
    /// The connection broke, in the words of the system.
    Broken(String),
    /// A page is not told why.
    Hidden,
}

/// What a STUN or TURN server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceAnswer<T> {
    /// The address of the server, once its name was looked up. None in a page, which does not see it.
    pub server: Option<IpAddr>,
    /// What it answered, or why there is no answer.
    pub result: Result<T, IceFailure>,
}

/// Why a STUN or TURN server is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IceFailure {
    /// It did not answer.
    Silent,
    /// The name has no address, in the words of the system.
    NoName(String),
    /// It answered with this error code (RFC 8489, section 14.8).
    Refused(u16),
    /// Any other, as text.
    Other(String),
}

/// The address that a server sees of a local socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StunMapping {
    /// The local socket, as a number: addresses of different ones are not compared.
    pub socket: u32,
    /// The server, as a number: the same for the same IP address or, in a page, the same host.
    pub server: u32,
    /// The address.
    pub mapped: SocketAddr,
}
