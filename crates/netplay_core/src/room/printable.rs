//! Words of others, made fit to be shown and logged.
//!
//! A name can hold what nobody sees: characters that turn the text after them around (Unicode Standard Annex 9), that
//! have no width, or that pile marks on one letter until they cover other lines. Two names that look alike would be
//! different ones, and a name could rewrite the sentence that it is in.

/// How many characters of another player's words are shown.
const MAX_SHOWN_CHARS: usize = 120;
/// How many marks one letter may carry.
const MAX_MARKS: usize = 2;

/// Another player's words: short, in one line, and without characters that are not seen. Spaces of any kind become one
/// space.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    let (mut chars, mut marks) = (0, 0);
    for character in text.chars() {
        let is_space = character.is_whitespace() && !character.is_control();
        if is_space && (shown.is_empty() || shown.ends_with(' ')) || is_unseen(character) {
            continue;
        }
        marks = if is_mark(character) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            continue;
        }
        chars += 1;
        if chars > MAX_SHOWN_CHARS {
            break;
        }
        shown.push(if is_space { ' ' } else { character });
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// Control and format characters, fillers, variation selectors, tags and what is for private use or no character: the
/// categories Cc, Cf, Co and Cn as far as they matter, and the property Default_Ignorable_Code_Point.
fn is_unseen(character: char) -> bool {
    let is_format = matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}'
    );
    is_format || character.is_control()
}

/// Marks that are drawn on the letter before them.
fn is_mark(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{591}'..='\u{5bd}'
            | '\u{610}'..='\u{61a}'
            | '\u{64b}'..='\u{65f}'
            | '\u{e31}'
            | '\u{e34}'..='\u{e3a}'
            | '\u{e47}'..='\u{e4e}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn nothing_is_shown_that_is_not_seen() {
        let table = [
            ("Ann", "Ann"),
            ("Jürgen 日本 عمر", "Jürgen 日本 عمر"),
            ("a\u{7}b\nc\td", "abcd"),
            ("\u{1b}[31mred", "[31mred"),
            ("\u{202e}nnA\u{202c}", "nnA"),
            ("\u{2066}x\u{2069}\u{61c}\u{200e}\u{200f}y", "xy"),
            ("A\u{200b}n\u{200d}n\u{2060}\u{feff}\u{ad}", "Ann"),
            ("\u{115f}\u{3164}\u{ffa0}\u{2800}", ""),
            ("  A \u{a0}\u{3000} b  ", "A b"),
            ("a\u{2028}b\u{2029}c\u{85}d", "abcd"),
            ("\u{e0041}\u{e007f}x\u{fe0f}\u{f8ff}\u{10fffd}", "x"),
            ("e\u{301}\u{302}\u{303}\u{304}f", "e\u{301}\u{302}f"),
            (" \u{200b} ", ""),
        ];
        for (text, shown) in table {
            assert_eq!(printable(text), shown, "{text:?}");
            assert_eq!(printable(shown), shown);
        }
        assert_eq!(printable(&"x".repeat(500)), "x".repeat(MAX_SHOWN_CHARS));
        assert!(printable(&"e\u{301}".repeat(500)).chars().count() <= MAX_SHOWN_CHARS);
    }
}
