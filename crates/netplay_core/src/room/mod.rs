//! The room: its peers, the links to them, and the matches on these links.
//!
//! A room is created when the local peer begins to join it at the signaling server. Peers exchange hellos: the game,
//! what it registers for rollback, the roster. A peer that has the same hello from every other one votes for the first
//! match, and the match starts when all have voted (`votes`) and exchanged their parts of its seed (`seed`). A rematch
//! is the same for the next epoch, on the same links. In a room with a lobby (`lobby`), and after a match that the
//! simulation has ended (`match_end`), players say that they are ready (`ready`), and a `countdown` leads to the match;
//! who does not play is `waiting`. A player that more than half of the others have lost (`accusations`) is dropped from
//! the match, after the same frame on every peer (`disconnect`); so is one that others remove from the room (`kicks`);
//! the inputs of one that only a few do not hear come from the others (`input_search`). A player whose process restarts
//! in time rejoins the match (`restart` on the other peers, `rejoining` on its own). A player whose simulation stands
//! still although its link is alive is reported (`stall`), and so is one whose page is closed or loaded again (`away`).
//! `phase` has the states of the room, `progress` those of another peer, `seed_exchange` those of a seed;
//! `seed_deadline` bounds the wait for others.
//!
//! [`Room`] decides, and its driver carries out. The driver
//!
//! * passes every [`TransportEvent`] to [`Room::handle_event`] and then calls [`Room::handle_timeout`], in every update
//!   of the game and between them as [`BetweenFrames`] says;
//! * sets up the simulation at [`RoomEvent::StartMatch`], or calls [`Room::handle_simulation_failed`];
//! * calls [`Room::handle_checksum`] for every compared frame that the simulation has confirmed, and then
//!   [`Room::handle_frame`], after the simulation has run;
//! * after each of these, and after every other call, calls [`Room::begin_transmits`] and takes out until there is
//!   nothing left, in this order: [`Room::poll_transmit`], to be sent, with the result to [`Room::handle_sent`];
//!   [`Room::poll_request`], to be passed to the transport; [`Room::poll_event`]; [`Room::poll_message_event`].
//!
//! `now` never goes back. After its end, a room still tells of its [peers](Room::peers) and [times](Room::times) what
//! was so at the end.

mod accusations;
mod active_match;
mod away;
mod between_frames;
mod config;
mod control;
mod countdown;
mod desyncs;
mod disconnect;
mod early;
mod end_reason;
mod event;
mod hello;
mod input_search;
mod kicks;
mod links;
mod lobby;
mod log_sender;
mod logs;
mod match_end;
mod messages;
mod peer;
mod phase;
pub(crate) mod printable;
mod progress;
mod ready;
mod refusal;
mod rejoin;
mod rejoining;
mod restart;
mod roster;
mod seed;
mod seed_deadline;
mod seed_exchange;
mod seed_round;
mod slow;
mod stall;
mod start_target;
mod statements;
#[cfg(test)]
mod tests;
mod times;
mod votes;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::time::Duration;

use log::{debug, info};
use netplay_protocol::signaling::RoomState;
use netplay_protocol::{ControlMessage, PeerKey, Roster};

pub use between_frames::{BetweenFrames, BetweenFramesWork, RoomActivity};
pub use config::{Entropy, RoomConfig};
pub use countdown::CancelReason;
pub use end_reason::EndReason;
pub use event::{MatchStart, RoomEvent};
pub use lobby::{LobbyMember, LobbyOverview, LobbyValueTooLong};
pub use peer::Peer;
pub use ready::{StartRefused, StartRule};
pub use times::RoomTimes;

use crate::link::Transmit;
use crate::log_limiter::{LogLimiter, log_limited};
use crate::match_::SharedTraffic;
use crate::messages::MessageEvent;
use crate::path::{PathId, PathKind};
use crate::transport::{LeaveReason, SendError, TransportEvent, TransportRequest};
use early::EarlyProposals;
use lobby::Lobby;
use phase::Phase;
use printable::printable;
use progress::Vote;
use seed_deadline::LocalWait;
use seed_exchange::SeedExchange;

/// A room. See the [module](self) for what the driver owes it.
pub struct Room {
    config: RoomConfig,
    phase: Phase,
    /// When the first match starts.
    rule: StartRule,
    lobby: Lobby,
    /// The members in the order of the players: the server's last roster, or that of the match. Empty until the server
    /// has sent one.
    roster: Roster,
    peers: BTreeMap<PeerKey, Peer>,
    /// The server's last roster, also while a match is played.
    at_server: Roster,
    /// The members that the server has listed since the local peer joined.
    listed: BTreeSet<PeerKey>,
    /// Drop proposals that wait.
    early_proposals: EarlyProposals,
    /// What the local peer has voted for last while it rejoins a match.
    rejoin_vote: Option<Vote>,
    /// Since when there is no connection to the signaling server, and why.
    server_lost: Option<(Duration, String)>,
    /// What the server has said of the room besides its members.
    state: RoomState,
    /// The parts of the next match's seed.
    seed: SeedExchange,
    /// When the exchange began again last because it was disputed too often.
    seed_disputed_at: Option<Duration>,
    local_wait: LocalWait,
    times: RoomTimes,
    /// The lines of the log that others can repeat.
    logs: LogLimiter,
    /// The moment of the last call.
    now: Duration,
    /// The peer that was sent a packet with messages last.
    message_turn: Option<PeerKey>,
    /// What happened to the messages of peers that were removed.
    message_events: VecDeque<(PeerKey, MessageEvent)>,
    requests: VecDeque<TransportRequest>,
    events: VecDeque<RoomEvent>,
}

