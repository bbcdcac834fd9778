//! The README shows the quickstart, and it must be the one that compiles.

use crate::workspace::root;

/// The game, without its tests.
fn quickstart() -> String {
    let code = std::fs::read_to_string(root().join("examples/quickstart/src/main.rs")).unwrap();
    code.split("\n#[cfg(test)]").next().unwrap_or_default().to_owned()
}

#[test]
fn the_readme_shows_the_quickstart_as_it_is() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = format!("```rust,no_run\n{}```\n", quickstart());
    assert!(readme.contains(&shown), "copy examples/quickstart/src/main.rs into README.md");
}

#[test]
fn the_quickstart_stays_small() {
    let code = quickstart();
    let lines = code.lines().count();
    assert!(lines <= 60, "{lines} lines");
    let netplay = code.lines().filter(|line| line.ends_with("// netplay")).count();
    assert!((1..=10).contains(&netplay), "{netplay} lines of networking");
}
