use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use netplay_protocol::signaling::IceServer;

use crate::ServerError;

/// The longest time that makes sense here. Far longer ones would overflow the clock.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a server can be told. Every field may be set; the defaults serve one machine.
#[derive(Clone)]
pub struct ServerConfig {
    /// Where to listen. Port 0 picks a free port. Default: `127.0.0.1:3536`.
    pub listen: SocketAddr,
    /// The STUN and TURN servers that clients are told. Default: none, which is enough on one machine
    /// and on one local network. [`parse_ice_server`](crate::parse_ice_server) reads them from text.
    pub ice_servers: Vec<IceServer>,
    /// How often every client is pinged. Default: 10 s. A proxy in between usually cuts a connection
    /// that is silent for 60 s.
    pub ping_interval: Duration,
    /// After how long without hearing anything from a client, not even the answer to a ping, it is
    /// taken for gone. Longer than the ping interval. Default: 30 s.
    pub idle_timeout: Duration,
    /// How long a client may take from opening its socket to joining a room. Default: 10 s.
    pub join_deadline: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3536)),
            ice_servers: Vec::new(),
            ping_interval: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            join_deadline: Duration::from_secs(10),
        }
    }
}

impl ServerConfig {
    pub(crate) fn check(&self) -> Result<(), ServerError> {
        for (name, time) in [
            ("ping interval", self.ping_interval),
            ("idle timeout", self.idle_timeout),
            ("join deadline", self.join_deadline),
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
        Ok(())
    }
}

/// Written by hand because the credentials of the TURN servers belong in no log.
impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<_> = self.ice_servers.iter().flat_map(|server| &server.urls).collect();
        f.debug_struct("ServerConfig")
            .field("listen", &self.listen)
            .field("ice_servers", &urls)
            .field("ping_interval", &self.ping_interval)
            .field("idle_timeout", &self.idle_timeout)
            .field("join_deadline", &self.join_deadline)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_would_drop_healthy_clients_are_refused() {
        assert!(ServerConfig::default().check().is_ok());
        let never = ServerConfig { ping_interval: Duration::ZERO, ..Default::default() };
        assert!(matches!(never.check(), Err(ServerError::TimeOutOfRange { .. })));
        let eternal = ServerConfig { join_deadline: Duration::MAX, ..Default::default() };
        assert!(matches!(eternal.check(), Err(ServerError::TimeOutOfRange { .. })));
        let late = ServerConfig { ping_interval: Duration::from_secs(30), ..Default::default() };
        assert!(matches!(late.check(), Err(ServerError::IdleBeforePing { .. })));
    }

    #[test]
    fn the_debug_text_has_no_credentials() {
        let config = ServerConfig {
            ice_servers: vec![crate::parse_ice_server("turn:example.org,alice,s3cret").unwrap()],
            ..Default::default()
        };
        let text = format!("{config:?}");
        assert!(text.contains("turn:example.org"), "{text}");
        assert!(!text.contains("s3cret") && !text.contains("alice"), "{text}");
    }
}
