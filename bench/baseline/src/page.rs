//! A page with the same arena in it. Its element `#arena` is drawn on; what it reports comes as an event of
//! the type `arena` on its document, as on the page of the arena itself.

use arena::measure::{FrameCost, FrameCostPlugin};
use arena::view::{Invite, ViewPlugin};
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::winit::WinitSettings;
use bevy_netplay::messages::{PeerInterrupted, PeerResumed, PlayerDisconnected};
use bevy_netplay::prelude::*;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

use crate::report::{self, Milestones};
use crate::{Orders, session};

#[wasm_bindgen(
    inline_js = "export function tell(json) { document.dispatchEvent(new CustomEvent('arena', { detail: JSON.parse(json) })); }"
)]
extern "C" {
    fn tell(json: &str);
}

/// What the page says.
#[derive(Deserialize)]
struct PageOrders {
    #[serde(flatten)]
    orders: Orders,
    /// Draw nothing: to measure all else.
    undrawn: bool,
}

/// Joins a room and plays. Takes [`PageOrders`] as JSON; throws a sentence about what is wrong with them. To be
/// called once.
#[wasm_bindgen]
pub fn play(orders: &str) -> Result<(), JsValue> {
    let PageOrders { orders, undrawn } = serde_json::from_str(orders)
        .map_err(|error| JsValue::from_str(&format!("the orders of the page: {error}")))?;
    let invite = Invite::new(orders.server.clone(), orders.room.clone(), orders.players);
    // As the arena's own window.
    let window = Window {
        resolution: (1280, 720).into(),
        canvas: Some("#arena".into()),
        fit_canvas_to_parent: true,
        ..Window::default()
    };
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: Some(window), ..WindowPlugin::default() })
            .set(LogPlugin { filter: "warn,wgpu=error".into(), ..LogPlugin::default() }),
    )
    .insert_resource(WinitSettings::continuous())
    .insert_resource(orders)
    .insert_resource(invite)
    .add_plugins((seen, session::plugin, report::plugin, ViewPlugin, FrameCostPlugin::Netcode))
    .add_systems(Last, report.after(report::follow));
    if undrawn {
        app.add_plugins(arena::measure::undrawn);
    }
    app.run();
    Ok(())
}

/// What the view of the arena looks at and bevy_netplay would fill in.
fn seen(app: &mut App) {
    app.init_state::<NetplayState>()
        .init_resource::<LastEndReason>()
        .init_resource::<PeerLinks>()
        .init_resource::<RollbackMetrics>()
        .add_message::<PeerInterrupted>()
        .add_message::<PeerResumed>()
        .add_message::<PlayerDisconnected>()
        .add_systems(StartMatch, |mut next: ResMut<NextState<NetplayState>>| {
            next.set(NetplayState::Playing);
        });
}

/// Once, when the last frame is confirmed.
fn report(
    milestones: Res<Milestones>,
    orders: Res<Orders>,
    game: Option<Res<CurrentMatch>>,
    cost: Res<FrameCost>,
    mut told: Local<bool>,
) {
    if milestones.finished().is_none() || std::mem::replace(&mut *told, true) {
        return;
    }
    let mut report = milestones.report(&orders, game.map_or(0, |game| game.local_player.index()));
    report["netcode_us_per_frame"] = cost.mean_us().into();
    report["netcode_median_us_per_frame"] = cost.median_us().into();
    tell(&serde_json::json!({ "report": report }).to_string());
}
