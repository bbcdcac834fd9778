//! [`WakeAt`]: has a task woken at a moment that may come closer.

use std::task::{Context, Waker};
use std::time::Duration;

use futures::FutureExt;
use futures_timer::Delay;

/// Has a task woken at a moment.
#[derive(Default)]
pub(super) struct WakeAt {
    armed: Option<Armed>,
}

struct Armed {
    task: Waker,
    /// When the task is woken; none for never.
    due: Option<Duration>,
    /// Kept, because it wakes the task only as long as it is there.
    _timer: Option<Delay>,
}

impl WakeAt {
    /// Has the task of `context` woken at a moment, and no longer at another.
    pub(super) fn arm(&mut self, now: Duration, due: Option<Duration>, context: &mut Context<'_>) {
        let mut timer = due.map(|due| Delay::new(due.saturating_sub(now)));
        if timer.as_mut().is_some_and(|timer| timer.poll_unpin(context).is_ready()) {
            context.waker().wake_by_ref();
        }
        self.armed = Some(Armed { task: context.waker().clone(), due, _timer: timer });
    }

    /// Something is due at this moment. If the task would sleep longer, it is woken to look again.
    pub(super) fn note(&mut self, due: Option<Duration>) {
        let Some(armed) = &self.armed else { return };
        let sleeps_longer = due.is_some_and(|due| armed.due.is_none_or(|armed| due < armed));
        if sleeps_longer {
            armed.task.wake_by_ref();
            self.armed = None;
        }
    }
}
