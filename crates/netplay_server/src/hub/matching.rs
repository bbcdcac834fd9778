//! What the queue decided is done here.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use netplay_protocol::signaling::{DEFAULT_ROOM_SIZE, Join, Refusal, ServerMessage};

use super::{Hub, Peer, Seat, SeatCell};
use crate::backbone::Backbone;
use crate::queue::{MatchmakingConfig, Queue, QueueCommand, Ticket, Wish};
use crate::room::{Delivery, Newcomer, Parcel, Room, SocketId};
use crate::seals::room_code;

/// The queue, and where those who wait will find their seats.
pub(super) struct Matching {
    queue: Queue,
    cells: HashMap<SocketId, SeatCell>,
}

impl Matching {
    pub(super) fn new(config: &MatchmakingConfig) -> Self {
        Self { queue: Queue::new(config), cells: HashMap::new() }
    }

    pub(super) fn next_deadline(&self) -> Option<std::time::Duration> {
        self.queue.next_deadline()
    }
}

impl Peer {
    /// Waits for others to play with.
    pub(super) async fn enter_queue(&self, join: Join, skill: Option<i32>) -> Result<(), Refusal> {
        let hub = &self.hub;
        let wish = Wish { game: join.game, size: join.size.unwrap_or(DEFAULT_ROOM_SIZE) };
        let mut matching = hub.matching.lock().await;
        let joined = matching.queue.join(hub.now(), self.socket, join.key, wish, skill);
        let (waiting, commands) = joined?;
        self.queued.store(true, Ordering::Relaxed);
        matching.cells.insert(self.socket, self.seat.clone());
        self.tell(&ServerMessage::Queued { waiting: u32::try_from(waiting).unwrap_or(u32::MAX) });
        hub.obey(&mut matching, commands).await;
        hub.rescheduled.notify_one();
        Ok(())
    }

    /// The peer answered a ping. If it was asked for a sign of life, that is one.
    pub(crate) async fn answered(&self, payload: &[u8]) {
        let Ok(probe) = payload.try_into().map(u64::from_be_bytes) else { return };
        if self.queued.load(Ordering::Relaxed) && self.seat.get().is_none() {
            let mut matching = self.hub.matching.lock().await;
            let commands = matching.queue.alive(self.socket, probe);
            self.hub.obey(&mut matching, commands).await;
        }
    }
}

impl Hub {
    /// Takes a connection out of the queue.
    pub(super) async fn leave_queue(&self, socket: SocketId) {
        let mut matching = self.matching.lock().await;
        matching.cells.remove(&socket);
        let commands = matching.queue.leave(self.now(), socket);
        self.obey(&mut matching, commands).await;
    }

    /// Looks at those who wait once more, because time has passed.
    pub(super) async fn go_on_matching(&self) {
        let mut matching = self.matching.lock().await;
        let commands = matching.queue.tick(self.now());
        self.obey(&mut matching, commands).await;
    }

    /// The queue stays locked until everything is done: whoever leaves in between would be seated.
    async fn obey(&self, matching: &mut Matching, commands: Vec<QueueCommand>) {
        for command in commands {
            match command {
                QueueCommand::Probe { sockets: to, probe } => {
                    let ping = Bytes::copy_from_slice(&probe.to_be_bytes());
                    self.backbone.deliver(Delivery { to, parcel: Parcel::Ping(ping) }).await;
                }
                QueueCommand::Seat { wish, group } => self.seat(matching, wish, group).await,
                QueueCommand::Drop { socket } => {
                    let parcel = Parcel::Dismissal(Refusal::TimedOut);
                    self.backbone.deliver(Delivery { to: vec![socket], parcel }).await;
                }
            }
        }
        self.metrics.queued.set(i64::try_from(matching.queue.len()).unwrap_or(i64::MAX));
    }

    /// Makes a room for a group.
    async fn seat(&self, matching: &mut Matching, wish: Wish, group: Vec<Ticket>) {
        let seated = loop {
            let code = match room_code() {
                Ok(code) => code,
                Err(error) => break Err(error),
            };
            let newcomers: Vec<_> =
                group.iter().map(|ticket| self.matched(&wish, ticket)).collect();
            let step = |slot: &mut Option<Room>| {
                if slot.is_some() {
                    return (false, Vec::new());
                }
                let game = wish.game.clone();
                let mut room = Room::new(code.clone(), wish.size, game, None, None);
                let joins = newcomers.iter().flat_map(|newcomer| {
                    // The keys in the queue differ, so nobody is refused.
                    room.join(self.rules(), newcomer.clone()).unwrap_or_default()
                });
                let deliveries = joins.collect();
                *slot = Some(room);
                (true, deliveries)
            };
            if self.backbone.change(&code, step).await {
                break Ok(code);
            }
        };
        for ticket in group {
            let cell = matching.cells.remove(&ticket.socket);
            match (&seated, cell) {
                (Ok(code), Some(cell)) => {
                    // Nobody else seats a connection that is in the queue, so the cell is empty.
                    let _ = cell.set(Seat { code: code.clone(), key: ticket.key });
                }
                (Ok(_), None) => {}
                (Err(error), _) => {
                    tracing::error!("a group could not be seated: {error}");
                    let parcel = Parcel::Dismissal(Refusal::ShuttingDown);
                    self.backbone.deliver(Delivery { to: vec![ticket.socket], parcel }).await;
                }
            }
        }
    }

    fn matched(&self, wish: &Wish, ticket: &Ticket) -> Newcomer {
        Newcomer {
            socket: ticket.socket,
            key: ticket.key,
            size: Some(wish.size),
            game: wish.game.clone(),
            password: None,
            ice_servers: self.ice_servers(ticket.key),
        }
    }
}
