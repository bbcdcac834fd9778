//! The hub without sockets, compared with a simple model.

mod expiring;
mod guessing;
mod hashing;
mod model;
mod turn;

use std::num::NonZeroU32;
use std::sync::LazyLock;

use axum::extract::ws::Message;
use netplay_protocol::join_proof::JoinAction;
use netplay_protocol::signaling::{Entry, GameInfo, Join, Resume, ServerMessage, Signal, VERSION};
use netplay_protocol::{Challenge, ConnectionId};
use netplay_protocol::{Roster, Secret};
use proptest::prelude::*;

use super::*;
use crate::limits::{ClientAddress, LimitsConfig, Rate};
use crate::send_queue::{SendQueueReader, send_queue};
use crate::test_proof::{self, HOST, proof};
use model::Model;

const SIZE: u8 = 3;
const GRACE: Duration = Duration::from_secs(10);
/// How many signals of each sender a room keeps for a member that is away.
const KEPT: usize = 2;

#[derive(Clone, Debug)]
enum Action {
    Join { who: usize, room: usize },
    Leave(usize),
    Drop(usize),
    Resume(usize),
    Signal { from: usize, to: usize },
    Pass(u64),
}

fn action() -> impl Strategy<Value = Action> {
    let who = 0..6usize;
    prop_oneof![
        4 => (who.clone(), 0..2usize).prop_map(|(who, room)| Action::Join { who, room }),
        1 => who.clone().prop_map(Action::Leave),
        2 => who.clone().prop_map(Action::Drop),
        2 => who.clone().prop_map(Action::Resume),
        10 => (who.clone(), who).prop_map(|(from, to)| Action::Signal { from, to }),
        1 => (0..5_000u64).prop_map(Action::Pass),
    ]
}

/// A client's connection, and what the server has sent on it.
struct Connection {
    peer: Peer,
    reader: SendQueueReader,
    room: usize,
    /// Sender and connection id of each.
    signals: Vec<(usize, u64)>,
    roster: Option<Roster>,
}

