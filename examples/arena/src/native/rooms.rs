//! The command `arena rooms`: prints the list of public rooms.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use arena::rooms::{self, ShownRoom};
use example_runner::native::console;

/// How often to look whether a page is there.
const POLL: Duration = Duration::from_millis(20);

/// A line for each room: code, players, lock, name. Fails with a sentence where there is no list.
pub fn run(server: &str) -> ExitCode {
    let mut before = None;
    loop {
        let mut task = rooms::read(server, before);
        let page = loop {
            match task.poll() {
                Some(page) => break page,
                None => sleep(POLL),
            }
        };
        match page {
            Ok(page) => {
                before = page.next;
                rooms::shown(page).iter().for_each(|room| console::line(line(room)));
            }
            Err(reason) => {
                console::error(format_args!("arena rooms: {reason}"));
                return ExitCode::FAILURE;
            }
        }
        if before.is_none() {
            return ExitCode::SUCCESS;
        }
    }
}

fn line(ShownRoom { code, name, players, size, locked }: &ShownRoom) -> String {
    let lock = if *locked { "locked" } else { "open" };
    format!("{code:<32}  {players} of {size} players  {lock:<6}  {name}")
}
