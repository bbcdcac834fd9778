//! Text in HTML.

/// A text as it stands in an element or an attribute in quotation marks.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Control characters show nothing, and some turn the direction of text around.
            it if it.is_control() || ('\u{202a}'..='\u{202e}').contains(&it) => escaped.push(' '),
            it => escaped.push(it),
        }
    }
    escaped
}
