//! Peers that say anything: every message that can be written, about anybody, at any moment, with any numbers. Whatever
//! they do, nobody else panics, the others stay in agreement and play on.

use netplay_protocol::{
    Accusation, Accusations, AckRange, ControlMessage, DropProposal, Equivocation, Hello,
    InputLogChunk, InputRequest, InputResponse, InputStatement, InputStatements, LobbyEntry,
    LobbyStart, LobbyValues, MAX_STATEMENTS, MatchId, MessageAck, MessageChunk, MessageDelivery,
    MessageFrame, MessageLatest, MessagePacket, MessageType, MessageTypes, RejoinState, Roster,
    SeedCommitment, SeedReveal, SeedReveals, SeedTerms, SeedWait, StatementSignature,
};
use rand::seq::{IndexedMutRandom, IndexedRandom};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg32;
use std::sync::Arc;
use std::time::Duration;

use super::lobby_model::{check_agreement, check_liveness};
use super::network::{Network, identity, key};
use crate::match_::{RecentInputs, disconnected_input};
use crate::path::Channel;
use crate::room::{EndReason, RoomEvent};
use crate::transport::TransportEvent;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// How many seeds are played. `NETPLAY_SEEDS` in the environment sets another number.
const SEEDS: u64 = 120;

pub(super) fn seeds(default: u64) -> u64 {
    let wanted = std::env::var("NETPLAY_SEEDS").ok();
    wanted.and_then(|seeds| seeds.parse().ok()).unwrap_or(default)
}

/// What a hostile peer draws from.
struct Grammar<'a> {
    network: &'a Network,
    random: &'a mut Pcg32,
    from: usize,
    players: usize,
}

