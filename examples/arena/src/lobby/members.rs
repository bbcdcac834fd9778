//! The members of the lobby, as the list shows them.

use bevy_netplay::LobbyMember;
use bevy_netplay::prelude::*;

use super::ArenaLobby;
use crate::chat::ChatLog;
use crate::names;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownMember {
    /// The peer.
    pub peer: PeerKey,
    /// Its name.
    pub name: String,
    /// The colour that its ship will have, a number of the palette.
    pub color: u8,
    /// What it does.
    pub status: &'static str,
    /// Whether it is this peer.
    pub is_local: bool,
    /// Whether it is ready for the next match.
    pub ready: bool,
    /// Whether it is the room's first player.
    pub is_first: bool,
    /// Whether what it says is hidden.
    pub muted: bool,
}

/// The members of the lobby, in the order in which they joined.
pub fn members(
    lobby: &CurrentLobby,
    choices: &ArenaLobby,
    links: &PeerLinks,
    log: &ChatLog,
) -> Vec<ShownMember> {
    let shown = |member: &LobbyMember| {
        let name = match member.is_local {
            true => "you".into(),
            false => names::of_peer(links, member.peer).unwrap_or_else(|| member.place.to_string()),
        };
        ShownMember {
            peer: member.peer,
            name,
            color: chosen_color(choices, member).unwrap_or(member.place.0),
            status: match member {
                _ if member.playing => "playing",
                _ if !member.known => "connecting",
                _ if member.ready => "ready",
                _ => "not ready",
            },
            is_local: member.is_local,
            ready: member.ready,
            is_first: lobby.first == Some(member.peer),
            muted: log.is_muted(member.peer),
        }
    };
    lobby.members.iter().map(shown).collect()
}

/// The colour that a member has chosen for its ship, if any.
pub fn chosen_color(choices: &ArenaLobby, member: &LobbyMember) -> Option<u8> {
    match member.is_local {
        true => choices.local().color,
        false => choices.get(member.peer)?.color,
    }
}
