//! WebSockets (RFC 6455), as far as a load needs them.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A WebSocket. Dropping it resets the connection, so that its port can be used again at once.
pub struct WebSocket {
    pub stream: TcpStream,
    /// What was read and not taken yet, from `start`.
    inbox: Vec<u8>,
    start: usize,
    outbox: Vec<u8>,
}

/// A message of the server.
pub enum Message<'a> {
    Data(&'a [u8]),
    Closed,
}

/// What a frame is.
enum Kind {
    Data,
    Ping,
    Close,
    Other,
}

impl WebSocket {
    pub async fn connect(addr: SocketAddr, path: &str) -> Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        stream.set_zero_linger()?;
        let mut socket =
            Self { stream, inbox: Vec::with_capacity(2048), start: 0, outbox: Vec::new() };
        // The key is any; the answer to it is not checked.
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        socket.stream.write_all(request.as_bytes()).await?;
        loop {
            socket.read().await?;
            if let Some(end) = memchr::memmem::find(&socket.inbox, b"\r\n\r\n") {
                if !socket.inbox.starts_with(b"HTTP/1.1 101") {
                    return Err(Error::other("the server does not upgrade to a WebSocket"));
                }
                socket.start = end + 4;
                return Ok(socket);
            }
        }
    }

    pub async fn text(&mut self, text: &str) -> Result<()> {
        self.send(TEXT, text.as_bytes()).await
    }

    async fn send(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        self.outbox.clear();
        frame(&mut self.outbox, opcode, payload);
        self.stream.write_all(&self.outbox).await
    }

    /// The next message.
    pub async fn next(&mut self) -> Result<Message<'_>> {
        loop {
            match self.parse() {
                Some((Kind::Data, from, to)) => return Ok(Message::Data(&self.inbox[from..to])),
                Some((Kind::Close, ..)) => return Ok(Message::Closed),
                Some((Kind::Ping, from, to)) => {
                    let payload = self.inbox[from..to].to_vec();
                    self.send(PONG, &payload).await?;
                }
                Some((Kind::Other, ..)) => {}
                None => self.read().await?,
            }
        }
    }

    /// Reads until a message has these words in it.
    pub async fn until(&mut self, words: [&[u8]; 2]) -> Result<Vec<u8>> {
        loop {
            match self.next().await? {
                Message::Data(data)
                    if words.iter().all(|word| memchr::memmem::find(data, word).is_some()) =>
                {
                    return Ok(data.to_vec());
                }
                Message::Data(data) if memchr::memmem::find(data, b"\"refused\"").is_some() => {
                    return Err(Error::other(String::from_utf8_lossy(data).into_owned()));
                }
                Message::Data(_) => {}
                Message::Closed => return Err(Error::other("the server closed")),
            }
        }
    }

    /// Reads until the server has closed.
    pub async fn until_closed(&mut self) -> Result<()> {
        while !matches!(self.next().await?, Message::Closed) {}
        Ok(())
    }

    async fn read(&mut self) -> Result<()> {
        self.inbox.drain(..self.start);
        self.start = 0;
        match self.stream.read_buf(&mut self.inbox).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The next whole frame and where its payload is.
    fn parse(&mut self) -> Option<(Kind, usize, usize)> {
        let bytes = &self.inbox[self.start..];
        let (head, length) = match bytes {
            [_, length @ ..126, ..] => (2, usize::from(*length)),
            [_, 126, a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            // Nothing here is that long.
            _ => return None,
        };
        if bytes.len() < head + length {
            return None;
        }
        let kind = match bytes[0] & 0x0f {
            TEXT | BINARY => Kind::Data,
            CLOSE => Kind::Close,
            PING => Kind::Ping,
            _ => Kind::Other,
        };
        let from = self.start + head;
        self.start = from + length;
        Some((kind, from, self.start))
    }
}

/// Appends a binary message.
pub fn binary(out: &mut Vec<u8>, payload: &[u8]) {
    frame(out, BINARY, payload);
}

/// Appends a masked frame. A masking key of zero leaves the payload as it is.
fn frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        short @ ..126 => out.push(0x80 | short as u8),
        length => {
            out.push(0x80 | 126);
            out.extend((length as u16).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend(payload);
}
