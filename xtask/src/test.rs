//! `cargo xtask test`: everything that must be green before a change goes in.

use std::process::Command;

use clap::Args;

use crate::steps::{self, Step};
use crate::tools;
use crate::workspace::{WASM, cargo, root};

/// What decides the same on every machine: its tests run on wasm32 as well.
const SANS_IO: [&str; 2] = ["netplay_protocol", "netplay_core"];

/// What a browser game links, and what is compared with one: these must stay clean for wasm32 too.
const CLIENT: [&str; 12] = [
    "netplay_protocol",
    "netplay_core",
    "netplay_report",
    "netplay_transport",
    "bevy_netplay",
    "quickstart",
    "example_runner",
    "arena",
    "platformer",
    "physics",
    "gallery",
    "baseline",
];

/// Where the pages are that tests open.
const PAGES: [(&str, &str); 3] = [
    ("building the page", "web"),
    ("building the gallery", "examples/gallery"),
    ("building the page of the transport", "testing/transport_page"),
];

#[derive(Args)]
pub struct TestArguments {
    /// Installs the tools that are missing (with rustup, and apt-get on Debian) before it begins
    #[arg(long)]
    install: bool,
}

/// Checks the tools, then runs the steps.
pub fn run(arguments: &TestArguments) -> Result<(), String> {
    tools::ensure(arguments.install)?;
    steps::run(suite())
}

fn suite() -> Vec<Step> {
    let mut wasm = vec!["clippy", "--locked", "--target", WASM];
    wasm.extend(CLIENT.iter().flat_map(|name| ["-p", name]));
    wasm.extend(["--", "-D", "warnings"]);
    let tests = ["test", "--workspace", "--locked", "--lib", "--bins", "--tests"];

    let mut on_wasm = with(&["test", "--locked", "--target", WASM, "--lib"]);
    on_wasm.args(SANS_IO.iter().flat_map(|name| ["-p", name]));
    on_wasm.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
    let pages = PAGES.map(|(name, folder)| {
        let mut page = Command::new("trunk");
        page.args(["build", "--release", "--config", &format!("{folder}/Trunk.toml")]);
        page.current_dir(root());
        Step::new(name, page)
    });

    let mut documentation = with(&["doc", "--workspace", "--no-deps", "--locked"]);
    documentation.env("RUSTDOCFLAGS", "-Dwarnings");

    // With the programs for libFuzzer, which run on nightly only.
    let with_programs = ["--features", "netplay_fuzz/libfuzzer"];
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked"];
    let clippy = [&clippy[..], &with_programs, &["--", "-D", "warnings"]].concat();
    let mut suite = vec![
        Step::new("formatting", with(&["fmt", "--all", "--", "--check"])),
        Step::new("lints", with(&clippy)),
        Step::new("lints for wasm32", with(&wasm)),
        Step::new("documentation", documentation),
        Step::new("tests on wasm32", on_wasm),
    ];
    suite.extend(pages);
    suite.extend([
        // Advisories change without the repository: the workflow checks them.
        Step::new(
            "licences, duplicates and sources of dependencies",
            with(&["deny", "--locked", "check", "licenses", "bans", "sources"]),
        ),
        // Apart from the tests themselves, so that the table tells building from running.
        Step::new("building the tests", with(&[&tests[..], &["--no-run"]].concat())),
        Step::new("tests", with(&[&tests[..], &["--no-fail-fast"]].concat())).with_limits(),
        Step::new("doctests", with(&["test", "--workspace", "--locked", "--doc"])),
    ]);
    suite
}

fn with(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_be_repeated_by_hand() {
        for step in suite() {
            let line = step.line();
            assert!(line.contains("cargo ") || line.starts_with("trunk "), "{line}");
        }
    }

    #[test]
    fn lints_are_denied_on_native_and_on_wasm() {
        let lines: Vec<_> = suite().iter().map(Step::line).collect();
        let denied = |line: &&String| line.ends_with("-- -D warnings");
        assert_eq!(lines.iter().filter(denied).count(), 2, "{lines:#?}");
        assert!(lines.iter().filter(denied).any(|line| line.contains(WASM)));
    }
}
