//! A TCP proxy in front of a server that can cut its connections.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Forwards connections. Cut connections end for both sides at once, as when a router restarts.
pub struct Proxy {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    server: SocketAddr,
    open: bool,
    streams: Vec<TcpStream>,
    accepted: usize,
    /// What the server has sent.
    seen: Vec<u8>,
}

impl Proxy {
    pub fn new(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let state =
            State { server, open: true, streams: Vec::new(), accepted: 0, seen: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let accepting = state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                accept(&accepting, client.unwrap());
            }
        });
        Self { addr, state }
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    /// Cuts every connection. New ones are accepted.
    pub fn cut(&self) {
        for stream in self.state.lock().unwrap().streams.drain(..) {
            // The connection may have ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Sets whether new connections are accepted.
    pub fn open(&self, open: bool) {
        self.state.lock().unwrap().open = open;
    }

    /// Forwards new connections to another server.
    pub fn lead_to(&self, server: SocketAddr) {
        self.state.lock().unwrap().server = server;
    }

    /// Whether the server has sent these bytes. What clients send cannot be read: WebSocket masks it.
    pub fn has_seen(&self, bytes: &[u8]) -> bool {
        self.state.lock().unwrap().seen.windows(bytes.len()).any(|window| window == bytes)
    }

    /// How many bytes the server has sent.
    pub fn bytes_seen(&self) -> usize {
        self.state.lock().unwrap().seen.len()
    }

    /// How many connections were opened, accepted or not.
    pub fn accepted(&self) -> usize {
        self.state.lock().unwrap().accepted
    }
}

fn accept(shared: &Arc<Mutex<State>>, client: TcpStream) {
    let mut state = shared.lock().unwrap();
    state.accepted += 1;
    let Some(server) = state.open.then(|| TcpStream::connect(state.server).ok()).flatten() else {
        return;
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
        state.streams.push(stream.try_clone().unwrap());
    }
    for (from, to, seen) in [(&client, &server, None), (&server, &client, Some(shared))] {
        let (from, to, seen) = (from.try_clone().unwrap(), to.try_clone().unwrap(), seen.cloned());
        thread::spawn(move || pump(from, to, seen.as_deref()));
    }
}

/// Forwards bytes, and has them seen.
fn pump(mut from: TcpStream, mut to: TcpStream, seen: Option<&Mutex<State>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some(state) = seen {
            state.lock().unwrap().seen.extend_from_slice(&buffer[..count]);
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // The other direction ends as well.
    let _ = to.shutdown(Shutdown::Both);
}