impl Room {
    /// A room that the local peer begins to join now.
    ///
    /// The room ends at once, with [`EndReason::CannotStart`], if an input does not fit into a datagram.
    pub fn new(config: RoomConfig, now: Duration) -> Self {
        let fits = active_match::check_input_size(&config);
        let mut room = Self {
            seed: SeedExchange::new(config.local_peer, config.entropy.clone()),
            lobby: Lobby::new(config.incarnation),
            config,
            phase: Phase::Connecting,
            rule: StartRule::default(),
            roster: Roster::new(0, Vec::new()),
            peers: BTreeMap::new(),
            at_server: Roster::new(0, Vec::new()),
            listed: BTreeSet::new(),
            early_proposals: EarlyProposals::default(),
            rejoin_vote: None,
            seed_disputed_at: None,
            local_wait: LocalWait::default(),
            server_lost: None,
            state: RoomState::default(),
            times: RoomTimes::new(now),
            logs: LogLimiter::default(),
            now,
            message_turn: None,
            message_events: VecDeque::new(),
            requests: VecDeque::new(),
            events: VecDeque::new(),
        };
        if let Err(reason) = fits {
            room.end(now, reason);
        }
        room
    }

    /// Handles an event of the transport.
    pub fn handle_event(&mut self, now: Duration, event: TransportEvent) {
        self.now = now;
        if self.phase.is_ended() {
            return;
        }
        match event {
            TransportEvent::Queued { waiting } => {
                self.phase.queued();
                self.emit(RoomEvent::Queued { waiting });
            }
            TransportEvent::Joined { room, size, least, resume_token } => {
                info!("in room {room}");
                self.rule = least.map_or(StartRule::Full, |least| StartRule::Ready { least });
                self.emit(RoomEvent::Joined { room, size, least, resume_token });
                if self.phase.joined() {
                    self.emit(RoomEvent::Lobby);
                }
            }
            TransportEvent::Presence { peer, presence } => {
                self.note_closed_page(now, peer, presence);
                self.pass_to_links(now, &event);
                self.emit(RoomEvent::PresenceChanged { peer, presence });
            }
            TransportEvent::RoomState(state) => self.handle_state(state),
            TransportEvent::Kicked { peer, banned } => self.handle_kicked(peer, banned),
            TransportEvent::KickVotes { peer, votes, needed } => {
                self.handle_kick_votes(peer, votes, needed);
            }
            TransportEvent::Roster(roster) => self.handle_roster(now, roster),
            TransportEvent::Received { peer, path, at, channel, packet } => {
                self.handle_packet(now, at, (peer, path, channel), &packet);
            }
            TransportEvent::MalformedSignal { peer, reason } => {
                log_limited!(
                    self.logs,
                    now,
                    "dropped a signal of",
                    peer.short(),
                    warn!("dropped a signal of {peer:?}: {}", printable(&reason))
                );
            }
            TransportEvent::SignalingLost { ref reason } => {
                let reason = printable(reason);
                log_limited!(
                    self.logs,
                    now,
                    "lost the signaling server",
                    "",
                    warn!(
                        "lost the signaling server ({reason}): going on without it until it is back"
                    )
                );
                self.server_lost = Some((now, reason));
                self.pass_to_links(now, &event);
            }
            TransportEvent::SignalingRestored => {
                log_limited!(
                    self.logs,
                    now,
                    "the signaling server is back",
                    "",
                    info!("the signaling server is back")
                );
                self.server_lost = None;
                self.pass_to_links(now, &event);
            }
            TransportEvent::PathUp { peer, path, .. } if !self.takes_paths_to(peer) => {
                self.requests.push_back(TransportRequest::Close(peer, path));
            }
            TransportEvent::PathDown { peer, ref reason, .. } => {
                debug!("a path to {peer:?} went down: {}", printable(reason));
                self.pass_to_links(now, &event);
            }
            TransportEvent::AttemptFailed { peer, ref reason, ref finding } => {
                if let Some(finding) = finding {
                    self.diagnose(now, peer, finding);
                }
                let label = self.label(peer);
                log_limited!(
                    self.logs,
                    now,
                    "no connection came of an attempt with",
                    &label,
                    info!("no connection came of an attempt with {label}: {}", printable(reason))
                );
                self.pass_to_links(now, &event);
            }
            TransportEvent::PathUp { peer, kind: PathKind::Direct | PathKind::Turn, .. } => {
                if let Some(peer) = self.peers.get_mut(&peer) {
                    peer.finding = None;
                }
                self.pass_to_links(now, &event);
            }
            TransportEvent::NetworkChanged
            | TransportEvent::PathUp { .. }
            | TransportEvent::PathKnown { .. }
            | TransportEvent::PeerAttempts { .. } => self.pass_to_links(now, &event),
            TransportEvent::Left(reason) => self.end(now, reason.into()),
        }
    }

