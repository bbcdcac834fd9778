//! What players are called.

use bevy_netplay::prelude::*;

/// How many letters of a name are shown: what fits on a card of the bar.
const LETTERS: usize = 12;

/// What another player wants to be called, if anything.
fn chosen(links: &PeerLinks, player: usize) -> Option<String> {
    let name = links.player(player)?.name.as_deref()?;
    Some(name.chars().take(LETTERS).collect())
}

/// What to call another player.
pub fn called(links: &PeerLinks, player: usize) -> String {
    chosen(links, player).unwrap_or_else(|| format!("player {}", player + 1))
}

/// The same where there is little room.
pub fn called_shortly(links: &PeerLinks, player: usize) -> String {
    chosen(links, player).unwrap_or_else(|| format!("P{}", player + 1))
}
