//! Tasks and WebSockets in a browser.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use futures::channel::mpsc;
use futures::future::{AbortHandle, LocalBoxFuture, abortable, ready};
use futures::stream::LocalBoxStream;
use futures::{Sink, SinkExt, StreamExt};
use matchbox_socket::{PeerEvent, PeerId, RtcIceServerConfig};
use netplay_core::negotiation::AttemptSignal;
use netplay_core::signaling::{Frame, SocketEvent};
use netplay_protocol::signaling::IceServer;
use wasm_bindgen::prelude::*;
use ws_stream_wasm::{WsErr, WsMessage, WsMeta};

use super::socket::MAX_FRAME_BYTES;

/// A running task. Dropping it stops it.
pub(crate) struct Task {
    handle: AbortHandle,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// Runs a future in the background.
pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) -> Task {
    let (future, handle) = abortable(future);
    wasm_bindgen_futures::spawn_local(async {
        // An aborted task returns nothing.
        let _ = future.await;
    });
    Task { handle }
}

/// Runs a future to its end, in the background: a page cannot wait.
pub(crate) fn finish(future: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(future);
}

/// A future that is polled by one task.
pub(crate) type LocalFuture<T> = LocalBoxFuture<'static, T>;
/// The sending half of a WebSocket.
pub(crate) type FrameSink = Pin<Box<dyn Sink<Frame, Error = String>>>;
/// The receiving half of a WebSocket.
pub(crate) type FrameStream = LocalBoxStream<'static, SocketEvent>;

/// Whether [`connect`]'s stream reports the pings of the server. The browser answers them itself.
pub(super) const SEES_PINGS: bool = false;

/// Opens a WebSocket.
pub(crate) async fn connect(url: &str) -> Result<(FrameSink, FrameStream), String> {
    // A page cannot see why a WebSocket does not open.
    let failed = |error| {
        match error {
        WsErr::ConnectionFailed { .. } => {
            "it does not run or its port is closed, its path is another one, or its certificate is not valid: browsers do \
             not say which"
                .to_owned()
        }
        error => error.to_string(),
    }
    };
    let (_meta, socket) = WsMeta::connect(url, None).await.map_err(failed)?;
    let (sink, stream) = socket.split();
    let sink = sink.sink_map_err(|error| error.to_string()).with(|frame: Frame| {
        ready(Ok::<_, String>(match frame {
            Frame::Text(text) => WsMessage::Text(text),
            Frame::Binary(bytes) => WsMessage::Binary(bytes),
        }))
    });
    // The browser takes a message of any size. The first one that is too large is the last.
    let stream = stream.map(|message| {
        let (bytes, frame) = match message {
            WsMessage::Text(text) => (text.len(), Frame::Text(text)),
            WsMessage::Binary(bytes) => (bytes.len(), Frame::Binary(bytes)),
        };
        match bytes > MAX_FRAME_BYTES {
            true => SocketEvent::Disconnected(Some(format!("it sent a message of {bytes} bytes"))),
            false => SocketEvent::Received(frame),
        }
    });
    Ok((Box::pin(sink), stream.boxed_local()))
}

/// The clock of arrivals and deadlines.
pub(crate) fn now() -> web_time::Instant {
    web_time::Instant::now()
}

/// What distinguishes networks: how often the network has changed, as far as a page is told. It cannot see the address
/// that its packets leave from.
pub(super) type Route = u32;

/// The network that the machine is on.
pub(super) fn route() -> Option<Route> {
    Some(network_changes())
}

/// What matchbox does not offer: access to the connection of an attempt. See `connection.js`.
#[derive(Clone)]
pub(super) struct Connection(Rc<Prepared>);

/// Closes the connection when the last clone is dropped.
struct Prepared {
    handle: Option<JsValue>,
    _report: Closure<dyn FnMut(String)>,
}

impl Connection {
    /// Prepares a connection with these ICE servers, which reports each candidate when it is found.
    pub(super) fn prepare(
        ice_servers: &[IceServer],
        relay_only: bool,
        _attempt: usize,
        candidates: mpsc::UnboundedSender<String>,
    ) -> (Self, RtcIceServerConfig) {
        let report = Closure::new(move |json| {
            // An attempt that has ended needs no candidates.
            let _ = candidates.unbounded_send(json);
        });
        // Lists of strings can always be written as JSON.
        let servers = serde_json::to_string(ice_servers).unwrap_or_else(|_| "[]".to_owned());
        let handle = supported().then(|| prepare(&servers, relay_only, report.as_ref()));
        let urls = handle.as_ref().map(name).into_iter().collect();
        let config = RtcIceServerConfig { urls, username: None, credential: None };
        (Self(Rc::new(Prepared { handle, _report: report })), config)
    }

    /// Where matchbox listens for signals of the peer. The browser sends only what the policy allows.
    pub(super) fn attach(&self, _: PeerId, _: &mpsc::UnboundedSender<PeerEvent>) {}

    /// A signal of the peer as it is handed to matchbox.
    pub(super) fn receive(&self, signal: AttemptSignal) -> Option<AttemptSignal> {
        Some(signal)
    }

    /// The candidates inside a description are handed over with it.
    pub(super) fn received(&self, _description: &str) {}

    /// Whether candidates are called something else than they are.
    pub(super) fn is_tunnelled(&self) -> bool {
        false
    }

    /// What is known of the local side, for the signaling of the attempt.
    pub(super) fn local(&self) -> Local {
        Local
    }

    /// Notes that the description of the peer is known.
    pub(super) fn described(&self) {}

    /// Why the connection failed, or why there is none.
    pub(super) fn failure(&self) -> Option<String> {
        match &self.0.handle {
            Some(handle) => failure(handle),
            None => Some("this browser has no WebRTC, or it is switched off".to_owned()),
        }
    }

    /// What went wrong on the way, though it may be the cause of nothing.
    pub(super) fn troubles(&self) -> Vec<String> {
        self.0.handle.as_ref().map(troubles).unwrap_or_default()
    }

    /// How many bytes wait to be sent.
    pub(super) fn buffered(&self) -> usize {
        self.0.handle.as_ref().map_or(0, |handle| buffered(handle) as usize)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            close(handle);
        }
    }
}

#[wasm_bindgen(module = "/src/rtc/platform/connection.js")]
extern "C" {
    #[wasm_bindgen(js_name = networkChanges)]
    fn network_changes() -> u32;
    fn supported() -> bool;
    fn prepare(ice_servers: &str, relay_only: bool, report: &JsValue) -> JsValue;
    fn name(handle: &JsValue) -> String;
    fn failure(handle: &JsValue) -> Option<String>;
    fn troubles(handle: &JsValue) -> Vec<String>;
    fn buffered(handle: &JsValue) -> f64;
    fn close(handle: &JsValue);
}

/// A page does not see its sockets and does not need to: see the native `IceWaker`.
#[derive(Clone)]
pub(super) struct Local;

impl Local {
    pub(super) fn host(&self, _line: &str) {}

    pub(super) fn described(&self, _sdp: &str) {}
}

/// Connections in a browser need no waking.
pub(super) struct IceWaker;

impl IceWaker {
    pub(super) fn new(_: &Connection, _: PeerId, _: mpsc::UnboundedSender<PeerEvent>) -> Self {
        Self
    }

    pub(super) fn wake(&mut self) {}
}
