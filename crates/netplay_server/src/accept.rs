//! Limits connections from their arrival on: before TLS, and before a request is read.
//!
//! A connection counts as a handshake until it is a WebSocket, which counts as a connection. A handshake has one
//! deadline for all of it, TLS and requests, which sending slowly does not postpone.

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tower_layer::Layer;

use crate::hub::Hub;
use crate::limits::{ClientAddress, Handshake};
use crate::proxy::is_trusted;

/// Accepts what the limits permit, and cuts off the rest unread.
#[derive(Clone)]
pub(crate) struct LimitedAcceptor {
    hub: Arc<Hub>,
}

/// A connection that is closed at its deadline, unless the handshake has ended until then.
pub(crate) struct GuardedStream {
    stream: TcpStream,
    /// None when the handshake has ended.
    guard: Option<Guard>,
}

struct Guard {
    handshake: Handshake,
    deadline: Pin<Box<Sleep>>,
}

impl LimitedAcceptor {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    fn admit(&self, stream: &TcpStream) -> io::Result<Guard> {
        let config = self.hub.config();
        let peer: SocketAddr = stream.peer_addr()?;
        // The clients of a proxy share its address. Each counts when its request names the client's own.
        let client = !is_trusted(peer.ip(), &config.trusted_proxies);
        let handshake = self.hub.limits.accept(client.then(|| ClientAddress::from(peer.ip())));
        let handshake = handshake.map_err(|refusal| {
            self.hub.metrics.count_refusal(&refusal);
            io::Error::other(refusal.to_string())
        })?;
        // No delay: candidates are small, and peers wait for each of them.
        stream.set_nodelay(true)?;
        Ok(Guard { handshake, deadline: Box::pin(sleep(config.handshake_deadline)) })
    }
}

impl<S> Accept<TcpStream, S> for LimitedAcceptor {
    type Stream = GuardedStream;
    type Service = AddExtension<S, Handshake>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.admit(&stream).map(|guard| {
            let service = Extension(guard.handshake.clone()).layer(service);
            (GuardedStream { stream, guard: Some(guard) }, service)
        }))
    }
}

impl GuardedStream {
    /// The stream, unless its deadline is over.
    fn stream(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        if let Some(guard) = &mut self.guard {
            if guard.handshake.has_ended() {
                self.guard = None;
            } else if guard.deadline.as_mut().poll(context).is_ready() {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(Pin::new(&mut self.stream))
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_read(context, buffer)
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream(context)?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream(context)?.poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_shutdown(context)
    }
}
