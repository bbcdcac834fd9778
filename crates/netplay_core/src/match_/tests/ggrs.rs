//! The rollback sessions of ggrs itself, two of them, on virtual time: what this module assumes of ggrs, and what ggrs
//! makes of what this module feeds it.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::time::Duration;

use ggrs::{
    DesyncDetection, GgrsRequest, Message, NonBlockingSocket, P2PSession, PlayerType,
    PredictRepeatLast, SessionBuilder,
};
use netplay_protocol::PeerKey;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::{
    DelayBounds, EncodedInputs, MatchConfig, MatchTraffic, SessionMessage, SharedTraffic,
};
use super::{FRAME, key, signatures};

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(1_000_000);

/// An input as the facade has it: what the player gives, and whether it is disconnected.
trait Input:
    Copy + PartialEq + Debug + Default + Serialize + DeserializeOwned + Send + Sync + 'static
{
    fn random(random: &mut Pcg32) -> Self;

    fn bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        postcard::from_bytes(bytes).unwrap()
    }
}

/// A stick that rests at 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stick {
    axis: u8,
    disconnected: u8,
}

impl Default for Stick {
    fn default() -> Self {
        Self { axis: 128, disconnected: 0 }
    }
}

impl Input for Stick {
    fn random(random: &mut Pcg32) -> Self {
        Self { axis: random.random_range(0..4), disconnected: 0 }
    }
}

/// 72 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Large {
    bytes: [[u8; 24]; 3],
    disconnected: u8,
}

impl Input for Large {
    fn random(random: &mut Pcg32) -> Self {
        Self { bytes: [[(); 24]; 3].map(|row| row.map(|()| random.random())), disconnected: 0 }
    }
}

struct Config<I>(PhantomData<I>);

impl<I: Input> ggrs::Config for Config<I> {
    type Input = I;
    type InputPredictor = PredictRepeatLast;
    type State = u8;
    type Address = PeerKey;
}

/// ggrs' messages with public fields, which serialize alike.
#[derive(Serialize, Deserialize)]
enum Body {
    SyncRequest { random: u32 },
    SyncReply { random: u32 },
    Input(Inputs),
    InputAck { ack_frame: i32 },
    QualityReport { frame_advantage: i16, ping: u128 },
    QualityReply { pong: u128 },
    ChecksumReport { checksum: u128, frame: i32 },
    KeepAlive,
}

#[derive(Serialize, Deserialize)]
struct Inputs {
    peers: Vec<(bool, i32)>,
    disconnect_requested: bool,
    start_frame: i32,
    ack_frame: i32,
    bytes: Vec<u8>,
}

/// The socket that a session sees.
struct Socket {
    traffic: SharedTraffic,
    replies: Vec<(PeerKey, Body)>,
}

impl NonBlockingSocket<PeerKey> for Socket {
    fn send_to(&mut self, message: &Message, to: &PeerKey) {
        let bytes = postcard::to_stdvec(message).unwrap();
        let (_, body): (u16, Body) = postcard::from_bytes(&bytes).unwrap();
        let message = match body {
            Body::SyncRequest { random } => {
                return self.replies.push((*to, Body::SyncReply { random }));
            }
            Body::Input(inputs) => SessionMessage::Inputs {
                ack_frame: inputs.ack_frame,
                last_frames: inputs.peers.iter().map(|(_, last_frame)| *last_frame).collect(),
                inputs: EncodedInputs { start_frame: inputs.start_frame, bytes: inputs.bytes },
            },
            Body::InputAck { ack_frame } => SessionMessage::InputAck { ack_frame },
            _ => return,
        };
        self.traffic.lock().handle_message(*to, message);
    }

    fn receive_all_messages(&mut self) -> Vec<(PeerKey, Message)> {
        let mut traffic = self.traffic.lock();
        let messages = std::iter::from_fn(|| traffic.poll_message());
        let bodies = messages.map(|(from, message)| match message {
            SessionMessage::Inputs { ack_frame, last_frames, inputs } => {
                let peers = last_frames.into_iter().map(|last_frame| (false, last_frame)).collect();
                let EncodedInputs { start_frame, bytes } = inputs;
                let disconnect_requested = false;
                let inputs = Inputs { peers, disconnect_requested, start_frame, ack_frame, bytes };
                (from, Body::Input(inputs))
            }
            SessionMessage::InputAck { ack_frame } => (from, Body::InputAck { ack_frame }),
        });
        let write = |body| postcard::from_bytes(&postcard::to_stdvec(&(1u16, body)).unwrap());
        let bodies = self.replies.drain(..).chain(bodies);
        bodies.map(|(from, body)| (from, write(body).unwrap())).collect()
    }
}

