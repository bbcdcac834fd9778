//! Runs fuzz targets on stable Rust: `cargo xtask fuzz` starts it.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its user on the terminal"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use clap::Parser;
use netplay_fuzz::{Random, TARGETS, Target, run};
use rand::SeedableRng;

#[derive(Parser)]
#[command(about = "Runs fuzz targets on inputs from a seed")]
struct Arguments {
    /// How many inputs each target takes [default: those of its test]
    #[arg(long)]
    runs: Option<u64>,
    /// The seed of the inputs
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Takes the input in this file only
    #[arg(long)]
    input: Option<PathBuf>,
    /// Writes examples for `cargo fuzz` to this folder, one folder for each target, and runs nothing
    #[arg(long)]
    write_examples: Option<PathBuf>,
    /// The targets [default: all]
    targets: Vec<String>,
}

fn main() -> ExitCode {
    match fuzz(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn fuzz(arguments: &Arguments) -> Result<(), String> {
    let named = |name: &String| {
        let all = || TARGETS.map(|target| target.name).join(", ");
        Target::named(name).ok_or_else(|| format!("there is no target {name}, only {}", all()))
    };
    let mut targets: Vec<&Target> =
        arguments.targets.iter().map(named).collect::<Result<_, _>>()?;
    if targets.is_empty() {
        targets = TARGETS.iter().collect();
    }
    if let Some(folder) = &arguments.write_examples {
        return write_examples(folder, &targets).map_err(|error| error.to_string());
    }
    if let Some(file) = &arguments.input {
        let input = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        targets.iter().for_each(|target| {
            target.check(&input);
        });
        return Ok(());
    }
    println!("| target | inputs | bytes | peak memory, KiB | seconds | failures |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let failures = Mutex::new(Vec::new());
    let next = Mutex::new(targets.into_iter());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(target) = take(&next) {
                    if let Err(failure) = fuzz_one(target, arguments) {
                        lock(&failures).push(failure);
                    }
                }
            });
        }
    });
    let failures = lock(&failures);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

#[expect(clippy::disallowed_methods, reason = "a run says how long it took")]
fn fuzz_one(target: &Target, arguments: &Arguments) -> Result<(), String> {
    let began = Instant::now();
    let result = run(target, arguments.runs.unwrap_or(target.test_runs), arguments.seed);
    let seconds = began.elapsed().as_secs_f64();
    let failed = usize::from(result.is_err());
    let report = result.as_ref().copied().unwrap_or_default();
    println!(
        "| {} | {} | {} | {} | {seconds:.1} | {failed} |",
        target.name,
        report.inputs,
        report.bytes,
        report.peak_bytes.div_ceil(1024),
    );
    result.map(|_| ()).map_err(|failure| {
        let file = std::env::temp_dir().join(format!("netplay-fuzz-{}", target.name));
        let repeat = match std::fs::write(&file, &failure.input) {
            Ok(()) => format!("cargo xtask fuzz --input {} {}", file.display(), target.name),
            Err(error) => format!("the input could not be written ({error})"),
        };
        format!("{failure}\nTo repeat this: {repeat}")
    })
}

fn take<'a>(targets: &Mutex<impl Iterator<Item = &'a Target>>) -> Option<&'a Target> {
    lock(targets).next()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write_examples(folder: &std::path::Path, targets: &[&Target]) -> std::io::Result<()> {
    for target in targets {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for seed in 0..200 {
            let example = (target.example)(&mut Random::seed_from_u64(seed));
            std::fs::write(folder.join(format!("example-{seed}")), example)?;
        }
    }
    Ok(())
}
