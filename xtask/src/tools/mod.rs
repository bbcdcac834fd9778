//! The tools that the suite needs: found, named if they are missing, installed if asked.

mod install;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::workspace::{WASM, locked_version, root};
use install::Install;

/// A tool that the suite needs.
struct Tool {
    name: &'static str,
    is_installed: fn() -> bool,
    install: fn() -> Install,
}

/// The version of the bundler of the page. It is pinned: its output is tested, and newer ones need a newer Rust.
const TRUNK: &str = "0.21.14";

/// The version of the program that drives Firefox. Debian has no package of it.
const GECKODRIVER: &str = "0.37.1";

/// The version of the program that checks licences, duplicates and sources of dependencies.
const CARGO_DENY: &str = "0.20.2";

/// The version of the library, in Cargo.lock: the program reads only what the same version has written.
fn wasm_bindgen_version() -> String {
    locked_version("wasm-bindgen").unwrap_or_default()
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "a C compiler and linker (cc)",
        is_installed: || succeeds("cc", &["--version"]),
        install: || Install::Debian("gcc libc6-dev"),
    },
    Tool {
        name: "coturn",
        is_installed: || {
            succeeds("turnserver", &["--version"]) && succeeds("which", &["turnutils_uclient"])
        },
        install: || Install::Debian("coturn"),
    },
    Tool {
        name: "iproute2 and nftables",
        is_installed: || succeeds("ip", &["-V"]) && succeeds("nft", &["--version"]),
        install: || Install::Debian("iproute2 nftables"),
    },
    Tool {
        name: "clippy",
        is_installed: || succeeds("cargo", &["clippy", "--version"]),
        install: || Install::Rustup("component add clippy".to_owned()),
    },
    Tool {
        name: "rustfmt",
        is_installed: || succeeds("cargo", &["fmt", "--version"]),
        install: || Install::Rustup("component add rustfmt".to_owned()),
    },
    Tool {
        name: "cargo-deny",
        is_installed: || succeeds("cargo", &["deny", "--version"]),
        install: || Install::Cargo {
            package: format!("cargo-deny --version {CARGO_DENY} --locked"),
            opt_level: "0",
        },
    },
    Tool {
        name: "the standard library for wasm32-unknown-unknown",
        is_installed: wasm_library_is_installed,
        install: || Install::Rustup(format!("target add {WASM}")),
    },
    Tool {
        name: "wasm-bindgen, of the version in Cargo.lock",
        is_installed: || {
            output("wasm-bindgen", &["--version"])
                .is_some_and(|said| said == format!("wasm-bindgen {}", wasm_bindgen_version()))
        },
        install: || Install::Cargo {
            package: format!("wasm-bindgen-cli --version {}", wasm_bindgen_version()),
            // It works through a page of tens of megabytes.
            opt_level: "1",
        },
    },
    Tool {
        name: "node",
        is_installed: || succeeds("node", &["--version"]),
        install: || Install::Debian("nodejs"),
    },
    Tool {
        name: "trunk",
        is_installed: || succeeds("trunk", &["--version"]),
        install: || Install::Cargo {
            package: format!("trunk --version {TRUNK} --locked"),
            opt_level: "0",
        },
    },
    Tool {
        name: "chromium and chromedriver",
        is_installed: || {
            succeeds("chromium", &["--version"]) && succeeds("chromedriver", &["--version"])
        },
        install: || Install::Debian("chromium chromium-driver"),
    },
    Tool {
        // Even without a window, Firefox asks an X display what can draw.
        name: "firefox and Xvfb",
        is_installed: || succeeds("firefox", &["--version"]) && succeeds("which", &["Xvfb"]),
        install: || Install::Debian("firefox-esr xvfb"),
    },
    Tool {
        // Tests press keys in the window of a game.
        name: "xdotool",
        is_installed: || succeeds("which", &["xdotool"]),
        install: || Install::Debian("xdotool"),
    },
    Tool {
        // The window of a game is opened on Xvfb.
        name: "a Vulkan driver that draws on the processor",
        is_installed: lavapipe_is_installed,
        install: || Install::Debian("mesa-vulkan-drivers libxkbcommon-x11-0"),
    },
    Tool {
        name: "geckodriver",
        is_installed: || succeeds("geckodriver", &["--version"]),
        install: || Install::Cargo {
            package: format!("geckodriver --version {GECKODRIVER} --locked"),
            opt_level: "0",
        },
    },
];

/// The commands with which tools are installed, as lines for a shell.
#[cfg(test)]
pub fn install_lines() -> Vec<String> {
    TOOLS.iter().flat_map(|tool| (tool.install)().lines()).collect()
}

/// Installs what is missing, or fails with a list of it and how to get it.
pub fn ensure(install: bool) -> Result<(), String> {
    check_rustc()?;
    let missing: Vec<_> = TOOLS.iter().filter(|tool| !(tool.is_installed)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !install {
        return Err(sentence(&missing));
    }
    for tool in &missing {
        println!("installing {}", tool.name);
        (tool.install)().run().map_err(|why| format!("could not install {}: {why}", tool.name))?;
    }
    let still_missing: Vec<_> = missing.into_iter().filter(|tool| !(tool.is_installed)()).collect();
    if still_missing.is_empty() { Ok(()) } else { Err(sentence(&still_missing)) }
}

fn sentence(missing: &[&Tool]) -> String {
    let mut text = String::from("These tools are missing:\n");
    for tool in missing {
        text += &format!("\n  {}\n      {}\n", tool.name, (tool.install)().lines().join(" && "));
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

/// Its file, whose name has the kind of processor in it, tells Vulkan of it.
fn lavapipe_is_installed() -> bool {
    std::fs::read_dir("/usr/share/vulkan/icd.d").is_ok_and(|mut files| {
        files.any(|file| {
            file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("lvp_icd"))
        })
    })
}

/// Looks for the files, because the library may not have come from rustup.
fn wasm_library_is_installed() -> bool {
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
