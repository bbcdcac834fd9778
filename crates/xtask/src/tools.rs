//! What the suite needs on the machine: found, named when it is missing, installed when asked.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::workspace::{WASM, root};

/// A tool that the suite needs.
struct Tool {
    name: &'static str,
    is_there: fn() -> bool,
    /// The commands that install it, each a program with its arguments.
    install: &'static [&'static [&'static str]],
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "a C compiler and linker (cc)",
        is_there: || succeeds("cc", &["--version"]),
        install: &[
            &["apt-get", "update", "-qq"],
            &["apt-get", "install", "-y", "-qq", "--no-install-recommends", "gcc", "libc6-dev"],
        ],
    },
    Tool {
        name: "coturn",
        is_there: || {
            succeeds("turnserver", &["--version"]) && succeeds("which", &["turnutils_uclient"])
        },
        install: &[
            &["apt-get", "update", "-qq"],
            &["apt-get", "install", "-y", "-qq", "--no-install-recommends", "coturn"],
        ],
    },
    Tool {
        name: "iproute2 and nftables",
        is_there: || succeeds("ip", &["-V"]) && succeeds("nft", &["--version"]),
        install: &[
            &["apt-get", "update", "-qq"],
            &["apt-get", "install", "-y", "-qq", "--no-install-recommends", "iproute2", "nftables"],
        ],
    },
    Tool {
        name: "clippy",
        is_there: || succeeds("cargo", &["clippy", "--version"]),
        install: &[&["rustup", "component", "add", "clippy"]],
    },
    Tool {
        name: "rustfmt",
        is_there: || succeeds("cargo", &["fmt", "--version"]),
        install: &[&["rustup", "component", "add", "rustfmt"]],
    },
    Tool {
        name: "the standard library for wasm32-unknown-unknown",
        is_there: wasm_library_is_there,
        install: &[&["rustup", "target", "add", WASM]],
    },
];

/// Fails with the names of what is missing and how to get it, unless it may be installed.
pub fn ensure(install: bool) -> Result<(), String> {
    check_rustc()?;
    let missing: Vec<_> = TOOLS.iter().filter(|tool| !(tool.is_there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !install {
        return Err(sentence(&missing));
    }
    for tool in &missing {
        println!("installing {}", tool.name);
        for command in tool.install {
            let status = privileged(command).status();
            if !status.is_ok_and(|status| status.success()) {
                return Err(format!("could not install {}: {}", tool.name, command.join(" ")));
            }
        }
    }
    let still: Vec<_> = missing.into_iter().filter(|tool| !(tool.is_there)()).collect();
    if still.is_empty() { Ok(()) } else { Err(sentence(&still)) }
}

fn sentence(missing: &[&Tool]) -> String {
    let mut text = String::from("These tools are missing:\n");
    for tool in missing {
        let commands: Vec<_> = tool.install.iter().map(|command| command.join(" ")).collect();
        text += &format!("\n  {}\n      {}\n", tool.name, commands.join(" && "));
    }
    text + "\nInstall them, or run `cargo xtask test --install`."
}

/// The compiler must be at least the one the workspace asks for: an older one fails much later, with
/// errors that do not say why.
fn check_rustc() -> Result<(), String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml"))
        .map_err(|error| format!("cannot read Cargo.toml: {error}"))?;
    let wanted = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .map(|version| version.trim_matches('"').to_owned())
        .ok_or("Cargo.toml names no rust-version")?;
    let have = output("rustc", &["--version"]).ok_or(
        "rustc does not run: install Rust from https://rustup.rs, or run `rustup toolchain install` here",
    )?;
    println!("{have}");
    let version = have.split_whitespace().nth(1).unwrap_or_default();
    if numbers(version) < numbers(&wanted) {
        return Err(format!(
            "rustc is {version}, the workspace needs {wanted}: run `rustup toolchain install {wanted}`"
        ));
    }
    Ok(())
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

/// Looks at the files, so that a library that did not come from rustup counts too.
fn wasm_library_is_there() -> bool {
    output("rustc", &["--print", "target-libdir", "--target", WASM])
        .and_then(|folder| std::fs::read_dir(PathBuf::from(folder)).ok())
        .is_some_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
            })
        })
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Debian's packages are root's business; rustup's are the user's.
fn privileged(command: &[&str]) -> Command {
    let needs_root = command.first() == Some(&"apt-get");
    let is_root = output("id", &["-u"]).is_some_and(|id| id == "0");
    let mut line = if needs_root && !is_root { vec!["sudo"] } else { Vec::new() };
    line.extend(command);
    let mut result = Command::new(line[0]);
    result.args(&line[1..]).current_dir(root());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_command_that_installs_it() {
        let all: Vec<_> = TOOLS.iter().collect();
        let text = sentence(&all);
        for part in ["clippy", "rustup target add wasm32-unknown-unknown", "--install", "gcc"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("1.100.0") > numbers("1.95"));
        assert!(numbers("1.95.0") >= numbers("1.95"));
        assert!(numbers("1.94.1") < numbers("1.95"));
        assert_eq!(numbers("1.97.0-nightly"), [1, 97, 0]);
    }
}
