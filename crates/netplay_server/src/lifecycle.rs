//! The phases of a server, which every connection follows: running, draining, stopped.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The phase of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// The server admits no new peers. Connections stay open until this time.
    Draining {
        until: Instant,
    },
    /// Every connection ends.
    Stopped,
}

/// The current phase, and the tasks that wait for it to change. Phases only advance.
#[derive(Clone, Debug)]
pub(crate) struct Lifecycle {
    phase: watch::Sender<Phase>,
    /// Sends nothing. Every connection holds a receiver, so that the sender sees when all have ended.
    attendance: watch::Sender<()>,
}

/// One connection's view of the phases. The server waits for its drop, up to a deadline, before it ends.
#[must_use = "the server does not wait for a connection that has dropped this"]
pub(crate) struct Attendance {
    pub(crate) phases: watch::Receiver<Phase>,
    _present: watch::Receiver<()>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { phase: watch::Sender::new(Phase::Running), attendance: watch::Sender::new(()) }
    }
}

impl Lifecycle {
    /// Begins to drain, unless that has begun.
    pub(crate) fn drain(&self, within: Duration) {
        let until = Instant::now() + within;
        self.phase.send_if_modified(|phase| {
            let begins = *phase == Phase::Running;
            if begins {
                *phase = Phase::Draining { until };
            }
            begins
        });
    }

    pub(crate) fn stop(&self) {
        self.phase.send_replace(Phase::Stopped);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.phase.borrow() != Phase::Running
    }

    pub(crate) fn attend(&self) -> Attendance {
        Attendance { phases: self.phase.subscribe(), _present: self.attendance.subscribe() }
    }

    /// Waits until all connections have to end: because the server stops or has drained.
    pub(crate) async fn ended(&self) {
        let mut phases = self.phase.subscribe();
        loop {
            let phase = *phases.borrow_and_update();
            let drained = async {
                match phase {
                    Phase::Running => std::future::pending().await,
                    Phase::Draining { until } => tokio::select! {
                        () = sleep_until(until) => {}
                        () = self.all_disconnected() => {}
                    },
                    Phase::Stopped => {}
                }
            };
            tokio::select! {
                () = drained => return,
                _ = phases.changed() => {}
            }
        }
    }

    /// Waits until no connection is left.
    pub(crate) async fn all_disconnected(&self) {
        self.attendance.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn phases_only_advance() {
        let lifecycle = Lifecycle::default();
        let Attendance { phases, .. } = lifecycle.attend();
        assert!(!lifecycle.is_draining());
        lifecycle.drain(Duration::from_secs(30));
        let until = Instant::now() + Duration::from_secs(30);
        assert_eq!(*phases.borrow(), Phase::Draining { until });
        lifecycle.drain(Duration::from_secs(90));
        assert_eq!(*phases.borrow(), Phase::Draining { until });
        lifecycle.stop();
        lifecycle.drain(Duration::from_secs(1));
        assert_eq!(*phases.borrow(), Phase::Stopped);
        assert!(lifecycle.is_draining());
    }

    #[tokio::test(start_paused = true)]
    async fn draining_ends_with_the_last_connection_or_at_the_deadline() {
        for goes in [true, false] {
            let lifecycle = Lifecycle::default();
            let attendance = lifecycle.attend();
            let mut ended = Box::pin(lifecycle.ended());
            assert_eq!((&mut ended).now_or_never(), None);
            lifecycle.drain(Duration::from_secs(30));
            assert_eq!((&mut ended).now_or_never(), None);
            let began = Instant::now();
            if goes {
                drop(attendance);
            }
            ended.await;
            let took = if goes { Duration::ZERO } else { Duration::from_secs(30) };
            assert!(began.elapsed() - took < Duration::from_millis(5));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_does_not_wait() {
        let lifecycle = Lifecycle::default();
        let _attendance = lifecycle.attend();
        lifecycle.drain(Duration::from_secs(30));
        lifecycle.stop();
        assert_eq!(lifecycle.ended().now_or_never(), Some(()));
    }
}