/// One of the two players.
struct Player<I: Input> {
    local: usize,
    traffic: SharedTraffic,
    session: P2PSession<Config<I>>,
    /// The inputs with which each frame was simulated last.
    simulated: Vec<Vec<I>>,
    /// What ggrs asked for beside simulating a frame.
    saves: usize,
    random: Pcg32,
    /// How many frames an input lasts, about.
    held: u32,
    input: I,
}

impl<I: Input> Player<I> {
    fn new(local: usize, config: MatchConfig, seed: u64) -> Self {
        let MatchConfig { input_delay, max_prediction, .. } = config;
        let other = key(1 - local);
        let traffic = SharedTraffic::new(MatchTraffic::new(config, signatures(2, local)));
        let socket = Socket { traffic: traffic.clone(), replies: Vec::new() };
        let mut session = SessionBuilder::<Config<I>>::new()
            .with_num_players(2)
            .unwrap()
            .with_max_prediction_window(max_prediction)
            .with_input_delay(input_delay)
            .with_desync_detection_mode(DesyncDetection::Off)
            // ggrs reads a clock, and a test may be slow.
            .with_disconnect_timeout(NEVER)
            .with_disconnect_notify_delay(NEVER)
            .add_player(PlayerType::Local, local)
            .unwrap()
            .add_player(PlayerType::Remote(other), 1 - local)
            .unwrap()
            .start_p2p_session(socket)
            .unwrap();
        (0..8).for_each(|_| session.poll_remote_clients());
        let random = Pcg32::seed_from_u64(seed);
        let (simulated, input) = (Vec::new(), I::default());
        Self { local, traffic, session, simulated, saves: 0, random, held: 12, input }
    }

    fn frame(&self) -> i32 {
        self.session.current_frame()
    }

    /// One call of the session, with a new input now and then.
    fn advance(&mut self) {
        if self.random.random_range(0..self.held) == 0 {
            let rests = self.random.random_range(0..self.held) > 1;
            self.input = if rests { I::default() } else { I::random(&mut self.random) };
        }
        let (frame, local) = (self.frame(), self.local);
        let replayed = self.traffic.lock().replayed_input(frame).map(I::from_bytes);
        let input = replayed.unwrap_or(self.input);
        let delay = self.traffic.lock().poll_input_delay(frame, &input.bytes());
        if let Some(delay) = delay {
            self.session.set_input_delay(local, delay).unwrap();
        }
        self.session.add_local_input(local, input).unwrap();
        for request in self.session.advance_frame().unwrap() {
            match request {
                GgrsRequest::SaveGameState { cell, frame } => {
                    self.saves += 1;
                    cell.save(frame, Some(0), None);
                }
                GgrsRequest::LoadGameState { frame, .. } => self.simulated.truncate(frame as usize),
                GgrsRequest::AdvanceFrame { inputs } => {
                    self.simulated.push(inputs.into_iter().map(|(input, _)| input).collect());
                }
            }
        }
    }

    /// One update: many frames while there is something to catch up with.
    fn update(&mut self) {
        let frames = self.traffic.lock().frames_behind().unwrap_or(1).min(60);
        (0..frames).for_each(|_| self.advance());
        let frame = self.frame();
        self.traffic.lock().handle_frame(frame);
    }

    /// The inputs of a player in its log, from frame 0 on.
    fn logged(&self, player: usize) -> Vec<I> {
        let traffic = self.traffic.lock();
        let log = traffic.log((player != self.local).then(|| key(player))).unwrap();
        let start = log.start_frame().unwrap_or(0);
        let before = std::iter::repeat_n(I::default(), start as usize);
        let inputs = (start..).map_while(|frame| log.get(frame)).map(I::from_bytes);
        before.chain(inputs).collect()
    }
}

struct Pair<I: Input> {
    players: Vec<Player<I>>,
    tick: u32,
    latency: u32,
    loss: f64,
    /// When it arrives, at which player, and the payload.
    datagrams: Vec<(u32, usize, Vec<u8>)>,
    random: Pcg32,
}

