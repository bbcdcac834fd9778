//! Errors of starting a server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::ice::BadIceServer;

/// Why a server does not start. Each `Display` text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Another program listens on the address.
    #[error(
        "{addr} is in use already, perhaps by another netplay-server: stop that program, or listen \
         on another port (port 0 picks a free one)"
    )]
    AddressInUse {
        /// The configured address.
        addr: SocketAddr,
    },
    /// Listening failed for another reason.
    #[error(
        "cannot listen on {addr}: {source}. Use an address of this machine and a port that this user \
         may open (1024 and up)"
    )]
    Listen {
        /// The configured address.
        addr: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The system provides no thread, timer or poller.
    #[error("cannot start the server: {0}. Check the limits on threads and open files")]
    Start(io::Error),
    /// A configured time is zero or longer than a day.
    #[error("the {name} must be longer than zero and at most a day, not {time:?}")]
    TimeOutOfRange {
        /// Which time.
        name: &'static str,
        /// The configured time.
        time: Duration,
    },
    /// A configured size is zero or larger than the protocol allows.
    #[error("limits.{name} must be from 1 to {most} bytes, not {size}")]
    SizeOutOfRange {
        /// Which size.
        name: &'static str,
        /// The configured size, in bytes.
        size: usize,
        /// The greatest size of the protocol, in bytes.
        most: usize,
    },
    /// The server would disconnect clients before it pings them.
    #[error(
        "the idle timeout ({idle:?}) must be longer than the ping interval ({ping:?}), better three \
         times as long: otherwise the server disconnects healthy clients"
    )]
    IdleBeforePing {
        /// The idle timeout.
        idle: Duration,
        /// The ping interval.
        ping: Duration,
    },
    /// A secret is too short.
    #[error(
        "{name} must have at least 16 characters that nobody can guess: `openssl rand -hex 32` prints some"
    )]
    ShortSecret {
        /// Which secret.
        name: &'static str,
    },
    /// The configuration requires tokens and has no key to check them with, or two.
    #[error(
        "auth.mode is \"token\": set either auth.token_secret (HS256) or auth.token_public_key (EdDSA), \
         and not both"
    )]
    TokenKeys,
    /// The public key for tokens is not valid.
    #[error(
        "auth.token_public_key must be an Ed25519 public key in PEM: `openssl pkey -pubout` writes one"
    )]
    TokenKey,
    /// TURN credentials would expire before clients use them.
    #[error("turn.ttl must be at least 10 s, not {ttl:?}: ten minutes are usual")]
    TurnTtl {
        /// The configured time.
        ttl: Duration,
    },
    /// The URL of a TURN server is not valid.
    #[error("turn.urls: {0}")]
    TurnUrl(BadIceServer),
    /// The certificate or its key is not usable.
    #[error(
        "cannot use the certificate {} with the key {}: {detail}. Both must be PEM files that this user may \
         read, and belong together", .certificate.display(), .key.display()
    )]
    Tls {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

impl ServerError {
    pub(crate) fn from_listen(addr: SocketAddr, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            Self::AddressInUse { addr }
        } else {
            Self::Listen { addr, source }
        }
    }
}
