//! Loads the configuration from a file, the environment and the command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use ipnet::IpNet;
use netplay_protocol::signaling::IceServer;

#[cfg(feature = "cli")]
use super::LogFormat;
use super::ServerConfig;
#[cfg(feature = "tls")]
use super::TlsConfig;

/// The prefix of the environment variables.
const PREFIX: &str = "NETPLAY_";
/// Keys whose environment variables are always texts, even if they look like numbers, and never appear in an
/// error.
const SECRETS: [&str; 3] = ["secret", "auth.token_secret", "turn.secret"];

/// The configuration cannot be loaded. The `Display` text names the key and where it is set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file does not exist, or may not be read.
    #[error("cannot read {0}: check the path and its permissions")]
    File(PathBuf),
    /// A value has the wrong type, or a key is unknown.
    #[error("{0}: compare with docs/deploy/netplay-server.toml, which lists every key")]
    Value(Box<figment::Error>),
}

/// The values of the command line, which override the environment and the file. `None` and empty lists override
/// nothing.
#[derive(Debug, Default)]
pub struct Overrides {
    /// See [`ServerConfig::listen`].
    pub listen: Option<SocketAddr>,
    /// See [`ServerConfig::metrics_listen`].
    #[cfg(feature = "metrics")]
    pub metrics_listen: Option<SocketAddr>,
    /// See [`ServerConfig::tls`].
    #[cfg(feature = "tls")]
    pub tls: Option<TlsConfig>,
    /// See [`ServerConfig::trusted_proxies`].
    pub trusted_proxies: Vec<IpNet>,
    /// See [`ServerConfig::ice_servers`].
    pub ice_servers: Vec<IceServer>,
    /// See [`ServerConfig::ping_interval`], in seconds.
    pub ping_interval_s: Option<u64>,
    /// See [`ServerConfig::idle_timeout`], in seconds.
    pub idle_timeout_s: Option<u64>,
    /// See [`ServerConfig::handshake_deadline`], in seconds.
    pub handshake_deadline_s: Option<u64>,
    /// See [`ServerConfig::drain_deadline`], in seconds.
    pub drain_deadline_s: Option<u64>,
    /// See [`ServerConfig::alternate_server`].
    pub alternate_server: Option<String>,
    /// See [`LogConfig::format`](super::LogConfig::format).
    #[cfg(feature = "cli")]
    pub log_format: Option<LogFormat>,
}

impl ServerConfig {
    /// Loads the configuration from the defaults, this TOML file, the environment (`NETPLAY_` and the key in
    /// capital letters, with two underscores after the name of a table, such as
    /// `NETPLAY_LIMITS__CONNECTIONS`) and the command line. Later sources override earlier ones.
    ///
    /// The keys of cargo features that are off are unknown.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the file cannot be read, a value has the wrong type or a key is unknown.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            // Read here, because figment treats a missing file as an empty one.
            let text =
                std::fs::read_to_string(file).map_err(|_| ConfigError::File(file.to_path_buf()))?;
            figment = figment.merge(Toml::string(&text));
        }
        // NETPLAY_CONFIG is the path of the file and no key in it.
        let ignored: Vec<&str> = SECRETS.into_iter().chain(["config"]).collect();
        figment = figment.merge(Env::prefixed(PREFIX).split("__").ignore(&ignored));
        for key in SECRETS {
            let name = format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"));
            if let Ok(secret) = std::env::var(name) {
                figment = figment.merge((key, secret));
            }
        }
        let mut config: Self =
            figment.extract().map_err(|error| ConfigError::Value(Box::new(error)))?;
        config.apply(overrides);
        Ok(config)
    }

    fn apply(&mut self, overrides: Overrides) {
        let seconds = |given: Option<u64>, before| given.map_or(before, Duration::from_secs);
        self.ping_interval = seconds(overrides.ping_interval_s, self.ping_interval);
        self.idle_timeout = seconds(overrides.idle_timeout_s, self.idle_timeout);
        self.handshake_deadline = seconds(overrides.handshake_deadline_s, self.handshake_deadline);
        self.drain_deadline = seconds(overrides.drain_deadline_s, self.drain_deadline);
        if let Some(listen) = overrides.listen {
            self.listen = listen;
        }
        #[cfg(feature = "cli")]
        if let Some(format) = overrides.log_format {
            self.log.format = format;
        }
        if !overrides.trusted_proxies.is_empty() {
            self.trusted_proxies = overrides.trusted_proxies;
        }
        if !overrides.ice_servers.is_empty() {
            self.ice_servers = overrides.ice_servers;
        }
        #[cfg(feature = "metrics")]
        {
            self.metrics_listen = overrides.metrics_listen.or(self.metrics_listen);
        }
        #[cfg(feature = "tls")]
        {
            self.tls = overrides.tls.or(self.tls.take());
        }
        self.alternate_server = overrides.alternate_server.or(self.alternate_server.take());
    }
}
