//! Steps that run one after the other: each is announced, timed, and repeatable by hand.

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::limits;

/// One program to run, and why.
pub struct Step {
    /// What the step is about, in a word or two.
    pub name: &'static str,
    /// The program with its arguments.
    pub command: Command,
    /// Whether it runs tests, each of which has a limit.
    has_limits: bool,
}

impl Step {
    /// A program that decides for itself how long it takes.
    pub fn new(name: &'static str, command: Command) -> Self {
        Self { name, command, has_limits: false }
    }

    /// The same, if it runs tests: each has a limit.
    pub fn with_limits(self) -> Self {
        Self { has_limits: true, ..self }
    }

    /// The line that repeats the step in a shell.
    pub fn line(&self) -> String {
        let mut line = String::new();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                let _ = write!(line, "{}={:?} ", name.to_string_lossy(), value);
            }
        }
        let program = std::path::Path::new(self.command.get_program());
        line += &program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy();
        for argument in self.command.get_args() {
            line += " ";
            line += &argument.to_string_lossy();
        }
        line
    }
}

/// Runs the steps in order. The first that fails ends it, with the command that repeats it.
pub fn run(steps: Vec<Step>) -> Result<(), String> {
    let total = steps.len();
    let mut took: Vec<(&str, Duration)> = Vec::new();
    for (index, mut step) in steps.into_iter().enumerate() {
        let line = step.line();
        println!("\n[{}/{total}] {}: {line}", index + 1, step.name);
        let began = Instant::now();
        let result = if step.has_limits {
            limits::run(&mut step.command)
        } else {
            step.command.status().map(|status| (status, Vec::new()))
        };
        took.push((step.name, began.elapsed()));
        let problem = match result {
            Ok((status, exceeded)) if status.success() && exceeded.is_empty() => continue,
            Ok((status, exceeded)) if exceeded.is_empty() => format!("failed ({status})"),
            Ok((_, exceeded)) => format!("exceeded a limit ({})", exceeded.join(", ")),
            Err(error) => format!("could not be started ({error})"),
        };
        print!("{}", summary(&took, Some(&problem)));
        return Err(format!("{} {problem}. To repeat this step:\n\n    {line}\n", step.name));
    }
    print!("{}", summary(&took, None));
    Ok(())
}

fn summary(took: &[(&str, Duration)], problem: Option<&str>) -> String {
    let mut table = String::from("\n| step | result | seconds |\n| --- | --- | ---: |\n");
    for (index, (name, time)) in took.iter().enumerate() {
        let result = problem.filter(|_| index + 1 == took.len()).unwrap_or("passed");
        let _ = writeln!(table, "| {name} | {result} | {:.1} |", time.as_secs_f64());
    }
    let total: Duration = took.iter().map(|(_, time)| *time).sum();
    let _ = writeln!(table, "| all | | {:.1} |", total.as_secs_f64());
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_repeats_a_step_names_environment_and_arguments() {
        let mut command = Command::new("/usr/bin/cargo");
        command.env("RUSTDOCFLAGS", "-Dwarnings").env_remove("CARGO_PKG_NAME").args(["doc", "-q"]);
        let step = Step::new("documentation", command);
        assert_eq!(step.line(), "RUSTDOCFLAGS=\"-Dwarnings\" cargo doc -q");
    }

    #[test]
    fn the_summary_says_which_step_failed() {
        let took = [("a", Duration::from_secs(1)), ("b", Duration::from_millis(2500))];
        let table = summary(&took, Some("failed"));
        assert!(table.contains("| a | passed | 1.0 |"), "{table}");
        assert!(table.contains("| b | failed | 2.5 |"), "{table}");
        assert!(table.contains("| all | | 3.5 |"), "{table}");
    }
}
