//! Reading what a client sent, before anybody acts on it, and writing what it is told.

use axum::extract::ws::Message;
use netplay_protocol::signaling::{ClientMessage, Join, Refusal, Resume, ServerMessage, VERSION};
use serde::Deserialize;

/// How much of the parser's complaint a client is told, in characters. The complaint can quote the
/// message, which can be long.
const MAX_DETAIL_CHARS: usize = 160;

/// What every version of `Join` has: enough to see that it is of another version.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum AnyVersion {
    Join { version: u16 },
    Resume { version: u16 },
}

/// Reads a message of a client, of at most so many bytes, within the limits and of this version.
pub(crate) fn read(text: &str, most: usize) -> Result<ClientMessage, Refusal> {
    if text.len() > most {
        return Err(Refusal::TooLarge);
    }
    let message =
        serde_json::from_str(text).map_err(|error| other_version_or_malformed(text, &error))?;
    match &message {
        ClientMessage::Join(Join { version, .. })
        | ClientMessage::Resume(Resume { version, .. })
            if *version != VERSION =>
        {
            Err(wrong_version(*version))
        }
        ClientMessage::Join(Join { game, .. }) if !game.fits() => Err(Refusal::BadGame),
        ClientMessage::Signal { signal, .. } if !signal.fits() => Err(Refusal::TooLarge),
        _ => Ok(message),
    }
}

/// A `Join` of another version may well have other fields: it is refused for its version, so that the
/// player is told to update, and not for its contents.
fn other_version_or_malformed(text: &str, error: &serde_json::Error) -> Refusal {
    match serde_json::from_str(text) {
        Ok(AnyVersion::Join { version } | AnyVersion::Resume { version }) if version != VERSION => {
            wrong_version(version)
        }
        _ => Refusal::Malformed {
            detail: error.to_string().chars().take(MAX_DETAIL_CHARS).collect(),
        },
    }
}

/// The message as it travels.
pub(crate) fn text(message: &ServerMessage) -> Message {
    match serde_json::to_string(message) {
        Ok(json) => Message::text(json),
        // Only maps with keys that are no strings, and failing writers, cannot be JSON: there are none
        // here. Should that change, the peer had better hear nothing than the server fall.
        Err(error) => {
            tracing::error!("a message could not be written as JSON: {error}");
            Message::Close(None)
        }
    }
}

fn wrong_version(client: u16) -> Refusal {
    Refusal::Version { server: VERSION, client }
}

#[cfg(test)]
mod tests {
    use netplay_protocol::limits::{MAX_SDP_BYTES, MAX_SIGNALING_BYTES};

    use super::read as read_at_most;
    use super::*;

    fn read(text: &str) -> Result<ClientMessage, Refusal> {
        read_at_most(text, MAX_SIGNALING_BYTES)
    }

    #[test]
    fn a_join_of_another_version_is_refused_for_its_version_whatever_else_it_says() {
        let key = "0".repeat(32);
        for text in [
            format!(r#"{{"type":"join","version":9,"room":"A","size":2,"key":"{key}"}}"#),
            r#"{"type":"join","version":9,"lobby":{"name":"A"}}"#.to_owned(),
        ] {
            assert_eq!(read(&text), Err(Refusal::Version { server: VERSION, client: 9 }), "{text}");
        }
    }

    #[test]
    fn malformed_messages_are_refused_and_quoted_only_in_part() {
        let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(10_000));
        for text in ["", "null", "{}", "[1]", r#"{"type":"join","version":5}"#, &long] {
            let Err(Refusal::Malformed { detail }) = read(text) else { panic!("{text}") };
            assert!(!detail.is_empty() && detail.len() <= MAX_DETAIL_CHARS, "{detail}");
        }
    }

    #[test]
    fn what_is_over_a_limit_is_too_large() {
        assert_eq!(read(&" ".repeat(MAX_SIGNALING_BYTES + 1)), Err(Refusal::TooLarge));
        let signal = format!(
            r#"{{"type":"signal","to":"{}","connection":"1","signal":{{"offer":"{}"}}}}"#,
            "0".repeat(32),
            "x".repeat(MAX_SDP_BYTES + 1)
        );
        assert_eq!(read(&signal), Err(Refusal::TooLarge));
    }
}
