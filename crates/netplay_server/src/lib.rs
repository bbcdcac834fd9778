//! The signaling server: it brings the peers of a match together, and is not part of the match.
//!
//! A peer opens one WebSocket at [`netplay_protocol::signaling::PATH`] and joins a room by its code, or
//! waits in a queue to be matched. From then on the server tells it who is in the room, and passes
//! signals on between the peers of that room without reading them. When the peers have found each other,
//! nothing of the match passes here, unless a peer asks the server to relay because there is no other
//! way.
//!
//! What the server believes of a client is little: the key it names itself by when it joins, and no more.
//! The sender of everything that is passed on is stamped by the server, nothing ever leaves its room, and
//! whatever a client can make the server keep has a bound.
//!
//! The layers, each knowing only those above it in this list:
//!
//! * a room decides who sits where, who is told what, who is refused, and the queue who plays with whom.
//!   No socket and no clock;
//! * the backbone keeps the rooms and reaches the connections: the seam at which several servers would
//!   become one;
//! * the hub does what was decided, and asks everybody who has a say before: limits, authentication,
//!   passwords;
//! * a connection is one WebSocket: it reads, writes, pings, and notices silence.
//!
//! Beside that, the server speaks matchbox's own signaling on every path that is not ours.
//!
//! [`Server`] runs all of it on a thread of its own, for tests and for a game that embeds it; [`serve`]
//! runs it on the caller's runtime.
//!
//! ```
//! use netplay_server::{Server, ServerConfig};
//!
//! let config = ServerConfig { listen: ([127, 0, 0, 1], 0).into(), ..Default::default() };
//! let server = Server::start(config)?;
//! assert!(server.url().starts_with("ws://127.0.0.1:"));
//! # Ok::<(), netplay_server::ServerError>(())
//! ```

mod auth;
mod backbone;
mod config;
mod connection;
mod error;
mod hub;
mod ice;
mod lifecycle;
mod limits;
mod matchbox;
mod message;
mod metrics;
mod outbox;
mod password;
mod proxy;
mod queue;
mod room;
mod routes;
mod seals;
mod serve;
mod server;
#[cfg(feature = "simulation")]
pub mod simulation;
mod tls;
mod turn;

pub use auth::{AuthConfig, AuthMode};
pub use config::{ConfigError, LogConfig, LogFormat, Overrides, ServerConfig, TlsConfig};
pub use error::ServerError;
pub use ice::{BadIceServer, parse_ice_server};
pub use limits::{LimitsConfig, Rate};
pub use queue::MatchmakingConfig;
pub use serve::serve;
pub use server::Server;
pub use turn::TurnConfig;
