//! The signaling server. It brings the peers of a match together and takes no part in the match.
//!
//! A peer opens one WebSocket at [`netplay_protocol::signaling::PATH`] and joins a room by its code or the
//! matchmaking queue. The server then sends it the roster of the room and forwards signals between the peers
//! of the room without reading them. As soon as the peers are connected, nothing of the match passes through the
//! server, unless a peer asks it to relay packets because no direct path exists.
//!
//! A client proves that it has the key that it joins with. The server sets the sender of everything that it forwards, no message leaves its room, and everything that a client can make the server
//! store has a bound.
//!
//! The layers, each of which depends only on those before it:
//!
//! * the room decides who is a member, who receives what and who is refused, and the queue decides which peers
//!   are matched. Both are sans-IO;
//! * the backbone stores the rooms and delivers to the connections. Several servers could become one here;
//! * the hub checks limits, authentication and passwords, and carries out the decisions;
//! * a connection is one WebSocket: it reads, writes, pings and notices silence.
//!
//! [`Server`] runs all of it on a thread of its own, for tests and for games that embed it. [`serve()`] runs it on
//! the caller's tokio runtime.
//!
//! ```
//! use netplay_server::{Server, ServerConfig};
//!
//! let config = ServerConfig { listen: ([127, 0, 0, 1], 0).into(), ..Default::default() };
//! let server = Server::start(config)?;
//! assert!(server.url().starts_with("ws://127.0.0.1:"));
//! # Ok::<(), netplay_server::ServerError>(())
//! ```
//!
//! # Cargo features
//!
//! All but `simulation` and `fuzzing` are on by default. A game that embeds the server needs none of them. The settings of a
//! feature exist only with it, so that a server cannot be told to do what it was built without.
//!
//! | feature | adds |
//! | --- | --- |
//! | `cli` | everything below, and the program `netplay-server` |
//! | `config-file` | `ServerConfig::load`: TOML files and environment variables |
//! | `fuzzing` | the module `fuzzing`: entries for fuzz targets, which change with the parsers |
//! | `jwt` | `AuthMode::Token`: tokens (RFC 7519) |
//! | `matchbox` | the signaling of matchbox on all other paths |
//! | `metrics` | `GET /metrics` for Prometheus |
//! | `tls` | `ServerConfig::tls` |
//! | `simulation` | the module `simulation`: a server without sockets on a virtual clock |

mod accept;
mod admission;
mod auth;
mod backbone;
mod config;
mod connection;
mod directory;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod hub;
mod ice;
mod lifecycle;
mod limits;
#[cfg(feature = "matchbox")]
mod matchbox;
mod message;
mod metrics;
mod password;
mod proxy;
mod queue;
mod random;
mod room;
mod routes;
mod send_queue;
mod serve;
mod server;
#[cfg(feature = "simulation")]
pub mod simulation;
#[cfg(test)]
mod test_proof;
#[cfg(feature = "tls")]
mod tls;
mod token_signer;
mod turn;

pub use auth::{AuthConfig, AuthMode};
pub use config::ServerConfig;
#[cfg(feature = "tls")]
pub use config::TlsConfig;
#[cfg(feature = "config-file")]
pub use config::{ConfigError, Overrides};
#[cfg(feature = "cli")]
pub use config::{LogConfig, LogFormat};
pub use error::ServerError;
pub use ice::{BadIceServer, parse_ice_server};
pub use limits::{LimitsConfig, Rate};
pub use queue::MatchmakingConfig;
pub use serve::serve;
pub use server::Server;
pub use turn::TurnConfig;
