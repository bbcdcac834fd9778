//! The phase of a room, and every way from one phase into another.
//!
//! ```text
//!  Connecting ──► Queued ──► Lobby ◄──► Synchronizing ──► Playing ──► Playing (the next match), or Lobby
//!      └───────────────────────┘ ▲           ▲ │
//!                                │           │ ▼
//!                                └──────► Rejoining
//!
//!  each of them ──► Ended
//! ```

use netplay_protocol::PeerKey;

use super::active_match::ActiveMatch;
use super::rejoin::Rejoin;

/// Where a room is on its way into a match. What is known in one phase only is kept in it.
pub(super) enum Phase {
    /// On the way to the signaling server.
    Connecting,
    /// Waiting in the matchmaking queue.
    Queued,
    /// In a room, waiting for players, connections and agreement.
    Lobby,
    /// The local peer has voted for the first match.
    Synchronizing,
    /// The local process restarted, and a match runs that it belongs to.
    Rejoining(Rejoin),
    /// In a match.
    Playing(Box<ActiveMatch>),
    /// The room is over: nothing is taken in any more, and no event follows.
    Ended,
}

impl Phase {
    /// The match that is played.
    pub(super) fn active_match(&self) -> Option<&ActiveMatch> {
        match self {
            Self::Playing(active) => Some(active),
            _ => None,
        }
    }

    pub(super) fn active_match_mut(&mut self) -> Option<&mut ActiveMatch> {
        match self {
            Self::Playing(active) => Some(active),
            _ => None,
        }
    }

    pub(super) fn rejoin_mut(&mut self) -> Option<&mut Rejoin> {
        match self {
            Self::Rejoining(rejoin) => Some(rejoin),
            _ => None,
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    /// Whether who comes and goes at the server changes who plays: not once there is a match.
    pub(super) fn follows_the_server(&self) -> bool {
        !matches!(self, Self::Rejoining(_) | Self::Playing(_) | Self::Ended)
    }

    /// The server put the local peer into a queue. Returns whether that is news, as each of these does.
    pub(super) fn queued(&mut self) -> bool {
        self.change(matches!(self, Self::Connecting), Self::Queued)
    }

    /// The server admitted the local peer to a room.
    pub(super) fn joined(&mut self) -> bool {
        self.change(matches!(self, Self::Connecting | Self::Queued), Self::Lobby)
    }

    /// The roster changed, or somebody began the exchange of the seed again: the members have to agree again.
    pub(super) fn disagreed(&mut self) -> bool {
        self.change(matches!(self, Self::Synchronizing), Self::Lobby)
    }

    /// Everybody agrees on what is played, and the local peer votes for the first match.
    pub(super) fn agreed(&mut self) -> bool {
        self.change(matches!(self, Self::Lobby), Self::Synchronizing)
    }

    /// A peer says that a match runs to which the local peer belongs.
    pub(super) fn rejoin(&mut self, rejoin: Rejoin) -> bool {
        self.change(matches!(self, Self::Lobby | Self::Synchronizing), Self::Rejoining(rejoin))
    }

    /// The match could not be rejoined in time.
    pub(super) fn rejoin_failed(&mut self) -> bool {
        self.change(matches!(self, Self::Rejoining(_)), Self::Lobby)
    }

    /// The process of a peer restarted. Before a match it has to agree again; of a match to rejoin it knows no more.
    pub(super) fn peer_restarted(&mut self, peer: PeerKey) -> bool {
        let back = match self {
            Self::Synchronizing => true,
            Self::Rejoining(rejoin) => rejoin.forget(peer),
            _ => false,
        };
        self.change(back, Self::Lobby)
    }

    /// Everything is known of the match to rejoin, which starts next. Returns it, if there is one.
    pub(super) fn take_rejoin(&mut self) -> Option<Rejoin> {
        match std::mem::replace(self, Self::Synchronizing) {
            Self::Rejoining(rejoin) => Some(rejoin),
            other => {
                *self = other;
                None
            }
        }
    }

    /// A match starts.
    pub(super) fn started(&mut self, active: ActiveMatch) -> bool {
        let ready = matches!(self, Self::Synchronizing | Self::Playing(_));
        self.change(ready, Self::Playing(Box::new(active)))
    }

    /// The match is over, and the room is in its lobby again. Returns the match, if one was played.
    pub(super) fn match_left(&mut self) -> Option<Box<ActiveMatch>> {
        match std::mem::replace(self, Self::Lobby) {
            Self::Playing(active) => Some(active),
            other => {
                *self = other;
                None
            }
        }
    }

    /// The room is over.
    pub(super) fn ended(&mut self) -> bool {
        self.change(!self.is_ended(), Self::Ended)
    }

    fn change(&mut self, change: bool, to: Self) -> bool {
        if change {
            *self = to;
        }
        change
    }
}

#[cfg(test)]
#[path = "phase_tests.rs"]
mod tests;
