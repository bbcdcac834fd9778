//! [`Finding`]: what is wrong, and what to do.

/// What is wrong. The text is a sentence that says so, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The address of the server is not one.
    #[error("{server:?} is not a server address: it should look like ws://host:port or wss://host")]
    BadAddress {
        /// As it was given.
        server: String,
    },
    /// The examination itself could not be carried out.
    #[error(
        "the examination broke off ({detail}): start it again, and report it if that happens again"
    )]
    BrokeOff {
        /// What happened.
        detail: String,
    },
    /// A page that was loaded over https cannot open a plain WebSocket.
    #[error(
        "this page was loaded over https and the server {server} is a plain ws: browsers forbid that, so use wss:// or \
         serve the page over http"
    )]
    MixedContent {
        /// The server.
        server: String,
    },
    /// A page is not told why the WebSocket does not open.
    #[error(
        "the server {server} cannot be reached from this page: it is not running or its port is closed, the path leads \
         to something else, or its certificate is not valid; browsers do not say which, the native doctor does"
    )]
    CannotTell {
        /// The server.
        server: String,
    },
    /// The name of the server has no address.
    #[error("no server has the name {host} ({detail}): check its spelling and your DNS")]
    NameNotFound {
        /// The name.
        host: String,
        /// In the words of the system.
        detail: String,
    },
    /// Nothing listens at the port of the server.
    #[error(
        "nothing listens at {server}: start netplay-server there, check the port, or have it listen on an address that \
         others reach"
    )]
    ServerRefused {
        /// The server.
        server: String,
    },
    /// The server does not answer.
    #[error(
        "the server {server} does not answer ({detail}): check the address, its firewall and your connection"
    )]
    ServerUnreachable {
        /// The server.
        server: String,
        /// What was seen.
        detail: String,
    },
    /// The certificate of the server has expired.
    #[error(
        "the certificate of {host} has expired: renew it, or set the clock of this machine if that is wrong"
    )]
    CertificateExpired {
        /// The server.
        host: String,
    },
    /// The certificate of the server is not valid yet.
    #[error(
        "the certificate of {host} is not valid yet: set the clock of this machine, or of the one that issued it"
    )]
    CertificateNotYetValid {
        /// The server.
        host: String,
    },
    /// The certificate of the server is for other names.
    #[error(
        "the certificate of {host} is for another name: use the name that is in it, or get one for {host}"
    )]
    CertificateWrongName {
        /// The server.
        host: String,
    },
    /// Nobody that is trusted has issued the certificate.
    #[error(
        "the certificate of {host} is from nobody that is trusted, such as one that is signed by itself: get one from a \
         public authority, with all intermediate certificates"
    )]
    CertificateUntrusted {
        /// The server.
        host: String,
    },
    /// The other side does not speak TLS.
    #[error(
        "{host} does not speak TLS at this port: use ws:// instead of wss://, or the port of its TLS"
    )]
    NotTls {
        /// The server.
        host: String,
    },
    /// TLS failed for another reason.
    #[error("TLS with {host} failed ({detail}): check its certificate and TLS versions")]
    TlsFailed {
        /// The server.
        host: String,
        /// In the words of the TLS library.
        detail: String,
    },
    /// There is nothing at the path.
    #[error(
        "there is nothing at {url} (HTTP 404): leave the path out of the server's address, or have the proxy pass the \
         path on to netplay-server"
    )]
    WrongPath {
        /// The URL that was asked for.
        url: String,
    },
    /// The server or a proxy in front of it refuses the WebSocket.
    #[error("{url} refuses the WebSocket with HTTP status {status}: {}", what_to_do(*status))]
    HttpStatus {
        /// The URL that was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// Something answers, and it is no netplay-server.
    #[error(
        "what answers at {server} is not a netplay-server ({detail}): check host, port and path"
    )]
    NotNetplayServer {
        /// The server.
        server: String,
        /// What was seen.
        detail: String,
    },
    /// The server speaks an older version.
    #[error(
        "the server is older than this game (signaling version {server}, the game has {client}): update the server"
    )]
    ServerOlder {
        /// The version of the server.
        server: u16,
        /// The version of the game.
        client: u16,
    },
    /// The server speaks a newer version.
    #[error(
        "the server is newer than this game (signaling version {server}, the game has {client}): update the game"
    )]
    ServerNewer {
        /// The version of the server.
        server: u16,
        /// The version of the game.
        client: u16,
    },
    /// The server lets the game into no new room.
    #[error("the server opens no room for this game: {detail}")]
    RoomRefused {
        /// In the words of the server.
        detail: String,
    },
    /// The clocks of this machine and the server's differ.
    #[error(
        "the clock of this machine is {minutes} minutes {} that of the server: set the one that is wrong, because tokens \
         and certificates depend on it",
        if *is_ahead { "ahead of" } else { "behind" }
    )]
    ClockWrong {
        /// Whether the clock of this machine is ahead.
        is_ahead: bool,
        /// By how much.
        minutes: u64,
    },
    /// The URL of a STUN or TURN server is none.
    #[error(
        "{url:?} is no STUN or TURN server ({detail}): correct it in the configuration of the server or the game"
    )]
    BadIceUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        detail: String,
    },
    /// UDP does not leave this network.
    #[error(
        "this network lets no UDP through: players here are reached through the server's relay only; allow UDP in the \
         firewall, or offer a TURN server over TCP or TLS to browsers"
    )]
    UdpBlocked,
    /// A STUN server does not answer.
    #[error(
        "the STUN server {url} does not answer ({detail}): check that it runs, its name and that its UDP port is open"
    )]
    StunUnreachable {
        /// Its URL.
        url: String,
        /// What was seen.
        detail: String,
    },
    /// A TURN server does not answer.
    #[error(
        "the TURN server {url} does not answer ({detail}): check that it runs, its name and that its UDP port is open"
    )]
    TurnUnreachable {
        /// Its URL.
        url: String,
        /// What was seen.
        detail: String,
    },
    /// A TURN server grants no allocation.
    #[error("the TURN server {url} {}", turn_refusal(*code))]
    TurnRefused {
        /// Its URL.
        url: String,
        /// The error code (RFC 8656, section 19).
        code: u16,
    },
    /// A TURN server has no credentials.
    #[error("the TURN server {url} has no user name or credential: set both in the configuration")]
    TurnWithoutCredentials {
        /// Its URL.
        url: String,
    },
    /// The NAT of this side is symmetric, and there is no TURN server.
    #[error(
        "this side's NAT is symmetric and there is no TURN server: connections to another such network go through the \
         server's relay; add a TURN server to connect them directly over UDP"
    )]
    SymmetricNat,
    /// An attempt at a connection showed: the NATs of both sides let no direct packet through.
    #[error(
        "the NATs of both sides let no direct packet through: at least one is symmetric, or a firewall drops UDP from \
         outside, and no TURN server is in use; add a TURN server"
    )]
    SymmetricNats,
    /// An attempt at a connection showed: both sides are behind the same NAT.
    #[error(
        "both players are behind the same router and their devices do not reach each other: allow it (client isolation of \
         the wireless network, firewalls of the devices), or add a TURN server"
    )]
    SameNetwork,
    /// An attempt at a connection showed: no STUN server has told this side its public address.
    #[error(
        "this side has not learned its public address from a STUN server: UDP is blocked here, or the server does not \
         answer; the doctor tells which"
    )]
    NoPublicAddress,
    /// An attempt at a connection showed: no STUN server has told the other side its public address.
    #[error(
        "the other side has not learned its public address from a STUN server: UDP is blocked there, or the server does \
         not answer; the doctor tells which, on the machine of that player"
    )]
    PeerWithoutPublicAddress,
    /// An attempt at a connection showed: there is no STUN or TURN server.
    #[error(
        "no STUN or TURN server is named, so that players of different networks do not reach each other directly: name \
         one in the configuration of the server or the game"
    )]
    NoIceServers,
    /// An attempt at a connection showed: no TURN server has given this side an address.
    #[error(
        "no TURN server has given this side an address ({detail}), and no direct connection came about: check its \
         credentials and that it runs; the doctor asks each server"
    )]
    NoTurnAddress {
        /// What was seen.
        detail: String,
    },
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Matches are possible, and worse than they could be.
    Warning,
    /// No match is possible.
    Error,
}

