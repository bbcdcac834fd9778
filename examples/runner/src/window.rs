//! A window on a desktop, or the canvas of a page.

use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy_netplay::LOG_FILTER;

use crate::assets;

/// An App with a window, with Bevy's `DefaultPlugins`. In a browser it draws on the canvas with this selector, which is
/// as large as its parent.
pub fn app(title: &str, canvas: &str) -> App {
    let window = Window {
        title: title.into(),
        resolution: (1280, 720).into(),
        canvas: Some(canvas.into()),
        fit_canvas_to_parent: true,
        ..Window::default()
    };
    #[cfg(not(target_arch = "wasm32"))]
    crate::native::exit_on_termination();
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(window), ..WindowPlugin::default() })
            .set(assets::plugin())
            .set(LogPlugin { filter: LOG_FILTER.into(), ..LogPlugin::default() }),
    );
    #[cfg(any(feature = "audio", target_arch = "wasm32"))]
    app.add_plugins(crate::audio::plugin);
    // A window in the background runs at full speed: the other players need its input. A page does so while it is in a
    // room.
    #[cfg(not(target_arch = "wasm32"))]
    app.insert_resource(bevy::winit::WinitSettings::continuous());
    app
}
