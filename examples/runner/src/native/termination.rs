//! SIGTERM, with which systems end programs: the App exits, as it does after Ctrl+C, and leaves its room.

/// Has SIGTERM end the App, which has Bevy's `TerminalCtrlCHandlerPlugin`.
#[cfg(unix)]
pub(crate) fn exit_on_termination() {
    use bevy::app::TerminalCtrlCHandlerPlugin;
    use bevy::log::warn;
    use tokio::runtime::Builder;
    use tokio::signal::unix::{SignalKind, signal};

    let wait = || {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            signal(SignalKind::terminate())?.recv().await;
            TerminalCtrlCHandlerPlugin::gracefully_exit();
            Ok::<_, std::io::Error>(())
        })
    };
    // Without it SIGTERM ends the process at once, and the others lose the player.
    std::thread::spawn(move || {
        wait().unwrap_or_else(|error| warn!("SIGTERM is not handled: {error}"));
    });
}

/// Other systems have no SIGTERM.
#[cfg(not(unix))]
pub(crate) fn exit_on_termination() {}
