//! The program `netplay-server`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use netplay_server::{
    BadIceServer, ConfigError, LogFormat, Overrides, ServerConfig, ServerError, TlsConfig,
    parse_ice_server, serve,
};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// The signaling server of bevy_netplay: brings the players of a match together.
///
/// Players join a room by its code, or the matchmaking queue, and the server forwards their signals. The
/// match runs directly between the players. The server relays it only where no direct path exists. It also
/// serves clients of matchbox.
///
/// Every setting can be in a TOML file, or in the environment as NETPLAY_ and its key. The options here
/// override both. docs/deploy/netplay-server.toml lists every key. RUST_LOG sets the log level (default:
/// info). SIGTERM drains the server; a second SIGTERM or ctrl-c stops it at once; SIGHUP reloads the
/// certificate.
#[derive(Parser)]
#[command(name = "netplay-server", version)]
struct Args {
    /// TOML file with the configuration
    #[arg(long, value_name = "FILE", env = "NETPLAY_CONFIG")]
    config: Option<PathBuf>,

    /// Check the configuration and exit
    #[arg(long)]
    check: bool,

    /// Address and port to listen on; port 0 picks a free one, 0.0.0.0 listens on every interface
    /// [default: 127.0.0.1:3536]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,

    /// Address and port to serve /metrics on [default: the same as --listen]
    #[arg(long, value_name = "ADDR:PORT")]
    metrics_listen: Option<SocketAddr>,

    /// PEM file with the TLS certificate and its intermediate certificates
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// PEM file with the private key of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Network of proxies whose X-Forwarded-For is trusted, such as 10.0.0.0/8; may be given several
    /// times
    #[arg(long = "trusted-proxy", value_name = "NETWORK", value_parser = network)]
    trusted_proxies: Vec<ipnet::IpNet>,

    /// STUN or TURN server for the players; may be given several times
    ///
    /// Either 'stun:host:port' or 'turn:host:port,user,password'. Without one, players can connect only on
    /// the same machine or local network. For a TURN server with a shared secret, see the table [turn] of
    /// the file.
    // A text that is parsed later: an error of clap would print the password.
    #[arg(long = "ice-server", value_name = "SERVER")]
    ice_servers: Vec<String>,

    /// Seconds between two pings to each player [default: 10]
    #[arg(long, value_name = "SECONDS")]
    ping_interval_s: Option<u64>,

    /// Seconds of silence after which a player is disconnected; longer than the ping interval
    /// [default: 30]
    #[arg(long, value_name = "SECONDS")]
    idle_timeout_s: Option<u64>,

    /// Seconds a player may take to connect, and then to join a room [default: 10]
    #[arg(long, value_name = "SECONDS")]
    handshake_deadline_s: Option<u64>,

    /// Seconds that connections stay open after SIGTERM [default: 30]
    #[arg(long, value_name = "SECONDS")]
    drain_deadline_s: Option<u64>,

    /// The server for players to use after SIGTERM, such as wss://other.example.org
    #[arg(long, value_name = "URL")]
    alternate_server: Option<String>,

    /// Format of the log: text or json [default: text]
    #[arg(long, value_name = "FORMAT", value_parser = log_format)]
    log_format: Option<LogFormat>,
}

/// Why the program exits with an error.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("--ice-server number {number}: {source}")]
    IceServer { number: usize, source: BadIceServer },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Server(#[from] ServerError),
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let check = args.check;
    let config = configuration(args);
    // The configuration has the format of the log, so its own errors appear in the default format.
    init_log(config.as_ref().map_or(LogFormat::default(), |config| config.log.format));
    let run = async {
        let config = config?;
        if check {
            config.check()?;
            tracing::info!("the configuration is valid");
            return Ok(());
        }
        let signals = count_signals();
        let (drain, stop) = (at_least(1, signals.clone()), at_least(2, signals));
        if config.public_names.is_empty() && !config.listen.ip().is_loopback() {
            tracing::warn!(
                "public_names is not set: another server can use here what a player proved to it. Set the names by \
                 which players reach this server"
            );
        }
        Ok(serve(config, drain, stop).await?)
    };
    match run.await {
        Ok(()) => ExitCode::SUCCESS,
        Err::<(), Failure>(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn configuration(args: Args) -> Result<ServerConfig, Failure> {
    let ice_servers = args.ice_servers.iter().zip(1..).map(|(text, number)| {
        parse_ice_server(text).map_err(|source| Failure::IceServer { number, source })
    });
    let tls = args.tls_certificate.zip(args.tls_key);
    let overrides = Overrides {
        listen: args.listen,
        metrics_listen: args.metrics_listen,
        tls: tls.map(|(certificate, key)| TlsConfig { certificate, key }),
        trusted_proxies: args.trusted_proxies,
        ice_servers: ice_servers.collect::<Result<_, _>>()?,
        ping_interval_s: args.ping_interval_s,
        idle_timeout_s: args.idle_timeout_s,
        handshake_deadline_s: args.handshake_deadline_s,
        drain_deadline_s: args.drain_deadline_s,
        alternate_server: args.alternate_server,
        log_format: args.log_format,
    };
    Ok(ServerConfig::load(args.config.as_deref(), overrides)?)
}

fn network(text: &str) -> Result<ipnet::IpNet, String> {
    let address = || text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
    let network = text.parse().or_else(|_| address());
    network.map_err(|_| "write a network such as 10.0.0.0/8, or an address".to_owned())
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("write text or json".to_owned()),
    }
}

fn init_log(format: LogFormat) {
    let log = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// The filter of RUST_LOG. The WebSocket library may log warnings at most: at lower levels it logs every message,
/// with session descriptions and credentials.
fn filter() -> EnvFilter {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    match "tungstenite=warn".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => EnvFilter::new("info"),
    }
}

/// Counts the requests to end. Ctrl-c counts twice, because a person waits for it.
fn count_signals() -> watch::Receiver<u32> {
    let (counter, count) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            let weight = tokio::select! {
                () = interrupted() => 2,
                () = terminated() => 1,
            };
            counter.send_modify(|count| *count += weight);
        }
    });
    count
}

/// Completes after this many requests to end.
async fn at_least(times: u32, mut count: watch::Receiver<u32>) {
    let reached = count.wait_for(|count| *count >= times).await.is_ok();
    if !reached {
        std::future::pending().await
    }
}

async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!("ctrl-c will not stop the server gracefully: {error}");
        std::future::pending().await
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
            tracing::warn!("SIGTERM will not stop the server gracefully: {error}");
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
