//! The WebSocket to the signaling server: opens, writes, reads and closes as the client of the server commands.

use futures::future::{Either, pending, select};
use futures::{SinkExt, StreamExt};
use futures_timer::Delay;
use netplay_core::signaling::{Frame, SEND_TIMEOUT, SocketCommand, SocketEvent};
use netplay_protocol::RelayHeader;
use netplay_protocol::limits::{MAX_CONTROL_BYTES, MAX_SIGNALING_BYTES};

use super::platform::{self, FrameSink, FrameStream, LocalFuture};

/// The largest message that a server may send, in bytes: a signaling message, which is larger than any relayed packet.
pub(super) const MAX_FRAME_BYTES: usize = MAX_SIGNALING_BYTES;
const _: () = assert!(MAX_CONTROL_BYTES + RelayHeader::BYTES < MAX_FRAME_BYTES);

/// At most one WebSocket.
#[derive(Default)]
pub(super) enum SignalingSocket {
    #[default]
    Closed,
    Dialing(LocalFuture<Result<(FrameSink, FrameStream), String>>),
    Open {
        sink: FrameSink,
        stream: FrameStream,
    },
}

impl SignalingSocket {
    pub(super) fn handle_command(&mut self, command: SocketCommand) {
        *self = match command {
            SocketCommand::Dial { url } => {
                Self::Dialing(Box::pin(async move { platform::connect(&url).await }))
            }
            SocketCommand::Close => Self::Closed,
        };
    }

    /// Writes a frame. A socket that does not take it in time is closed, and so is one that fails; the error says
    /// why.
    pub(super) async fn send(&mut self, frame: Frame) -> Result<(), String> {
        let Self::Open { sink, .. } = self else { return Ok(()) };
        let sent = match select(sink.send(frame), Delay::new(SEND_TIMEOUT)).await {
            Either::Left((sent, _)) => sent,
            Either::Right(_) => Err("it takes nothing".to_owned()),
        };
        if sent.is_err() {
            *self = Self::Closed;
        }
        sent
    }

    /// Waits for the next thing that happens. Cancel-safe: what is waited for stays in `self`.
    pub(super) async fn next(&mut self) -> SocketEvent {
        match self {
            Self::Closed => pending().await,
            Self::Dialing(dialing) => match dialing.await {
                Ok((sink, stream)) => {
                    *self = Self::Open { sink, stream };
                    SocketEvent::Connected
                }
                Err(reason) => {
                    *self = Self::Closed;
                    SocketEvent::DialFailed(reason)
                }
            },
            Self::Open { stream, .. } => {
                let event = stream.next().await.unwrap_or(SocketEvent::Disconnected(None));
                if matches!(event, SocketEvent::Disconnected(_)) {
                    *self = Self::Closed;
                }
                event
            }
        }
    }
}
