//! Faults that are planted into the simulation, to see what a desync looks like and how it is found.

use std::str::FromStr;

use bevy::prelude::*;
use bevy::time::Real;
use bevy_netplay::prelude::*;

use crate::sim::{Body, Pickup, PickupKind, Score, Ship, SimulationSystems};

/// The frame in which a fault has its consequence: in the first fight, and not one that peers compare.
const FRAME: i32 = 250;

/// An error that games make.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedFault {
    /// This peer alone gives a point to the first player.
    Value,
    /// This peer alone has one pick-up more.
    Entity,
    /// The score depends on the width of `usize`: 32 bits in a page, 64 in a program.
    Width,
    /// The score depends on the clock of the machine.
    Clock,
}

impl FromStr for PlantedFault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "value" => Ok(Self::Value),
            "entity" => Ok(Self::Entity),
            "width" => Ok(Self::Width),
            "clock" => Ok(Self::Clock),
            _ => Err(format!("there is no fault {name:?}: it is value, entity, width or clock")),
        }
    }
}

/// Plants a fault. Needs the [simulation](crate::sim).
pub struct PlantedFaultPlugin(pub PlantedFault);

impl Plugin for PlantedFaultPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(self.0)
            .add_systems(NetplayUpdate, err.run_if(is_time).before(SimulationSystems));
    }
}

fn is_time(frame: Res<RollbackFrameCount>) -> bool {
    frame.0 == FRAME
}

fn err(
    fault: Res<PlantedFault>,
    time: Res<Time<Real>>,
    mut ships: Query<(&Ship, &mut Score)>,
    mut commands: Commands,
) {
    let points = match *fault {
        PlantedFault::Value => 1,
        PlantedFault::Width => usize::BITS as u16,
        PlantedFault::Clock => time.elapsed().subsec_micros() as u16,
        PlantedFault::Entity => {
            let pickup = Pickup { serial: u32::MAX, kind: PickupKind::Repair };
            commands.spawn((pickup, Body::default()));
            return;
        }
    };
    for (_, mut score) in ships.iter_mut().filter(|(ship, _)| ship.player == 0) {
        score.0 = points;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_is_none_is_refused_with_those_there_are() {
        assert_eq!("width".parse(), Ok(PlantedFault::Width));
        let error = PlantedFault::from_str("bug").unwrap_err();
        assert_eq!(error, "there is no fault \"bug\": it is value, entity, width or clock");
    }
}