    /// Lets time pass, and advances towards a match as far as possible.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.now = now;
        self.logs.log_repeated(now);
        self.handle_early_proposals(now);
        self.check_left_behind(now);
        if self.phase.active_match().is_none() || self.keeps_waiting() {
            self.remove_silent_leavers(now);
        }
        self.check_links(now);
        self.check_messages(now);
        self.check_accusations(now);
        self.search_inputs(now);
        self.check_server(now);
        self.send_logs(now);
        self.check_ended_players(now);
        self.serve_finished(now);
        self.advance(now);
        self.check_seed_deadlines(now);
        self.forget_disconnected(now);
    }

    /// Queues keepalives where nothing was sent for a while, and changes nothing that a simulation sees.
    pub fn keep_alive(&mut self, now: Duration) {
        for peer in self.peers.values_mut().filter(|peer| !peer.is_disconnected()) {
            peer.link.queue_keepalives(now);
        }
    }

    /// Takes the result of sending a packet: about how many bytes wait to be sent on its path now.
    pub fn handle_sent(
        &mut self,
        now: Duration,
        peer: PeerKey,
        path: PathId,
        sent: Result<usize, SendError>,
    ) {
        self.now = now;
        if let Err(error @ SendError::TooLarge(_)) = sent {
            log_limited!(
                self.logs,
                now,
                "a packet could not be sent",
                "",
                error!("a packet could not be sent: {error}")
            );
        }
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.link.handle_sent(now, path, sent);
        }
    }

    /// Leaves the room and tells the others why. No event follows; the packets to be sent are still given out.
    pub fn leave(&mut self, now: Duration, reason: &str) {
        self.send_last_to_all(now, &ControlMessage::Bye { reason: reason.to_owned() });
        self.times.ended(now);
        self.phase.ended();
        self.logs.finish(now);
    }

    /// The next packet to send, and the peer that it is for. Those with messages of the game come last.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_transmit(&mut self) -> Option<(PeerKey, Transmit)> {
        let next = |peer: &mut Peer| Some((peer.key, peer.link.poll_transmit()?));
        self.peers.values_mut().find_map(next).or_else(|| self.poll_message_packet())
    }

    /// The next request for the transport.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_request(&mut self) -> Option<TransportRequest> {
        let link_requests = || self.peers.values_mut().find_map(|peer| peer.link.poll_request());
        self.requests.pop_front().or_else(link_requests)
    }

    /// The next event, oldest first.
    #[must_use = "what is taken out and not handled is lost"]
    pub fn poll_event(&mut self) -> Option<RoomEvent> {
        self.events.pop_front()
    }

    /// The other peers of the room.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    /// The inputs and checksums of the match that is played, for the simulation to exchange.
    pub fn traffic(&self) -> Option<&SharedTraffic> {
        self.phase.active_match().map(|active| &active.traffic)
    }

    /// When the room reached its milestones.
    pub fn times(&self) -> &RoomTimes {
        &self.times
    }

    /// The settings of the room.
    pub fn config(&self) -> &RoomConfig {
        &self.config
    }

    /// Ends the room, and tells the others.
    fn end(&mut self, now: Duration, reason: EndReason) {
        if self.phase.is_ended() {
            return;
        }
        info!("the room ended: {reason}");
        self.leave(now, "their game ended the match");
        self.events.push_back(RoomEvent::Ended(reason));
    }

    /// Queues an event for the driver. None follows the end.
    fn emit(&mut self, mut event: RoomEvent) {
        if !self.phase.is_ended() {
            event.players_mut().for_each(|player| *player = self.roster.first_handle(*player));
            self.events.push_back(event);
        }
    }

    /// The handles of the players of a peer: in a match those that it plays, before a match its places in the room. None
    /// once it has left the lobby, or while it waits for the end of a match.
    pub fn handles(&self, peer: PeerKey) -> Option<Range<usize>> {
        if peer != self.config.local_peer {
            self.peers.get(&peer)?.player()?;
        }
        self.roster.handles_of(peer)
    }

    /// Ends a lobby that has been without the server for too long: a player who is missing cannot join without it.
    fn check_server(&mut self, now: Duration) {
        let Some((since, reason)) = &self.server_lost else { return };
        let is_over = now.saturating_sub(*since) >= self.config.disconnect_timeout;
        // Who has played together is connected, and can play on without the server.
        let has_played = self.lobby.last_epoch > 0;
        if is_over && !has_played && self.phase.active_match().is_none() {
            let reason = LeaveReason::ServerGone(reason.clone());
            self.end(now, reason.into());
        }
    }
}
