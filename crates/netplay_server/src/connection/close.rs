//! Ends a WebSocket with a reason.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use netplay_protocol::signaling::{Refusal, ServerMessage};
use tokio::time::timeout;

use super::End;
use crate::message::text;

/// How long sending the reason and waiting for the close of the peer may take. Enough for a round trip around
/// the world, and short enough for a server that stops.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// The longest reason in a close frame, in bytes (RFC 6455, section 5.5).
const MAX_REASON_BYTES: usize = 123;

/// Sends the peer what is still queued and the reason for the end.
pub(super) async fn say_goodbye(
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    rest: impl Iterator<Item = Message>,
    end: End,
) {
    match end {
        End::Refused(reason) => {
            let frame = close_frame(&reason);
            let refused = text(&ServerMessage::Refused { reason });
            close(sink, stream, rest.chain([refused]), Some(frame)).await;
        }
        End::Left | End::Broken | End::PageClosed => {
            close(sink, stream, std::iter::empty(), None).await
        }
    }
}

/// Writes the rest, closes, and reads until the peer has closed as well. A socket that is dropped with unread
/// data is reset, and the reset can overtake the reason. A peer that does not close in time is cut off.
pub(crate) async fn close(
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    rest: impl Iterator<Item = Message>,
    frame: Option<CloseFrame>,
) {
    let closing = async {
        for message in rest.chain([Message::Close(frame)]) {
            sink.feed(message).await?;
        }
        sink.close().await?;
        while let Some(Ok(_)) = stream.next().await {}
        Ok::<_, axum::Error>(())
    };
    let _ = timeout(CLOSE_DEADLINE, closing).await;
}

/// The reason as a close frame (RFC 6455, section 7.4.1), for clients that do not parse the last message.
pub(crate) fn close_frame(reason: &Refusal) -> CloseFrame {
    let code = match reason {
        Refusal::Draining | Refusal::ShuttingDown => close_code::AWAY,
        Refusal::TooLarge => close_code::SIZE,
        Refusal::RateLimited { .. } | Refusal::TooMany { .. } => close_code::AGAIN,
        _ => close_code::POLICY,
    };
    let sentence = match reason {
        // The detail may quote what the peer sent.
        Refusal::Malformed { .. } => "the server did not understand a message".to_owned(),
        reason => reason.to_string(),
    };
    let mut end = sentence.len().min(MAX_REASON_BYTES);
    while !sentence.is_char_boundary(end) {
        end -= 1;
    }
    CloseFrame { code, reason: sentence[..end].into() }
}
