//! The steps in a page: the WebSocket as a whole, and STUN and TURN servers by the candidates that they give.

use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;

use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt, select_biased};
use netplay_core::doctor::{
    DoctorCommand, DoctorEvidence, IceAddress, IceAnswer, IceFailure, OpenFailure, StunMapping,
    Surroundings,
};
use netplay_protocol::signaling::{IceServer, IceUrlKind};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::web_socket::WebSocket;
use crate::rtc::{FrameSink, FrameStream, LocalFuture, connect};

/// What an error code of a browser means that no server has sent (W3C WebRTC, section 4.8.2): the server cannot be
/// reached.
const UNREACHABLE: u16 = 701;
/// How many candidates of one connection are looked at.
const MAX_CANDIDATES: usize = 64;

#[wasm_bindgen(module = "/src/doctor/platform/gather.js")]
extern "C" {
    #[wasm_bindgen(js_name = isHttps)]
    fn is_https() -> bool;
    /// Resolves to a list of texts: `candidate`, a type, an address and a port; `error` and a code; `complete`
    /// where it did not take too long.
    fn gather(ice_servers: &str, relay_only: bool) -> js_sys::Promise;
}

/// Where the page runs.
pub(super) fn surroundings() -> Surroundings {
    Surroundings::Page { is_https: is_https() }
}

/// The steps that are under way.
#[derive(Default)]
pub(super) struct Steps {
    opening: Option<LocalFuture<Result<(FrameSink, FrameStream), String>>>,
    socket: WebSocket,
    asked: FuturesUnordered<LocalBoxFuture<'static, DoctorEvidence>>,
}

impl Steps {
    pub(super) async fn handle_command(&mut self, command: DoctorCommand) {
        match command {
            DoctorCommand::OpenWebSocket { url } => {
                self.opening = Some(Box::pin(async move { connect(&url).await }));
            }
            DoctorCommand::Send(frame) => self.socket.send(frame).await,
            DoctorCommand::Close => {
                self.opening = None;
                self.socket.close();
            }
            DoctorCommand::AskStun { number, address } => {
                self.asked.push(Box::pin(async move {
                    let found = found(&[server(&address, None)], false).await;
                    let result = found.map(|found| {
                        // Each server is asked on a connection of its own.
                        let socket = u32::try_from(number).unwrap_or_default();
                        found.first().map(|mapped| StunMapping {
                            socket,
                            server: 0,
                            mapped: *mapped,
                        })
                    });
                    DoctorEvidence::Stun { number, answer: IceAnswer { server: None, result } }
                }));
            }
            DoctorCommand::AskTurn { number, address, username, credential } => {
                self.asked.push(Box::pin(async move {
                    let credentials = Some((username, credential.expose().to_owned()));
                    let found = found(&[server(&address, credentials)], true).await;
                    let result = match found {
                        // A browser that reports no errors.
                        Ok(found) if found.is_empty() => Err(IceFailure::Other(
                            "it does not answer, or does not accept the credentials".to_owned(),
                        )),
                        Ok(_) => Ok(None),
                        Err(failure) => Err(failure),
                    };
                    DoctorEvidence::Turn { number, answer: IceAnswer { server: None, result } }
                }));
            }
            DoctorCommand::CompareMappings { servers } => {
                self.asked.push(Box::pin(async move {
                    let servers: Vec<_> = servers.iter().map(|it| server(it, None)).collect();
                    let found = found(&servers, false).await.unwrap_or_default();
                    DoctorEvidence::Mapping(mappings(&found))
                }));
            }
            // Steps of a machine with sockets.
            DoctorCommand::Resolve { .. }
            | DoctorCommand::ConnectTcp
            | DoctorCommand::StartTls { .. }
            | DoctorCommand::ProbeTcp { .. } => {}
        }
    }

    /// Waits for the next evidence. Cancel-safe: what is waited for stays in `self`.
    pub(super) async fn next(&mut self) -> DoctorEvidence {
        let opening = async {
            match &mut self.opening {
                Some(opening) => opening.await,
                None => pending().await,
            }
        };
        let opened = select_biased! {
            opened = pin!(opening.fuse()) => opened,
            event = pin!(self.socket.next().fuse()) => return DoctorEvidence::Socket(event),
            evidence = self.asked.select_next_some() => return evidence,
        };
        self.opening = None;
        match opened {
            Ok(frames) => {
                self.socket.open(frames);
                DoctorEvidence::Opened(Ok(None))
            }
            Err(_) => DoctorEvidence::Opened(Err(OpenFailure::Hidden)),
        }
    }
}

fn server(address: &IceAddress, credentials: Option<(String, String)>) -> IceServer {
    // Browsers refuse a STUN server with a query.
    let plain = address.url.split_once('?').map_or(&*address.url, |(plain, _)| plain);
    let url = if address.kind == IceUrlKind::Stun { plain } else { &*address.url };
    let (username, credential) = credentials.unzip();
    IceServer { urls: vec![url.to_owned()], username, credential }
}

/// The addresses that these servers gave, as one connection found them.
async fn found(servers: &[IceServer], is_turn: bool) -> Result<Vec<SocketAddr>, IceFailure> {
    // Lists of texts can always be written as JSON.
    let servers = serde_json::to_string(servers).unwrap_or_else(|_| "[]".to_owned());
    let failed = |error: JsValue| {
        let message = js_sys::Reflect::get(&error, &"message".into()).ok();
        let message = message.and_then(|message| message.as_string());
        IceFailure::Other(message.unwrap_or_else(|| "the browser does not take it".to_owned()))
    };
    let lines = JsFuture::from(gather(&servers, is_turn)).await.map_err(failed)?;
    let lines: Vec<String> =
        js_sys::Array::from(&lines).iter().filter_map(|line| line.as_string()).collect();
    let kind = if is_turn { "relay" } else { "srflx" };
    let found: Vec<SocketAddr> = lines
        .iter()
        .take(MAX_CANDIDATES)
        .filter_map(|line| {
            let mut words = line.split(' ');
            (words.next() == Some("candidate") && words.next() == Some(kind)).then_some(())?;
            let ip: IpAddr = words.next()?.parse().ok()?;
            Some(SocketAddr::new(ip, words.next()?.parse().ok()?))
        })
        .collect();
    if found.is_empty()
        && !lines.iter().any(|line| line == "complete" || line.starts_with("error "))
    {
        return Err(IceFailure::Silent);
    }
    if found.is_empty()
        && let Some(code) = lines.iter().find_map(|line| line.strip_prefix("error ")?.parse().ok())
    {
        return Err(match code {
            UNREACHABLE => IceFailure::Silent,
            code => IceFailure::Refused(code),
        });
    }
    Ok(found)
}

/// What servers see of one connection. A browser hides which server gave an address, and says the same one once: two
/// addresses that differ in their port only are of two servers.
fn mappings(found: &[SocketAddr]) -> Vec<StunMapping> {
    let mapping = |(server, mapped): (usize, &SocketAddr)| {
        let server = u32::try_from(server).unwrap_or_default();
        StunMapping { socket: 0, server, mapped: *mapped }
    };
    let same_ip = |mapped: &&SocketAddr| {
        found.first().is_some_and(|first| first.ip() == mapped.ip() && mapped.is_ipv4())
    };
    found.iter().filter(same_ip).enumerate().map(mapping).collect()
}