/// A match with these delays and this window.
fn config<I: Input>(input_delay: usize, max_prediction: usize) -> MatchConfig {
    MatchConfig {
        players: 2,
        default_input: I::default().bytes(),
        input_delay,
        delay_bounds: DelayBounds::fixed(input_delay),
        frame: FRAME,
        max_prediction,
        input_redundancy: 3,
    }
}

impl<I: Input> Pair<I> {
    fn new(delays: [usize; 2], window: usize, latency: u32, seed: u64) -> Self {
        let player = |player: usize| {
            Player::new(player, config::<I>(delays[player], window), seed + 10 + player as u64)
        };
        let players = vec![player(0), player(1)];
        let random = Pcg32::seed_from_u64(seed);
        Self { players, tick: 0, latency, loss: 0.0, datagrams: Vec::new(), random }
    }

    fn step(&mut self) {
        self.tick += 1;
        let (tick, now) = (self.tick, FRAME * self.tick);
        for (at, player) in self.players.iter_mut().enumerate() {
            let other = key(1 - at);
            let due = |datagram: &mut (u32, usize, Vec<u8>)| datagram.0 <= tick && datagram.1 == at;
            for (_, _, payload) in self.datagrams.extract_if(.., due) {
                player.traffic.lock().handle_payload(other, &payload).unwrap();
            }
            let rtt = FRAME * (2 * self.latency + 1);
            player.traffic.lock().handle_rtt(other, Some(rtt));
            player.update();
            let mut traffic = player.traffic.lock();
            while let Some(due) = traffic.poll_transmit(now, other, FRAME) {
                if !self.random.random_bool(self.loss) {
                    self.datagrams.push((tick + self.latency, 1 - at, due.payload));
                }
            }
        }
    }

    fn run(&mut self, ticks: u32) {
        (0..ticks).for_each(|_| self.step());
    }

    /// The frame that both have confirmed; panics unless both have simulated the same inputs up to it, which are those
    /// in the logs.
    #[track_caller]
    fn confirmed(&self) -> usize {
        let confirmed = self.players.iter().map(|player| player.session.confirmed_frame());
        let simulated = self.players.iter().map(|player| player.frame() - 1);
        let confirmed = confirmed.chain(simulated).min().unwrap().max(0) as usize;
        for player in &self.players {
            for of in 0..2 {
                let simulated = player.simulated.iter().map(|inputs| inputs[of]);
                let logged = player.logged(of);
                for (frame, input) in simulated.take(confirmed).enumerate() {
                    assert_eq!(input, logged[frame], "frame {frame} of {of} at {}", player.local);
                }
            }
        }
        let [first, second] = [0, 1].map(|at| &self.players[at].simulated[..confirmed]);
        assert!(first == second, "the inputs differ");
        confirmed
    }
}

#[test]
fn before_its_first_input_a_player_gives_the_default_input() {
    let mut pair = Pair::<Stick>::new([2, 5], 8, 3, 1);
    pair.run(200);
    assert!(pair.confirmed() > 180);
    for (player, delay) in [(0, 2), (1, 5)] {
        for at in &pair.players {
            assert!((0..delay).all(|frame| at.simulated[frame][player] == Stick::default()));
            let log = (player != at.local).then(|| key(player));
            let start = at.traffic.lock().log(log).unwrap().start_frame();
            assert_eq!(start, Some(delay as i32));
        }
    }
}

#[test]
fn after_its_last_input_a_player_gives_the_default_input_and_is_disconnected() {
    let mut pair = Pair::<Stick>::new([2, 2], 8, 3, 2);
    pair.run(100);
    let player = &mut pair.players[0];
    player.traffic.lock().freeze(key(1));
    player.traffic.lock().disconnect(key(1));
    let last = player.traffic.lock().last_frame(key(1)) as usize;
    (0..100).for_each(|_| player.update());
    let gone = Stick { disconnected: 1, ..Stick::default() };
    assert!(player.simulated.len() > last + 80);
    assert!(player.simulated[..=last].iter().all(|inputs| inputs[1].disconnected == 0));
    assert!(player.simulated[last + 1..].iter().all(|inputs| inputs[1] == gone));
}

