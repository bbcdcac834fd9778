//! How programs and windows end, and how soon the others know: they read that the player left, and not that it is lost.

use std::process::Command;
use std::time::{Duration, Instant};

use browser_driver::Screen;

use crate::support::{
    LIMIT, Process, Server, config_file, directory, match_limit, start_server, with_log,
};

/// How long the others may take to know it.
const SOON: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "processes run on real time")]
fn now() -> Instant {
    Instant::now()
}

fn server(test: &str) -> Server {
    start_server(Command::new, ([127, 0, 0, 1], 0).into(), &config_file(test, ""))
}

/// A command of the arena in the room of a test.
fn arena(command: &str, server: &Server, players: usize) -> Command {
    let mut arena = Command::new(env!("CARGO_BIN_EXE_arena"));
    with_log(&mut arena)
        .args([command, "--room", "TEST", "--server", &server.url()])
        .args(["--players", &players.to_string()]);
    arena
}

/// A bot that plays until it is ended, and says how far it is.
fn observer(server: &Server, players: usize, number: usize) -> Process {
    let mut command = arena("bot", server, players);
    command.args(["--progress", "--wait-s", "90", "--seed", &number.to_string()]);
    Process::start(format!("observer {number}"), command)
}

/// Waits until a bot has confirmed a frame.
#[track_caller]
fn plays(bot: &mut Process, frame: i64) {
    bot.wait_for("it plays", match_limit(300), |line| {
        let progress = serde_json::from_str::<serde_json::Value>(line).ok()?;
        (progress["confirmed"].as_i64()? >= frame).then_some(())
    });
}

/// Waits until a bot logs that a player left, and says how long after a moment that was.
#[track_caller]
fn knows(bot: &mut Process, since: Instant) -> Duration {
    bot.wait_for("a player left", LIMIT, |line| {
        let says = |words| line.contains(words);
        assert!(!says("lost the connection"), "{line}");
        let left = says("left: they closed the game") || says("is dropped after frame");
        assert!(!left || says("they closed the game"), "{line}");
        left.then_some(())
    });
    now().saturating_duration_since(since)
}

#[expect(clippy::print_stderr, reason = "what was measured")]
fn assert_soon(what: &str, waited: Duration) {
    eprintln!("{what}: the others knew after {} ms", waited.as_millis());
    assert!(waited < SOON, "{what}: {waited:?}");
}

#[test]
fn a_program_that_has_finished_leaves_in_its_last_update() {
    let server = server("finished");
    let mut others = [1, 2].map(|number| observer(&server, 3, number));
    // It leaves the room and exits in the same update.
    let mut command = arena("bot", &server, 3);
    let report = directory("finished").join("report.json");
    command.args(["--frames", "120", "--linger-s", "0", "--wait-s", "90", "--report"]).arg(report);
    let mut bot = Process::start("the bot that finishes", command);
    bot.succeed(match_limit(120));
    let ended = now();
    for other in &mut others {
        assert_soon("a program that finished", knows(other, ended));
    }
}

#[test]
fn a_program_that_is_interrupted_or_terminated_leaves() {
    for signal in ["INT", "TERM"] {
        let server = server(&format!("signal-{signal}"));
        let [mut bot, mut other] = [1, 2].map(|number| observer(&server, 2, number));
        plays(&mut other, 60);
        let since = now();
        bot.signal(signal);
        assert_soon(&format!("SIG{signal}"), knows(&mut other, since));
        bot.wait(LIMIT);
    }
}

#[test]
fn a_window_that_is_closed_leaves() {
    let server = server("window");
    let screen = Screen::start().unwrap();
    let mut other = observer(&server, 2, 1);
    let mut command = arena("play", &server, 2);
    command.arg("--autopilot").env("DISPLAY", screen.name());
    let mut window = Process::start("the window", command);
    plays(&mut other, 60);
    let since = now();
    screen.close_window("Arena").unwrap();
    assert_soon("a window that was closed", knows(&mut other, since));
    window.succeed(LIMIT);
}
