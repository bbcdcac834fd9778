//! Tasks and WebSockets in a browser.

use std::future::Future;
use std::pin::Pin;

use futures::channel::mpsc;
use futures::future::{AbortHandle, LocalBoxFuture, abortable, ready};
use futures::stream::LocalBoxStream;
use futures::{Sink, SinkExt, StreamExt};
use matchbox_socket::{PeerEvent, PeerId};
use ws_stream_wasm::{WsMessage, WsMeta};

use super::server::Frame;

/// A running task. Dropping it stops it.
pub(super) struct Task {
    handle: AbortHandle,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// Runs a future in the background.
pub(super) fn spawn(future: impl Future<Output = ()> + 'static) -> Task {
    let (future, handle) = abortable(future);
    wasm_bindgen_futures::spawn_local(async {
        // An aborted task has nothing to say.
        let _ = future.await;
    });
    Task { handle }
}

/// A future that one task runs.
pub(super) type LocalFuture<T> = LocalBoxFuture<'static, T>;
/// The sending half of a WebSocket.
pub(super) type FrameSink = Pin<Box<dyn Sink<Frame, Error = String>>>;
/// The receiving half of a WebSocket: messages, mere signs of life, or why there is no
/// more.
pub(super) type FrameStream = LocalBoxStream<'static, Result<Option<Frame>, String>>;

/// Whether the pings of the server are seen. The browser answers them and tells nobody.
pub(super) const SEES_PINGS: bool = false;

/// Opens a WebSocket.
pub(super) async fn connect(url: &str) -> Result<(FrameSink, FrameStream), String> {
    let (_meta, socket) = WsMeta::connect(url, None).await.map_err(|error| error.to_string())?;
    let (sink, stream) = socket.split();
    let sink = sink.sink_map_err(|error| error.to_string()).with(|frame: Frame| {
        ready(Ok::<_, String>(match frame {
            Frame::Text(text) => WsMessage::Text(text),
            Frame::Binary(bytes) => WsMessage::Binary(bytes),
        }))
    });
    let stream = stream.map(|message| {
        Ok(Some(match message {
            WsMessage::Text(text) => Frame::Text(text),
            WsMessage::Binary(bytes) => Frame::Binary(bytes),
        }))
    });
    Ok((Box::pin(sink), stream.boxed_local()))
}

/// The clock of arrivals and deadlines.
pub(super) fn now() -> web_time::Instant {
    web_time::Instant::now()
}

/// The address that packets leave from: a page cannot see it.
pub(super) fn route() -> Option<std::net::IpAddr> {
    None
}

/// A browser's connections open by themselves: see the native `Nudge`.
#[derive(Clone, Debug, Default)]
pub(super) struct Sockets(());

impl Sockets {
    pub(super) fn candidate(&self, _line: &str) {}

    pub(super) fn described(&self) {}
}

/// Does nothing.
pub(super) struct Nudge;

impl Nudge {
    pub(super) fn new(_: Sockets, _: PeerId, _: mpsc::UnboundedSender<PeerEvent>) -> Self {
        Self
    }

    pub(super) fn poke(&mut self) {}
}
