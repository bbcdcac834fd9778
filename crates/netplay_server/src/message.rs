//! Parses the messages of clients and writes the messages to them.

use axum::extract::ws::Message;
use netplay_protocol::signaling::{
    ClientMessage, Join, ListRooms, Refusal, Resume, ServerMessage, VERSION,
};
use serde::Deserialize;

/// How much of a parse error a client receives, in characters. The error may quote the message, which may be
/// long.
const MAX_DETAIL_CHARS: usize = 160;

/// The field that the first message has in every version of the protocol.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum AnyVersion {
    Join { version: u16 },
    Resume { version: u16 },
    ListRooms { version: u16 },
}

/// Parses a message of a client and checks its version and its sizes.
pub(crate) fn parse(text: &str, most: usize) -> Result<ClientMessage, Refusal> {
    if text.len() > most {
        return Err(Refusal::TooLarge);
    }
    let message =
        serde_json::from_str(text).map_err(|error| other_version_or_malformed(text, &error))?;
    match &message {
        ClientMessage::Join(Join { version, .. })
        | ClientMessage::Resume(Resume { version, .. })
        | ClientMessage::ListRooms(ListRooms { version, .. })
            if *version != VERSION =>
        {
            Err(wrong_version(*version))
        }
        ClientMessage::Join(Join { game, .. }) if !game.fits() => Err(Refusal::BadGame),
        ClientMessage::ListRooms(request) if !request.fits() => Err(Refusal::BadGame),
        ClientMessage::Join(Join { options, .. })
            if options.public.as_ref().is_some_and(|listing| !listing.fits()) =>
        {
            Err(Refusal::BadListing)
        }
        ClientMessage::Signal { signal, .. } if !signal.fits() => Err(Refusal::TooLarge),
        _ => Ok(message),
    }
}

/// A message of another version may have other fields. It is refused for its version and not for its fields, so
/// that the player learns to update.
fn other_version_or_malformed(text: &str, error: &serde_json::Error) -> Refusal {
    match serde_json::from_str(text) {
        Ok(
            AnyVersion::Join { version }
            | AnyVersion::Resume { version }
            | AnyVersion::ListRooms { version },
        ) if version != VERSION => wrong_version(version),
        _ => Refusal::Malformed {
            detail: error.to_string().chars().take(MAX_DETAIL_CHARS).collect(),
        },
    }
}

/// The message as a WebSocket message.
pub(crate) fn text(message: &ServerMessage) -> Message {
    match serde_json::to_string(message) {
        Ok(json) => Message::text(json),
        // Unreachable with these types: only maps with other keys than strings, and failing writers, cannot be
        // written as JSON.
        Err(error) => {
            tracing::error!("cannot write a message as JSON: {error}");
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

    use super::parse as parse_at_most;
    use super::*;

    fn parse_message(text: &str) -> Result<ClientMessage, Refusal> {
        parse_at_most(text, MAX_SIGNALING_BYTES)
    }

    #[test]
    fn a_join_of_another_version_is_refused_for_its_version() {
        let key = "0".repeat(32);
        for text in [
            format!(r#"{{"type":"join","version":9,"room":"A","size":2,"key":"{key}"}}"#),
            r#"{"type":"join","version":9,"lobby":{"name":"A"}}"#.to_owned(),
            r#"{"type":"list_rooms","version":9,"filter":[]}"#.to_owned(),
        ] {
            assert_eq!(
                parse_message(&text),
                Err(Refusal::Version { server: VERSION, client: 9 }),
                "{text}"
            );
        }
    }

    #[test]
    fn malformed_messages_are_refused_and_quoted_only_in_part() {
        let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(10_000));
        let incomplete = format!(r#"{{"type":"join","version":{VERSION}}}"#);
        for text in ["", "null", "{}", "[1]", &incomplete, &long] {
            let Err(Refusal::Malformed { detail }) = parse_message(text) else { panic!("{text}") };
            assert!(!detail.is_empty() && detail.len() <= MAX_DETAIL_CHARS, "{detail}");
        }
    }

    #[test]
    fn a_message_over_a_limit_is_too_large() {
        assert_eq!(parse_message(&" ".repeat(MAX_SIGNALING_BYTES + 1)), Err(Refusal::TooLarge));
        let signal = format!(
            r#"{{"type":"signal","to":"{}","connection":"1","signal":{{"offer":"{}"}}}}"#,
            "0".repeat(32),
            "x".repeat(MAX_SDP_BYTES + 1)
        );
        assert_eq!(parse_message(&signal), Err(Refusal::TooLarge));
    }
}
