//! `cargo xtask test`: everything that must be green before a change goes in.
//!
//! Every dependency is compiled once for each target and profile: lints run while the tests and the pages are built
//! ([`lints`]), and documentation is written from what the tests have built ([`rustdoc`]).

use std::process::Command;

use clap::Args;

use crate::steps::{self, Step};
use crate::workspace::{WASM, cargo, root};
use crate::{lints, rustdoc, tools};

/// The crates that decide the same on every machine: their tests run on wasm32 as well.
const SANS_IO: [&str; 2] = ["netplay_protocol", "netplay_core"];

/// The packages that are built for browsers beside the arena, which the page is made of.
const PAGES: [&str; 2] = ["quickstart", "baseline"];

/// The profile of pages that are tested; it is that of `trunk serve`.
const PAGE_PROFILE: &str = "wasm-dev";

#[derive(Args)]
pub struct TestArguments {
    /// Installs the tools that are missing (with rustup, cargo, and apt-get on Debian) before it begins
    #[arg(long)]
    install: bool,
}

/// Checks the tools, then runs the steps.
pub fn run(arguments: &TestArguments) -> Result<(), String> {
    tools::ensure(arguments.install)?;
    steps::run(suite()?)
}

fn suite() -> Result<Vec<Step>, String> {
    let tests = ["test", "--workspace", "--locked", "--lib", "--bins", "--tests"];
    let linted = |mut command: Command| {
        lints::denied(&mut command);
        command
    };

    let mut on_wasm = with(&["test", "--locked", "--target", WASM, "--lib"]);
    on_wasm.args(SANS_IO.iter().flat_map(|name| ["-p", name]));
    on_wasm.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");

    let mut page = Command::new("trunk");
    page.args(["build", "--config", "web/Trunk.toml"]).current_dir(root());
    let mut pages = with(&["build", "--locked", "--target", WASM, "--profile", PAGE_PROFILE]);
    pages.args(PAGES.iter().flat_map(|name| ["-p", name]));

    let mut documentation = rustdoc::documenting_cargo()?;
    documentation.args(["test", "--workspace", "--locked", "--doc", "--no-fail-fast"]);

    Ok(vec![
        Step::new("formatting", with(&["fmt", "--all", "--", "--check"])),
        // Advisories change without the repository: the workflow checks them.
        Step::new(
            "licences, duplicates and sources of dependencies",
            with(&["deny", "--locked", "check", "licenses", "bans", "sources"]),
        ),
        // Apart from the tests themselves, so that the table tells building from running.
        Step::new("lints, building the tests", linted(with(&[&tests[..], &["--no-run"]].concat()))),
        Step::new("documentation, doctests", linted(documentation)),
        Step::new("lints for wasm32, building the page", linted(page)),
        Step::new("lints for wasm32, other pages", linted(pages)),
        Step::new("tests on wasm32", on_wasm),
        Step::new("tests", linted(with(&[&tests[..], &["--no-fail-fast"]].concat()))).with_limits(),
    ])
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
        for step in suite().unwrap() {
            let line = step.line();
            assert!(line.contains("cargo ") || line.contains("trunk "), "{line}");
        }
    }

    #[test]
    fn what_is_built_is_linted_on_native_and_on_wasm() {
        let lines: Vec<_> = suite().unwrap().iter().map(Step::line).collect();
        let builds = ["--tests", "trunk build", "--profile wasm-dev"];
        for build in builds {
            let building: Vec<_> = lines.iter().filter(|line| line.contains(build)).collect();
            assert!(!building.is_empty(), "{build}: {lines:#?}");
            assert!(building.iter().all(|line| line.contains("clippy-driver")), "{building:#?}");
        }
    }
}
