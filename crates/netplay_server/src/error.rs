use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::ice::BadIceServer;

/// Why a server does not run. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Another program listens there.
    #[error(
        "{addr} is in use already, perhaps by another netplay-server: stop that program, or listen \
         on another port (port 0 picks a free one)"
    )]
    AddressInUse {
        /// Where the server was told to listen.
        addr: SocketAddr,
    },
    /// The address cannot be listened on for another reason.
    #[error(
        "cannot listen on {addr}: {source}. Use an address of this machine and a port that this user \
         may open (1024 and up)"
    )]
    Listen {
        /// Where the server was told to listen.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system gave no thread, timer or poller to run on.
    #[error("cannot start the server: {0}. Check the limits on threads and open files")]
    Start(io::Error),
    /// A time of the configuration is zero, or longer than a day.
    #[error("the {name} must be more than nothing and at most a day, not {time:?}")]
    TimeOutOfRange {
        /// Which time.
        name: &'static str,
        /// What it was set to.
        time: Duration,
    },
    /// A size is nothing, or more than the protocol allows.
    #[error("limits.{name} must be from 1 to {most} bytes, not {size}")]
    SizeOutOfRange {
        /// Which size.
        name: &'static str,
        /// What it was set to, in bytes.
        size: usize,
        /// What the protocol allows, in bytes.
        most: usize,
    },
    /// Clients would be taken for gone before they were ever pinged.
    #[error(
        "the idle timeout ({idle:?}) must be longer than the ping interval ({ping:?}), better three \
         times as long: otherwise silent but healthy clients are dropped"
    )]
    IdleBeforePing {
        /// The idle timeout.
        idle: Duration,
        /// The ping interval.
        ping: Duration,
    },
    /// A secret is too short to be one.
    #[error(
        "{name} must have at least 16 characters that nobody can guess: `openssl rand -hex 32` makes some"
    )]
    ShortSecret {
        /// Which.
        name: &'static str,
    },
    /// Tokens are wanted, and cannot be checked.
    #[error(
        "auth.mode is \"token\": set either auth.token_secret (HS256) or auth.token_public_key (EdDSA), \
         and not both"
    )]
    TokenKeys,
    /// The public key of tokens cannot be read.
    #[error(
        "auth.token_public_key must be an Ed25519 public key in PEM: `openssl pkey -pubout` writes one"
    )]
    TokenKey,
    /// Credentials of TURN servers would expire at once.
    #[error("turn.ttl must be at least 10 s, not {ttl:?}: an hour is usual")]
    TurnTtl {
        /// What it was set to.
        ttl: Duration,
    },
    /// The URL of a TURN server is not one.
    #[error("turn.urls: {0}")]
    TurnUrl(BadIceServer),
    /// The certificate cannot be used.
    #[error(
        "cannot use the certificate {} with the key {}: {detail}. Both must be PEM files that this user may \
         read, and belong together", .certificate.display(), .key.display()
    )]
    Tls {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What is wrong.
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
