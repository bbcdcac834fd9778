//! Opening a WebSocket and being let in.

use std::time::Duration;

use futures::future::{Either, select};
use futures::{SinkExt, StreamExt};
use futures_timer::Delay;
use netplay_protocol::limits::MAX_SIGNALING_BYTES;
use netplay_protocol::signaling::{ClientMessage, Refusal, ServerMessage};

use super::super::platform::{self, FrameStream};
use super::address::url;
use super::{Frame, Socket};
use crate::LeaveReason;

/// How long a server may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why a server did not let us in.
#[derive(Debug)]
pub(super) enum DialError {
    /// The address is not one.
    Address(LeaveReason),
    /// No connection.
    Unreachable(String),
    /// There is somebody, who speaks no signaling or closes.
    Gone(String),
    /// It said why.
    Refused(Refusal),
}

/// A socket and the server's answer, or why there is none.
pub(super) type Dialed = Result<(Socket, ServerMessage), DialError>;

/// Connects and says hello. Returns the socket and the server's answer.
pub(super) async fn dial(server: String, hello: ClientMessage) -> Dialed {
    let greeted = {
        let greeting = std::pin::pin!(greet(&server, hello));
        match select(greeting, Delay::new(DEADLINE)).await {
            Either::Left((greeted, _)) => Some(greeted),
            Either::Right(_) => None,
        }
    };
    greeted.unwrap_or_else(|| {
        Err(DialError::Unreachable(format!("no answer within {} s", DEADLINE.as_secs())))
    })
}

async fn greet(server: &str, hello: ClientMessage) -> Dialed {
    let url = url(server).map_err(DialError::Address)?;
    let (mut sink, mut stream) = platform::connect(&url).await.map_err(DialError::Unreachable)?;
    let text = serde_json::to_string(&hello).map_err(|error| DialError::Gone(error.to_string()))?;
    sink.send(Frame::Text(text)).await.map_err(DialError::Gone)?;
    let answer = first(&mut stream).await?;
    Ok((Socket { sink, stream }, answer))
}

async fn first(stream: &mut FrameStream) -> Result<ServerMessage, DialError> {
    let foreign = || DialError::Gone("it does not speak this game's signaling".into());
    loop {
        match stream.next().await {
            Some(Ok(None)) => {}
            Some(Ok(Some(Frame::Text(text)))) => {
                return match read(&text) {
                    Ok(ServerMessage::Refused { reason }) => Err(DialError::Refused(reason)),
                    Ok(answer @ (ServerMessage::Welcome { .. } | ServerMessage::Queued { .. })) => {
                        Ok(answer)
                    }
                    _ => Err(foreign()),
                };
            }
            Some(Ok(Some(Frame::Binary(_)))) => return Err(foreign()),
            Some(Err(detail)) => return Err(DialError::Gone(detail)),
            None => return Err(DialError::Gone("it closed the connection".into())),
        }
    }
}

/// Reads a message of the server.
pub(super) fn read(text: &str) -> Result<ServerMessage, String> {
    if text.len() > MAX_SIGNALING_BYTES {
        return Err(format!("{} bytes", text.len()));
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}
