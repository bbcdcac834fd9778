//! A page with the same arena in it. Its element `#arena` is drawn on; what it reports comes as an event of
//! the type `game` on its document, as on the page of the arena itself.

use arena::measure::{FrameCost, FrameCostPlugin};
use arena::view::{Invite, ViewPlugin, without_netplay};
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::winit::WinitSettings;
use serde::Deserialize;
use wasm_bindgen::prelude::*;

use crate::report::{self, Milestones};
use crate::session::LocalPlayer;
use crate::{Orders, netcode, session};

#[wasm_bindgen(
    inline_js = "export function tell(json) { document.dispatchEvent(new CustomEvent('game', { detail: JSON.parse(json) })); }"
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
            .set(arena::assets::plugin())
            .set(LogPlugin { filter: "warn,wgpu=error".into(), ..LogPlugin::default() }),
    )
    .insert_resource(WinitSettings::continuous())
    .insert_resource(orders)
    .insert_resource(invite)
    .add_plugins((
        without_netplay,
        netcode::plugin,
        session::plugin,
        report::plugin,
        ViewPlugin,
        FrameCostPlugin::Netcode,
    ))
    .add_systems(Last, report.after(report::follow));
    if undrawn {
        app.add_plugins(arena::measure::undrawn);
    }
    app.run();
    Ok(())
}

/// Once, when the last frame is confirmed.
fn report(
    milestones: Res<Milestones>,
    orders: Res<Orders>,
    local_player: Option<Res<LocalPlayer>>,
    cost: Res<FrameCost>,
    mut told: Local<bool>,
) {
    if milestones.finished().is_none() || std::mem::replace(&mut *told, true) {
        return;
    }
    let local_player = local_player.map_or(0, |player| player.0);
    let mut report = milestones.report(&orders, local_player);
    report["netcode_us_per_frame"] = cost.mean_us().into();
    report["netcode_median_us_per_frame"] = cost.median_us().into();
    tell(&serde_json::json!({ "report": report }).to_string());
}
