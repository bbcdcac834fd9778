//! What is logged: little in a quiet match, and nothing again and again.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use bevy_netplay::prelude::*;
use netplay_testkit::TestApps;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Level, Metadata, Subscriber};

/// Takes in the lines of this thread at the levels info, warn and error.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    // There are no spans.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// What is logged meanwhile by this crate and by Bevy.
fn captured(act: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    with_default(lines.clone(), act);
    std::mem::take(&mut lines.0.lock().unwrap())
}

#[test]
fn a_command_that_every_update_repeats_is_two_lines() {
    let mut apps = TestApps::builder(960).build();
    let lines = captured(|| {
        for _ in 0..60 * 9 {
            apps.command(0, |commands| commands.set_ready(true));
            apps.run(1);
        }
        apps.run(60 * 3);
    });
    assert_eq!(
        lines,
        [
            "no room is joined: set_ready changes nothing",
            "no room is joined, and nothing is changed by set_ready: 539 more times in the last 10 s",
        ]
    );
}

#[test]
fn the_frames_of_a_quiet_match_log_nothing() {
    let mut apps = TestApps::builder(961).build();
    apps.join_all();
    apps.run_until_confirmed(60, 1200);
    assert_eq!(captured(|| apps.run(60 * 20)), [""; 0]);
}
