//! Tells the crate what it is built with: it stands in desync bundles.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let version = version.unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=NETPLAY_RUSTC={}", version.trim());
    let target = std::env::var("TARGET").unwrap_or_else(|_| "unknown".into());
    println!("cargo::rustc-env=NETPLAY_TARGET={target}");
    println!("cargo::rerun-if-changed=build.rs");
}