#[test]
fn a_player_who_gave_no_input_gives_the_default_input_and_is_disconnected() {
    let mut pair = Pair::<Stick>::new([2, 2], 8, 3, 3);
    let player = &mut pair.players[0];
    player.traffic.lock().disconnect(key(1));
    (0..50).for_each(|_| player.update());
    let gone = Stick { disconnected: 1, ..Stick::default() };
    assert!(player.simulated.len() > 40 && player.simulated.iter().all(|inputs| inputs[1] == gone));
}

#[test]
fn random_inputs_of_72_bytes_play_at_130_ms_each_way() {
    let mut pair = Pair::<Large>::new([2, 2], 8, 8, 4);
    pair.players.iter_mut().for_each(|player| player.held = 1);
    pair.run(600);
    assert!(pair.confirmed() > 570, "{}", pair.confirmed());
    pair.loss = 0.1;
    pair.run(600);
    assert!(pair.confirmed() > 1000, "{}", pair.confirmed());
}

#[test]
fn in_lockstep_nothing_is_saved_and_every_frame_is_simulated_once() {
    for delay in [0, 3] {
        let mut pair = Pair::<Stick>::new([delay; 2], 0, 1, 5);
        pair.loss = 0.05;
        pair.run(900);
        assert!(pair.confirmed() > if delay == 0 { 200 } else { 700 }, "{}", pair.confirmed());
        for player in &pair.players {
            assert_eq!((player.saves, player.simulated.len() as i32), (0, player.frame()));
        }
    }
}

/// Has both players change their delays at random.
fn change_delays(pair: &mut Pair<Stick>, ticks: u32) {
    for _ in 0..ticks {
        if pair.random.random_range(0..15) == 0 {
            let player = pair.random.random_range(0..2);
            let delay = pair.random.random_range(0..=16);
            pair.players[player].traffic.lock().request_input_delay(delay);
        }
        pair.step();
    }
}

#[test]
fn delays_that_change_at_any_time_leave_the_same_inputs_on_both_sides() {
    for seed in 0..20 {
        let window = [8, 0, 2, 32][seed as usize % 4];
        let mut pair = Pair::<Stick>::new([2, 4], window, 1 + seed as u32 % 5, seed);
        pair.loss = 0.1;
        change_delays(&mut pair, 1200);
        pair.loss = 0.0;
        let before = pair.confirmed();
        pair.players.iter().for_each(|player| player.traffic.lock().request_input_delay(8));
        pair.run(300);
        assert!(pair.confirmed() > before + 250, "{seed}: from {before} to {}", pair.confirmed());
        assert!(pair.players.iter().all(|player| player.traffic.lock().input_delay() == 8));
    }
}

#[test]
fn a_player_rejoins_after_its_delay_has_changed() {
    for seed in 0..20 {
        let window = [8, 0, 2, 32][seed as usize % 4];
        let mut pair = Pair::<Stick>::new([2, 2], window, 3, 100 + seed);
        change_delays(&mut pair, 400);
        let logs = {
            let traffic = pair.players[0].traffic.lock();
            [None, Some(key(1))].map(|of| traffic.log(of).unwrap().clone())
        };
        let [other, local] = logs;
        let delay = local.start_frame().unwrap() as usize;
        let known = local.last_frame().unwrap();
        let player = Player::new(1, config::<Stick>(delay, window), 200 + seed);
        player.traffic.lock().catch_up([(key(0), other, None, known)], local);
        player.traffic.lock().set_delay_bounds(DelayBounds::fixed(7), FRAME);
        pair.players[1] = player;
        pair.datagrams.clear();
        pair.run(300);
        let least = known as usize + 200;
        assert!(pair.confirmed() > least, "{seed}: {} of {least}", pair.confirmed());
        assert_eq!(pair.players[1].traffic.lock().input_delay(), 7);
    }
}

/// Plays on after `change` has changed the delay of the first player's session, without the guard. Returns how many
/// frames both have confirmed then, and whether both have simulated the same inputs.
fn unguarded(change: impl FnOnce(&mut Pair<Stick>)) -> (i32, bool) {
    let mut pair = Pair::<Stick>::new([4, 4], 8, 1, 6);
    pair.run(100);
    change(&mut pair);
    pair.run(200);
    let confirmed = pair.players.iter().map(|player| player.session.confirmed_frame());
    let simulated = pair.players.iter().map(|player| player.frame());
    let confirmed = confirmed.chain(simulated).min().unwrap();
    let [first, second] = [0, 1].map(|at| &pair.players[at].simulated[..confirmed as usize]);
    (confirmed, first == second)
}

