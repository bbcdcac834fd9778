//! The signaling server of bevy_netplay as a program.

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

/// Signaling server of bevy_netplay: brings the players of a match together.
///
/// Players join a room by its code, or wait to be matched, and the server passes their connection offers
/// on. The match itself runs between the players; only where there is no other way does the server relay
/// it. Clients of matchbox are served as well.
///
/// Everything can be set in a TOML file and, as NETPLAY_ and the key, in the environment; what is given
/// here is stronger than both. docs/deploy/netplay-server.toml has every key. RUST_LOG sets what is
/// logged (default: info). SIGTERM drains, a second one and ctrl-c stop at once, SIGHUP reads the
/// certificate again.
#[derive(Parser)]
#[command(name = "netplay-server", version)]
struct Args {
    /// Read the configuration from this TOML file
    #[arg(long, value_name = "FILE", env = "NETPLAY_CONFIG")]
    config: Option<PathBuf>,

    /// Check the configuration, and end
    #[arg(long)]
    check: bool,

    /// Address and port to listen on; port 0 picks a free one, 0.0.0.0 listens on every interface
    /// [default: 127.0.0.1:3536]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,

    /// Address and port to answer /metrics on [default: the same as --listen]
    #[arg(long, value_name = "ADDR:PORT")]
    metrics_listen: Option<SocketAddr>,

    /// PEM file with the certificate to serve TLS with, and those that lead to a root
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// PEM file with the private key of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Network of the proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8; may be given
    /// several times
    #[arg(long = "trusted-proxy", value_name = "NETWORK", value_parser = network)]
    trusted_proxies: Vec<ipnet::IpNet>,

    /// STUN or TURN server to hand to the players; may be given several times
    ///
    /// Either 'stun:host:port' or 'turn:host:port,user,password'. Without one, players find each other
    /// only on the same machine or local network. For a TURN server with a shared secret, see the table
    /// [turn] of the file.
    // Kept as text and read later: clap's complaint would repeat the password.
    #[arg(long = "ice-server", value_name = "SERVER")]
    ice_servers: Vec<String>,

    /// Seconds between two pings to each player [default: 10]
    #[arg(long, value_name = "SECONDS")]
    ping_interval_s: Option<u64>,

    /// Seconds of silence after which a player is taken for gone; longer than the ping interval
    /// [default: 30]
    #[arg(long, value_name = "SECONDS")]
    idle_timeout_s: Option<u64>,

    /// Seconds a player may take to connect, and then to join a room [default: 10]
    #[arg(long, value_name = "SECONDS")]
    handshake_deadline_s: Option<u64>,

    /// Seconds that matches may go on after SIGTERM [default: 30]
    #[arg(long, value_name = "SECONDS")]
    drain_deadline_s: Option<u64>,

    /// The server that players are sent to after SIGTERM, such as wss://other.example.org
    #[arg(long, value_name = "URL")]
    elsewhere: Option<String>,

    /// How the log looks: text or json [default: text]
    #[arg(long, value_name = "FORMAT", value_parser = log_format)]
    log_format: Option<LogFormat>,
}

/// Why the program ends early.
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
    // The configuration says how the log looks, so what is wrong with it is told in the default way.
    log(config.as_ref().map_or(LogFormat::default(), |config| config.log.format));
    let run = async {
        let config = config?;
        if check {
            config.check()?;
            tracing::info!("the configuration is good");
            return Ok(());
        }
        let orders = orders();
        let (drain, stop) = (at_least(1, orders.clone()), at_least(2, orders));
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
        elsewhere: args.elsewhere,
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

fn log(format: LogFormat) {
    let log = tracing_subscriber::fmt().with_env_filter(filter()).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
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

/// How often the program has been told to end: ctrl-c counts twice, it is somebody who waits.
fn orders() -> watch::Receiver<u32> {
    let (orders, told) = watch::channel(0);
    tokio::spawn(async move {
        loop {
            let weight = tokio::select! {
                () = interrupted() => 2,
                () = terminated() => 1,
            };
            orders.send_modify(|told| *told += weight);
        }
    });
    told
}

/// Completes when the program has been told that often.
async fn at_least(times: u32, mut orders: watch::Receiver<u32>) {
    let told = orders.wait_for(|told| *told >= times).await.is_ok();
    if !told {
        std::future::pending().await
    }
}

async fn interrupted() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!("ctrl-c will not stop the server in an orderly way: {error}");
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
            tracing::warn!("SIGTERM will not stop the server in an orderly way: {error}");
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
