//! Reading what a client sent, before anybody acts on it.

use netplay_protocol::limits::MAX_SIGNALING_BYTES;
use netplay_protocol::signaling::{ClientMessage, Refusal, VERSION};
use serde::Deserialize;

/// How much of the parser's complaint a client is told, in characters. The complaint can quote the
/// message, which can be long.
const MAX_DETAIL_CHARS: usize = 160;

/// What every version of `Join` has: enough to see that it is of another version.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum AnyVersion {
    Join { version: u16 },
}

/// Reads a message of a client, within the limits and of this version.
pub(crate) fn read(text: &str) -> Result<ClientMessage, Refusal> {
    if text.len() > MAX_SIGNALING_BYTES {
        return Err(Refusal::TooLarge);
    }
    let message =
        serde_json::from_str(text).map_err(|error| other_version_or_malformed(text, &error))?;
    match &message {
        ClientMessage::Join { version, .. } if *version != VERSION => Err(wrong_version(*version)),
        ClientMessage::Signal { signal, .. } if !signal.fits() => Err(Refusal::TooLarge),
        _ => Ok(message),
    }
}

/// A `Join` of another version may well have other fields: it is refused for its version, so that the
/// player is told to update, and not for its contents.
fn other_version_or_malformed(text: &str, error: &serde_json::Error) -> Refusal {
    match serde_json::from_str(text) {
        Ok(AnyVersion::Join { version }) if version != VERSION => wrong_version(version),
        _ => Refusal::Malformed {
            detail: error.to_string().chars().take(MAX_DETAIL_CHARS).collect(),
        },
    }
}

fn wrong_version(client: u16) -> Refusal {
    Refusal::Version { server: VERSION, client }
}

#[cfg(test)]
mod tests {
    use netplay_protocol::limits::MAX_SDP_BYTES;

    use super::*;

    #[test]
    fn a_join_of_another_version_is_refused_for_its_version_whatever_else_it_says() {
        let key = "0".repeat(32);
        for text in [
            format!(r#"{{"type":"join","version":2,"room":"A","size":2,"key":"{key}"}}"#),
            r#"{"type":"join","version":2,"lobby":{"name":"A"}}"#.to_owned(),
        ] {
            assert_eq!(read(&text), Err(Refusal::Version { server: 1, client: 2 }), "{text}");
        }
    }

    #[test]
    fn malformed_messages_are_refused_and_quoted_only_in_part() {
        let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(10_000));
        for text in ["", "null", "{}", "[1]", r#"{"type":"join","version":1}"#, &long] {
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
