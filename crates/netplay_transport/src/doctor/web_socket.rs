//! The WebSocket of the doctor, once it is open.

use std::future::pending;

use futures::future::{Either, select};
use futures::{SinkExt, StreamExt};
use futures_timer::Delay;
use netplay_core::signaling::{Frame, SEND_TIMEOUT, SocketEvent};

use crate::rtc::{FrameSink, FrameStream};

/// At most one WebSocket.
#[derive(Default)]
pub(super) struct WebSocket(Option<(FrameSink, FrameStream)>);

impl WebSocket {
    pub(super) fn open(&mut self, frames: (FrameSink, FrameStream)) {
        self.0 = Some(frames);
    }

    pub(super) fn close(&mut self) {
        self.0 = None;
    }

    /// Writes a frame. What does not take it in time is closed, which [`next`](Self::next) does not report: the doctor
    /// gives the step up by itself.
    pub(super) async fn send(&mut self, frame: Frame) {
        let Some((sink, _)) = &mut self.0 else { return };
        let sent = match select(sink.send(frame), Delay::new(SEND_TIMEOUT)).await {
            Either::Left((sent, _)) => sent.is_ok(),
            Either::Right(_) => false,
        };
        if !sent {
            self.close();
        }
    }

    /// Waits for the next thing that happens. Cancel-safe.
    pub(super) async fn next(&mut self) -> SocketEvent {
        let Some((_, stream)) = &mut self.0 else { return pending().await };
        let event = stream.next().await.unwrap_or(SocketEvent::Disconnected(None));
        if matches!(event, SocketEvent::Disconnected(_)) {
            self.close();
        }
        event
    }
}
