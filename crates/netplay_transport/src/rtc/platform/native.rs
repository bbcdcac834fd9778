//! Tasks and WebSockets on a native platform: smol's executor, which matchbox and webrtc use as well.

use std::future::Future;

use async_tungstenite::tungstenite::Message;
use futures::future::ready;
use futures::stream::BoxStream;
use futures::{Sink, SinkExt, StreamExt};
use std::pin::Pin;

/// A running task. Dropping it stops it.
pub(super) struct Task {
    _task: smol::Task<()>,
}

/// Runs a future in the background.
pub(super) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Task {
    Task { _task: smol::spawn(future) }
}

/// The sending half of a WebSocket.
pub(super) type TextSink = Pin<Box<dyn Sink<String, Error = String> + Send>>;
/// The receiving half of a WebSocket: text messages, or why there are no more.
pub(super) type TextStream = BoxStream<'static, Result<String, String>>;

/// Opens a WebSocket.
pub(super) async fn connect(url: &str) -> Result<(TextSink, TextStream), String> {
    let (socket, _) =
        async_tungstenite::smol::connect_async(url).await.map_err(|error| error.to_string())?;
    let (sink, stream) = StreamExt::split(socket);
    let sink = sink
        .sink_map_err(|error| error.to_string())
        .with(|text: String| ready(Ok::<_, String>(Message::Text(text.into()))));
    // Pings are answered by the library while the stream is read.
    let stream = stream.filter_map(|message| {
        ready(match message {
            Ok(Message::Text(text)) => Some(Ok(text.as_str().to_owned())),
            Ok(_) => None,
            Err(error) => Some(Err(error.to_string())),
        })
    });
    Ok((Box::pin(sink), stream.boxed()))
}

/// The clock of arrivals and deadlines.
#[expect(clippy::disallowed_methods, reason = "real sockets run on real time")]
pub(super) fn now() -> web_time::Instant {
    web_time::Instant::now()
}
