//! Matches over real WebRTC: the program itself as several processes, and the server as another one.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use serde_json::{Value, json};

use crate::support::{
    ARENA, LIMIT, Process, Server, assert_path, config_file, directory, match_limit, start_server,
    with_log,
};

fn arena<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arena"));
    with_log(&mut command).args(arguments);
    command
}

fn server(test: &str) -> Server {
    server_at((Ipv4Addr::LOCALHOST, 0).into(), &config_file(test, ""))
}

fn server_at(listen: SocketAddr, config: &Path) -> Server {
    start_server(Command::new, listen, config)
}

/// An address of this machine where nothing listens.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Runs a command to its end. Returns how it ended and what it wrote.
#[track_caller]
fn run(command: Command) -> (ExitStatus, String) {
    let mut process = Process::start("arena", command);
    let status = process.wait(match_limit(300));
    (status, process.output())
}

/// A bot in the room of the test, and the file of its report.
fn bot(test: &str, number: usize, server: &str, players: usize, frames: u32) -> (Command, PathBuf) {
    let file = directory(test).join(format!("bot{number}.json"));
    // A report of an earlier run proves nothing.
    let _ = std::fs::remove_file(&file);
    let mut command = arena(["bot", "--progress", "--room", "TEST", "--wait-s", "60"]);
    command
        .args(["--server", server, "--players", &players.to_string()])
        .args(["--frames", &frames.to_string(), "--seed", &number.to_string(), "--report"])
        .arg(&file);
    (command, file)
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Lets bots play, and returns their reports in the order of the players.
#[track_caller]
fn play(test: &str, players: usize, frames: u32, policy: &str) -> Vec<Value> {
    let server = server(test);
    let mut bots: Vec<_> = (0..players)
        .map(|number| {
            let (mut command, file) = bot(test, number, &server.url(), players, frames);
            command.args(["--policy", policy]);
            (Process::start(format!("bot {number}"), command), file)
        })
        .collect();
    let mut reports: Vec<Value> = Vec::new();
    for (process, file) in &mut bots {
        process.succeed(match_limit(frames));
        reports.push(read(file));
    }
    reports.sort_by_key(|report| report["local_player"].as_u64());
    reports
}

#[track_caller]
fn assert_a_good_match(reports: &[Value], frames: u32, path: &str) {
    for (player, report) in reports.iter().enumerate() {
        assert_eq!(report["local_player"], player);
        assert_eq!(report["players"], reports.len());
        assert_eq!(report["frames"], frames);
        assert!(report["confirmed_frame"].as_u64().unwrap() >= u64::from(frames));
        assert_eq!(report["desyncs"], Value::Array(Vec::new()));
        assert_eq!(report["checksum"], reports[0]["checksum"]);
        assert!(!report["checksum"].as_str().unwrap().is_empty());
        let links = report["links"].as_array().unwrap();
        assert_eq!(links.len(), reports.len() - 1);
        assert_path(report, path);
        for link in links {
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
fn two_players_on_one_machine_play_with_one_on_another() {
    let server = server("local");
    let mut bots = [1, 2].map(|local| {
        let (mut command, file) = bot("local", local, &server.url(), 3, 300);
        command.args(["--local", &local.to_string()]);
        (Process::start(format!("the bot with {local}"), command), file)
    });
    let [one, two] = bots.each_mut().map(|(process, file)| {
        process.succeed(match_limit(300));
        read(file)
    });
    for report in [&one, &two] {
        assert_eq!((&report["players"], &report["checksum"]), (&json!(3), &one["checksum"]));
        assert_eq!(report["desyncs"], json!([]));
    }
    // The one that joined first has the first player.
    let (first, both) = match one["local_player"].as_u64() {
        Some(0) => (0, [1, 2]),
        _ => (2, [0, 1]),
    };
    assert_eq!((&one["local_players"], &two["local_players"]), (&json!([first]), &json!(both)));
    let link = &one["links"][0];
    assert_eq!((&link["player"], &link["players"]), (&json!(both[0]), &json!(both)));
    assert_eq!(two["links"][0]["players"], json!([first]));
}

#[test]
fn eight_processes_play_a_match_over_webrtc() {
    let reports = play("eight", 8, 1200, "any");
    assert_a_good_match(&reports, 1200, "direct");
}

#[test]
fn the_server_relays_a_match_whose_policy_allows_nothing_else() {
    let reports = play("relay", 3, 300, "relay");
    assert_a_good_match(&reports, 300, "relay");
}

/// Two bots that play until their reports are written.
struct Pair {
    bots: [Process; 2],
    frames: u32,
}

impl Pair {
    fn start(test: &str, server: &str, frames: u32) -> Self {
        let bots = [1, 2].map(|number| {
            let (mut command, _) = bot(test, number, server, 2, frames);
            command.args(["--linger-s", "5"]);
            Process::start(format!("bot {number}"), command)
        });
        Self { bots, frames }
    }

    /// Waits until the first bot has confirmed a frame.
    #[track_caller]
    fn wait_for(&mut self, frame: u32) {
        let what = format!("frame {frame} is confirmed");
        self.bots[0].wait_for(&what, match_limit(frame), |line| {
            let progress = serde_json::from_str::<Value>(line).ok()?;
            (progress["confirmed"].as_i64()? >= i64::from(frame)).then_some(())
        });
    }

    #[track_caller]
    fn succeed(&mut self) {
        self.bots.iter_mut().for_each(|bot| bot.succeed(match_limit(self.frames)));
    }
}

#[test]
fn a_match_does_not_notice_that_the_server_restarts() {
    let test = "server-restart";
    let config = config_file(test, "secret = \"a secret of both servers\"\n");
    let mut before = server_at((Ipv4Addr::LOCALHOST, 0).into(), &config);
    let mut pair = Pair::start(test, &before.url(), 900);
    pair.wait_for(60);
    before.stop();
    pair.wait_for(240);
    let after = server_at(before.address, &config);
    // Both resume in their room, which the server makes again.
    let mut frame = 240;
    while metric(&after, "netplay_resumes_total{outcome=\"resumed\"}") < 2 {
        frame += 30;
        pair.wait_for(frame);
    }
    pair.succeed();
}

/// A figure of the server's `/metrics`; 0 if nothing was counted.
fn metric(server: &Server, name: &str) -> u64 {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let mut values = answer.lines().filter_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    values.next().unwrap_or(0)
}

#[test]
fn the_demo_shows_a_table_and_succeeds() {
    let (status, output) = run(arena(["demo", "--headless", "--frames", "300"]));
    assert!(status.success(), "{status}: {output}");
    assert!(output.contains("checksums of frame 300 are equal"), "{output}");
    assert!(output.contains("direct"), "{output}");
}

#[test]
fn without_a_display_the_game_runs_as_a_demo() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let mut command = arena(["demo", "--frames", "60"]);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let (status, output) = run(command);
    assert!(status.success(), "{status}: {output}");
    assert!(output.contains("no display"), "{output}");
}

#[test]
fn bots_that_start_before_their_server_play_once_it_is_there() {
    let test = "early-bots";
    let address = free_address();
    let mut pair = Pair::start(test, &format!("ws://{address}"), 60);
    for bot in &mut pair.bots {
        bot.wait_for("it does not reach the server", LIMIT, |line| {
            line.contains("trying again").then_some(())
        });
    }
    let _server = server_at(address, &config_file(test, ""));
    pair.succeed();
}

#[test]
fn a_bot_without_a_server_gives_up_with_a_reason() {
    let url = format!("ws://{}", free_address());
    let arguments = ["bot", "--room", "TEST", "--frames", "60", "--wait-s", "3", "--server", &url];
    let (status, output) = run(arena(arguments));
    assert!(!status.success(), "{output}");
    assert!(output.contains("arena bot: "), "{output}");
}

#[test]
fn a_bot_alone_in_its_room_gives_up_with_a_reason() {
    let server = server("alone");
    let url = server.url();
    let arguments = ["bot", "--room", "TEST", "--frames", "60", "--wait-s", "2", "--server", &url];
    let (status, output) = run(arena(arguments));
    assert!(!status.success(), "{output}");
    assert!(output.contains("without a match"), "{output}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_window_finds_its_files_from_any_working_directory() {
    game_driver::window::finds_its_files(&ARENA);
}

#[test]
fn a_fault_in_one_process_is_named_by_both_and_found_again_in_their_bundles() {
    let server = server("desync");
    let mut bots = [0, 1].map(|number| {
        let (mut command, file) = bot("desync", number, &server.url(), 2, 600);
        let bundles = directory("desync").join(format!("bundles{number}"));
        let _ = std::fs::remove_dir_all(&bundles);
        command.arg("--desync-dir").arg(&bundles);
        if number == 1 {
            command.args(["--plant", "value"]);
        }
        (Process::start(format!("bot {number}"), command), file, bundles)
    });
    let bundles = bots.each_mut().map(|(process, _, bundles)| {
        process.succeed(match_limit(600));
        let output = process.output();
        assert!(output.contains("desync with player"), "{output}");
        assert!(output.contains("Score of the entity #0 is"), "{output}");
        let mut files = std::fs::read_dir(bundles).unwrap();
        let file = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none(), "one difference, one bundle");
        file
    });
    let desync = |arguments: &[&OsStr]| {
        let mut command = arena(["desync"]);
        command.args(arguments);
        run(command)
    };
    // Without the fault the game computes what the peer without it did.
    let out = directory("desync").join("shrunk.npdesync");
    let [first, second, out] = [&bundles[0], &bundles[1], &out].map(|path| path.as_os_str());
    let (status, output) = desync(&[first, second, "--replay".as_ref(), "--shrink".as_ref(), out]);
    assert!(status.success(), "{output}");
    assert!(output.contains("type      Score") && output.contains("entity    #0"), "{output}");
    assert!(output.contains("comes out that wrote the bundle"), "{output}");
    assert!(output.contains("two simulations on this machine do not differ"), "{output}");
    let (status, output) = desync(&[out]);
    assert!(status.success() && output.contains("type      Score"), "{output}");
    let (status, output) = desync(&[bots[0].1.as_os_str()]);
    assert!(!status.success() && output.contains("this is no desync bundle"), "{output}");
}

/// Examines a server, and returns the steps and the exit code.
#[track_caller]
fn examine(url: &str) -> (Vec<Value>, Option<i32>) {
    let (status, output) = run(arena(["doctor", "--json", "--server", url]));
    let line =
        output.lines().find(|line| line.starts_with('[')).unwrap_or_else(|| panic!("{output}"));
    (serde_json::from_str(line).unwrap(), status.code())
}

#[test]
fn the_doctor_finds_nothing_at_a_server_that_is_well() {
    let server = server("doctor-well");
    let (steps, code) = examine(&server.url());
    assert_eq!(code, Some(0), "{steps:#?}");
    for step in &steps {
        assert_eq!(step["ok"], true, "{step:#}");
        assert!(step["check"].is_string() && step["say"].is_string() && step["ms"].is_number());
        assert_eq!(step.get("code"), None);
    }
    let (status, output) = run(arena(["doctor", "--server", &server.url()]));
    assert!(status.success() && output.contains("all is well"), "{output}");
}

#[test]
fn the_doctor_says_what_is_wrong_and_fails() {
    let server = server("doctor-path");
    for (url, check, found) in [
        (format!("ws://{}", free_address()), "tcp", "server_refused"),
        (format!("{}/elsewhere", server.url()), "websocket", "wrong_path"),
    ] {
        let (steps, code) = examine(&url);
        assert_eq!(code, Some(1), "{steps:#?}");
        let failed: Vec<_> = steps.iter().filter(|step| step["ok"] == false).collect();
        assert_eq!(failed.len(), 1, "{steps:#?}");
        assert_eq!((&failed[0]["check"], &failed[0]["code"]), (&check.into(), &found.into()));
    }
}
