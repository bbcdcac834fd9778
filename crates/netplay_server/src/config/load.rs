use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use ipnet::IpNet;
use netplay_protocol::signaling::IceServer;

use super::{LogFormat, ServerConfig, TlsConfig};

/// What environment variables begin with.
const PREFIX: &str = "NETPLAY_";
/// What is always a text in the environment, also if it looks like a number, and is never quoted in an
/// error.
const SECRETS: [&str; 3] = ["secret", "auth.token_secret", "turn.secret"];

/// The configuration cannot be read. The sentence names the key and where it was set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no such file, or it may not be read.
    #[error("cannot read {0}: check the path and its permissions")]
    File(PathBuf),
    /// A value is of the wrong type, or a key is not known.
    #[error("{0}: compare with docs/deploy/netplay-server.toml, which has every key")]
    Value(Box<figment::Error>),
}

/// What a command line sets, which is stronger than the environment and files. What is `None` or empty
/// is left as it is.
#[derive(Debug, Default)]
pub struct Overrides {
    /// See [`ServerConfig::listen`].
    pub listen: Option<SocketAddr>,
    /// See [`ServerConfig::metrics_listen`].
    pub metrics_listen: Option<SocketAddr>,
    /// See [`ServerConfig::tls`].
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
    /// See [`ServerConfig::elsewhere`].
    pub elsewhere: Option<String>,
    /// See [`LogConfig::format`](super::LogConfig::format).
    pub log_format: Option<LogFormat>,
}

impl ServerConfig {
    /// Reads the configuration: the defaults, then this TOML file, then the environment (`NETPLAY_` and
    /// the key in capital letters, with two underscores where a table begins, such as
    /// `NETPLAY_LIMITS__CONNECTIONS`), then the command line. What comes later wins.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the file cannot be read, a value is of the wrong type or a key is not known.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        let mut figment = Figment::new();
        if let Some(file) = file {
            // Figment takes a file that is not there for an empty one.
            let text =
                std::fs::read_to_string(file).map_err(|_| ConfigError::File(file.to_path_buf()))?;
            figment = figment.merge(Toml::string(&text));
        }
        // NETPLAY_CONFIG names the file itself.
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
        let seconds = |target: &mut std::time::Duration, seconds: Option<u64>| {
            if let Some(seconds) = seconds {
                *target = std::time::Duration::from_secs(seconds);
            }
        };
        seconds(&mut self.ping_interval, overrides.ping_interval_s);
        seconds(&mut self.idle_timeout, overrides.idle_timeout_s);
        seconds(&mut self.handshake_deadline, overrides.handshake_deadline_s);
        seconds(&mut self.drain_deadline, overrides.drain_deadline_s);
        if let Some(listen) = overrides.listen {
            self.listen = listen;
        }
        if let Some(format) = overrides.log_format {
            self.log.format = format;
        }
        if !overrides.trusted_proxies.is_empty() {
            self.trusted_proxies = overrides.trusted_proxies;
        }
        if !overrides.ice_servers.is_empty() {
            self.ice_servers = overrides.ice_servers;
        }
        self.metrics_listen = overrides.metrics_listen.or(self.metrics_listen);
        self.tls = overrides.tls.or(self.tls.take());
        self.elsewhere = overrides.elsewhere.or(self.elsewhere.take());
    }
}
