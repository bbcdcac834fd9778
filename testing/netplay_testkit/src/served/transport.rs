//! One peer's transport in a served room.

use std::collections::VecDeque;
use std::time::Duration;

use netplay_protocol::PeerKey;
use netplay_protocol::limits::MAX_PLAYERS;
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
    /// The difference between the hub's clock and the peer's. None before its first poll.
    offset: Option<Duration>,
    events: VecDeque<TransportEvent>,
}

impl ServedTransport {
    pub(super) fn join(hub: &ServedHub, request: &JoinRequest) -> Self {
        // All peers are on one network. The server's rosters say which of them connect.
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

    /// Calls a function with the client and the hub's time.
    fn with<T>(&mut self, act: impl FnOnce(&mut Client, Duration) -> T) -> Option<T> {
        let mut state = self.hub.state();
        let now = state.now;
        state.clients.get_mut(&self.id).map(|client| act(client, now))
    }

    /// Carries out on the network what the client has decided.
    fn carry_out(&mut self) {
        let requests = self.with(|client, _| std::mem::take(&mut client.webrtc.requests));
        requests.into_iter().flatten().for_each(|request| self.network.request(request));
    }

    fn tell(&mut self, event: TransportEvent) {
        if let TransportEvent::Left(_) = event {
            self.network.leave();
        }
        self.events.push_back(event);
    }
}

impl Transport for ServedTransport {
    fn poll(&mut self, now: Duration) {
        let mut state = self.hub.state();
        let offset = *self.offset.get_or_insert(state.now.saturating_sub(now));
        state.pass_until(now + offset);
        let hub_now = state.now;
        let client = state.clients.get_mut(&self.id);
        let told: Vec<_> = client.map_or_else(Vec::new, |client| client.events.drain(..).collect());
        drop(state);
        for mut event in told {
            if let TransportEvent::Received { at, .. } = &mut event {
                // The peer may be behind the hub: the packet arrived while it did not poll.
                *at = now.saturating_sub(hub_now.saturating_sub(*at));
            }
            self.tell(event);
        }
        self.carry_out();
        self.network.poll(now);
        while let Some(event) = self.network.poll_event() {
            self.with(|client, now| client.handle_network(now, event));
            // Taken at once: these times are on the peer's own clock already.
            let told = self.with(|client, _| client.events.drain(..).collect::<Vec<_>>());
            told.into_iter().flatten().for_each(|event| self.tell(event));
        }
        self.carry_out();
    }

    fn poll_event(&mut self) -> Option<TransportEvent> {
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
            let path = self.with(|client, _| client.webrtc.network_path(to, path)).flatten();
            let path = path.ok_or(SendError::NoPath)?;
            return self.network.send(now, to, path, channel, packet);
        }
        if packet.len() > channel.max_packet_bytes() {
            return Err(SendError::TooLarge(packet.len()));
        }
        match self.with(|client, now| client.relay(now, to, channel, packet)) {
            Some(true) => Ok(0),
            Some(false) | None => Err(SendError::NoPath),
        }
    }

    fn request(&mut self, request: TransportRequest) {
        self.with(|client, now| client.handle_request(now, request));
        self.carry_out();
    }

    fn leave(&mut self) {
        self.with(Client::leave);
    }
}

impl Drop for ServedTransport {
    fn drop(&mut self) {
        self.with(Client::crash);
    }
}