impl Grammar<'_> {
    fn one_in(&mut self, times: u32) -> bool {
        self.random.random_range(0..times) == 0
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.random.random_range(0..=most)];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    fn hash(&mut self) -> [u8; 32] {
        if self.one_in(3) { [7; 32] } else { self.random.random() }
    }

    fn player(&mut self) -> u8 {
        match self.one_in(12) {
            true => self.random.random(),
            false => self.random.random_range(0..self.players) as u8,
        }
    }

    fn epoch(&mut self) -> u16 {
        let current = self.network.started(self.from).map_or(1, |start| start.epoch);
        match self.random.random_range(0..12) {
            0 => self.random.random(),
            1 => 0,
            2 => u16::MAX,
            3 | 4 => current.wrapping_add(1),
            _ => current,
        }
    }

    fn frame(&mut self) -> i32 {
        let frame = self.network.simulation(self.from).map_or(-1, |it| it.frame);
        match self.random.random_range(0..10) {
            0 => self.random.random(),
            1 => *[i32::MIN, -2, -1, 0, i32::MAX].choose(self.random).unwrap(),
            2 => 5000,
            _ => frame + self.random.random_range(-200..300),
        }
    }

    fn text(&mut self) -> String {
        let texts = ["", "x", "\u{202e}\u{200b}", "a\nb", "they left the room"];
        match self.one_in(6) {
            true => "y".repeat(self.random.random_range(0..3000)),
            false => (*texts.choose(self.random).unwrap()).to_owned(),
        }
    }

    fn roster(&mut self) -> Roster {
        let members = (0..self.random.random_range(0..=8)).map(|at| match self.one_in(8) {
            true => key(self.random.random_range(0..12)),
            false => key(at),
        });
        let members: Vec<_> = members.collect();
        let size = if self.one_in(5) { self.random.random() } else { members.len() as u8 };
        match self.one_in(2) {
            true => Roster::new(self.players as u8, (0..self.players).map(key).collect()),
            false => Roster::new(size, members),
        }
    }

    fn terms(&mut self) -> SeedTerms {
        let room = &self.network.nodes[&self.from].room;
        let own = room.seed.terms().unwrap_or(SeedTerms { roster: 1, epoch: 1, round: 0 });
        match self.random.random_range(0..5) {
            0 => SeedTerms {
                roster: self.random.random(),
                epoch: self.epoch(),
                round: self.random.random(),
            },
            1 => SeedTerms { round: own.round + self.random.random_range(0..4), ..own },
            _ => own,
        }
    }

    /// What it has of a player, or what can be of nobody.
    fn proposal(&mut self) -> DropProposal {
        let (epoch, player) = (self.epoch(), self.player());
        let of = usize::from(player);
        let traffic = self.network.nodes[&self.from].room.traffic();
        let known = traffic.filter(|_| of < self.players && of != self.from).map(|traffic| {
            let traffic = traffic.lock();
            traffic.recent(key(of))
        });
        let RecentInputs { mut last_frame, mut inputs, mut statement } =
            known.unwrap_or(RecentInputs { last_frame: -1, inputs: Vec::new(), statement: None });
        if self.one_in(3) {
            // Other inputs than the player has given.
            if self.one_in(2) {
                last_frame = self.frame();
                inputs = self.bytes(400);
            }
            for _ in 0..self.random.random_range(0..4) {
                if let Some(input) = inputs.choose_mut(self.random) {
                    *input ^= 1;
                }
            }
            statement = if self.one_in(2) { self.statement() } else { statement };
        } else if self.one_in(3) {
            // Inputs that are missing, or no whole ones.
            match self.one_in(2) {
                true => last_frame = self.frame().max(last_frame.saturating_add(1)),
                false => inputs = vec![1; 2 * self.random.random_range(0..400) + 1],
            }
            if inputs.len().is_multiple_of(2) {
                inputs.clear();
            }
        }
        DropProposal {
            epoch,
            player,
            last_frame,
            inputs,
            statement,
            accusations: self.accusations(of),
            reason: self.text(),
        }
    }

    /// Its own accusation of a player, those that it knows, or what nobody has signed.
    fn accusations(&mut self, of: usize) -> Vec<Accusation> {
        let (Some(active), true) =
            (self.network.nodes[&self.from].room.phase.active_match(), of < self.players)
        else {
            return Vec::new();
        };
        let mut accusations = active.accusations.of(of);
        let (accuser, revision) = (self.player(), self.random.random_range(0..5));
        let signature = match self.random.random_range(0..4) {
            0 => StatementSignature([self.random.random(); 64]),
            1 => match accusations.choose(self.random) {
                Some(known) => known.signature,
                None => return accusations,
            },
            _ => {
                let signature = active.traffic.lock().accuse(key(of), revision);
                accusations.push(Accusation { accuser: self.from as u8, revision, signature });
                return accusations;
            }
        };
        accusations.push(Accusation { accuser, revision, signature });
        accusations
    }

    /// Inputs that it was or was not asked for.
    fn response(&mut self) -> Option<InputResponse> {
        let (player, epoch) = (self.player(), self.epoch());
        let after = self.frame();
        let of = usize::from(player);
        let traffic = self.network.nodes[&self.from].room.traffic()?.clone();
        let stated = if self.one_in(2) { None } else { Some(self.frame()) };
        let request = InputRequest { epoch, player, after, stated };
        let of = (of != self.from && of < self.players).then(|| key(of));
        let mut response = traffic.lock().input_response(request, of)?;
        if self.one_in(2)
            && let Some(byte) = response.inputs.inputs.choose_mut(self.random)
        {
            *byte ^= 1;
        }
        if self.one_in(4) {
            let statements = (0..MAX_STATEMENTS).filter_map(|_| self.statement());
            response.statements = statements.collect();
        }
        Some(response)
    }

    /// A statement that somebody has signed, or nobody.
    fn statement(&mut self) -> Option<InputStatement> {
        let of = key(self.random.random_range(0..self.players));
        let traffic = self.network.nodes[&self.from].room.traffic()?;
        let known = traffic.lock().statement(of)?;
        let frame = if self.one_in(2) { known.frame } else { self.frame() };
        Some(match self.random.random_range(0..4) {
            0 => InputStatement { frame, ..known },
            1 => InputStatement { digest: known.digest.next(0, &[1]), ..known },
            // Its own signature, of the match before it began.
            2 => {
                let id = MatchId::new(1, 1, &Roster::new(2, Vec::new()));
                identity(self.from).sign_inputs(&id, frame, known.digest)
            }
            _ => known,
        })
    }

    /// Types of messages that nobody else knows, or everybody.
    fn types(&mut self) -> MessageTypes {
        let of = |name: &str, version, delivery| MessageType {
            name: name.into(),
            version,
            delivery,
            max_bytes: 1000,
        };
        let version = self.random.random_range(1..3);
        let types = vec![
            of("chat", version, MessageDelivery::Reliable),
            of("\u{202e}x", 1, MessageDelivery::Latest),
        ];
        MessageTypes::new(types).unwrap()
    }

    /// A packet with messages, with a number that it may have had before.
    fn message_packet(&mut self, (from, to): (u16, u16)) -> Vec<u8> {
        let number = self.random.random_range(0..50);
        let mut packet = MessagePacket { from, to, number, sent: self.random.random() }.header();
        for _ in 0..self.random.random_range(1..4) {
            let bytes = match self.one_in(2) {
                true => [&[3, 0, 0, 0, 0, 0, 0, 0][..], &self.bytes(200)].concat(),
                false => self.bytes(300),
            };
            let offset = if self.one_in(4) {
                self.random.random()
            } else {
                self.random.random_range(0..600)
            };
            let message_type = self.random.random_range(0..3);
            let frame = match self.random.random_range(0..4) {
                0 => MessageFrame::Ack(MessageAck {
                    largest: self.random.random_range(0..50),
                    delay: self.random.random(),
                    ready: self.random.random(),
                    ranges: vec![AckRange { gap: 0, length: self.random.random_range(1..4) }],
                }),
                1 => MessageFrame::Latest(MessageLatest {
                    message_type,
                    sequence: offset,
                    bytes: &bytes,
                }),
                _ => MessageFrame::Chunk(MessageChunk { message_type, offset, bytes: &bytes }),
            };
            packet = frame.push(packet);
        }
        let garbled = self.one_in(8);
        if garbled && let Some(byte) = packet[2..].choose_mut(self.random) {
            *byte ^= 1;
        }
        packet
    }

    /// What it tells in the lobby: what its game tells, with something else in it.
    fn entry(&mut self) -> LobbyEntry {
        let mut entry = self.network.nodes[&self.from].room.lobby_entry();
        let views = self.network.nodes.values().map(|node| node.room.lobby_entry().ready);
        let views: Vec<_> = views.flatten().collect();
        for _ in 0..self.random.random_range(0..4) {
            let view = views.choose(self.random).copied().unwrap_or_else(|| self.random.random());
            match self.random.random_range(0..8) {
                0 => entry.player = self.bytes(40),
                1 => entry.room = if self.one_in(3) { None } else { Some(self.bytes(40)) },
                2 => entry.ready = if self.one_in(3) { None } else { Some(view) },
                3 => entry.epoch = self.epoch(),
                4 => entry.playing ^= true,
                5 => {
                    entry.start = Some(LobbyStart { members: self.random.random(), view });
                }
                6 => entry.revision = self.random.random(),
                _ => entry.start = None,
            }
        }
        entry
    }

    fn message(&mut self) -> ControlMessage {
        match self.random.random_range(0..19) {
            0 => ControlMessage::Hello(Hello {
                game: if self.one_in(2) { "game 1".into() } else { "game 2".into() },
                registered: self.random.random(),
                roster: self.random.random(),
                frame_rate: self.random.random(),
                names: vec!["\u{202e}x".into(); self.random.random_range(0..5)],
                key: identity(self.random.random_range(0..12)).public().to_bytes(),
            }),
            1 => ControlMessage::Ready { roster: self.random.random(), epoch: self.epoch() },
            2 if self.one_in(20) => ControlMessage::Bye { reason: self.text() },
            3 | 4 if self.one_in(4) => ControlMessage::DropProposal(self.proposal()),
            5 => {
                let roster = self.roster();
                let last = self.frame();
                let keys = roster.members.iter().map(|member| {
                    let peer = (0..12).find(|peer| key(*peer) == *member).unwrap_or(0);
                    identity(peer).public().to_bytes()
                });
                let keys = keys.collect();
                let statements = roster.members.iter().map(|_| self.statement()).collect();
                ControlMessage::RejoinState(RejoinState {
                    lobby: match self.one_in(2) {
                        true => LobbyValues::default(),
                        false => LobbyValues {
                            room: self.bytes(9),
                            players: roster.members.iter().map(|_| self.bytes(9)).collect(),
                        },
                    },
                    epoch: self.epoch(),
                    disconnected: self.bytes(9).into_iter().map(|player| player % 10).collect(),
                    last_frames: vec![last; roster.members.len()],
                    seed: self.random.random(),
                    roster,
                    keys,
                    statements,
                })
            }
            6 => {
                let (start_frame, inputs) = (self.frame(), self.bytes(60));
                let (player, epoch) = (self.player(), self.epoch());
                ControlMessage::InputLogChunk(InputLogChunk { epoch, player, start_frame, inputs })
            }
            7 if self.one_in(2) => ControlMessage::InputStatements(InputStatements {
                epoch: self.epoch(),
                statements: (0..self.random.random_range(0..8))
                    .filter_map(|_| Some((self.player(), self.statement()?)))
                    .collect(),
            }),
            8 if self.one_in(2)
                && let Some(statement) = self.statement() =>
            {
                let other = self.statement().unwrap_or(statement);
                ControlMessage::Equivocation(Equivocation {
                    epoch: self.epoch(),
                    player: self.player(),
                    statements: [statement, other],
                })
            }
            7 => ControlMessage::Fragment { last: self.one_in(3), bytes: self.bytes(2000) },
            8 | 9 => ControlMessage::SeedCommitment(SeedCommitment {
                terms: self.terms(),
                hash: self.hash(),
            }),
            10 => ControlMessage::SeedReveal(SeedReveal {
                terms: self.terms(),
                exchange: self.hash(),
                nonce: self.hash(),
            }),
            11 => {
                let player = self.player();
                ControlMessage::Accusations(Accusations {
                    epoch: self.epoch(),
                    player,
                    reason: self.text(),
                    accusations: self.accusations(player.into()),
                })
            }
            12 if self.one_in(3) => match self.one_in(2) {
                true => ControlMessage::GoingAway,
                false => ControlMessage::Back,
            },
            12 => ControlMessage::InputRequest(InputRequest {
                epoch: self.epoch(),
                player: self.player(),
                after: self.frame(),
                stated: if self.one_in(2) { None } else { Some(self.frame()) },
            }),
            13 if let Some(response) = self.response() => ControlMessage::InputResponse(response),
            15 => ControlMessage::MessageTypes(self.types()),
            17 | 18 => ControlMessage::Lobby(self.entry()),
            14 => ControlMessage::SeedWait(SeedWait {
                roster: self.terms().roster,
                epoch: self.epoch(),
                players: self.random.random(),
            }),
            _ => ControlMessage::SeedReveals(SeedReveals {
                exchange: self.hash(),
                nonces: (0..self.random.random_range(0..9)).map(|_| self.hash()).collect(),
            }),
        }
    }

    /// The payload of a datagram that is no payload, or says nothing of inputs.
    fn payload(&mut self) -> Vec<u8> {
        let mut payload = self.bytes(40);
        if let Some(flags) = payload.first_mut() {
            *flags &= !1;
        }
        payload
    }
}

