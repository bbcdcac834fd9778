use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::PeerKey;
use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_DATAGRAM_BYTES, MAX_PLAYERS};
use netplay_protocol::signaling::Entry;
use netplay_transport::memory::MemoryTransport;
use netplay_transport::{
    Channel, JoinRequest, PathId, SendError, Transport, TransportEvent, TransportRequest,
};

use super::ServedHub;
use super::client::Client;
use super::pipe::Pipe;

/// One peer's end of a [`ServedHub`].
pub(crate) struct ServedTransport {
    hub: ServedHub,
    id: u64,
    /// Its direct connections.
    network: MemoryTransport,
    /// What has to be added to the peer's clock to get the hub's; none before its first poll.
    offset: Option<Duration>,
    events: VecDeque<TransportEvent>,
}

impl ServedTransport {
    pub(super) fn join(hub: &ServedHub, request: &JoinRequest) -> Self {
        // All peers are on one network: who may connect to whom, the server's roster says.
        let everybody =
            JoinRequest::new(Entry::Room("NETWORK".into()), MAX_PLAYERS, request.identity.clone());
        let network = hub.network.join(&everybody);
        let mut state = hub.state();
        let id = state.joined;
        state.joined += 1;
        let seed = state.seed ^ (id + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let pipe = Pipe::new(&state.conditions, seed);
        let client = Client::new(request.clone(), pipe, state.now, seed);
        state.clients.insert(id, client);
        drop(state);
        Self { hub: hub.clone(), id, network, offset: None, events: VecDeque::new() }
    }

    /// Does something with the client at the hub's time.
    fn with<T>(&mut self, act: impl FnOnce(&mut Client, Duration) -> T) -> Option<T> {
        let mut state = self.hub.state();
        let now = state.now;
        state.clients.get_mut(&self.id).map(|client| act(client, now))
    }
}

impl Transport for ServedTransport {
    fn poll(&mut self, now: Duration) {
        let mut state = self.hub.state();
        let offset = *self.offset.get_or_insert(state.now.saturating_sub(now));
        state.pass_until(now + offset);
        let hub_now = state.now;
        let (told, to_connect) = match state.clients.get_mut(&self.id) {
            Some(client) => (
                client.events.drain(..).collect::<Vec<_>>(),
                std::mem::take(&mut client.to_connect),
            ),
            None => Default::default(),
        };
        drop(state);
        for mut event in told {
            if let TransportEvent::Received { at, .. } = &mut event {
                // The peer may be behind the hub: then it came while it did not look.
                *at = now.saturating_sub(hub_now.saturating_sub(*at));
            }
            self.events.push_back(event);
        }
        for peer in to_connect {
            self.network.request(TransportRequest::Attempt(peer));
        }
        self.network.poll(now);
        while let Some(event) = self.network.next_event() {
            match event {
                TransportEvent::PathUp { peer, .. }
                | TransportEvent::AttemptFailed { peer, .. } => {
                    self.with(|client, _| client.attempt_over(peer));
                    self.events.push_back(event);
                }
                TransportEvent::PathDown { .. } | TransportEvent::Received { .. } => {
                    self.events.push_back(event);
                }
                // The rest is the server's to say.
                _ => {}
            }
        }
    }

    fn next_event(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    fn send(
        &mut self,
        now: Duration,
        to: PeerKey,
        path: PathId,
        channel: Channel,
        packet: &[u8],
    ) -> Result<usize, SendError> {
        if path != PathId::RELAY {
            return self.network.send(now, to, path, channel, packet);
        }
        let most = match channel {
            Channel::Datagram => MAX_DATAGRAM_BYTES,
            Channel::Reliable => MAX_CONTROL_BYTES,
        };
        if packet.len() > most {
            return Err(SendError::TooLarge(packet.len()));
        }
        let carried = self.with(|client, now| {
            let open = client.relays(to);
            if open {
                client.relay(now, to, channel, packet);
            }
            open
        });
        if carried == Some(true) { Ok(0) } else { Err(SendError::NoPath) }
    }

    fn request(&mut self, request: TransportRequest) {
        self.with(|client, now| {
            client.handle_request(now, request);
            client.transmit(now);
        });
        match request {
            TransportRequest::Forget(_) => self.network.request(request),
            TransportRequest::Close(_, path) if path != PathId::RELAY => {
                self.network.request(request);
            }
            _ => {}
        }
    }

    fn leave(&mut self) {
        self.with(Client::leave);
        self.network.leave();
    }
}

impl Drop for ServedTransport {
    fn drop(&mut self) {
        self.with(Client::crash);
    }
}
