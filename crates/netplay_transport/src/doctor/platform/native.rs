//! The steps natively: each by itself, so that each failure has its own cause.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_tungstenite::client_async_with_config;
use async_tungstenite::tungstenite::error::ProtocolError;
use async_tungstenite::tungstenite::http::header::DATE;
use async_tungstenite::tungstenite::{self, http};
use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::stream::FuturesUnordered;
use futures::{AsyncRead, AsyncWrite, FutureExt, StreamExt, select_biased};
use futures_rustls::client::TlsStream;
use futures_timer::Delay;
use netplay_core::doctor::{
    DoctorCommand, DoctorEvidence, IceAddress, OpenFailure, Surroundings, TcpFailure, TlsFailure,
};
use rustls::ClientConfig;
use smol::net::TcpStream;

use super::stun_exchange::Purpose;
use super::stun_sockets::{Ask, ask_servers, resolve};
use super::tls;
use super::web_socket::WebSocket;
use crate::rtc::{FrameSink, FrameStream, LocalFuture, frames, web_socket_config};

/// How long each address of the server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a STUN or TURN server may take to accept a connection over TCP.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How many addresses of the server are tried.
const MAX_ADDRESSES: usize = 4;

/// Where a native game runs.
pub(super) fn surroundings() -> Surroundings {
    Surroundings::Native
}

/// What a step at the server leaves.
enum Taken {
    Resolved(io::Result<Vec<SocketAddr>>),
    Connected(Result<TcpStream, TcpFailure>),
    Secured(Box<Result<TlsStream<TcpStream>, TlsFailure>>),
    Opened(Result<Opened, OpenFailure>),
}

/// An open WebSocket, and what the clock of the server said.
type Opened = ((FrameSink, FrameStream), Option<u64>);

/// The connection to the server so far.
#[derive(Default)]
enum Connection {
    #[default]
    None,
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

/// The steps that are under way.
pub(super) struct Steps {
    tls: Result<Arc<ClientConfig>, rustls::Error>,
    addresses: Vec<SocketAddr>,
    connection: Connection,
    /// The step at the server.
    step: Option<LocalFuture<Taken>>,
    socket: WebSocket,
    /// Asks STUN and TURN servers, and probes them.
    background: FuturesUnordered<LocalFuture<()>>,
    asks: Option<mpsc::UnboundedSender<Ask>>,
    evidence: (mpsc::UnboundedSender<DoctorEvidence>, mpsc::UnboundedReceiver<DoctorEvidence>),
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            tls: tls::client_config(tls::public_roots()),
            addresses: Vec::new(),
            connection: Connection::None,
            step: None,
            socket: WebSocket::default(),
            background: FuturesUnordered::new(),
            asks: None,
            evidence: mpsc::unbounded(),
        }
    }
}

impl Steps {
    pub(super) async fn handle_command(&mut self, command: DoctorCommand) {
        match command {
            DoctorCommand::Resolve { host, port } => {
                self.step = Some(Box::pin(async move {
                    Taken::Resolved(smol::net::resolve((host, port)).await)
                }));
            }
            DoctorCommand::ConnectTcp => {
                let addresses = self.addresses.clone();
                self.step =
                    Some(Box::pin(async move { Taken::Connected(connect(addresses).await) }));
            }
            DoctorCommand::StartTls { host } => {
                let Connection::Plain(stream) = std::mem::take(&mut self.connection) else {
                    return;
                };
                let config = self.tls.clone();
                self.step = Some(Box::pin(async move {
                    Taken::Secured(Box::new(tls::start(config, host, stream).await))
                }));
            }
            DoctorCommand::OpenWebSocket { url } => {
                let connection = std::mem::take(&mut self.connection);
                self.step = Some(Box::pin(async move {
                    Taken::Opened(match connection {
                        Connection::Plain(stream) => open(url, stream).await,
                        Connection::Secured(stream) => open(url, *stream).await,
                        Connection::None => Err(OpenFailure::Broken("no connection".into())),
                    })
                }));
            }
            DoctorCommand::Send(frame) => self.socket.send(frame).await,
            DoctorCommand::Close => {
                self.step = None;
                self.connection = Connection::None;
                self.socket.close();
            }
            DoctorCommand::AskStun { number, address } => {
                self.ask(Ask { number, address, purpose: Purpose::Binding });
            }
            DoctorCommand::AskTurn { number, address, username, credential } => {
                let credential = credential.expose().to_owned();
                let purpose = Purpose::Allocation { username, credential };
                self.ask(Ask { number, address, purpose });
            }
            DoctorCommand::ProbeTcp { number, address } => {
                let evidence = self.evidence.0.clone();
                self.background.push(Box::pin(async move {
                    let accepts = accepts_tcp(&address).await;
                    // Who dropped the task does not want to know.
                    let _ = evidence.unbounded_send(DoctorEvidence::TcpProbed { number, accepts });
                }));
            }
            // All servers of a family are asked from one socket already.
            DoctorCommand::CompareMappings { .. } => {
                let _ = self.evidence.0.unbounded_send(DoctorEvidence::Mapping(Vec::new()));
            }
        }
    }

