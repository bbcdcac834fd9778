//! Matches of 2 to 8 players on virtual time: datagrams are lost, delayed and duplicated, control messages keep
//! their order on each channel and no other, and processes are lost or restart at any moment.
//!
//! At the end of a match, all players who are left have the same input logs.

mod desyncs;
#[cfg(not(target_arch = "wasm32"))]
mod ggrs;
mod pair;
mod player;
mod session;
mod settings;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::LazyLock;
use std::time::Duration;

use netplay_protocol::{ControlMessage, Hello, Identity, MatchId, PeerKey, Roster};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::{MAX_INPUT_DELAY, Signatures, disconnected_input};
use player::{Player, Rejoin};
use settings::Settings;

const EPOCH: u16 = 1;
const FRAME: Duration = Duration::from_micros(16_667);
/// How many frames a match has.
const LAST_FRAME: i32 = 240;
/// How many updates anything is lost in, and how many there are.
const CHAOS_TICKS: u32 = 220;
const MAX_TICKS: u32 = 2500;
/// How many frames a session that catches up simulates per update.
const FRAMES_AT_ONCE: usize = 60;

/// The identity of a player.
fn identity(player: usize) -> Identity {
    Identity::from_secret(&[player as u8 + 1; 32])
}

fn key(player: usize) -> PeerKey {
    static KEYS: LazyLock<Vec<PeerKey>> =
        LazyLock::new(|| (0..8).map(|player| identity(player).peer_key()).collect());
    KEYS[player]
}

/// What the players of a match sign.
fn signatures(players: usize, local: usize) -> Signatures {
    let roster = Roster::new(players as u8, (0..players).map(key).collect());
    let id = MatchId::new(EPOCH, 0, &roster);
    let players = (0..players).map(|player| identity(player).public()).collect();
    Signatures { id, identity: identity(local), players }
}

#[derive(Debug)]
enum Process {
    Playing(Box<Player>),
    Rejoining(Rejoin),
    /// It restarts at this update.
    Down(u32),
    /// It never comes back.
    Lost,
}

struct Datagram {
    due: u32,
    to: usize,
    from: usize,
    payload: Vec<u8>,
}

struct World {
    random: Pcg32,
    tick: u32,
    settings: Settings,
    restarts: bool,
    processes: Vec<Process>,
    /// By receiver and sender.
    control: BTreeMap<(usize, usize), VecDeque<ControlMessage>>,
    datagrams: Vec<Datagram>,
    /// By sender and receiver: links whose sender does not know yet that the receiver restarted. What it sends is for
    /// the process before, and dropped.
    unaware: BTreeSet<(usize, usize)>,
    rejoined: usize,
}

impl World {
    fn new(seed: u64, settings: Settings, restarts: bool) -> Self {
        let mut random = Pcg32::seed_from_u64(seed);
        let players = random.random_range(2..=8);
        let player = |local| Player::new(local, players, &settings, settings.delay);
        let processes = (0..players).map(|local| Process::Playing(player(local).into()));
        let processes = processes.collect();
        Self {
            random,
            tick: 0,
            settings,
            restarts,
            processes,
            control: BTreeMap::new(),
            datagrams: Vec::new(),
            unaware: BTreeSet::new(),
            rejoined: 0,
        }
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.random.random_range(0..one_in) == 0
    }

    fn playing(&self) -> impl Iterator<Item = &Player> {
        self.processes.iter().filter_map(|process| match process {
            Process::Playing(player) => Some(&**player),
            _ => None,
        })
    }

    /// A process ends. What it has sent last may be lost with it.
    fn stop(&mut self, player: usize, process: Process) {
        for ((to, from), channel) in &mut self.control {
            if *to == player {
                channel.clear();
            } else if *from == player {
                let sent = self.random.random_range(0..=channel.len());
                channel.truncate(sent);
            }
        }
        self.datagrams.retain(|datagram| datagram.to != player);
        self.processes[player] = process;
    }

    fn send(&mut self, from: usize, to: usize, message: ControlMessage) {
        let is_there = !matches!(self.processes[to], Process::Lost | Process::Down(_));
        if is_there && !self.unaware.contains(&(from, to)) {
            self.control.entry((to, from)).or_default().push_back(message);
        }
    }

    fn send_to_all(&mut self, from: usize, message: &ControlMessage) {
        for to in (0..self.processes.len()).filter(|to| *to != from) {
            self.send(from, to, message.clone());
        }
    }

    /// Something goes wrong.
    fn disturb(&mut self, player: usize) {
        let is_playing = matches!(self.processes[player], Process::Playing(_));
        // Somebody has to know the match.
        let is_known = self.playing().any(|other| other.local != player);
        if !is_known || !self.chance(400) {
            return;
        }
        if self.restarts && is_playing && !self.chance(3) {
            let until = self.tick + self.random.random_range(1..30);
            return self.stop(player, Process::Down(until));
        }
        let other = self.random.random_range(0..self.processes.len());
        match &mut self.processes[player] {
            // A link fails while both of its processes run.
            Process::Playing(it) if other != player && self.random.random_range(0..3) == 0 => {
                it.disconnect(other);
                it.drop_decided();
                self.flush(player);
            }
            _ => self.stop(player, Process::Lost),
        }
    }

