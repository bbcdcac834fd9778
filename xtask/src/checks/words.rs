//! Words that the project does not use any more.
//!
//! Each has a standard term; the glossary in docs/ARCHITECTURE.md has them. Words that were retired in one meaning only
//! are not in these lists.

use super::files::{TextFile, with_extensions};

/// This file has to name them.
const THIS_FILE: &str = "xtask/src/checks/words.rs";

/// Retired wherever they occur, also as a part of an identifier, in upper or lower case.
const WORDS: [(&str, &str); 26] = [
    ("anew", "restarted, again"),
    ("comeback", "rejoin"),
    ("companions", "local host"),
    ("complaint", "unhealthy reason"),
    ("despair", "report unreachable"),
    ("dismissal", "close frame"),
    ("encourage", "reset backoff"),
    ("forgive", "exclude pause"),
    ("happening", "driver event"),
    ("heed", "reset if restarted"),
    ("hurry", "fast-forward"),
    ("newcomer", "join request"),
    ("nudge", "ICE waker"),
    ("obey", "handle request"),
    ("parcel", "outgoing"),
    ("pilot", "bot"),
    ("poke", "wake"),
    ("renumbered", "unconfirmed"),
    ("retells", "is catching up"),
    ("returner", "resume request"),
    ("sealing", "Noise channel"),
    ("seat", "player handle, slot, resume token"),
    ("seats", "player handles, slots"),
    ("whoever", "the peer that, a player who"),
    ("whom", "the peer that"),
    ("yard", "arena"),
];

/// Retired as whole identifiers.
const IDENTIFIERS: [(&str, &str); 24] = [
    ("Asked", "Request"),
    ("browser_lab", "browser_driver"),
    ("carriers", "send_paths"),
    ("Departures", "DropConsensus"),
    ("Duo", "PairedApps"),
    ("Expense", "PacketClass"),
    ("Fitness", "PathHealth"),
    ("ggrs_wire", "ggrs"),
    ("greet", "send_hello"),
    ("hand_over", "merge"),
    ("InputHistory", "InputLog"),
    ("is_gone", "is_disconnected"),
    ("make_up", "synthesize"),
    ("MatchWire", "GgrsBridge"),
    ("netplay_load", "netplay_bench"),
    ("next_command", "poll_request, poll_transmit"),
    ("next_event", "poll_event"),
    ("plain_stack", "baseline"),
    ("Seals", "TokenSigner"),
    ("Signs", "PathSample"),
    ("tell_past", "send_input_log"),
    ("Ticket", "Permit"),
    ("Whose", "Sender"),
    ("yields", "polite"),
];

/// The parts of an identifier in snake case or camel case, in lower case.
fn parts(identifier: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut last_is_lower = false;
    for letter in identifier.chars() {
        if letter == '_' || (letter.is_uppercase() && last_is_lower) {
            parts.push(String::new());
        }
        last_is_lower = letter.is_lowercase();
        if letter != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(letter.to_lowercase());
        }
    }
    parts
}

/// The retired words of a file, each with its line and what stands for it.
fn retired(file: &TextFile) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for identifier in line.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let parts = parts(identifier);
            let word = WORDS.iter().find(|(word, _)| parts.iter().any(|part| part == word));
            let whole = IDENTIFIERS.iter().find(|(word, _)| *word == identifier);
            if let Some((word, instead)) = word.or(whole) {
                found.push(format!("{}:{}: {word} (now: {instead})", file.path, number + 1));
            }
        }
    }
    found
}

#[test]
fn retired_words_do_not_come_back() {
    let found: Vec<_> = with_extensions(&["rs", "md", "js", "toml", "html"])
        .iter()
        .filter(|file| file.path != THIS_FILE)
        .flat_map(retired)
        .collect();
    assert!(found.is_empty(), "{} retired words:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_word_is_found_in_prose_and_in_identifiers() {
    let of = |text: &str| retired(&TextFile { path: "a.md".into(), text: text.into() }).len();
    assert_eq!(of("The peer takes its seat, then is_gone."), 2);
    assert_eq!(of("SeatInput, start_anew"), 2);
    assert_eq!(of("anewly repeated, is_gone_now, Departuresly"), 0);
}
