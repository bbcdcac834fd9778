//! The names of players in texts.

use bevy_netplay::prelude::*;

/// How many characters of a name are shown: those that fit on a card of the bar.
const LETTERS: usize = 12;

/// The name that another player has chosen, if any.
fn chosen(links: &PeerLinks, player: usize) -> Option<String> {
    let name = links.player(player)?.name.as_deref()?;
    Some(name.chars().take(LETTERS).collect())
}

/// The name of another player.
pub fn called(links: &PeerLinks, player: usize) -> String {
    chosen(links, player).unwrap_or_else(|| format!("player {}", player + 1))
}

/// A short name of another player.
pub fn called_shortly(links: &PeerLinks, player: usize) -> String {
    chosen(links, player).unwrap_or_else(|| format!("P{}", player + 1))
}
