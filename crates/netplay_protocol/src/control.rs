//! Reliable, ordered messages between two peers: before, during and after a match.

use serde::{Deserialize, Serialize};

use crate::accusation::Accusation;
use crate::limits::{
    MAX_CONTROL_BYTES, MAX_GAME_ID_BYTES, MAX_LOCAL_PLAYERS, MAX_NAME_BYTES, MAX_PLAYERS,
};
use crate::lobby::{LobbyEntry, LobbyValues};
use crate::message::MessageTypes;
use crate::seed::{SeedCommitment, SeedReveal, SeedReveals, SeedWait};
use crate::statement::InputStatement;
use crate::{ReliableHeader, Roster};

/// The most statements in one [`InputResponse`].
pub const MAX_STATEMENTS: usize = 4;

/// A reliable, ordered message between two peers.
///
/// On the wire: a [`ReliableHeader`](crate::ReliableHeader), which carries the version, then the message in
/// postcard. The order of the variants is part of the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlMessage {
    /// The first message on a link: what the sender plays.
    Hello(Hello),
    /// The sender has received every [`Hello`] and is ready to play this epoch.
    Ready {
        /// A hash of the roster to play with, as in [`Hello::roster`].
        roster: u64,
        /// The match that is to start.
        epoch: u16,
    },
    /// The sender ends the match and leaves the room.
    Bye {
        /// Why: a sentence for the player.
        reason: String,
    },
    /// What the sender has of a player that it is about to drop from the match.
    DropProposal(DropProposal),
    /// The receiver's process restarted, and it belongs to a running match. [`InputLogChunk`]s follow.
    RejoinState(RejoinState),
    /// A part of a player's input log.
    InputLogChunk(InputLogChunk),
    /// A part of a message that is longer than a packet.
    Fragment {
        /// Whether it is the last one of the message.
        last: bool,
        /// The part.
        bytes: Vec<u8>,
    },
    /// The sender has drawn its part of a match's seed.
    SeedCommitment(SeedCommitment),
    /// The sender has every [`SeedCommitment`] and reveals its part of the seed.
    SeedReveal(SeedReveal),
    /// The sender has every [`SeedReveal`], and the match starts.
    SeedReveals(SeedReveals),
    /// What the sender has of the players' statements of one frame, for a receiver that has others.
    InputStatements(InputStatements),
    /// Two statements of one player that prove that it told two peers different inputs.
    Equivocation(Equivocation),
    /// Who has lost a player.
    Accusations(Accusations),
    /// The sender lacks inputs of a player, and asks the receiver for those that it has.
    InputRequest(InputRequest),
    /// The answer.
    InputResponse(InputResponse),
    /// The sender has not revealed its part of the seed for a while, and says who it waits for.
    SeedWait(SeedWait),
    /// The sender wants a player removed from the match.
    Kick(Kick),
    /// The page that the sender runs in is closed, loaded again or left for another one, and it cannot know which: its
    /// process ends, and another one may resume its place. A browser's WebSocket closes with 1001 then, "going away"
    /// (RFC 6455).
    GoingAway,
    /// The page that the sender runs in is shown again, and the same process goes on.
    Back,
    /// The types of messages that the sender's game knows. It follows the first [`Hello`].
    MessageTypes(MessageTypes),
    /// What the sender tells of itself in the lobby.
    Lobby(LobbyEntry),
}

/// A player is to be removed from a match: the sender removes it, or votes for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kick {
    /// The match.
    pub epoch: u16,
    /// The player.
    pub player: u8,
    /// Whether it is to be kept out of the room from then on.
    pub ban: bool,
}

/// Who has lost a player of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accusations {
    /// The match.
    pub epoch: u16,
    /// The accused player.
    pub player: u8,
    /// Why: a sentence for the player.
    pub reason: String,
    /// Every accusation of it that the sender knows, at most one of each player.
    pub accusations: Vec<Accusation>,
}

/// What the sender lacks of a player's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRequest {
    /// The match.
    pub epoch: u16,
    /// The player.
    pub player: u8,
    /// The last frame whose input the sender has; -1 if there is none.
    pub after: i32,
    /// The frame of the last statement of the player that these inputs agree with; none if there is none.
    pub stated: Option<i32>,
}

/// Inputs of a player from another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputResponse {
    /// The inputs.
    pub inputs: InputLogChunk,
    /// The statements of the player that follow the last one of the receiver, as far as the sender has them.
    pub statements: Vec<InputStatement>,
}

/// The statements of players of one frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputStatements {
    /// The match.
    pub epoch: u16,
    /// Players and their statements, at most one for each player.
    pub statements: Vec<(u8, InputStatement)>,
}

/// Two statements of one player for the same frame, with different digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Equivocation {
    /// The match.
    pub epoch: u16,
    /// The player.
    pub player: u8,
    /// The two statements.
    pub statements: [InputStatement; 2],
}

/// The state of a running match, for a player whose process restarted and who rejoins it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejoinState {
    /// The match.
    pub epoch: u16,
    /// The players of the match, in order. The server's roster may have changed since it began.
    pub roster: Roster,
    /// The players who were dropped from it.
    pub disconnected: Vec<u8>,
    /// For each player, the last frame whose input the sender has; -1 if there is none. The sender sends
    /// every input up to these frames as [`InputLogChunk`]s.
    pub last_frames: Vec<i32>,
    /// The seed of the match.
    pub seed: u64,
    /// The public key of each player ([`PublicKey::to_bytes`](crate::PublicKey::to_bytes)).
    pub keys: Vec<[u8; 32]>,
    /// The last statement of each player that the sender's log of its inputs agrees with. That of the receiver shows it
    /// that it has played this match, with this roster and this seed.
    pub statements: Vec<Option<InputStatement>>,
    /// The values of the lobby that the match started with.
    pub lobby: LobbyValues,
}