/// Has a hostile peer say something, beside what its game says.
fn say_something(network: &mut Network, random: &mut Pcg32, from: usize, players: usize) {
    let to = random.random_range(0..players);
    if !network.nodes.contains_key(&from) || to == from {
        return;
    }
    let mut grammar = Grammar { network, random, from, players };
    let (message, payload) = (grammar.message(), grammar.payload());
    let (garbage, epoch) = (grammar.bytes(200), grammar.epoch());
    let link = network.nodes[&from].room.peers.get(&key(to)).map(|peer| &peer.link);
    let incarnations = link.and_then(|link| link.message_incarnations());
    if let Some((incarnations, path)) = incarnations.zip(network.path(from, to))
        && random.random_range(0..4) == 0
    {
        let packet = Grammar { network, random, from, players }.message_packet(incarnations);
        let (peer, at, channel) = (key(from), network.now, Channel::Datagram);
        return network.deliver(to, TransportEvent::Received { peer, path, at, channel, packet });
    }
    let now = network.now;
    let room = &mut network.nodes.get_mut(&from).unwrap().room;
    match random.random_range(0..10) {
        0 => {
            if let Some(peer) = room.peers.get_mut(&key(to)) {
                let _ = peer.link.send(now, epoch, &payload, false);
            }
        }
        1 => {
            if let Some(peer) = room.peers.get_mut(&key(to)) {
                let _ = peer.link.send_reliable(now, garbage);
            }
        }
        _ => room.send_control(now, key(to), &message),
    }
}

