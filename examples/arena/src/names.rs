//! The names of players in texts.

use bevy_netplay::prelude::*;

use crate::plain_text::on_one_line;

/// How many letters of a name are shown: those that fit on a card of the bar.
pub const LETTERS: usize = 12;

/// A name as it is shown, whatever the other player sends. None if nothing of it can be shown.
pub fn shown(name: &str) -> Option<String> {
    Some(on_one_line(name, LETTERS)).filter(|name| !name.is_empty())
}

/// The name that another player has chosen, if any.
fn chosen(links: &PeerLinks, player: PlayerHandle) -> Option<String> {
    shown(links.name(player)?)
}

/// The name of another player.
pub fn full(links: &PeerLinks, player: PlayerHandle) -> String {
    chosen(links, player).unwrap_or_else(|| player.to_string())
}

/// A short name of another player.
pub fn short(links: &PeerLinks, player: PlayerHandle) -> String {
    chosen(links, player).unwrap_or_else(|| tag(player))
}

/// Whether ships and cards have the numbers of their players: with so many, colours alone do not tell everybody which is
/// whose.
pub fn has_tags(players: usize) -> bool {
    players > 4
}

/// The number of a player.
pub fn tag(player: PlayerHandle) -> String {
    format!("P{}", player.index() + 1)
}

/// The number of another player, and the name, if there is one.
pub fn tagged(links: &PeerLinks, player: PlayerHandle) -> String {
    let name = chosen(links, player).unwrap_or_default();
    format!("{} {name}", tag(player)).trim_end().into()
}

/// The name that another peer has chosen, if any.
pub fn of_peer(links: &PeerLinks, peer: PeerKey) -> Option<String> {
    shown(links.iter().find(|link| link.peer == peer)?.name.as_deref()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_at_most_the_letters_of_a_card() {
        assert_eq!(shown("Ann"), Some("Ann".into()));
        assert_eq!(shown(&"W".repeat(64)), Some("W".repeat(LETTERS)));
        assert_eq!(shown("\u{202e}\n"), None);
    }
}
