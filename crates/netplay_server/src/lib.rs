//! The signaling server: it brings the peers of a match together, and is not part of the match.
//!
//! A peer opens one WebSocket at [`netplay_protocol::signaling::PATH`] and joins a room by its code.
//! From then on the server tells it who is in the room, and passes signals on between the peers of that
//! room without reading them. When the peers have found each other, nothing of the match passes here.
//!
//! What the server believes of a client is little: the key it names itself by when it joins, and no more.
//! The sender of every signal is stamped by the server, a signal never leaves its room, and everything
//! that a client can make the server keep has a bound.
//!
//! Three layers, each knowing only the one above it in this list:
//!
//! * the rooms decide: who sits where, who is told what, who is refused. No socket and no clock;
//! * the hub does what they decided: it holds the queue of every peer;
//! * a connection is one WebSocket: it reads, writes, pings, and notices silence.
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

mod config;
mod connection;
mod error;
mod hub;
mod ice;
mod message;
mod outbox;
mod rooms;
mod serve;
mod server;

pub use config::ServerConfig;
pub use error::ServerError;
pub use ice::{BadIceServer, parse_ice_server};
pub use serve::serve;
pub use server::Server;