impl Finding {
    /// The name of the finding, which does not change with its sentence.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadAddress { .. } => "bad_address",
            Self::BrokeOff { .. } => "broke_off",
            Self::MixedContent { .. } => "mixed_content",
            Self::CannotTell { .. } => "cannot_tell",
            Self::NameNotFound { .. } => "name_not_found",
            Self::ServerRefused { .. } => "server_refused",
            Self::ServerUnreachable { .. } => "server_unreachable",
            Self::CertificateExpired { .. } => "certificate_expired",
            Self::CertificateNotYetValid { .. } => "certificate_not_yet_valid",
            Self::CertificateWrongName { .. } => "certificate_wrong_name",
            Self::CertificateUntrusted { .. } => "certificate_untrusted",
            Self::NotTls { .. } => "not_tls",
            Self::TlsFailed { .. } => "tls_failed",
            Self::WrongPath { .. } => "wrong_path",
            Self::HttpStatus { .. } => "http_status",
            Self::NotNetplayServer { .. } => "not_netplay_server",
            Self::ServerOlder { .. } => "server_older",
            Self::ServerNewer { .. } => "server_newer",
            Self::RoomRefused { .. } => "room_refused",
            Self::ClockWrong { .. } => "clock_wrong",
            Self::BadIceUrl { .. } => "bad_ice_url",
            Self::UdpBlocked => "udp_blocked",
            Self::StunUnreachable { .. } => "stun_unreachable",
            Self::TurnUnreachable { .. } => "turn_unreachable",
            Self::TurnRefused { code, .. } => match code {
                401 | 441 => "turn_credentials",
                403 => "turn_forbidden",
                437 => "turn_allocation_mismatch",
                486 => "turn_quota",
                508 => "turn_capacity",
                _ => "turn_refused",
            },
            Self::TurnWithoutCredentials { .. } => "turn_without_credentials",
            Self::SymmetricNat => "symmetric_nat",
            Self::SymmetricNats => "symmetric_nats",
            Self::SameNetwork => "same_network",
            Self::NoPublicAddress => "no_public_address",
            Self::PeerWithoutPublicAddress => "peer_without_public_address",
            Self::NoIceServers => "no_ice_servers",
            Self::NoTurnAddress { .. } => "no_turn_address",
        }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::ClockWrong { .. }
            | Self::BadIceUrl { .. }
            | Self::UdpBlocked
            | Self::StunUnreachable { .. }
            | Self::TurnUnreachable { .. }
            | Self::TurnRefused { .. }
            | Self::TurnWithoutCredentials { .. }
            | Self::SymmetricNat
            | Self::SymmetricNats
            | Self::SameNetwork
            | Self::NoPublicAddress
            | Self::PeerWithoutPublicAddress
            | Self::NoIceServers
            | Self::NoTurnAddress { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// What to do about an HTTP status.
fn what_to_do(status: u16) -> &'static str {
    match status {
        401 | 403 => {
            "add the address of the page to the server's origins, or look at the rules of the proxy"
        }
        429 => "too many connections from this address; wait and try again",
        502..=504 => {
            "the proxy in front of it does not reach netplay-server; start it, or correct the proxy"
        }
        _ => "check the address, and that the proxy in front of it passes WebSockets on",
    }
}

/// What an error code of a TURN server means (RFC 8656, section 19), and what to do.
fn turn_refusal(code: u16) -> String {
    match code {
        401 | 441 => format!(
            "does not accept these credentials (error {code}): check user name and credential, the shared secret of both \
             servers, and their clocks"
        ),
        403 => "forbids this use (error 403): look at its rules for users and addresses".into(),
        437 => {
            "still has an allocation of this address (error 437): wait a few minutes and try again"
                .into()
        }
        486 => {
            "has given this user all its allocations (error 486): raise its quota per user".into()
        }
        508 => "has no relay address left (error 508): give it more ports or capacity".into(),
        code => format!("grants no allocation (error {code}): look at its log"),
    }
}