impl Connection {
    fn read(&mut self, tokens: &mut [Option<(usize, Secret)>], who: usize) {
        for message in self.reader.rest() {
            let Message::Text(text) = message else { panic!("{message:?}") };
            match serde_json::from_str(&text).unwrap() {
                ServerMessage::Welcome { resume, .. } => tokens[who] = Some((self.room, resume)),
                ServerMessage::Roster { roster, .. } => self.roster = Some(roster),
                ServerMessage::Signal { from, connection, .. } => {
                    self.signals.push((number(from), connection.0));
                }
                ServerMessage::Challenge { .. } | ServerMessage::Presence { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The hub, the clients and the model.
struct World {
    hub: Arc<Hub>,
    model: Model,
    connections: Vec<Option<Connection>>,
    /// Room and resume token of each peer.
    tokens: Vec<Option<(usize, Secret)>>,
    /// The signals that each peer should receive next.
    expected: Vec<Vec<(usize, u64)>>,
    signals: u64,
}

impl World {
    fn new() -> Self {
        let plenty = || Rate { rate: NonZeroU32::MAX, burst: NonZeroU32::MAX };
        let limits = LimitsConfig {
            connects_per_address: plenty(),
            failures_per_address: plenty(),
            creations_per_address: plenty(),
            ..Default::default()
        };
        let config =
            ServerConfig { limits, grace: GRACE, away_messages: KEPT, ..Default::default() };
        Self {
            hub: Arc::new(Hub::new(config, Lifecycle::default()).unwrap()),
            model: Model::default(),
            connections: (0..6).map(|_| None).collect(),
            tokens: vec![None; 6],
            expected: vec![Vec::new(); 6],
            signals: 0,
        }
    }

    fn connect(&self, room: usize) -> Connection {
        let address = ClientAddress::V4([127, 0, 0, 1].into());
        let permit = self.hub.limits.connect(address).unwrap();
        let (queue, reader) = send_queue(self.hub.relay_bounds(&permit));
        let peer = self.hub.connect(queue, permit, Some(HOST));
        Connection { peer, reader, room, signals: Vec::new(), roster: None }
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Join { who, room } if self.connections[who].is_none() => {
                let connection = self.connect(room);
                let joined = connection.peer.join(join_on(&connection.peer, room, who)).await;
                assert_eq!(joined, self.model.join(room, who));
                self.finish_join(who, connection, joined.is_ok()).await;
            }
            Action::Resume(who) => {
                let Some((room, token)) = self.tokens[who].clone() else { return };
                let connection = self.connect(room);
                let resumed =
                    connection.peer.resume(resume(&connection.peer, room, who, token)).await;
                let kept = self.model.resume(room, who);
                assert_eq!(resumed, kept.clone().map(drop));
                self.expected[who].extend(kept.unwrap_or_default());
                self.finish_join(who, connection, resumed.is_ok()).await;
            }
            Action::Leave(who) => {
                if let Some(connection) = self.connections[who].take() {
                    connection.peer.depart(Departure::Left).await;
                    self.model.retain(|room, slot| (room, slot.who) != (connection.room, who));
                }
            }
            Action::Drop(who) => {
                if let Some(connection) = self.connections[who].take() {
                    connection.peer.depart(Departure::Lost).await;
                    let until = self.hub.now() + GRACE;
                    let slot = self.model.slot(connection.room, who).unwrap();
                    slot.away = Some((until, Vec::new()));
                }
            }
            Action::Signal { from, to } => self.signal(from, to).await,
            Action::Pass(ms) => {
                tokio::time::advance(Duration::from_millis(ms)).await;
                self.hub.expire_members().await;
                let now = self.hub.now();
                self.model.retain(|_, slot| slot.away.as_ref().is_none_or(|(at, _)| *at > now));
            }
            Action::Join { .. } => {}
        }
    }

    /// Keeps the connection of a peer that has joined, in place of its previous one, or closes it.
    async fn finish_join(&mut self, who: usize, connection: Connection, joined: bool) {
        if !joined {
            return connection.peer.depart(Departure::Left).await;
        }
        let before = self.connections[who].replace(connection);
        if let Some(before) = before {
            let room = before.room;
            before.peer.depart(Departure::Lost).await;
            // The previous connection was in another room, which keeps the slot now.
            if room != self.connections[who].as_ref().unwrap().room {
                let until = self.hub.now() + GRACE;
                if let Some(slot) = self.model.slot(room, who) {
                    slot.away = Some((until, Vec::new()));
                }
            }
        }
    }

    async fn signal(&mut self, from: usize, to: usize) {
        let Some(connection) = &self.connections[from] else { return };
        self.signals += 1;
        let signal = Signal::Offer(self.signals.to_string());
        let id = ConnectionId(self.signals);
        connection.peer.signal(key(to), id, signal).await.unwrap();
        let signal = (from, self.signals);
        let slot = self.model.slot(connection.room, to).filter(|_| from != to);
        match slot.map(|slot| &mut slot.away) {
            Some(None) => self.expected[to].push(signal),
            Some(Some((_, kept)))
                if kept.iter().filter(|(sender, _)| *sender == from).count() < KEPT =>
            {
                kept.push(signal);
            }
            _ => {}
        }
    }

    fn check(&mut self) {
        for (who, connection) in self.connections.iter_mut().enumerate() {
            let expected = std::mem::take(&mut self.expected[who]);
            let Some(connection) = connection else { continue };
            connection.read(&mut self.tokens, who);
            assert_eq!(std::mem::take(&mut connection.signals), expected);
            let members: Vec<_> =
                self.model.members(connection.room).into_iter().map(key).collect();
            let roster = Roster::new(SIZE, members);
            assert_eq!(connection.roster.as_ref(), Some(&roster));
        }
        assert_eq!(self.hub.backbone.room_count(), self.model.rooms.len());
    }
}

fn key(who: usize) -> PeerKey {
    static KEYS: LazyLock<Vec<PeerKey>> =
        LazyLock::new(|| (0..=u8::MAX).map(test_proof::key).collect());
    KEYS[who]
}

fn number(of: PeerKey) -> usize {
    (0..=usize::from(u8::MAX)).find(|who| key(*who) == of).unwrap()
}

/// A join with the proof that the connection asks for.
fn join_on(peer: &Peer, room: usize, who: usize) -> Join {
    signed(peer, join(room, who))
}

/// The same join with the proof that the connection asks for.
fn signed(peer: &Peer, join: Join) -> Join {
    let who = number(join.peer()) as u8;
    Join { proof: proof(who, join.entry.action(), peer.challenge()), ..join }
}

fn join(room: usize, who: usize) -> Join {
    let entry = Entry::Room(format!("ROOM{room}"));
    let (game, password, token) = (GameInfo::default(), None, None);
    let (size, proof) = (Some(SIZE), proof(who as u8, entry.action(), Challenge([0; 32])));
    let options = Default::default();
    Join {
        version: VERSION,
        proof,
        entry,
        size,
        least: None,
        players: 1,
        game,
        password,
        token,
        options,
    }
}

fn resume(peer: &Peer, room: usize, who: usize, resume: Secret) -> Resume {
    let room = format!("ROOM{room}");
    Resume {
        version: VERSION,
        proof: proof(who as u8, JoinAction::Resume(&room), peer.challenge()),
        room,
        resume,
        roster: None,
        restarted: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// For every sequence of actions: no message crosses rooms, no slot is taken twice, every mailbox stays
    /// within its bound, and all members see the same room.
    #[test]
    fn the_hub_does_what_a_simple_model_does(actions in proptest::collection::vec(action(), 1..400)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for action in actions {
                world.act(action).await;
                world.check();
            }
        });
    }
}