/// A room with one or two hostile peers. Returns a hash over everything that was sent.
pub(super) fn play(seed: u64) -> u64 {
    let mut random = Pcg32::seed_from_u64(seed);
    let players = random.random_range(2..=8);
    let hostile: Vec<usize> = match players {
        2 => vec![1],
        3 | 4 => vec![random.random_range(0..players)],
        _ => vec![0, random.random_range(1..players)],
    };
    let mut network = Network::configured(seed, players as u8, |_, config| {
        config.stall_timeout = Some(Duration::from_secs(2));
        config.disconnect_timeout = Duration::from_secs(3);
        config.away_timeout = Duration::from_secs(3);
        let delivery = MessageDelivery::Reliable;
        let chat = MessageType { name: "chat".into(), version: 1, delivery, max_bytes: 1000 };
        config.messages = Arc::new(MessageTypes::new(vec![chat]).unwrap());
    });
    network.hostile.extend(&hostile);
    network.loss = [0.0, 0.05][random.random_range(0..2)];
    for peer in 0..players {
        network.join(peer);
        network.run(random.random_range(0..4));
    }
    let honest: Vec<usize> = (0..players).filter(|peer| !hostile.contains(peer)).collect();
    // From the lobby on, or once a match runs.
    if random.random_range(0..3) > 0 {
        network.run(90);
    }
    let every = random.random_range(1..12);
    let restarted = honest.choose(&mut random).copied().filter(|_| random.random_range(0..4) == 0);
    for tick in 0..240 {
        for from in &hostile {
            if random.random_range(0..every) == 0 {
                say_something(&mut network, &mut random, *from, players);
            }
        }
        if let Some(peer) = restarted.filter(|peer| tick == 100 && network.ended(*peer).is_none()) {
            network.restart(peer);
        }
        if tick % 60 == 30 && random.random_range(0..3) == 0 {
            let now = network.now;
            for node in network.nodes.values_mut().filter(|it| it.simulation.is_some()) {
                node.room.vote_rematch(now);
            }
        }
        network.run(1);
    }
    hostile.iter().for_each(|from| network.crash(*from));
    network.run(60 * 12);
    let reasons = |network: &Network, peer: usize| network.ended(peer).cloned();
    let playing: Vec<usize> =
        honest.iter().copied().filter(|peer| network.simulation(*peer).is_some()).collect();
    // One who lies among three or more drops nobody but itself.
    if hostile.len() == 1 && players > 2 && restarted.is_none() {
        for peer in &honest {
            let dropped = network.dropped(*peer);
            assert!(dropped.keys().all(|it| hostile.contains(it)), "seed {seed}: {network}");
        }
    }
    for peer in &honest {
        let was_in_match = !network.nodes[peer].before.is_empty()
            || network.nodes[peer]
                .said
                .iter()
                .any(|event| matches!(event, RoomEvent::StartMatch(_)));
        let members = network.nodes[peer].room.roster.members.clone();
        for event in &network.nodes[peer].said {
            if let RoomEvent::PeerRefused {
                player, reason: EndReason::SeedViolation { .. }, ..
            } = event
            {
                assert!(hostile.contains(player), "seed {seed}: {peer} blames {player}: {network}");
            }
        }
        assert!(members.iter().all(|it| (0..players).any(|peer| key(peer) == *it)), "{network}");
        match reasons(&network, *peer) {
            None => {}
            // Somebody else who was dropped with it, or nobody was left.
            Some(
                EndReason::PeerLost { .. }
                | EndReason::PeerLeft { .. }
                | EndReason::PeerStalled { .. },
            ) if was_in_match || restarted == Some(*peer) => {}
            Some(_) if players == 2 || restarted == Some(*peer) => {}
            Some(reason) => panic!("seed {seed}: peer {peer} ended: {reason}: {network}"),
        }
    }
    if playing.len() > 1 {
        network.play_on(&playing);
        let disconnected =
            disconnected_input(&network.nodes[&playing[0]].room.config().default_input);
        let confirmed = network.confirmed(playing.iter().copied());
        let gone: Vec<Vec<bool>> = playing
            .iter()
            .map(|peer| {
                let history = network.simulation(*peer).unwrap().history(confirmed);
                history.iter().map(|inputs| inputs.last() == Some(&disconnected)).collect()
            })
            .collect();
        assert!(gone.windows(2).all(|two| two[0] == two[1]), "seed {seed}: {gone:?}: {network}");
    } else if playing.is_empty() && players > 2 {
        // Nobody plays: the room takes others in the place of those who left.
        let in_lobby = honest.iter().all(|peer| network.ended(*peer).is_none());
        if in_lobby {
            let more = players..players + hostile.len();
            more.clone().for_each(|peer| network.join(peer));
            let all: Vec<usize> = honest.iter().copied().chain(more).collect();
            network.play_on(&all);
        }
    }
    network.sent_hash
}

