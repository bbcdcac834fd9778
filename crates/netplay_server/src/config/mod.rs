mod load;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use netplay_protocol::Secret;
use netplay_protocol::signaling::IceServer;
use serde::Deserialize;

use crate::auth::{AuthConfig, Authenticator};
use crate::ice;
use crate::limits::LimitsConfig;
use crate::queue::MatchmakingConfig;
use crate::seals::Seals;
use crate::turn::TurnConfig;
use crate::{ServerError, tls};
pub use load::{ConfigError, Overrides};

/// The longest time that makes sense here. Far longer ones would overflow the clock.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a server can be told. Every field may be set; the defaults serve one machine.
///
/// In a TOML file ([`ServerConfig::load`]) the keys are the names of the fields, times are texts such as
/// `"10s"`, and an ICE server is a text as [`parse_ice_server`](crate::parse_ice_server) reads it.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Where to listen. Port 0 picks a free port. Default: `127.0.0.1:3536`.
    pub listen: SocketAddr,
    /// Where to answer `/metrics`. Default: on `listen`, for everybody: set this, or have the proxy hide
    /// the path, on a server that the internet reaches.
    pub metrics_listen: Option<SocketAddr>,
    /// The certificate to serve TLS with. Default: none, for one machine, or behind a proxy.
    pub tls: Option<TlsConfig>,
    /// The proxies in front of this server: from these, and from nobody else, `X-Forwarded-For` is
    /// believed. Networks such as `10.0.0.0/8`. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// The STUN and TURN servers that clients are told. Default: none, which is enough on one machine
    /// and on one local network.
    #[serde(deserialize_with = "ice::deserialize")]
    pub ice_servers: Vec<IceServer>,
    /// TURN servers for which credentials are made for every peer. Default: none.
    pub turn: Option<TurnConfig>,
    /// What this server signs resume tokens and rosters with, at least 16 bytes. Servers with the same
    /// secret believe each other, also a server and the one that is started in its place: then rooms
    /// outlive the server. Default: a random one that dies with the server.
    pub secret: Option<Secret>,
    /// Who may join.
    pub auth: AuthConfig,
    /// What one client, and one address, may do.
    pub limits: LimitsConfig,
    /// How players are matched.
    pub matchmaking: MatchmakingConfig,
    /// How often every client is pinged. Default: 10 s. A proxy in between usually cuts a connection
    /// that is silent for 60 s.
    #[serde(with = "humantime_serde")]
    pub ping_interval: Duration,
    /// After how long without hearing anything from a client, not even the answer to a ping, it is
    /// taken for gone. Longer than the ping interval. Default: 30 s.
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    /// How long a client may take to ask for its WebSocket, and then to join a room. Default: 10 s.
    #[serde(with = "humantime_serde")]
    pub handshake_deadline: Duration,
    /// For how long a seat is kept for a client that lost its socket. Default: 10 s.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
    /// How many signals are kept for a client that lost its socket. Default: 64.
    pub away_messages: usize,
    /// How many bytes these may have in all. Default: 64 KiB.
    pub away_bytes: usize,
    /// When the server is told to stop: how long matches may go on before it does. Default: 30 s.
    #[serde(with = "humantime_serde")]
    pub drain_deadline: Duration,
    /// The server that clients are sent to when this one is about to stop, such as
    /// `wss://other.example.org`. Default: none.
    pub elsewhere: Option<String>,
    /// Whether clients of matchbox are served as well, on every path that is not ours. Default: yes.
    pub matchbox: bool,
    /// What the program writes to its log.
    pub log: LogConfig,
}

/// A certificate, in PEM. Read again when the program gets SIGHUP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The file with the certificate and those that lead to a root.
    pub certificate: PathBuf,
    /// The file with the private key.
    pub key: PathBuf,
}

/// What the program writes to its log. A server inside another program logs to whatever `tracing`
/// subscriber that program has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// How lines look. Default: text.
    pub format: LogFormat,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for machines.
    Json,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3536)),
            metrics_listen: None,
            tls: None,
            trusted_proxies: Vec::new(),
            ice_servers: Vec::new(),
            turn: None,
            secret: None,
            auth: AuthConfig::default(),
            limits: LimitsConfig::default(),
            matchmaking: MatchmakingConfig::default(),
            ping_interval: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            handshake_deadline: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            away_messages: 64,
            away_bytes: 64 * 1024,
            drain_deadline: Duration::from_secs(30),
            elsewhere: None,
            matchbox: true,
            log: LogConfig::default(),
        }
    }
}

impl ServerConfig {
    /// Whether a server could run with this. What only shows when it starts, such as a port that is in
    /// use, is not looked at.
    ///
    /// # Errors
    ///
    /// [`ServerError`] says what to change.
    pub fn check(&self) -> Result<(), ServerError> {
        for (name, time) in [
            ("ping interval", self.ping_interval),
            ("idle timeout", self.idle_timeout),
            ("handshake deadline", self.handshake_deadline),
            ("grace period", self.grace),
            ("drain deadline", self.drain_deadline),
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
        if let Some(tls) = &self.tls {
            tls::load(tls)?;
        }
        Authenticator::new(&self.auth)?;
        Seals::new(self.secret.as_ref())?;
        Ok(())
    }
}

/// Written by hand because the credentials of the TURN servers belong in no log.
impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<_> = self.ice_servers.iter().flat_map(|server| &server.urls).collect();
        f.debug_struct("ServerConfig")
            .field("listen", &self.listen)
            .field("tls", &self.tls)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("ice_servers", &urls)
            .field("turn", &self.turn)
            .field("auth", &self.auth)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
