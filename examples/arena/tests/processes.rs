//! Matches over real WebRTC: the program itself, as many processes, and a server in this one.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use netplay_server::{Server, ServerConfig};
use serde_json::Value;

use crate::support::directory;

fn arena() -> Command {
    Command::new(env!("CARGO_BIN_EXE_arena"))
}

fn server() -> Server {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(ServerConfig { listen, ..ServerConfig::default() }).unwrap()
}

fn finish(bot: Child) -> Output {
    bot.wait_with_output().unwrap()
}

fn says(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Lets bots play, and returns their reports by seat.
fn play(test: &str, players: usize, frames: u32, policy: &str) -> Vec<Value> {
    let server = server();
    let directory = directory(test);
    let bots: Vec<_> = (0..players)
        .map(|bot| {
            let file = directory.join(format!("bot{bot}.json"));
            let child = arena()
                .args(["bot", "--room", "TEST", "--wait-s", "60", "--server", &server.url()])
                .args(["--players", &players.to_string(), "--frames", &frames.to_string()])
                .args(["--policy", policy, "--seed", &bot.to_string(), "--report"])
                .arg(&file)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            (child, file)
        })
        .collect();
    let mut reports: Vec<Value> = bots
        .into_iter()
        .map(|(child, file)| {
            let output = finish(child);
            assert!(output.status.success(), "{}", says(&output));
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
        })
        .collect();
    reports.sort_by_key(|report| report["local_player"].as_u64());
    reports
}

fn assert_a_good_match(reports: &[Value], frames: u32, path: &str) {
    for (seat, report) in reports.iter().enumerate() {
        assert_eq!(report["local_player"], seat);
        assert_eq!(report["players"], reports.len());
        assert_eq!(report["frames"], frames);
        assert!(report["confirmed_frame"].as_u64().unwrap() >= u64::from(frames));
        assert_eq!(report["desyncs"], Value::Array(Vec::new()));
        assert_eq!(report["checksum"], reports[0]["checksum"]);
        assert!(!report["checksum"].as_str().unwrap().is_empty());
        let links = report["links"].as_array().unwrap();
        assert_eq!(links.len(), reports.len() - 1);
        for link in links {
            assert_eq!(link["path"], path, "{link}");
            // No input took another way.
            let ways = link["inputs_by_path"].as_object().unwrap();
            assert!(ways.iter().all(|(way, count)| (*count != 0) == (way == path)), "{link}");
            assert_eq!(link["dropped_malformed"], 0, "{link}");
            assert!(link["datagrams_received"].as_u64().unwrap() > 0, "{link}");
        }
    }
}

#[test]
fn two_processes_play_a_match_over_webrtc() {
    let reports = play("two", 2, 300, "any");
    assert_a_good_match(&reports, 300, "direct");
}

#[test]
fn four_processes_play_a_match_over_webrtc() {
    let reports = play("four", 4, 300, "any");
    assert_a_good_match(&reports, 300, "direct");
}

#[test]
fn the_server_carries_a_match_that_may_go_no_other_way() {
    let reports = play("relay", 3, 300, "relay");
    assert_a_good_match(&reports, 300, "relay");
}

/// Two bots and the last frame that the first one says is confirmed.
struct Pair {
    bots: Vec<Child>,
    progress: Lines<BufReader<ChildStdout>>,
}

impl Pair {
    fn start(server: &str, frames: u32) -> Self {
        let start = |seed: &str| {
            arena()
                .args(["bot", "--progress", "--room", "TEST", "--wait-s", "60", "--linger-s", "5"])
                .args(["--frames", &frames.to_string(), "--server", server, "--seed", seed])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut bots = vec![start("1"), start("2")];
        let progress = BufReader::new(bots[0].stdout.take().unwrap()).lines();
        Self { bots, progress }
    }

    fn wait_for(&mut self, frame: i64) {
        loop {
            let line = self.progress.next().expect("the bot ended").unwrap();
            let progress = serde_json::from_str::<Value>(&line).unwrap_or_default();
            if progress["confirmed"].as_i64().is_some_and(|confirmed| confirmed >= frame) {
                return;
            }
        }
    }
}

#[test]
fn a_match_does_not_notice_that_the_server_is_started_anew() {
    let secret = Some("a secret of both servers".into());
    let config = |port| ServerConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        secret: secret.clone(),
        ..ServerConfig::default()
    };
    let before = Server::start(config(0)).unwrap();
    let addr = before.addr();
    let mut pair = Pair::start(&before.url(), 900);
    pair.wait_for(60);
    drop(before);
    pair.wait_for(240);
    let _after = Server::start(config(addr.port())).unwrap();
    // Both are back in their room, which the server made again.
    let resumed = || {
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.contains("netplay_resumes_total{outcome=\"resumed\"} 2")
    };
    let mut frame = 240;
    while !resumed() {
        frame += 30;
        pair.wait_for(frame);
    }
    for bot in pair.bots {
        let output = finish(bot);
        assert!(output.status.success(), "{}", says(&output));
    }
}

#[test]
fn the_demo_shows_a_table_and_succeeds() {
    let output = arena().args(["demo", "--headless", "--frames", "300"]).output().unwrap();
    assert!(output.status.success(), "{}", says(&output));
    let said = says(&output);
    assert!(said.contains("checksums of frame 300 are equal"), "{said}");
    assert!(said.contains("direct"), "{said}");
}

#[test]
fn without_a_display_the_game_runs_as_a_demo() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let output = arena()
        .args(["demo", "--frames", "60"])
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", says(&output));
    assert!(says(&output).contains("no display"), "{}", says(&output));
}

#[test]
fn a_bot_without_a_server_gives_up_with_a_reason() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let output = arena()
        .args(["bot", "--room", "TEST", "--frames", "60", "--wait-s", "3", "--server", &url])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(says(&output).contains("arena bot: "), "{}", says(&output));
}

#[test]
fn a_bot_alone_in_its_room_gives_up_with_a_reason() {
    let server = server();
    let output = arena()
        .args([
            "bot",
            "--room",
            "TEST",
            "--frames",
            "60",
            "--wait-s",
            "2",
            "--server",
            &server.url(),
        ])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(says(&output).contains("without a match"), "{}", says(&output));
}