#[test]
fn whatever_a_hostile_peer_says_the_others_stay_in_agreement() {
    for seed in 0..seeds(SEEDS) {
        play(seed);
    }
}

/// A room with a lobby and a hostile peer. Nobody else is blamed, all start the same match, and without it they play on.
fn play_in_lobby(seed: u64) {
    let mut random = Pcg32::seed_from_u64(seed);
    let players = random.random_range(3..=6);
    let hostile = random.random_range(0..players);
    let mut network = Network::configured(seed, players as u8, |_, config| {
        config.disconnect_timeout = Duration::from_secs(3);
        config.countdown = Duration::from_millis(100);
    });
    network.least = Some(2);
    network.hostile.insert(hostile);
    let honest: Vec<usize> = (0..players).filter(|peer| *peer != hostile).collect();
    (0..players).for_each(|peer| network.join(peer));
    for tick in 0..400 {
        if random.random_range(0..3) == 0 {
            say_something(&mut network, &mut random, hostile, players);
        }
        if tick % 20 == 10 {
            let now = network.now;
            (0..players).for_each(|peer| super::ready::ready(&mut network, peer, true));
            if let Some(peer) = honest.choose(&mut random) {
                let room = &mut network.nodes.get_mut(peer).unwrap().room;
                match random.random_range(0..3) {
                    0 => room.set_lobby_player(vec![tick as u8]).unwrap(),
                    1 => room.set_lobby_room(vec![tick as u8]).unwrap(),
                    _ => {
                        let _ = room.ask_to_start(now);
                    }
                }
            }
        }
        network.run(1);
        check_agreement(&network, seed);
    }
    network.crash(hostile);
    network.hostile.remove(&hostile);
    network.run(60 * 12);
    for peer in &honest {
        for event in &network.nodes[peer].said {
            let RoomEvent::PeerRefused { peer: refused, .. } = event else { continue };
            assert_eq!(*refused, key(hostile), "seed {seed}: {peer} blames another one: {network}");
        }
    }
    check_liveness(&mut network, seed);
}

#[test]
fn whatever_a_hostile_peer_says_in_the_lobby_the_others_start_the_same_match() {
    for seed in 0..seeds(SEEDS) {
        play_in_lobby(seed);
    }
}
