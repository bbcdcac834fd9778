//! Where things are, and how cargo is started.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target that browsers run.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    // What cargo says now comes first: a target folder may be shared by several clones.
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.ancestors().nth(1).map_or_else(|| xtask.clone(), Path::to_path_buf)
}

/// The folder cargo builds into.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
        None => root().join("target"),
    }
}

/// A cargo that behaves as if it had been started from the terminal.
///
/// `cargo run` describes the running package in the environment. Some build scripts ask to be run
/// again when those variables change, so that without this the same crates would be built twice.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(describes_the_running_package) {
            command.env_remove(name);
        }
    }
    command
}

/// The version of a package in `Cargo.lock`.
pub fn locked_version(package: &str) -> Option<String> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).ok()?;
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = ")?;
    Some(version.trim_matches('"').to_owned())
}

fn describes_the_running_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || matches!(name, "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_folder_of_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn versions_are_read_from_the_lock_file() {
        assert_eq!(locked_version("xtask").as_deref(), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(locked_version("no such package"), None);
    }

    #[test]
    fn only_what_describes_the_running_package_is_taken_from_the_environment() {
        assert!(describes_the_running_package("CARGO_PKG_NAME"));
        assert!(describes_the_running_package("CARGO_MANIFEST_DIR"));
        assert!(!describes_the_running_package("CARGO_TARGET_DIR"));
        assert!(!describes_the_running_package("CARGO_HOME"));
    }
}
