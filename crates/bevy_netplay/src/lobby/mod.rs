//! The lobby as a game sees it: who is there and ready, the countdown, the values of players and room, and the end of a
//! match.

mod current;
mod match_end;
mod values;

pub use current::{CurrentLobby, LobbyMember, in_countdown, others_play};
pub(crate) use current::{LobbyOverviewSeen, update_countdown, update_lobby};
pub use match_end::MatchResult;
pub(crate) use match_end::{MatchEnd, finish_match, plugin as match_end_plugin};
pub use values::{LobbyState, LobbyValue, MatchLobby, NetplayLobbyApp};
pub(crate) use values::{LobbyTypes, set_match_lobby};
