//! Tasks and WebSockets in a browser.

use std::future::Future;
use std::pin::Pin;

use futures::future::{AbortHandle, abortable, ready};
use futures::stream::LocalBoxStream;
use futures::{Sink, SinkExt, StreamExt};
use ws_stream_wasm::{WsMessage, WsMeta};

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

/// The sending half of a WebSocket.
pub(super) type TextSink = Pin<Box<dyn Sink<String, Error = String>>>;
/// The receiving half of a WebSocket: text messages, or why there are no more.
pub(super) type TextStream = LocalBoxStream<'static, Result<String, String>>;

/// Opens a WebSocket.
pub(super) async fn connect(url: &str) -> Result<(TextSink, TextStream), String> {
    let (_meta, socket) = WsMeta::connect(url, None).await.map_err(|error| error.to_string())?;
    let (sink, stream) = socket.split();
    let sink = sink
        .sink_map_err(|error| error.to_string())
        .with(|text: String| ready(Ok::<_, String>(WsMessage::Text(text))));
    let stream = stream.filter_map(|message| {
        ready(match message {
            WsMessage::Text(text) => Some(Ok(text)),
            WsMessage::Binary(_) => None,
        })
    });
    Ok((Box::pin(sink), stream.boxed_local()))
}

/// The clock of arrivals and deadlines.
pub(super) fn now() -> web_time::Instant {
    web_time::Instant::now()
}