    /// One update of one process.
    fn update(&mut self, player: usize) {
        if let Process::Down(until) = self.processes[player]
            && until <= self.tick
        {
            // What was on its way from the process before is dropped.
            self.control.retain(|(_, from), _| *from != player);
            self.datagrams.retain(|datagram| datagram.from != player);
            let players = self.processes.len();
            self.unaware.retain(|(from, _)| *from != player);
            self.unaware.extend((0..players).map(|other| (other, player)));
            let rejoin = Rejoin::new(player, players, &self.settings);
            self.processes[player] = Process::Rejoining(rejoin);
            let hello = Hello {
                game: String::new(),
                registered: 0,
                roster: 0,
                frame_rate: 60,
                names: Vec::new(),
                key: identity(player).public().to_bytes(),
            };
            self.send_to_all(player, &ControlMessage::Hello(hello));
        }
        for from in 0..self.processes.len() {
            while self.chance(2)
                && let Some(message) =
                    self.control.get_mut(&(player, from)).and_then(VecDeque::pop_front)
            {
                self.handle_control(player, from, message);
            }
        }
        if let Process::Rejoining(rejoin) = &mut self.processes[player]
            && let Some(rejoined) = rejoin.finish()
        {
            self.rejoined += 1;
            self.processes[player] = Process::Playing(rejoined.into());
            self.flush(player);
        }
        self.notice_losses(player);
        self.play(player);
    }

    fn handle_control(&mut self, player: usize, from: usize, message: ControlMessage) {
        if matches!(message, ControlMessage::Hello(_)) {
            self.unaware.remove(&(player, from));
        }
        match &mut self.processes[player] {
            Process::Playing(it) => {
                it.handle_control(from, message);
                it.drop_decided();
                match it.is_dropped {
                    true => self.stop(player, Process::Lost),
                    false => self.flush(player),
                }
            }
            Process::Rejoining(rejoin) => match rejoin.handle_control(from, message) {
                None => self.stop(player, Process::Lost),
                Some(Some(answer)) => self.send_to_all(player, &answer),
                Some(None) => {}
            },
            Process::Down(_) | Process::Lost => {}
        }
    }

    /// Sends the control messages of a process, or some of them if it is lost meanwhile.
    fn flush(&mut self, player: usize) {
        let Process::Playing(it) = &mut self.processes[player] else { return };
        let outgoing = std::mem::take(&mut it.outgoing);
        let is_known = self.playing().any(|other| other.local != player);
        for (to, message) in outgoing {
            self.send(player, to, message);
            if is_known && self.tick < CHAOS_TICKS && self.chance(1500) {
                return self.stop(player, Process::Lost);
            }
        }
    }

    /// Silence: each process notices at another moment.
    fn notice_losses(&mut self, player: usize) {
        for other in 0..self.processes.len() {
            if matches!(self.processes[other], Process::Lost)
                && self.chance(20)
                && let Process::Playing(it) = &mut self.processes[player]
            {
                it.disconnect(other);
                it.drop_decided();
                self.flush(player);
            }
        }
    }

