//! README and book install what the suite installs.

use super::files::with_extensions;
use crate::tools;

/// What a command that installs something begins with.
const INSTALLERS: [&str; 5] = [
    "cargo install ",
    "rustup target add ",
    "rustup component add ",
    "apt-get install ",
    "apt install ",
];

/// Installs what the repository itself publishes: not a tool.
const OWN: [&str; 2] = ["cargo install netplay_server", "cargo install netplay_tools"];

/// The commands of a text that install something, to the end of each.
fn commands(text: &str) -> Vec<&str> {
    text.lines()
        .flat_map(|line| {
            INSTALLERS
                .iter()
                .flat_map(|start| line.match_indices(start))
                .map(move |found| &line[found.0..])
        })
        .map(|rest| {
            let end = rest.find(['`', '#', '&', ';', '|']).unwrap_or(rest.len());
            rest[..end].trim()
        })
        .collect()
}

#[test]
fn what_readme_and_book_install_is_what_the_suite_installs() {
    let known = tools::install_lines();
    for file in with_extensions(&["md"]) {
        for command in commands(&file.text) {
            assert!(
                OWN.contains(&command) || known.iter().any(|line| line == command),
                "{} says `{command}`, `cargo xtask test --install` runs one of {known:#?}",
                file.path
            );
        }
    }
}

#[test]
fn a_command_ends_where_the_line_goes_on_with_something_else() {
    let text =
        "cargo install a --locked   # once, and: rustup target add b\nor `cargo install c`, then";
    assert_eq!(
        commands(text),
        ["cargo install a --locked", "rustup target add b", "cargo install c"]
    );
}
