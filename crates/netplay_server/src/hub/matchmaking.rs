//! Carries out what the matchmaking queue decides.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use netplay_protocol::RoomCode;
use netplay_protocol::signaling::{
    DEFAULT_ROOM_SIZE, Join, KickRule, Refusal, RoomOptions, ServerMessage, check_local_players,
};

use super::turn_access::TurnAccess;
use super::{Hub, Membership, MembershipCell, Peer};
use crate::backbone::Backbone;
use crate::queue::{Entrant, MatchCriteria, MatchTicket, MatchmakingConfig, Queue, QueueCommand};
use crate::room::{Delivery, JoinRequest, Outgoing, Room, SocketId};

/// The queue, and what the hub needs of the waiting connections.
pub(super) struct Matchmaking {
    queue: Queue,
    waiting: HashMap<SocketId, Waiting>,
}

/// A connection in the queue.
struct Waiting {
    /// Receives its membership.
    cell: MembershipCell,
    turn: Arc<TurnAccess>,
}

impl Matchmaking {
    pub(super) fn new(config: &MatchmakingConfig) -> Self {
        Self { queue: Queue::new(config), waiting: HashMap::new() }
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.queue.poll_timeout()
    }
}

impl Peer {
    /// Joins the queue.
    pub(super) async fn join_queue(&self, join: Join, skill: Option<i32>) -> Result<(), Refusal> {
        let hub = &self.hub;
        let size = join.size.unwrap_or(DEFAULT_ROOM_SIZE);
        check_local_players(join.players, size)?;
        let criteria = MatchCriteria { game: join.game, size, least: join.least };
        let mut matchmaking = hub.matchmaking.lock().await;
        let (socket, queue) = (self.socket, &mut matchmaking.queue);
        let entrant =
            Entrant { socket, key: join.proof.claimed_peer(), players: join.players, skill };
        let waiting = queue.handle_join(hub.now(), entrant, criteria)?;
        self.queued.store(true, Ordering::Relaxed);
        let waits = Waiting { cell: self.membership.clone(), turn: self.turn.clone() };
        matchmaking.waiting.insert(self.socket, waits);
        self.send(&ServerMessage::Queued { waiting: u32::try_from(waiting).unwrap_or(u32::MAX) });
        hub.run_commands(&mut matchmaking).await;
        hub.rescheduled.notify_one();
        Ok(())
    }

    /// Handles the answer to a ping, which may be the answer to a probe of the queue.
    pub(crate) async fn handle_pong(&self, payload: &[u8]) {
        let Ok(probe) = payload.try_into().map(u64::from_be_bytes) else { return };
        if self.queued.load(Ordering::Relaxed) && self.membership.get().is_none() {
            let mut matchmaking = self.hub.matchmaking.lock().await;
            matchmaking.queue.handle_pong(self.socket, probe);
            self.hub.run_commands(&mut matchmaking).await;
        }
    }
}

impl Hub {
    /// Removes a connection from the queue.
    pub(super) async fn leave_queue(&self, socket: SocketId) {
        let mut matchmaking = self.matchmaking.lock().await;
        matchmaking.waiting.remove(&socket);
        matchmaking.queue.handle_leave(self.now(), socket);
        self.run_commands(&mut matchmaking).await;
    }

    /// Lets the queue do what is due.
    pub(super) async fn continue_matchmaking(&self) {
        let mut matchmaking = self.matchmaking.lock().await;
        matchmaking.queue.handle_timeout(self.now());
        self.run_commands(&mut matchmaking).await;
    }

    /// Carries out the commands of the queue. It stays locked until that is done: otherwise a peer that leaves
    /// in between would still get a room.
    async fn run_commands(&self, matchmaking: &mut Matchmaking) {
        while let Some(command) = matchmaking.queue.poll_command() {
            match command {
                QueueCommand::Probe { sockets: to, probe } => {
                    let ping = Bytes::copy_from_slice(&probe.to_be_bytes());
                    self.backbone.deliver(Delivery { to, outgoing: Outgoing::Ping(ping) }).await;
                }
                QueueCommand::CreateRoom { criteria, group } => {
                    self.create_room(matchmaking, criteria, group).await;
                }
                QueueCommand::Close { socket } => self.close(socket, Refusal::TimedOut).await,
            }
        }
        self.metrics.queued.set(i64::try_from(matchmaking.queue.len()).unwrap_or(i64::MAX));
    }

    /// Creates a room for a group and makes its peers members.
    async fn create_room(
        &self,
        matchmaking: &mut Matchmaking,
        criteria: MatchCriteria,
        group: Vec<MatchTicket>,
    ) {
        let code = self.insert_room(matchmaking, &criteria, &group).await;
        for ticket in group {
            if let Some(waiting) = matchmaking.waiting.remove(&ticket.socket) {
                // Only matchmaking sets the cell of a connection in the queue: it is empty.
                let _ = waiting.cell.set(Membership { room: code.clone(), key: ticket.key });
            }
        }
    }

    async fn insert_room(
        &self,
        matchmaking: &Matchmaking,
        criteria: &MatchCriteria,
        group: &[MatchTicket],
    ) -> RoomCode {
        let request = |ticket| self.matched_request(matchmaking, criteria, ticket);
        let requests: Vec<_> = group.iter().filter_map(request).collect();
        loop {
            let code = self.random.room_code();
            let insert = |room: &mut Option<Room>| {
                if room.is_some() {
                    return false;
                }
                let (nonce, game) = (self.random.room_nonce(), criteria.game.clone());
                // Nobody has created it, and its members do not know each other.
                let options = RoomOptions { kick: KickRule::Vote, public: None };
                let (code, size) = (code.clone(), criteria.size);
                let new = Room::new(code, nonce, size, game, None, options, None);
                let room = room.insert(new.starting_with(criteria.least));
                for request in &requests {
                    // No member is refused: the keys in the queue differ, and the size and the game are equal.
                    let joined = room.handle_join(self.rules(), request.clone());
                    debug_assert_eq!(joined, Ok(()), "the group fits its room");
                }
                true
            };
            if self.backbone.change(&code, insert).await {
                return code;
            }
        }
    }

    fn matched_request(
        &self,
        matchmaking: &Matchmaking,
        criteria: &MatchCriteria,
        ticket: &MatchTicket,
    ) -> Option<JoinRequest> {
        // Every ticket is of a waiting connection.
        let turn = &matchmaking.waiting.get(&ticket.socket)?.turn;
        let ice_servers = turn.first(self, ticket.key);
        Some(JoinRequest {
            socket: ticket.socket,
            key: ticket.key,
            address: turn.address(),
            size: Some(criteria.size),
            players: ticket.players,
            least: criteria.least,
            game: criteria.game.clone(),
            password: None,
            ice_servers,
        })
    }

    async fn close(&self, socket: SocketId, reason: Refusal) {
        self.backbone
            .deliver(Delivery { to: vec![socket], outgoing: Outgoing::Close(reason) })
            .await;
    }
}