    /// Receives datagrams, simulates frames and sends what is due.
    fn play(&mut self, player: usize) {
        let Process::Playing(it) = &mut self.processes[player] else { return };
        let due = |datagram: &mut Datagram| datagram.to == player && datagram.due <= self.tick;
        for datagram in self.datagrams.extract_if(.., due) {
            it.handle_payload(datagram.from, &datagram.payload);
        }
        if self.settings.delay_changes && self.random.random_range(0..20) == 0 {
            it.traffic.request_input_delay(self.random.random_range(0..=MAX_INPUT_DELAY));
        }
        let frames = if it.traffic.frames_behind().is_some() { FRAMES_AT_ONCE } else { 1 };
        for _ in 0..frames {
            let mut input = self.settings.random_input(&mut self.random);
            // The delay changes while the input stays the same.
            if self.settings.delay_changes && (self.tick / 20).is_multiple_of(2) {
                input.clone_from(&self.settings.default_input);
            }
            if !it.session.run_frame(&mut it.traffic, LAST_FRAME, &input) {
                break;
            }
        }
        it.traffic.handle_frame(it.session.frame);
        let now = FRAME * self.tick;
        for to in (0..self.processes.len()).filter(|to| *to != player) {
            let Process::Playing(it) = &mut self.processes[player] else { return };
            let due = std::iter::from_fn(|| it.traffic.poll_transmit(now, key(to), FRAME));
            for sent in due.collect::<Vec<_>>() {
                if !matches!(self.processes[to], Process::Playing(_)) || self.chance(10) {
                    continue;
                }
                for _ in 0..self.random.random_range(1..=2) {
                    let due = self.tick + self.random.random_range(1..8);
                    let payload = sent.payload.clone();
                    self.datagrams.push(Datagram { due, to, from: player, payload });
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        let logs: Vec<_> = self.playing().map(logs).collect();
        // A player that the others have dropped rejoins in vain.
        let is_dropped = |player| self.playing().all(|it| it.consensus.is_dropped(player));
        let rejoins = |(player, process): (usize, &Process)| {
            matches!(process, Process::Rejoining(_) | Process::Down(_)) && !is_dropped(player)
        };
        let is_played = self.playing().all(|player| player.session.frame == LAST_FRAME);
        let is_equal = logs.windows(2).all(|pair| pair[0] == pair[1]);
        is_played && is_equal && !self.processes.iter().enumerate().any(rejoins)
    }

    /// Runs the match to its end. Returns how many players are left.
    fn run(&mut self, seed: u64) -> usize {
        while self.playing().next().is_some() && !self.is_over() {
            self.tick += 1;
            assert!(self.tick < MAX_TICKS, "seed {seed} hangs: {}", self.describe());
            for player in 0..self.processes.len() {
                if self.tick < CHAOS_TICKS {
                    self.disturb(player);
                }
                self.update(player);
            }
        }
        for process in &mut self.processes {
            if let Process::Playing(player) = process {
                assert_session_agrees(player);
            }
        }
        self.playing().count()
    }

    fn describe(&self) -> String {
        let describe = |process: &Process| match process {
            Process::Playing(it) => {
                let last: Vec<i32> =
                    (0..it.players).map(|player| it.traffic.last_frame(key(player))).collect();
                let frame = it.session.frame;
                format!("playing frame {frame} with inputs to {last:?}, {:?}", it.consensus)
            }
            Process::Rejoining(rejoin) => rejoin.describe(),
            Process::Down(_) | Process::Lost => format!("{process:?}"),
        };
        let processes: Vec<String> = self.processes.iter().map(describe).collect();
        processes.join("\n")
    }
}

/// The input logs of all players on one of them.
fn logs(player: &Player) -> Vec<super::InputLog> {
    let log = |other: usize| player.traffic.log((other != player.local).then(|| key(other)));
    (0..player.players).filter_map(log).cloned().collect()
}

/// The session has received what is in the logs, and who is disconnected gives the default input.
fn assert_session_agrees(player: &mut Player) {
    let default_input = player.settings.default_input.clone();
    player.session.run_frame(&mut player.traffic, LAST_FRAME, &default_input);
    for other in (0..player.players).filter(|other| *other != player.local) {
        let Some(log) = player.traffic.log(Some(key(other))) else { continue };
        let start = log.start_frame().unwrap_or(0);
        let frames = start..=log.last_frame().unwrap_or(-1);
        let logged: Vec<u8> =
            frames.filter_map(|frame| log.get(frame)).flatten().copied().collect();
        let inputs = logged.chunks(default_input.len());
        for input in inputs.filter(|input| input.last() == Some(&1)) {
            assert_eq!(input, disconnected_input(&default_input));
        }
        assert_eq!(player.session.received(key(other)), (start, logged));
    }
}

/// Plays matches with these settings, by seed. Returns how many came to their end, and how many players were dropped
/// from them and rejoined.
fn play(seeds: u64, settings: &Settings, restarts: bool) -> (usize, usize, usize) {
    let (mut matches, mut dropped, mut rejoined) = (0, 0, 0);
    for seed in 0..seeds {
        let mut world = World::new(seed, settings.clone(), restarts);
        if world.run(seed) >= 2 {
            matches += 1;
            dropped += world.playing().next().map_or(0, |it| it.consensus.dropped().count());
            rejoined += world.rejoined;
        }
    }
    (matches, dropped, rejoined)
}

#[test]
fn survivors_of_lost_players_end_with_equal_logs() {
    let (matches, dropped, _) = play(150, &Settings::default(), false);
    assert!(matches > 75 && dropped > 75, "{matches} matches, {dropped} players dropped");
}

#[test]
fn players_who_rejoin_while_others_are_lost_end_with_equal_logs() {
    let (matches, dropped, rejoined) = play(150, &Settings::default(), true);
    assert!(
        matches > 75 && rejoined > 75 && dropped > 30,
        "{matches} matches, {rejoined} players rejoined, {dropped} dropped"
    );
}

#[test]
fn logs_are_equal_with_other_inputs_windows_and_delays() {
    let stick = Settings { default_input: vec![128, 0], ..Settings::default() };
    let large = Settings {
        default_input: [7; 150].into_iter().chain([0]).collect(),
        ..Settings::default()
    };
    let lockstep = Settings { window: 0, ..Settings::default() };
    let undelayed = Settings { window: 0, delay: 0, ..Settings::default() };
    let changing = Settings { delay_changes: true, ..stick.clone() };
    for settings in [stick, large, lockstep, undelayed, changing] {
        let (matches, dropped, rejoined) = play(12, &settings, true);
        assert!(
            matches > 6 && rejoined > 4 && dropped > 2,
            "{matches} matches, {rejoined} players rejoined, {dropped} dropped: {settings:?}"
        );
    }
}
