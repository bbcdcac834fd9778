//! Emulates a bad network for this peer, as the game sets it (feature `emulator`).

use bevy::prelude::*;
use netplay_core::emulator::NetworkEmulation;
use netplay_transport::Transport;
use netplay_transport::conditioned::ConditionedTransport;

use super::Session;
use crate::NetplayConfig;
use crate::reflect::OptionalNetworkEmulation;

/// What network this peer emulates at present ([`NetplayConfig::emulate`]), for whatever shows it to the player. None
/// outside of rooms, and while nothing is delayed or lost. Other peers are not told.
#[derive(Resource, Clone, Debug, Default, PartialEq, Reflect)]
#[reflect(Resource, Debug, Default, PartialEq)]
pub struct CurrentEmulation(
    #[reflect(remote = OptionalNetworkEmulation)] pub Option<NetworkEmulation>,
);

impl NetplayConfig {
    /// What is emulated, if anything is.
    fn emulation(&self) -> Option<&NetworkEmulation> {
        self.emulate.as_ref().filter(|emulation| !emulation.is_perfect())
    }

    /// A transport behind the network that is emulated, and behind a perfect one if none is: it can change. Which
    /// packets are lost depends on `seed`.
    pub(super) fn conditioned(&self, below: Box<dyn Transport>, seed: u64) -> Box<dyn Transport> {
        let mut transport = ConditionedTransport::new(below, seed);
        if let Some(emulation) = self.emulation() {
            transport.set_emulation(std::time::Duration::ZERO, emulation);
        }
        Box::new(transport)
    }
}

/// Emulates what the game has set since the last update, in the room that is joined.
pub(crate) fn change_emulation(
    session: Res<Session>,
    config: Res<NetplayConfig>,
    mut current: ResMut<CurrentEmulation>,
    time: Res<Time<Real>>,
) {
    let joined = session.joined.as_ref();
    let wanted = joined.and_then(|_| config.emulation());
    if current.0.as_ref() == wanted {
        return;
    }
    let wanted = wanted.cloned();
    if let Some(joined) = joined {
        let emulation = wanted.clone().unwrap_or_default();
        joined.room.lock().set_emulation(time.elapsed(), &emulation);
    }
    match &wanted {
        Some(emulation) => info!("the network of this peer is emulated: {emulation}"),
        None => info!("the network of this peer is no longer emulated"),
    }
    current.0 = wanted;
}
