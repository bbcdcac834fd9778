//! What is logged, for tests. Each test sees the lines of its own thread.

use std::cell::RefCell;
use std::sync::Once;

use log::{Level, LevelFilter, Log, Metadata, Record};

thread_local! {
    /// None: nobody wants to see them.
    static LINES: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
}

struct Capture;

impl Log for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        LINES.with_borrow(Option::is_some)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // Written before the lines are borrowed: what is written could log as well.
            let line = (record.level(), record.args().to_string());
            LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|it| it.push(line.clone())));
        }
    }

    fn flush(&self) {}
}

/// What is logged meanwhile at the levels info, warn and error.
pub(crate) fn captured(act: impl FnOnce()) -> Vec<(Level, String)> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Capture).unwrap();
        log::set_max_level(LevelFilter::Info);
    });
    LINES.set(Some(Vec::new()));
    act();
    LINES.take().unwrap_or_default()
}
