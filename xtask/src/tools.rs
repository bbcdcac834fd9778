//! What the suite needs on the machine: found, named when it is missing, installed when asked.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::workspace::{WASM, locked_version, root};

/// A tool that the suite needs.
struct Tool {
    name: &'static str,
    is_there: fn() -> bool,
    /// The commands that install it, each a program with its arguments.
    install: fn() -> Vec<String>,
}

/// Debian's packages, without what they merely recommend.
fn apt(packages: &str) -> Vec<String> {
    vec![
        "apt-get update -qq".to_owned(),
        format!("apt-get install -y -qq --no-install-recommends {packages}"),
    ]
}

/// The bundler of the page. A release is pinned: its output is tested.
const TRUNK: &str = "0.21.14";

/// What drives Firefox. Debian has no package of it.
const GECKODRIVER: &str = "0.37.1";

/// The one that understands what the library of the same version has written.
fn wasm_bindgen_version() -> String {
    locked_version("wasm-bindgen").unwrap_or_default()
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "a C compiler and linker (cc)",
        is_there: || succeeds("cc", &["--version"]),
        install: || apt("gcc libc6-dev"),
    },
    Tool {
        name: "coturn",
        is_there: || {
            succeeds("turnserver", &["--version"]) && succeeds("which", &["turnutils_uclient"])
        },
        install: || apt("coturn"),
    },
    Tool {
        name: "iproute2 and nftables",
        is_there: || succeeds("ip", &["-V"]) && succeeds("nft", &["--version"]),
        install: || apt("iproute2 nftables"),
    },
    Tool {
        name: "clippy",
        is_there: || succeeds("cargo", &["clippy", "--version"]),
        install: || vec!["rustup component add clippy".to_owned()],
    },
    Tool {
        name: "rustfmt",
        is_there: || succeeds("cargo", &["fmt", "--version"]),
        install: || vec!["rustup component add rustfmt".to_owned()],
    },
    Tool {
        name: "the standard library for wasm32-unknown-unknown",
        is_there: wasm_library_is_there,
        install: || vec![format!("rustup target add {WASM}")],
    },
    Tool {
        name: "wasm-bindgen, of the version in Cargo.lock",
        is_there: || {
            output("wasm-bindgen", &["--version"])
                .is_some_and(|said| said == format!("wasm-bindgen {}", wasm_bindgen_version()))
        },
        install: || {
            vec![format!("cargo install wasm-bindgen-cli --version {}", wasm_bindgen_version())]
        },
    },
    Tool { name: "node", is_there: || succeeds("node", &["--version"]), install: || apt("nodejs") },
    Tool {
        name: "trunk",
        is_there: || succeeds("trunk", &["--version"]),
        install: || vec![format!("cargo install trunk --version {TRUNK} --locked")],
    },
    Tool {
        name: "chromium and chromedriver",
        is_there: || {
            succeeds("chromium", &["--version"]) && succeeds("chromedriver", &["--version"])
        },
        install: || apt("chromium chromium-driver"),
    },
    Tool {
        // It draws through an X display, if only one that nobody sees.
        name: "firefox and Xvfb",
        is_there: || succeeds("firefox", &["--version"]) && succeeds("which", &["Xvfb"]),
        install: || apt("firefox-esr xvfb"),
    },
    Tool {
        name: "geckodriver",
        is_there: || succeeds("geckodriver", &["--version"]),
        install: || vec![format!("cargo install geckodriver --version {GECKODRIVER} --locked")],
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
        for command in (tool.install)() {
            let status = privileged(&command).status();
            if !status.is_ok_and(|status| status.success()) {
                return Err(format!("could not install {}: {command}", tool.name));
            }
        }
    }
    let still: Vec<_> = missing.into_iter().filter(|tool| !(tool.is_there)()).collect();
    if still.is_empty() { Ok(()) } else { Err(sentence(&still)) }
}

fn sentence(missing: &[&Tool]) -> String {
    let mut text = String::from("These tools are missing:\n");
    for tool in missing {
        text += &format!("\n  {}\n      {}\n", tool.name, (tool.install)().join(" && "));
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
fn privileged(command: &str) -> Command {
    let needs_root = command.starts_with("apt-get ");
    let is_root = output("id", &["-u"]).is_some_and(|id| id == "0");
    let sudo = (needs_root && !is_root).then_some("sudo");
    let mut words = sudo.into_iter().chain(command.split(' '));
    let mut result = Command::new(words.next().unwrap_or_default());
    result.args(words).current_dir(root());
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
