//! What other players write, as it is shown: on one line, and without what changes the texts around it.

/// How many marks a letter may have: Vietnamese and old Greek have two above a letter, and one below.
const MARKS: usize = 3;

/// A text on one line, at most so many letters long. Line breaks and tabs are spaces; control characters, those that
/// change the direction of texts, and those that nobody sees are left out, and so are piles of marks.
pub fn on_one_line(text: &str, most_letters: usize) -> String {
    let mut shown = String::new();
    let (mut letters, mut marks) = (0, 0);
    let text = text.chars().map(|letter| if is_break(letter) { ' ' } else { letter });
    for letter in text.filter(|letter| !is_control(*letter)) {
        if is_mark(letter) {
            marks += 1;
            if letters > 0 && marks <= MARKS {
                shown.push(letter);
            }
        } else {
            letters += 1;
            marks = 0;
            if letters > most_letters {
                break;
            }
            shown.push(letter);
        }
    }
    let shown = shown.trim();
    // Joiners shape the letters around them. Alone they are nothing.
    if shown.chars().all(|letter| is_joiner(letter) || letter.is_whitespace()) {
        return String::new();
    }
    shown.into()
}

fn is_break(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Control characters; what changes the direction of a text (Unicode Standard Annex 9, section 2); and characters without
/// a shape: zero width space, word joiner and invisible operators, soft hyphen, byte order mark, annotations, tags.
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        )
        || matches!(
            letter,
            '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The zero width joiner and non-joiner, which some scripts and emoji need.
fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}')
}

/// Marks that are drawn over or under the letter before them: the blocks of combining marks.
fn is_mark(letter: char) -> bool {
    matches!(
        letter,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_after_a_letter_with_its_marks() {
        assert_eq!(on_one_line("Ζωή Łukáš ñ", 12), "Ζωή Łukáš ñ");
        let decomposed = "e\u{301}".repeat(20);
        assert_eq!(on_one_line(&decomposed, 12), "e\u{301}".repeat(12));
    }

    #[test]
    fn a_text_stays_on_its_line_and_in_its_direction() {
        assert_eq!(on_one_line("\nAnn\r\n\u{202e}Bob\u{2029}\u{0}", 12), "Ann  Bob");
        assert_eq!(on_one_line("\u{301}\u{301}\u{2066} \t", 12), "");
        let pile = format!("A{}", "\u{30a}\u{489}".repeat(30));
        assert_eq!(on_one_line(&pile, 12), "A\u{30a}\u{489}\u{30a}");
    }

    #[test]
    fn what_nobody_sees_is_no_text() {
        for nothing in ["", "\u{200b}\u{feff}", "\u{200d} \u{200c}", "\u{e0041}\u{e007f}", "\u{ad}"]
        {
            assert_eq!(on_one_line(nothing, 12), "", "{nothing:?}");
        }
        assert_eq!(on_one_line("\u{1f468}\u{200d}\u{1f33e}", 12), "\u{1f468}\u{200d}\u{1f33e}");
    }
}
