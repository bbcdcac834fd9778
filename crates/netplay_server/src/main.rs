//! The signaling server of bevy_netplay as a program.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use netplay_server::{BadIceServer, ServerConfig, ServerError, parse_ice_server, serve};
use tracing_subscriber::EnvFilter;

/// Signaling server of bevy_netplay: brings the players of a match together.
///
/// Players join a room by its code, and the server passes their connection offers on. The match itself
/// runs between the players and never through here. GET /healthz answers 200 while the server runs.
/// The environment variable RUST_LOG sets what is logged (default: info).
#[derive(Parser)]
#[command(name = "netplay-server", version)]
struct Args {
    /// Address and port to listen on; port 0 picks a free one, 0.0.0.0 listens on every interface
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3536")]
    listen: SocketAddr,

    /// STUN or TURN server to hand to the players; may be given several times
    ///
    /// Either 'stun:host:port' or 'turn:host:port,user,password'. Without one, players find each other
    /// only on the same machine or local network.
    // Kept as text and read later: clap's complaint would repeat the password.
    #[arg(long = "ice-server", value_name = "SERVER")]
    ice_servers: Vec<String>,

    /// Seconds between two pings to each player
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    ping_interval_s: u64,

    /// Seconds of silence after which a player is taken for gone; longer than the ping interval
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    idle_timeout_s: u64,

    /// Seconds a player may take to join a room after connecting
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    join_deadline_s: u64,
}

/// Why the program ends early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("--ice-server number {number}: {source}")]
    IceServer { number: usize, source: BadIceServer },
    #[error(transparent)]
    Server(#[from] ServerError),
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(filter()).with_writer(std::io::stderr).init();
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// What RUST_LOG asks for, except that the WebSocket library is never let to log below warnings: at its
/// most talkative it writes out every message, with descriptions and credentials.
fn filter() -> EnvFilter {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    match "tungstenite=warn".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => EnvFilter::new("info"),
    }
}

async fn run(args: Args) -> Result<(), Failure> {
    let ice_servers = args
        .ice_servers
        .iter()
        .zip(1..)
        .map(|(text, number)| {
            parse_ice_server(text).map_err(|source| Failure::IceServer { number, source })
        })
        .collect::<Result<_, _>>()?;
    let config = ServerConfig {
        listen: args.listen,
        ice_servers,
        ping_interval: Duration::from_secs(args.ping_interval_s),
        idle_timeout: Duration::from_secs(args.idle_timeout_s),
        join_deadline: Duration::from_secs(args.join_deadline_s),
    };
    Ok(serve(config, told_to_stop()).await?)
}

/// Completes when the user presses ctrl-c, or the system asks the program to end.
async fn told_to_stop() {
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!("ctrl-c will not stop the server in an orderly way: {error}");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(error) => {
            tracing::warn!("SIGTERM will not stop the server in an orderly way: {error}");
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