/// Consecutive inputs of one player, out of its input log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputLogChunk {
    /// The match.
    pub epoch: u16,
    /// The player whose inputs these are.
    pub player: u8,
    /// The frame of the first input.
    pub start_frame: i32,
    /// The inputs, each as its difference from the one before, in ggrs' encoding.
    pub inputs: Vec<u8>,
}

/// What a survivor has of a player that is to be dropped from the match.
///
/// More than half of the others have lost that player, and the sender accepts nothing more from it. Survivors exchange proposals until all of them have the
/// same inputs; then each drops the player after the same frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropProposal {
    /// The match.
    pub epoch: u16,
    /// The player to drop.
    pub player: u8,
    /// The last frame whose input of that player the sender has; -1 if there is none.
    pub last_frame: i32,
    /// The player's inputs of the last frames up to that one, oldest first, without separators: other
    /// survivors may lack some of them.
    pub inputs: Vec<u8>,
    /// The last statement of the player that these inputs, and those before them, agree with.
    pub statement: Option<InputStatement>,
    /// Every accusation of the player that the sender knows, at most one of each player.
    pub accusations: Vec<Accusation>,
    /// Why: a sentence for the player.
    pub reason: String,
}

/// What both sides of a link must agree on before a match starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The name of the game and its version, as the game chose it.
    pub game: String,
    /// A hash of everything that is registered for rollback, and of the default input.
    pub registered: u64,
    /// A hash of the room's roster: the same peers in the same order.
    pub roster: u64,
    /// Frames per second of the simulation.
    pub frame_rate: u16,
    /// The names of the sender's players, in their order; empty where a player has none. At most [`MAX_NAME_BYTES`] each,
    /// and [`MAX_LOCAL_PLAYERS`](crate::limits::MAX_LOCAL_PLAYERS) names.
    pub names: Vec<String>,
    /// The player's public key ([`PublicKey::to_bytes`](crate::PublicKey::to_bytes)), of which its name in the roster is
    /// the fingerprint.
    pub key: [u8; 32],
}

/// The bytes are not a control message: too long, truncated or malformed. Holds their number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a malformed control message of {0} bytes")]
pub struct ControlError(pub usize);

impl Hello {
    fn names_fit(&self) -> bool {
        self.names.len() <= usize::from(MAX_LOCAL_PLAYERS)
            && self.names.iter().all(|name| name.len() <= MAX_NAME_BYTES)
    }
}

impl ControlMessage {
    /// The largest encoded message, in bytes.
    pub const MAX_BYTES: usize = MAX_CONTROL_BYTES - ReliableHeader::BYTES;

    /// Encodes the message.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the message is longer than [`Self::MAX_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, ControlError> {
        let bytes = postcard::to_stdvec(self).map_err(|_| ControlError(0))?;
        if bytes.len() > Self::MAX_BYTES {
            return Err(ControlError(bytes.len()));
        }
        Ok(bytes)
    }

    /// Decodes a message and checks its sizes.
    ///
    /// # Errors
    ///
    /// [`ControlError`] if the bytes are not a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, ControlError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(ControlError(bytes.len()));
        }
        Self::decode_checked(bytes)
    }

    /// Decodes a message of any length and checks the sizes in it.
    pub(crate) fn decode_checked(bytes: &[u8]) -> Result<Self, ControlError> {
        let malformed = || ControlError(bytes.len());
        match postcard::from_bytes(bytes) {
            Ok(Self::Hello(hello))
                if hello.game.len() > MAX_GAME_ID_BYTES || !hello.names_fit() =>
            {
                Err(malformed())
            }
            Ok(Self::RejoinState(state))
                if state.roster.members.len() > usize::from(MAX_PLAYERS)
                    || state.roster.players.len() != state.roster.members.len()
                    || [state.last_frames.len(), state.keys.len(), state.statements.len()]
                        != [state.roster.members.len(); 3]
                    || ![0, state.roster.members.len()].contains(&state.lobby.players.len())
                    || !state.lobby.fits() =>
            {
                Err(malformed())
            }
            Ok(Self::SeedReveals(reveals)) if reveals.nonces.len() > usize::from(MAX_PLAYERS) => {
                Err(malformed())
            }
            Ok(Self::InputStatements(it)) if it.statements.len() > usize::from(MAX_PLAYERS) => {
                Err(malformed())
            }
            Ok(Self::DropProposal(it)) if it.accusations.len() > usize::from(MAX_PLAYERS) => {
                Err(malformed())
            }
            Ok(Self::Accusations(it)) if it.accusations.len() > usize::from(MAX_PLAYERS) => {
                Err(malformed())
            }
            Ok(Self::Lobby(entry)) if !entry.fits() => Err(malformed()),
            Ok(Self::InputResponse(it)) if it.statements.len() > MAX_STATEMENTS => Err(malformed()),
            Ok(Self::MessageTypes(types)) if types.check().is_err() => Err(malformed()),
            Ok(message) => Ok(message),
            Err(_) => Err(malformed()),
        }
    }
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
