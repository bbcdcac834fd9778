//! The names of players in texts.

use bevy_netplay::prelude::*;

/// How many letters of a name are shown: those that fit on a card of the bar.
const LETTERS: usize = 12;
/// How many marks a letter may have: Vietnamese and old Greek have two above a letter, and one below.
const MARKS: usize = 3;

/// The name that another player has chosen, if any.
fn chosen(links: &PeerLinks, player: PlayerHandle) -> Option<String> {
    Some(on_one_line(links.name(player)?)).filter(|name| !name.is_empty())
}

/// A name as it is shown, whatever the other player sends: on one line, no longer than a card, and without what moves the
/// texts around it.
fn on_one_line(name: &str) -> String {
    let mut shown = String::new();
    let (mut letters, mut marks) = (0, 0);
    for letter in name.chars().filter(|letter| !is_control(*letter)) {
        if is_mark(letter) {
            marks += 1;
            if letters > 0 && marks <= MARKS {
                shown.push(letter);
            }
        } else {
            letters += 1;
            marks = 0;
            if letters > LETTERS {
                break;
            }
            shown.push(letter);
        }
    }
    shown.trim().into()
}

/// Line breaks, and what changes the direction of a text (Unicode Standard Annex 9, section 2).
fn is_control(letter: char) -> bool {
    let changes_direction = matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') || changes_direction
}

/// The combining marks that the font has.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// The name of another player.
pub fn full(links: &PeerLinks, player: PlayerHandle) -> String {
    chosen(links, player).unwrap_or_else(|| player.to_string())
}

/// A short name of another player.
pub fn short(links: &PeerLinks, player: PlayerHandle) -> String {
    chosen(links, player).unwrap_or_else(|| format!("P{}", player.index() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_after_a_letter_with_its_marks() {
        assert_eq!(on_one_line("Ζωή Łukáš ñ"), "Ζωή Łukáš ñ");
        let decomposed = "e\u{301}".repeat(20);
        assert_eq!(on_one_line(&decomposed), "e\u{301}".repeat(LETTERS));
    }

    #[test]
    fn a_name_stays_on_its_line_and_in_its_direction() {
        assert_eq!(on_one_line("\nAnn\r\n\u{202e}Bob\u{2029}\u{0}"), "AnnBob");
        assert_eq!(on_one_line("\u{301}\u{301}\u{2066} \t"), "");
        let pile = format!("A{}", "\u{30a}".repeat(30));
        assert_eq!(on_one_line(&pile), "A\u{30a}\u{30a}\u{30a}");
    }
}
