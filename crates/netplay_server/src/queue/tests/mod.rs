//! The queue on a virtual clock.

mod grouping;
mod model;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn criteria(size: u8) -> MatchCriteria {
    MatchCriteria { game: GameInfo::default(), size, least: None }
}

fn key(number: u64) -> PeerKey {
    PeerKey::from_bytes(u128::from(number).to_be_bytes())
}

/// A peer that brings one player, without a skill.
fn entrant(socket: u64, name: u64) -> Entrant {
    Entrant { socket: SocketId(socket), key: key(name), players: 1, skill: None }
}

/// A queue and a clock. Sockets and keys have the same numbers.
struct TestQueue {
    queue: Queue,
    now: Duration,
}

impl TestQueue {
    fn new() -> Self {
        Self { queue: Queue::new(&MatchmakingConfig::default()), now: Duration::ZERO }
    }

    /// What the queue has asked for since the last call.
    fn commands(&mut self) -> Vec<QueueCommand> {
        std::iter::from_fn(|| self.queue.poll_command()).collect()
    }

    fn join(&mut self, number: u64, size: u8, skill: Option<i32>) -> Vec<QueueCommand> {
        self.join_with(number, 1, size, skill)
    }

    /// A peer joins that brings so many players.
    fn join_with(
        &mut self,
        number: u64,
        players: u8,
        size: u8,
        skill: Option<i32>,
    ) -> Vec<QueueCommand> {
        let entrant = Entrant { players, skill, ..entrant(number, number) };
        self.queue.handle_join(self.now, entrant, criteria(size)).unwrap();
        self.commands()
    }

    fn leave(&mut self, number: u64) -> Vec<QueueCommand> {
        self.queue.handle_leave(self.now, SocketId(number));
        self.commands()
    }

    fn pong(&mut self, number: u64, probe: u64) -> Vec<QueueCommand> {
        self.queue.handle_pong(SocketId(number), probe);
        self.commands()
    }

    fn pass(&mut self, time: Duration) -> Vec<QueueCommand> {
        self.now += time;
        self.queue.handle_timeout(self.now);
        self.commands()
    }
}

fn probe(probe: u64, sockets: &[u64]) -> QueueCommand {
    QueueCommand::Probe { sockets: sockets.iter().copied().map(SocketId).collect(), probe }
}

/// The sockets of the group that gets a room.
fn matched(commands: &[QueueCommand]) -> Vec<u64> {
    match commands {
        [QueueCommand::CreateRoom { group, .. }] => group.iter().map(|one| one.socket.0).collect(),
        other => panic!("{other:?}"),
    }
}
