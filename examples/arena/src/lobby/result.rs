//! How the last match in a room with a lobby has ended.

use bevy::prelude::*;
use bevy_netplay::messages::MatchEnded;
use bevy_netplay::prelude::*;

use super::ShipColors;
use crate::names;
use crate::standings::Standings;

/// The result of the last match in this room, for the lobby to show.
#[derive(Resource, Clone, Debug, Default, PartialEq, Eq)]
pub struct LastResult(pub Option<ShownResult>);

/// A result in words: players may have left since, or have other places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownResult {
    /// Who has won.
    pub title: String,
    /// The colour of the winner, a number of the palette.
    pub color: Option<u8>,
    /// Names and points, the best player first.
    pub scores: Vec<(String, u16)>,
}

/// The names of the players of the match: their handles are those of this match only.
#[derive(Resource, Default)]
pub(super) struct MatchNames(Vec<String>);

pub(super) fn remember_names(
    this_match: Res<CurrentMatch>,
    links: Res<PeerLinks>,
    mut names: ResMut<MatchNames>,
) {
    names.0 = this_match.player_handles().map(|player| names::full(&links, player)).collect();
}

pub(super) fn forget(mut last: ResMut<LastResult>) {
    last.0 = None;
}

pub(super) fn keep(
    mut ended: MessageReader<MatchEnded>,
    this_match: Option<Res<CurrentMatch>>,
    (names, colors): (Res<MatchNames>, Res<ShipColors>),
    mut last: ResMut<LastResult>,
) {
    for MatchEnded { result, .. } in ended.read() {
        let own = this_match.as_ref().map(|this_match| this_match.local_player.0);
        let name_of = |player: u8| {
            let name = names.0.get(usize::from(player)).cloned();
            name.unwrap_or_else(|| PlayerHandle(player).to_string())
        };
        last.0 = Some(match result.get::<Standings>() {
            Some(standings) => ShownResult {
                title: standings.title(own, name_of),
                color: standings.winner().map(|winner| colors.of(winner)),
                scores: standings
                    .iter()
                    .map(|(player, score)| {
                        let name = if own == Some(player) { "you".into() } else { name_of(player) };
                        (name, score)
                    })
                    .collect(),
            },
            None => ShownResult {
                title: "THE OTHERS HAVE LEFT".into(),
                color: None,
                scores: Vec::new(),
            },
        });
    }
}
