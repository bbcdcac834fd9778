//! The configuration of a server.

#[cfg(feature = "config-file")]
mod load;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use netplay_protocol::signaling::IceServer;
use netplay_protocol::{Secret, ServerName};

use crate::ServerError;
use crate::auth::{AuthConfig, Authenticator};
use crate::limits::LimitsConfig;
use crate::queue::MatchmakingConfig;
use crate::token_signer::TokenSigner;
use crate::turn::TurnConfig;
#[cfg(feature = "config-file")]
pub use load::{ConfigError, Overrides};

/// The longest time that the configuration accepts. Much longer ones would overflow the clock.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The configuration of a server. The defaults serve one machine.
///
/// In a TOML file (`ServerConfig::load`) the keys are the names of the fields, times are texts such as `"10s"`,
/// and an ICE server is a text for [`parse_ice_server`](crate::parse_ice_server).
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(default, deny_unknown_fields))]
pub struct ServerConfig {
    /// The address to listen on. Port 0 picks a free port. Default: `127.0.0.1:3536`.
    pub listen: SocketAddr,
    /// The address to serve `/metrics` on. Default: `listen`, where everybody can read it. Set this, or let the
    /// proxy hide the path, on a server that the internet reaches.
    #[cfg(feature = "metrics")]
    pub metrics_listen: Option<SocketAddr>,
    /// The certificate for TLS. Default: no TLS, for one machine or behind a proxy.
    #[cfg(feature = "tls")]
    pub tls: Option<TlsConfig>,
    /// The networks of the proxies in front of this server, such as `10.0.0.0/8`. The server trusts
    /// `X-Forwarded-For` from these and from no others. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// The names by which clients reach this server: the host that they dial, and the port unless it is the usual one of
    /// `ws` or `wss`, such as `play.example.org` or `192.0.2.1:3536`. A client proves its key for the name that it has
    /// dialled, and this server accepts no other: nobody can pass on to it what a client proved to another server.
    /// Default: none, which accepts the name in the header `Host` of the client's request; somebody who sends that
    /// request in the place of the client then chooses it.
    pub public_names: Vec<ServerName>,
    /// The STUN and TURN servers for all clients. Default: none, which is enough on one machine and in one
    /// local network.
    #[cfg_attr(feature = "config-file", serde(deserialize_with = "crate::ice::deserialize"))]
    pub ice_servers: Vec<IceServer>,
    /// TURN servers for which this server creates credentials per peer. Default: none.
    pub turn: Option<TurnConfig>,
    /// The secret that signs resume tokens and rosters, at least 16 bytes. Servers with the same secret accept
    /// each other's, so that rooms survive a restart of the server. Default: a random one that is lost with
    /// the server.
    pub secret: Option<Secret>,
    /// How long resume tokens and signed rosters are accepted. A client that has been connected for longer without
    /// interruption cannot return after a loss. Default: 24 h.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde"))]
    pub resume_max_age: Duration,
    /// Who may join.
    pub auth: AuthConfig,
    /// Limits per connection and per address.
    pub limits: LimitsConfig,
    /// How the server matches players.
    pub matchmaking: MatchmakingConfig,
    /// How often the server pings each client. Default: 10 s. Proxies usually cut a connection that is silent
    /// for 60 s.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde"))]
    pub ping_interval: Duration,
    /// How long a client may be silent, without even answering a ping, or read nothing of what waits for it, before
    /// the server disconnects it. Longer than the ping interval. Default: 30 s.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde"))]
    pub idle_timeout: Duration,
    /// How long a client may take to open its WebSocket, TLS included, and then to join. Default: 10 s.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde"))]
    pub handshake_deadline: Duration,
    /// How long a room keeps the slot of a client that lost its socket. Default: 10 s.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde"))]
    pub grace: Duration,
    /// How many signals of each other member a room keeps for a client that lost its socket. Default: 64.
    pub away_messages: usize,
    /// How many bytes of signals of each other member a room keeps for a client that lost its socket. Default: 32 KiB.
    pub away_bytes: usize,
    /// How long connections stay open after the server was told to drain. Default: 30 s.
    #[cfg_attr(feature = "config-file", serde(with = "humantime_serde"))]
    pub drain_deadline: Duration,
    /// The server that clients should use when this one drains, such as `wss://other.example.org`. Default:
    /// none.
    pub alternate_server: Option<String>,
    /// Whether the server also speaks the signaling of matchbox, on all other paths, as long as everybody may join
    /// ([`AuthMode::Open`](crate::AuthMode::Open)). Default: yes.
    #[cfg(feature = "matchbox")]
    pub matchbox: bool,
    /// What the program logs.
    #[cfg(feature = "cli")]
    pub log: LogConfig,
}

