//! Plain peers of matchbox on our server: a game on bevy_matchbox moves to it by changing a URL.

#![expect(clippy::unwrap_used, reason = "a panic is the verdict of a test")]

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use ggrs::{Config, GgrsRequest, P2PSession, SessionBuilder, SessionState};
use matchbox_socket::{PeerId, PeerState, WebRtcSocket, WebRtcSocketBuilder};
use netplay_server::{LimitsConfig, Rate, Server, ServerConfig};

/// Far longer than anything takes: only a hang runs into it.
const PATIENCE: Duration = Duration::from_secs(60);

fn server() -> Server {
    let plenty = || Rate { rate: NonZeroU32::MAX, burst: NonZeroU32::MAX };
    let limits = LimitsConfig { connects_per_address: plenty(), ..Default::default() };
    let listen = ([127, 0, 0, 1], 0).into();
    Server::start(ServerConfig { listen, limits, ..Default::default() }).unwrap()
}

/// A peer, as a game has it.
struct Peer {
    socket: WebRtcSocket,
    changes: Vec<(PeerId, PeerState)>,
    _task: smol::Task<()>,
}

impl Peer {
    fn new(builder: WebRtcSocketBuilder) -> Self {
        let (socket, message_loop) = builder.reconnect_attempts(Some(1)).build();
        let task = smol::spawn(async {
            // How it ends is seen by the other peers.
            let _ = message_loop.await;
        });
        Self { socket, changes: Vec::new(), _task: task }
    }

    fn reliable(server: &Server, room: &str) -> Self {
        let url = format!("{}/{room}", server.url());
        Self::new(WebRtcSocketBuilder::new(url).add_reliable_channel())
    }

    fn poll(&mut self) {
        if let Ok(changes) = self.socket.try_update_peers() {
            self.changes.extend(changes);
        }
    }

    fn connected(&self) -> usize {
        self.socket.connected_peers().count()
    }
}

#[expect(clippy::disallowed_methods, reason = "real sockets run on real time")]
fn now() -> Instant {
    Instant::now()
}