#[test]
fn without_its_guard_ggrs_stops_or_differs_when_the_delay_changes_twice() {
    let (frame, same) = unguarded(|pair| {
        pair.players[0].session.set_input_delay(0, 5).unwrap();
    });
    assert!(frame > 250 && same, "{frame}");
    let (frame, _) = unguarded(|pair| {
        pair.players[0].session.set_input_delay(0, 5).unwrap();
        pair.players[0].session.set_input_delay(0, 6).unwrap();
    });
    assert!(frame < 120, "{frame}");
    let (_, same) = unguarded(|pair| {
        pair.players[0].session.set_input_delay(0, 2).unwrap();
        pair.players[0].input = Stick { axis: 77, disconnected: 0 };
        pair.players[0].session.set_input_delay(0, 3).unwrap();
    });
    assert!(!same);
}

/// A proposal or a part of a log about the other player, of frames around those that are played.
fn forge(random: &mut Pcg32, player: &Player<Stick>) {
    let mut traffic = player.traffic.lock();
    let other = key(1 - player.local);
    let next = traffic.last_frame(other) + 1;
    let count = random.random_range(0..=176);
    let last = match random.random_range(0..5) {
        0 => random.random(),
        1 => next + count - 1 + random.random_range(-3..3),
        2 => player.frame() + 143,
        _ => player.frame() + random.random_range(-40..240),
    };
    let inputs: Vec<u8> = (0..count).flat_map(|_| [random.random(), 0]).collect();
    let way = random.random_range(0..3);
    if way == 0 {
        let _ = traffic.merge(other, last, &inputs, None);
    } else if way == 1 {
        // Whatever else has got into the log.
        let inputs: Vec<Vec<u8>> = inputs.chunks(2).map(<[u8]>::to_vec).collect();
        let chunk = EncodedInputs::encode(next, &[0, 0], &inputs);
        if let Some(peer) = traffic.peers.get_mut(&other) {
            let _ = peer.log.merge_chunk(next, &chunk.bytes, i32::MAX);
        }
    } else {
        let inputs: Vec<Vec<u8>> = inputs.chunks(2).map(<[u8]>::to_vec).collect();
        let chunk = EncodedInputs::encode(next, &[0, 0], &inputs);
        let _ = traffic.merge_chunk(other, next, &chunk.bytes);
    }
}

/// Whatever others say of a player, at any moment, ggrs is passed what its queue can take.
#[test]
fn no_input_that_comes_another_way_is_more_than_ggrs_can_take() {
    let mut accepted = 0;
    for seed in 0..200 {
        let mut random = Pcg32::seed_from_u64(seed);
        let window = [8, 0, 2, 32][seed as usize % 4];
        let delays = [random.random_range(0..=16), random.random_range(0..=16)];
        let mut pair = Pair::<Stick>::new(delays, window, 1 + seed as u32 % 8, seed);
        pair.run(random.random_range(0..200));
        let rejoins = random.random_range(0..2) == 0 && pair.players[0].frame() > 60;
        if rejoins {
            // Player 1 rejoins, with a log that somebody has made longer than the match is.
            let traffic = pair.players[0].traffic.lock();
            let [mut other, local] =
                [None, Some(key(1))].map(|of| traffic.log(of).unwrap().clone());
            drop(traffic);
            let delay = local.start_frame().unwrap_or(0) as usize;
            let (next, known) = (other.next_frame(), local.last_frame().unwrap());
            let more = vec![vec![9, 0]; random.random_range(0..1500)];
            let chunk = EncodedInputs::encode(next, &[0, 0], &more);
            let _ = other.merge_chunk(next, &chunk.bytes, 1 << 20);
            let player = Player::new(1, config::<Stick>(delay, window), 200 + seed);
            player.traffic.lock().catch_up([(key(0), other, None, known)], local);
            pair.players[1] = player;
        }
        let player = &mut pair.players[1];
        for _ in 0..120 {
            if random.random_range(0..3) == 0 {
                let before = player.traffic.lock().last_frame(key(0));
                forge(&mut random, player);
                accepted += i32::from(player.traffic.lock().last_frame(key(0)) > before);
            }
            if random.random_range(0..60) == 0 {
                player.traffic.lock().freeze(key(0));
                player.traffic.lock().disconnect(key(0));
            }
            player.update();
        }
    }
    assert!(accepted > 500, "{accepted}");
}
