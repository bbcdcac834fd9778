//! What the tests that start processes share.

mod process;
mod server;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

pub use process::Process;
pub use server::{Server, config_file, start_server};

/// How long a process may take for a step that takes a moment. Only a process that hangs takes longer.
pub const LIMIT: Duration = Duration::from_secs(90);

/// How long a match of this many frames may take, from the start of its processes to their end. It is far more
/// than the match takes: only a process that hangs takes longer.
pub fn match_limit(frames: u32) -> Duration {
    LIMIT * 2 + Duration::from_secs(frames.div_ceil(60).into()) * 4
}

/// What a bot logs: everything of this project, and of the libraries below it their errors.
const BOT_LOG: &str = "warn,arena=debug,bevy_netplay=debug,netplay_core=debug,netplay_transport=debug,\
                       wgpu=error,naga=warn,rtc=error,rtc_dtls=error,rtc_ice=error,rtc_sctp=error,webrtc=error";

/// Has a bot log what it does.
pub fn with_log(command: &mut Command) -> &mut Command {
    command.env("RUST_LOG", BOT_LOG).env("NO_COLOR", "1")
}

/// A directory of a test's own.
pub fn directory(test: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Starts coturn at an address, for credentials that are minted with a secret, and waits until it listens.
pub fn start_coturn(
    mut command: Command,
    secret: &str,
    address: IpAddr,
    port: u16,
    directory: &Path,
) -> Process {
    command.args(["-n", "--no-cli", "--no-tls", "--no-dtls", "--fingerprint", "--verbose"]).args([
        "--log-file=stdout".to_owned(),
        "--use-auth-secret".to_owned(),
        format!("--static-auth-secret={secret}"),
        "--realm=tests".to_owned(),
        format!("--listening-ip={address}"),
        format!("--relay-ip={address}"),
        format!("--listening-port={port}"),
        format!("--userdb={}", directory.join("turn.db").display()),
        format!("--pidfile={}", directory.join("turn.pid").display()),
    ]);
    let mut coturn = Process::start("coturn", command);
    coturn.wait_for("it listens", LIMIT, |line| {
        line.contains("UDP listener opened on").then_some(())
    });
    coturn
}

/// Whether the connection took so long that the server was asked to relay meanwhile, as it is by default after
/// three seconds (`AgentConfig::relay_after`). Only then may inputs have taken another path than the one that the
/// match ended on.
pub fn connected_late(report: &Value) -> bool {
    report["connect_ms"].as_f64().unwrap() >= 3000.0
}

/// Every input went this way.
#[track_caller]
pub fn assert_path(report: &Value, path: &str) {
    assert_path_unless(report, path, |_| false);
}

/// The same, except that the server may have relayed on a link of which this is true.
#[track_caller]
pub fn assert_path_unless(report: &Value, path: &str, may_relay: fn(&Value) -> bool) {
    for link in report["links"].as_array().unwrap() {
        assert_eq!(link["path"], path, "{link:#}");
        let may_relay = connected_late(report) || may_relay(link);
        for (other, count) in link["inputs_by_path"].as_object().unwrap() {
            let expected = other == path;
            let relayed = other == "relay" && may_relay;
            assert!((*count != 0) == expected || relayed, "{other}: {link:#}");
        }
    }
}
