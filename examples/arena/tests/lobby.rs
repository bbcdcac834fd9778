//! The lobby of the program: bots that start when all are ready, a window and its keys, the list of public rooms.

use std::process::Command;

use browser_driver::Screen;
use serde_json::Value;

use crate::support::{
    LIMIT, Process, Server, config_file, directory, match_limit, start_server, with_log,
};

fn server(test: &str) -> Server {
    start_server(Command::new, ([127, 0, 0, 1], 0).into(), &config_file(test, ""))
}

/// A command of the arena in a room that two players can start, and that has places for four.
fn arena(command: &str, server: &Server) -> Command {
    let mut arena = Command::new(env!("CARGO_BIN_EXE_arena"));
    with_log(&mut arena).args([command, "--room", "TEST", "--server", &server.url()]).args([
        "--players",
        "4",
        "--least",
        "2",
    ]);
    arena
}

fn confirmed(line: &str) -> Option<i64> {
    serde_json::from_str::<Value>(line).ok()?["confirmed"].as_i64()
}

/// What `arena rooms` prints.
fn rooms(server: &Server) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arena"));
    command.args(["rooms", "--server", &server.url()]);
    let mut process = Process::start("arena rooms", command);
    process.succeed(LIMIT);
    process.output()
}

/// Presses keys in the window of the game, as a person does.
fn press(screen: &Screen, keys: &[&str]) {
    let status = Command::new("xdotool")
        .args(["search", "--name", "^Arena$", "windowfocus", "--sync", "key", "--delay", "120"])
        .args(keys)
        .env("DISPLAY", screen.name())
        .status();
    assert!(status.unwrap().success(), "xdotool found no window");
}

#[test]
fn bots_start_with_fewer_than_the_room_has_places_for() {
    let server = server("lobby-bots");
    let mut bots = [1, 2].map(|number| {
        let file = directory("lobby-bots").join(format!("bot{number}.json"));
        // A report of an earlier run proves nothing.
        let _ = std::fs::remove_file(&file);
        let mut command = arena("bot", &server);
        command
            .args(["--frames", "240", "--wait-s", "90", "--linger-s", "5", "--report"])
            .arg(&file)
            .args(["--seed", &number.to_string()]);
        (Process::start(format!("bot {number}"), command), file)
    });
    let reports = bots.each_mut().map(|(process, file)| {
        process.succeed(match_limit(240));
        serde_json::from_str::<Value>(&std::fs::read_to_string(file).unwrap()).unwrap()
    });
    for report in &reports {
        assert_eq!(report["players"], 2);
        assert_eq!(report["checksum"], reports[0]["checksum"]);
    }
}

#[test]
fn a_window_lists_its_room_and_starts_when_its_player_is_ready() {
    let server = server("lobby-window");
    assert_eq!(rooms(&server), "");
    let screen = Screen::start().unwrap();
    let mut command = arena("play", &server);
    command
        .args(["--public", "Friday\u{202e} night", "--name", "Ann", "--autopilot"])
        .env("DISPLAY", screen.name());
    let mut window = Process::start("the window", command);
    let says = |words: &'static str| move |line: &str| line.contains(words).then_some(());
    // Keys mean something once the window shows the lobby.
    let mut unsaid = vec!["1 of 4 players are in the room", "the state is Lobby"];
    window.wait_for("it is in the room", LIMIT, |line| {
        unsaid.retain(|words| !line.contains(words));
        unsaid.is_empty().then_some(())
    });
    // It is listed once the server has let it in.
    let listed = rooms(&server);
    assert!(listed.starts_with("TEST "), "{listed:?}");
    assert!(listed.contains("1 of 4 players  open    Friday night"), "{listed:?}");

    let mut command = arena("bot", &server);
    command.args(["--progress", "--wait-s", "90"]);
    let mut bot = Process::start("the bot", command);
    window.wait_for("the bot is in the room", LIMIT, says("2 of 4 players are in the room"));
    // Words that would start the match and leave the room, if they were not typed into a line.
    press(&screen, &["t", "space", "k", "Escape"]);
    press(&screen, &["space"]);
    bot.wait_for("it plays", match_limit(120), |line| confirmed(line).filter(|frame| *frame >= 60));
}

#[test]
fn without_a_server_there_is_no_list_and_a_sentence() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arena"));
    command.args(["rooms", "--server", "ws://127.0.0.1:9"]);
    let mut process = Process::start("arena rooms", command);
    assert!(!process.wait(LIMIT).success());
    let output = process.output();
    assert!(output.contains("arena rooms: "), "{output}");
}
