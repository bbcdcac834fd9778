//! Documentation from the libraries that the tests have built.
//!
//! `cargo doc` would check every dependency once more, because it wants metadata that a build does not leave behind.
//! `cargo test --doc` runs rustdoc on the libraries that are already there. So this program stands in for rustdoc: it
//! runs the doctests as cargo asks, and then writes the documentation with the same arguments.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::workspace::{cargo, target};

/// Set for the programs that cargo takes for rustdoc; the folder of the documentation.
const FOLDER: &str = "XTASK_RUSTDOC";

/// The arguments that make rustdoc run doctests. The second ones have a value.
const DOCTESTS: [&str; 2] = ["--test", "--no-run"];
const DOCTESTS_WITH_VALUE: [&str; 4] =
    ["--test-run-directory", "--test-args", "--test-runtool", "--test-runtool-arg"];

/// A cargo that documents each library whose doctests it runs.
pub fn documenting_cargo() -> Result<Command, String> {
    let this = env::current_exe()
        .map_err(|error| format!("cannot find out where this program is: {error}"))?;
    let mut command = cargo();
    command.env("RUSTDOC", this).env(FOLDER, target().join("doc"));
    Ok(command)
}

/// What there is to do in the place of rustdoc, if cargo has started this program as that.
pub fn stand_in() -> Option<ExitCode> {
    let folder = env::var_os(FOLDER)?;
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let mut passed = rustdoc(&arguments);
    if let Some(arguments) = documentation(&arguments, Path::new(&folder)) {
        passed &= rustdoc(&arguments);
    }
    Some(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rustdoc(arguments: &[OsString]) -> bool {
    let status = Command::new("rustdoc").args(arguments).status();
    status.is_ok_and(|status| status.success())
}

/// The arguments that write the documentation, of those that run the doctests; none of any others.
fn documentation(doctests: &[OsString], folder: &Path) -> Option<Vec<OsString>> {
    let is = |argument: &OsString, names: &[&str]| names.iter().any(|name| argument == *name);
    if !doctests.iter().any(|argument| argument == "--test") {
        return None;
    }
    let mut arguments = Vec::new();
    let mut rest = doctests.iter();
    while let Some(argument) = rest.next() {
        if is(argument, &DOCTESTS_WITH_VALUE) {
            rest.next();
        } else if !is(argument, &DOCTESTS) {
            arguments.push(argument.clone());
        }
    }
    arguments.extend(["-D", "warnings", "--out-dir"].map(OsString::from));
    arguments.push(folder.into());
    Some(arguments)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn documentation_gets_the_arguments_of_the_doctests_but_for_what_runs_them() {
        let of = |line: &str| {
            let arguments: Vec<_> = line.split(' ').map(OsString::from).collect();
            documentation(&arguments, Path::new("doc"))
                .map(|arguments| arguments.join(OsStr::new(" ")).into_string().unwrap())
        };
        assert_eq!(
            of("--crate-name a --test src/lib.rs --test-run-directory a --extern b=b.rlib")
                .unwrap(),
            "--crate-name a src/lib.rs --extern b=b.rlib -D warnings --out-dir doc"
        );
        assert_eq!(of("-vV"), None);
    }
}
