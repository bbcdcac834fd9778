//! What is logged: the filter for Bevy's `LogPlugin`, and the lines that would come again and again.

use bevy::prelude::*;
use netplay_core::log_limiter::{Level, LogLimiter};

use crate::NetplaySystems;
use crate::plugin::SystemsOf;

/// For `filter` of Bevy's `LogPlugin`. The libraries below WebRTC and the renderer log a lot, and warn about things that are in
/// order, such as an ICE check before there are candidates, or a data channel that closes. bevy_netplay itself logs at the
/// level info what it has decided and why, and nothing in every frame.
///
/// ```
/// use bevy::log::LogPlugin;
///
/// let log = LogPlugin { filter: bevy_netplay::LOG_FILTER.into(), ..LogPlugin::default() };
/// ```
///
/// With more detail of bevy_netplay: `format!("{LOG_FILTER},bevy_netplay=debug,netplay_core=debug")`.
pub const LOG_FILTER: &str = "wgpu=error,naga=warn,rtc=error,rtc_dtls=error,rtc_ice=error,rtc_sctp=error,webrtc=error,\
     matchbox_socket=off";

/// The lines of the log that a game or every frame can repeat.
#[derive(Resource, Debug, Default)]
pub(crate) struct Logs(LogLimiter);

impl Logs {
    /// Whether a warning is to be logged now: [`LogLimiter::admit`].
    pub(crate) fn admits_warning(
        &mut self,
        time: &Time<Real>,
        what: &'static str,
        subject: &str,
    ) -> bool {
        self.0.admit(time.elapsed(), Level::Warn, what, subject)
    }

    /// Whether an error is to be logged now.
    pub(crate) fn admits_error(&mut self, time: &Time<Real>, what: &'static str) -> bool {
        self.0.admit(time.elapsed(), Level::Error, what, "")
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<Logs>()
        .add_systems(SystemsOf(NetplaySystems::Measure), log_repeated)
        .add_systems(Last, finish.run_if(on_message::<AppExit>));
}

fn log_repeated(mut logs: ResMut<Logs>, time: Res<Time<Real>>) {
    let logs = &mut logs.bypass_change_detection().0;
    while let Some(line) = logs.poll_repeated(time.elapsed()) {
        match line.level {
            Level::Error => error!("{line}"),
            Level::Warn => warn!("{line}"),
            Level::Info | Level::Debug | Level::Trace => info!("{line}"),
        }
    }
}

/// The game is about to end.
fn finish(mut logs: ResMut<Logs>, time: Res<Time<Real>>) {
    logs.0.finish(time.elapsed());
}