/// A certificate, in PEM. The server reloads it on SIGHUP.
#[cfg(feature = "tls")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(deny_unknown_fields))]
pub struct TlsConfig {
    /// The file with the certificate and the intermediate certificates.
    pub certificate: std::path::PathBuf,
    /// The file with the private key.
    pub key: std::path::PathBuf,
}

/// What the program logs. A server inside another program logs to the `tracing` subscriber of that program.
#[cfg(feature = "cli")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(default, deny_unknown_fields))]
pub struct LogConfig {
    /// The format of the lines. Default: text.
    pub format: LogFormat,
}

/// The format of log lines.
#[cfg(feature = "cli")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "config-file", derive(serde::Deserialize))]
#[cfg_attr(feature = "config-file", serde(rename_all = "snake_case"))]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3536)),
            #[cfg(feature = "metrics")]
            metrics_listen: None,
            #[cfg(feature = "tls")]
            tls: None,
            trusted_proxies: Vec::new(),
            public_names: Vec::new(),
            ice_servers: Vec::new(),
            turn: None,
            secret: None,
            resume_max_age: LONGEST,
            auth: AuthConfig::default(),
            limits: LimitsConfig::default(),
            matchmaking: MatchmakingConfig::default(),
            ping_interval: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            handshake_deadline: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            away_messages: 64,
            away_bytes: 32 * 1024,
            drain_deadline: Duration::from_secs(30),
            alternate_server: None,
            #[cfg(feature = "matchbox")]
            matchbox: true,
            #[cfg(feature = "cli")]
            log: LogConfig::default(),
        }
    }
}

impl ServerConfig {
    /// Checks the configuration without starting a server. It does not find what shows only at the start, such
    /// as a port that is in use.
    ///
    /// # Errors
    ///
    /// [`ServerError`] says what to change.
    pub fn check(&self) -> Result<(), ServerError> {
        self.check_values()?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            crate::tls::load(tls)?;
        }
        Authenticator::new(&self.auth)?;
        TokenSigner::new(self.secret.as_ref())?;
        Ok(())
    }

    /// Checks the plain values. A server that starts checks the rest when it loads the certificate and the keys.
    pub(crate) fn check_values(&self) -> Result<(), ServerError> {
        for (name, time) in [
            ("ping interval", self.ping_interval),
            ("idle timeout", self.idle_timeout),
            ("handshake deadline", self.handshake_deadline),
            ("grace period", self.grace),
            ("drain deadline", self.drain_deadline),
            ("age of resume tokens", self.resume_max_age),
            ("probe timeout", self.matchmaking.probe_timeout),
            ("lifetime of TURN credentials", self.turn.as_ref().map_or(LONGEST, |turn| turn.ttl)),
        ] {
            if time.is_zero() || time > LONGEST {
                return Err(ServerError::TimeOutOfRange { name, time });
            }
        }
        if self.idle_timeout <= self.ping_interval {
            return Err(ServerError::IdleBeforePing {
                idle: self.idle_timeout,
                ping: self.ping_interval,
            });
        }
        self.limits.check()?;
        if let Some(turn) = &self.turn {
            turn.check()?;
        }
        Ok(())
    }
}

/// Written by hand because the credentials of the TURN servers must not appear in a log.
impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<_> = self.ice_servers.iter().flat_map(|server| &server.urls).collect();
        let mut text = f.debug_struct("ServerConfig");
        text.field("listen", &self.listen);
        #[cfg(feature = "tls")]
        text.field("tls", &self.tls);
        text.field("trusted_proxies", &self.trusted_proxies)
            .field("public_names", &self.public_names)
            .field("ice_servers", &urls)
            .field("turn", &self.turn)
            .field("auth", &self.auth)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
