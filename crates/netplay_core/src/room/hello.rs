//! Hellos: what two peers tell each other before they play, and whether it is the same.

use netplay_protocol::limits::MAX_NAME_BYTES;
use netplay_protocol::{Hello, Roster};

use super::{EndReason, RoomConfig, printable::printable};

/// The local hello, for the present roster.
pub(super) fn local(config: &RoomConfig, roster: &Roster) -> Hello {
    Hello {
        game: config.game.clone(),
        registered: agreed_hash(config),
        roster: roster_hash(roster),
        frame_rate: u16::try_from(config.frame_rate).unwrap_or(u16::MAX),
        names: config.names.iter().map(|name| name_for_the_wire(name)).collect(),
        key: config.identity.public().to_bytes(),
    }
}

/// The hash of what peers must agree on: what rolls back, and what an input is that nobody gave.
fn agreed_hash(config: &RoomConfig) -> u64 {
    let mut bytes = config.registered.to_le_bytes().to_vec();
    bytes.extend_from_slice(&config.default_input);
    seahash::hash(&bytes)
}

/// Compares what a player plays with what the local peer plays. Rosters are not compared: one of them may be older,
/// and another hello follows when it changes.
pub(super) fn compare(player: usize, ours: &Hello, theirs: &Hello) -> Result<(), EndReason> {
    if theirs.game != ours.game {
        let (ours, theirs) = (ours.game.clone(), printable(&theirs.game));
        return Err(EndReason::GameDiffers { player, ours, theirs });
    }
    if theirs.registered != ours.registered || theirs.frame_rate != ours.frame_rate {
        return Err(EndReason::BuildDiffers { player });
    }
    Ok(())
}

/// The hash of a roster in hellos, votes and the exchange of seeds.
pub(super) fn roster_hash(roster: &Roster) -> u64 {
    let members = roster.members.iter().zip(&roster.players);
    let bytes =
        members.flat_map(|(member, players)| member.to_bytes().into_iter().chain([*players]));
    seahash::hash(&bytes.collect::<Vec<u8>>())
}

/// A name as short as the protocol wants it.
fn name_for_the_wire(name: &str) -> String {
    let mut name = printable(name);
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
    name
}

#[cfg(test)]
mod tests {
    use netplay_protocol::PeerKey;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn hello() -> Hello {
        Hello {
            game: "chess 1".into(),
            registered: 7,
            roster: 1,
            frame_rate: 60,
            names: Vec::new(),
            key: [0; 32],
        }
    }

    #[test]
    fn another_game_or_build_is_told_from_the_same_with_another_roster_or_name() {
        let ours = hello();
        let same = Hello { roster: 2, names: vec!["Ann".into()], ..hello() };
        assert_eq!(compare(1, &ours, &same), Ok(()));
        let game = Hello { game: "chess\n2".into(), registered: 8, ..hello() };
        assert_eq!(
            compare(1, &ours, &game),
            Err(EndReason::GameDiffers {
                player: 1,
                ours: "chess 1".into(),
                theirs: "chess2".into()
            })
        );
        for build in [Hello { registered: 8, ..hello() }, Hello { frame_rate: 30, ..hello() }] {
            assert_eq!(compare(2, &ours, &build), Err(EndReason::BuildDiffers { player: 2 }));
        }
    }

    #[test]
    fn the_hash_of_a_roster_depends_on_the_order() {
        let [a, b] = [1, 2].map(|byte| PeerKey::from_bytes([byte; 16]));
        let roster = |members: &[PeerKey]| Roster::new(2, members.to_vec());
        assert_ne!(roster_hash(&roster(&[a, b])), roster_hash(&roster(&[b, a])));
    }

    #[test]
    fn names_are_cut_at_a_character_and_shown_without_control_characters() {
        assert_eq!(name_for_the_wire("A\u{7}nn"), "Ann");
        let name = name_for_the_wire(&"ä".repeat(40));
        assert_eq!(name, "ä".repeat(32));
    }
}