    fn ask(&mut self, ask: Ask) {
        let (background, evidence) = (&self.background, &self.evidence.0);
        let asks = self.asks.get_or_insert_with(|| {
            let (asks, receiver) = mpsc::unbounded();
            background.push(Box::pin(ask_servers(receiver, evidence.clone())));
            asks
        });
        let _ = asks.unbounded_send(ask);
    }

    /// Waits for the next evidence. Cancel-safe: what is waited for stays in `self`.
    pub(super) async fn next(&mut self) -> DoctorEvidence {
        loop {
            let step = async {
                match &mut self.step {
                    Some(step) => step.await,
                    None => pending().await,
                }
            };
            let taken = select_biased! {
                taken = pin!(step.fuse()) => taken,
                event = pin!(self.socket.next().fuse()) => return DoctorEvidence::Socket(event),
                evidence = self.evidence.1.select_next_some() => return evidence,
                () = self.background.select_next_some() => continue,
            };
            self.step = None;
            return self.handle_taken(taken);
        }
    }

    fn handle_taken(&mut self, taken: Taken) -> DoctorEvidence {
        match taken {
            Taken::Resolved(found) => DoctorEvidence::Resolved(match found {
                Ok(mut addresses) => {
                    let found = addresses.len();
                    addresses.truncate(MAX_ADDRESSES);
                    self.addresses = addresses;
                    Ok(found)
                }
                Err(error) => Err(error.to_string()),
            }),
            Taken::Connected(result) => DoctorEvidence::TcpConnected(
                result.map(|stream| self.connection = Connection::Plain(stream)),
            ),
            Taken::Secured(result) => DoctorEvidence::TlsStarted(
                result.map(|stream| self.connection = Connection::Secured(Box::new(stream))),
            ),
            Taken::Opened(result) => DoctorEvidence::Opened(result.map(|(frames, date)| {
                self.socket.open(frames);
                date
            })),
        }
    }
}

/// Connects to the first address that accepts.
async fn connect(addresses: Vec<SocketAddr>) -> Result<TcpStream, TcpFailure> {
    let mut failure = TcpFailure::Other("it has no address".to_owned());
    for address in addresses {
        let connecting = pin!(TcpStream::connect(address));
        failure = match select(connecting, Delay::new(CONNECT_TIMEOUT)).await {
            Either::Left((Ok(stream), _)) => return Ok(stream),
            Either::Left((Err(error), _)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                TcpFailure::Refused
            }
            Either::Left((Err(error), _)) => TcpFailure::Other(error.to_string()),
            Either::Right(_) => {
                let seconds = CONNECT_TIMEOUT.as_secs();
                TcpFailure::Other(format!("no answer within {seconds} s"))
            }
        };
    }
    Err(failure)
}

/// Opens the WebSocket on a connection.
async fn open<S>(url: String, stream: S) -> Result<Opened, OpenFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let opened = client_async_with_config(url, stream, Some(web_socket_config())).await;
    let (socket, answer) = opened.map_err(|error| match error {
        tungstenite::Error::Http(answer) => OpenFailure::Status(answer.status().as_u16()),
        tungstenite::Error::Protocol(ProtocolError::HttparseError(_)) => OpenFailure::NotHttp,
        error => OpenFailure::Broken(error.to_string()),
    })?;
    Ok((frames(socket), date(&answer)))
}

/// The `Date` of an answer, in seconds since 1970.
fn date<T>(answer: &http::Response<T>) -> Option<u64> {
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    date.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// Whether a server accepts a connection over TCP.
async fn accepts_tcp(address: &IceAddress) -> bool {
    let connecting = pin!(async {
        let address = resolve(address).await?;
        TcpStream::connect(address).await
    });
    matches!(select(connecting, Delay::new(PROBE_TIMEOUT)).await, Either::Left((Ok(_), _)))
}
