//! What the doctor asks its driver to do.

use netplay_protocol::Secret;

use super::IceAddress;
use crate::signaling::Frame;

/// What the driver begins. Each ends in the evidence that is named with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoctorCommand {
    /// Look the addresses of the server up: [`Resolved`](super::DoctorEvidence::Resolved). Not in a page.
    Resolve {
        /// The host, without the brackets of an IPv6 address.
        host: String,
        /// The port.
        port: u16,
    },
    /// Connect to the first address that was found and accepts:
    /// [`TcpConnected`](super::DoctorEvidence::TcpConnected). Not in a page.
    ConnectTcp,
    /// Start TLS on the connection: [`TlsStarted`](super::DoctorEvidence::TlsStarted). Not in a page.
    StartTls {
        /// The name that the certificate must have.
        host: String,
    },
    /// Open the WebSocket, on the connection where there is one: [`Opened`](super::DoctorEvidence::Opened). What is
    /// received on it follows as [`Socket`](super::DoctorEvidence::Socket).
    OpenWebSocket {
        /// The URL.
        url: String,
    },
    /// Send a frame on the WebSocket.
    Send(Frame),
    /// Close the WebSocket or the connection, if there is one.
    Close,
    /// Ask a STUN server for the address that it sees (RFC 8489): [`Stun`](super::DoctorEvidence::Stun). All servers
    /// of a family are asked from one socket, where the driver has sockets.
    AskStun {
        /// The number of the server in this examination.
        number: usize,
        /// Where it is.
        address: IceAddress,
    },
    /// Ask a TURN server for an allocation (RFC 8656), and give it back: [`Turn`](super::DoctorEvidence::Turn).
    AskTurn {
        /// The number of the server in this examination.
        number: usize,
        /// Where it is.
        address: IceAddress,
        /// The user name.
        username: String,
        /// The credential.
        credential: Secret,
    },
    /// Find the addresses that all of these STUN servers see of one connection, for
    /// [`Mapping`](super::DoctorEvidence::Mapping); in a page, where each server was asked on a connection of its own.
    CompareMappings {
        /// Where the servers are.
        servers: Vec<IceAddress>,
    },
    /// Find out whether a server that does not answer over UDP accepts a connection over TCP at the same port:
    /// [`TcpProbed`](super::DoctorEvidence::TcpProbed). Not in a page.
    ProbeTcp {
        /// The number of the server in this examination.
        number: usize,
        /// Where it is.
        address: IceAddress,
    },
}
