//! Lints while building.
//!
//! `cargo clippy` checks every dependency, and a build compiles it once more: Bevy twice. cargo can be told to compile
//! the packages of the workspace with clippy's compiler instead, which lints them and goes on to build them, so that
//! dependencies are compiled once.

use std::process::Command;

/// What separates the arguments in `CLIPPY_ARGS`, as `cargo clippy` passes them to its compiler.
const SEPARATOR: &str = "__CLIPPY_HACKERY__";

/// Has a cargo, or a program that starts one, deny every warning of the compiler and of clippy in what it builds.
pub fn denied(command: &mut Command) {
    command.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").env("CLIPPY_ARGS", arguments());
}

fn arguments() -> String {
    ["-D", "warnings"].map(|argument| format!("{argument}{SEPARATOR}")).concat()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The way in which `cargo clippy` passes its arguments may change with a toolchain.
    #[test]
    fn a_lint_of_clippy_fails_the_build() {
        let folder = std::env::temp_dir().join(format!("xtask-lints-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let built = |code: &str| {
            let file = folder.join("lib.rs");
            fs::write(&file, code).unwrap();
            let mut command = Command::new("clippy-driver");
            denied(&mut command);
            command.arg("rustc").args(["--crate-type", "lib", "--out-dir"]);
            let output = command.arg(&folder).arg(&file).output().unwrap();
            output.status.success()
        };
        assert!(built("//! A library.\npub fn number() -> u32 { 1 }"));
        assert!(folder.join("liblib.rlib").exists());
        assert!(!built("//! A library.\npub fn number() -> u32 { return 1 }"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
