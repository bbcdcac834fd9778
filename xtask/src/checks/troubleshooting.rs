//! The chapter on troubleshooting has every message that a developer of a game can see.

use std::fs;

use super::files::with_extensions;
use crate::workspace::root;

const CHAPTER: &str = "docs/book/src/troubleshooting.md";

/// Where messages for the developers of games are logged.
const LIBRARIES: [&str; 3] =
    ["crates/bevy_netplay/src", "crates/netplay_core/src", "crates/netplay_transport/src"];

/// The beginnings, up to what differs, of the warnings and errors that a file logs.
fn logged(code: &str) -> Vec<&str> {
    ["warn!(", "error!("]
        .iter()
        .flat_map(|call| code.split(call).skip(1))
        .filter_map(|rest| rest.trim_start().strip_prefix('"'))
        .map(|rest| {
            rest[..rest.find(['"', '{', '\\']).unwrap_or(rest.len())].trim_end_matches(" (")
        })
        .map(str::trim_end)
        .collect()
}

/// The variants of an enum whose fields are indented further than its variants.
fn variants<'a>(code: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!("pub enum {name} {{");
    let body = code.lines().skip_while(|line| *line != start).skip(1);
    body.take_while(|line| *line != "}")
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(|line| line.trim_end_matches([' ', '{', ',']))
        .collect()
}

#[test]
fn every_warning_and_error_is_explained() {
    let chapter = fs::read_to_string(root().join(CHAPTER)).unwrap();
    for file in with_extensions(&["rs"]) {
        if LIBRARIES.iter().any(|library| file.path.starts_with(library)) {
            for message in logged(&file.text) {
                assert!(chapter.contains(message), "{CHAPTER} lacks `{message}` of {}", file.path);
            }
        }
    }
}

#[test]
fn every_reason_for_an_end_is_explained() {
    let chapter = fs::read_to_string(root().join(CHAPTER)).unwrap();
    let file = "crates/bevy_netplay/src/end_reason/mod.rs";
    let code = fs::read_to_string(root().join(file)).unwrap();
    let reasons = variants(&code, "EndReason");
    assert!(reasons.contains(&"CannotConnect"), "{reasons:?}");
    for reason in reasons {
        assert!(chapter.contains(&format!("| `{reason}` |")), "{CHAPTER} lacks {reason}");
    }
}

#[test]
fn messages_are_found_up_to_what_differs() {
    let code =
        "log::warn!(\n    \"lost it ({reason})\");\nerror!(\"{error}\"); warn!(\"no {name}\")";
    assert_eq!(logged(code), ["lost it", "no", ""]);
}