/// Polls the peers until `done` says so.
fn until(peers: &mut [&mut Peer], mut done: impl FnMut(&mut [&mut Peer]) -> bool) {
    let started = now();
    loop {
        peers.iter_mut().for_each(|peer| peer.poll());
        if done(peers) {
            return;
        }
        let seen: Vec<_> = peers.iter().map(|peer| &peer.changes).collect();
        assert!(started.elapsed() < PATIENCE, "waited too long: {seen:#?}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// What matchbox's `simple` example does: say hello to everybody, hear from everybody, notice who goes.
#[test]
fn peers_of_a_room_greet_each_other_and_notice_who_goes() {
    let server = server();
    let mut peers = [(); 3].map(|()| Peer::reliable(&server, "extreme_bevy"));
    let mut stranger = Peer::reliable(&server, "other%20room");
    let [a, b, c] = &mut peers;
    until(&mut [a, b, c, &mut stranger], |peers| {
        peers[..3].iter().all(|peer| peer.connected() == 2) && peers[3].socket.id().is_some()
    });
    for peer in [&mut *a, &mut *b, &mut *c] {
        let others: Vec<_> = peer.socket.connected_peers().collect();
        let greeting = peer.socket.id().unwrap().to_string();
        for other in others {
            peer.socket.channel_mut(0).send(greeting.clone().into(), other);
        }
    }
    let mut heard = [0; 3];
    until(&mut [a, b, c], |peers| {
        for (peer, heard) in peers.iter_mut().zip(&mut heard) {
            for (from, packet) in peer.socket.channel_mut(0).receive() {
                assert_eq!(packet[..], *from.to_string().as_bytes());
                *heard += 1;
            }
        }
        heard == [2; 3]
    });
    assert_eq!(stranger.connected(), 0);
    a.socket.close();
    until(&mut [a, b, c], |peers| {
        let gone = |(_, state): &(_, PeerState)| *state == PeerState::Disconnected;
        peers[1].changes.iter().any(gone) && peers[2].changes.iter().any(gone)
    });
}

/// Two who come at the same instant are always introduced: exactly one of them offers.
#[test]
fn two_that_join_at_the_same_instant_are_always_introduced() {
    let server = server();
    for round in 0..5 {
        let pairs: Vec<_> = (0..2).map(|pair| format!("{round}-{pair}")).collect();
        let mut peers: Vec<_> = std::thread::scope(|scope| {
            let joining: Vec<_> = pairs
                .iter()
                .flat_map(|room| [room, room])
                .map(|room| scope.spawn(|| Peer::reliable(&server, room)))
                .collect();
            joining.into_iter().map(|peer| peer.join().unwrap()).collect()
        });
        let mut peers: Vec<_> = peers.iter_mut().collect();
        until(&mut peers, |peers| peers.iter().all(|peer| peer.connected() == 1));
    }
}

/// A game without a world: the state is what the inputs have made of it.
struct Game;

impl Config for Game {
    type Input = u8;
    type InputPredictor = ggrs::PredictRepeatLast;
    type State = u64;
    type Address = PeerId;
}

/// One frame, if ggrs lets us.
fn advance(session: &mut P2PSession<Game>, state: &mut (u64, i32), input: u8) {
    session.poll_remote_clients();
    if session.current_state() != SessionState::Running {
        return;
    }
    for handle in session.local_player_handles() {
        session.add_local_input(handle, input).unwrap();
    }
    let Ok(requests) = session.advance_frame() else { return };
    for request in requests {
        match request {
            GgrsRequest::SaveGameState { cell, frame } => {
                cell.save(frame, Some(state.0), Some(state.0.into()));
                state.1 = frame;
            }
            GgrsRequest::LoadGameState { cell, frame } => *state = (cell.load().unwrap(), frame),
            GgrsRequest::AdvanceFrame { inputs } => {
                for (input, _) in inputs {
                    state.0 = state.0.rotate_left(5) ^ u64::from(input);
                    state.0 = state.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                }
                state.1 += 1;
            }
        }
    }
}

/// What matchbox's `bevy_ggrs` example does: `?next=2`, an unreliable channel, ggrs over it.
#[test]
fn a_ggrs_match_of_the_next_two_is_played() {
    let server = server();
    let url = format!("{}/game?next=2", server.url());
    // Four who come one after the other are two matches.
    let mut peers = Vec::new();
    for _ in 0..4 {
        peers.push(Peer::new(WebRtcSocketBuilder::new(url.clone()).add_unreliable_channel()));
        let last = peers.last_mut().unwrap();
        until(&mut [last], |peers| peers[0].socket.id().is_some());
    }
    let mut all: Vec<_> = peers.iter_mut().collect();
    until(&mut all, |peers| peers.iter().all(|peer| peer.connected() == 1));
    let mut games: Vec<_> = peers
        .iter_mut()
        .map(|peer| {
            let mut builder = SessionBuilder::<Game>::new()
                .with_num_players(2)
                .unwrap()
                .with_desync_detection_mode(ggrs::DesyncDetection::On { interval: 10 });
            for (handle, player) in peer.socket.players().into_iter().enumerate() {
                builder = builder.add_player(player, handle).unwrap();
            }
            let channel = peer.socket.take_channel(0).unwrap();
            (builder.start_p2p_session(channel).unwrap(), (0u64, 0))
        })
        .collect();
    let started = now();
    let mut input = 0u8;
    while games.iter().any(|(session, _)| session.confirmed_frame() < 200) {
        input = input.wrapping_mul(5).wrapping_add(3);
        for (index, (session, state)) in games.iter_mut().enumerate() {
            advance(session, state, input.wrapping_add(index as u8));
            let desync = |event| matches!(event, ggrs::GgrsEvent::DesyncDetected { .. });
            assert!(!session.events().any(desync));
        }
        assert!(started.elapsed() < PATIENCE, "no match");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
