//! A server without sockets, on a virtual clock.
//!
//! Everything except the WebSockets is the code of a real server: connections with their deadlines and pings, the
//! hub, limits, rooms and the relay. Simulations of whole matches run it between their peers. Passwords do not
//! work in it, because they are hashed on other threads, for which a virtual clock does not wait.
//!
//! ```
//! use netplay_server::ServerConfig;
//! use netplay_server::simulation::{Frame, SimulatedServer};
//!
//! let mut server = SimulatedServer::new(ServerConfig::default(), [1; 32])?;
//! let client = server.connect()?;
//! server.receive(client, Frame::Text("no JSON".into()));
//! assert!(matches!(server.transmit(client), Some(Frame::Text(first)) if first.contains("challenge")));
//! assert!(matches!(server.transmit(client), Some(Frame::Text(refused)) if refused.contains("malformed")));
//! assert!(!server.is_connected(client));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message;
use futures::channel::mpsc;
use netplay_protocol::signaling::{Refusal, ServerMessage};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::connection::{End, read_messages};
use crate::hub::{Hub, Peer, WallClock};
use crate::lifecycle::Lifecycle;
use crate::limits::ClientAddress;
use crate::message::text;
use crate::random::Random;
use crate::send_queue::{SendQueueReader, send_queue};
use crate::{ServerConfig, ServerError};

/// How often all tasks of the server run after an event. The effects of an event pass through two or three tasks.
const ROUNDS: u32 = 8;

/// A message on a WebSocket, in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A signaling message.
    Text(String),
    /// A relayed packet.
    Binary(Vec<u8>),
    /// A WebSocket ping.
    Ping,
    /// The answer to a ping.
    Pong,
}

/// Identifies a client's connection. No two connections of a server have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(u64);

/// See the [module](self).
pub struct SimulatedServer {
    runtime: Runtime,
    hub: Arc<Hub>,
    clients: BTreeMap<ClientId, Client>,
    connected: u64,
}

struct Client {
    /// None after the socket broke.
    incoming: Option<mpsc::UnboundedSender<Result<Message, axum::Error>>>,
    outgoing: SendQueueReader,
    /// Messages that were taken from `outgoing` already.
    batch: VecDeque<Frame>,
    task: Option<JoinHandle<End>>,
}

impl SimulatedServer {
    /// A server whose clock is at zero. Its challenges, room codes and nonces follow from the seed: a server that
    /// restarts needs another one.
    ///
    /// # Errors
    ///
    /// [`ServerError`] where the keys or the secret of the configuration are not usable, or the system provides no timer.
    pub fn new(config: ServerConfig, seed: [u8; 32]) -> Result<Self, ServerError> {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.map_err(ServerError::Start)?;
        let random = Random::from_key(seed);
        let hub = runtime.block_on(async {
            Hub::with_sources(config, Lifecycle::default(), random, WallClock::Virtual)
        })?;
        let hub = Arc::new(hub);
        runtime.spawn(hub.clone().maintain());
        Ok(Self { runtime, hub, clients: BTreeMap::new(), connected: 0 })
    }

    /// Advances the clock.
    pub fn pass(&mut self, time: Duration) {
        self.runtime.block_on(async {
            tokio::time::advance(time).await;
            settle().await;
        });
    }

    /// Connects a client. All clients have the same address, and reach the server by one of
    /// [`ServerConfig::public_names`].
    ///
    /// # Errors
    ///
    /// [`Refusal`] where a limit is reached.
    pub fn connect(&mut self) -> Result<ClientId, Refusal> {
        let hub = &self.hub;
        let (peer, outgoing) = self.runtime.block_on(async {
            let permit = hub.limits.connect(ClientAddress::V4([127, 0, 0, 1].into()))?;
            let (queue, outgoing) = send_queue(hub.relay_bounds(&permit));
            Ok::<_, Refusal>((hub.connect(queue, permit, None), outgoing))
        })?;
        let (incoming, stream) = mpsc::unbounded();
        let task = self.runtime.spawn(serve(hub.clone(), peer, stream, outgoing.closed()));
        self.connected += 1;
        let id = ClientId(self.connected);
        let (incoming, task) = (Some(incoming), Some(task));
        self.clients.insert(id, Client { incoming, outgoing, batch: VecDeque::new(), task });
        self.settle();
        Ok(id)
    }

    /// Delivers a message from a client to the server.
    pub fn receive(&mut self, client: ClientId, frame: Frame) {
        let message = match frame {
            Frame::Text(text) => Message::text(text),
            Frame::Binary(bytes) => Message::Binary(bytes.into()),
            Frame::Ping => Message::Ping(Default::default()),
            Frame::Pong => Message::Pong(Default::default()),
        };
        let incoming = self.clients.get(&client).and_then(|client| client.incoming.as_ref());
        if let Some(incoming) = incoming {
            // A connection that has ended receives nothing more.
            let _ = incoming.unbounded_send(Ok(message));
            self.settle();
        }
    }

    /// Breaks a client's socket.
    pub fn disconnect(&mut self, client: ClientId) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.incoming = None;
            self.settle();
        }
        self.clients.remove(&client);
    }

    /// The next message from the server to a client, if there is one.
    pub fn transmit(&mut self, client: ClientId) -> Option<Frame> {
        let client = self.clients.get_mut(&client)?;
        if client.batch.is_empty() {
            client.batch.extend(client.outgoing.rest().filter_map(frame));
            if client.task.as_ref().is_some_and(JoinHandle::is_finished)
                && let Some(task) = client.task.take()
                && let Ok(End::Refused(reason)) = self.runtime.block_on(task)
            {
                let refused = text(&ServerMessage::Refused { reason });
                client.batch.extend(frame(refused));
            }
        }
        client.batch.pop_front()
    }

    /// Whether the connection is still open.
    pub fn is_connected(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_some_and(|client| client.task.is_some())
    }

    fn settle(&self) {
        self.runtime.block_on(settle());
    }
}

/// Runs every task that can run.
async fn settle() {
    for _ in 0..ROUNDS {
        tokio::task::yield_now().await;
    }
}

/// Does the work of [`connection::run`](crate::connection::run) without a WebSocket.
async fn serve(
    hub: Arc<Hub>,
    peer: Peer,
    mut incoming: mpsc::UnboundedReceiver<Result<Message, axum::Error>>,
    closed: impl Future<Output = Refusal>,
) -> End {
    let end = tokio::select! {
        biased;
        reason = closed => End::Refused(reason),
        end = read_messages(&mut incoming, &peer, hub.config()) => end,
    };
    peer.depart(end.departure()).await;
    end
}

fn frame(message: Message) -> Option<Frame> {
    match message {
        Message::Text(text) => Some(Frame::Text(text.as_str().to_owned())),
        Message::Binary(bytes) => Some(Frame::Binary(bytes.to_vec())),
        Message::Ping(_) => Some(Frame::Ping),
        Message::Pong(_) => Some(Frame::Pong),
        Message::Close(_) => None,
    }
}
