//! The names of players in texts.

use bevy_netplay::prelude::*;

/// How many characters of a name are shown: those that fit on a card of the bar.
const LETTERS: usize = 12;

/// The name that another player has chosen, if any.
fn chosen(links: &PeerLinks, player: PlayerHandle) -> Option<String> {
    let name = links.player(player)?.name.as_deref()?;
    Some(name.chars().take(LETTERS).collect())
}

/// The name of another player.
pub fn full(links: &PeerLinks, player: PlayerHandle) -> String {
    chosen(links, player).unwrap_or_else(|| player.to_string())
}

/// A short name of another player.
pub fn short(links: &PeerLinks, player: PlayerHandle) -> String {
    chosen(links, player).unwrap_or_else(|| format!("P{}", player.index() + 1))
}
