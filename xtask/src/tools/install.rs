//! How tools are installed: by Debian, rustup or cargo.

use std::process::Command;

use crate::workspace::{cargo, root};

/// The profile that tools are compiled with. They are used a few times: what they save by being fast costs more to
/// compile than they take. Their own profiles ask for fat LTO in one codegen unit.
const QUICK_TO_COMPILE: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_STRIP", "none"),
];

/// A command that installs something.
#[derive(Clone, Debug)]
pub enum Install {
    /// Debian's packages, without those they merely recommend.
    Debian(&'static str),
    /// A component or target of the toolchain: the arguments of `rustup`.
    Rustup(String),
    /// A program from the registry: the arguments of `cargo install`.
    Cargo {
        /// The name, the version and how it is resolved.
        package: String,
        /// How far it is optimised.
        opt_level: &'static str,
    },
}

impl Install {
    /// The lines for a shell.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Debian(packages) => vec![
                "apt-get update -qq".to_owned(),
                format!("apt-get install -y -qq --no-install-recommends {packages}"),
            ],
            Self::Rustup(arguments) => vec![format!("rustup {arguments}")],
            Self::Cargo { package, .. } => vec![format!("cargo install {package}")],
        }
    }

    /// Runs it.
    pub fn run(&self) -> Result<(), String> {
        for line in self.lines() {
            let status = self.command(&line).status();
            if !status.is_ok_and(|status| status.success()) {
                return Err(format!("this command failed: {line}"));
            }
        }
        Ok(())
    }

    fn command(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let program = words.next().unwrap_or_default();
        let mut command = match self {
            Self::Debian(_) if !is_root() => {
                let mut sudo = Command::new("sudo");
                sudo.arg(program);
                sudo
            }
            Self::Debian(_) | Self::Rustup(_) => Command::new(program),
            Self::Cargo { opt_level, .. } => {
                let mut cargo = cargo();
                cargo.envs(QUICK_TO_COMPILE).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", opt_level);
                cargo
            }
        };
        command.args(words).current_dir(root());
        command
    }
}

fn is_root() -> bool {
    super::output("id", &["-u"]).is_some_and(|id| id == "0")
}
